"""What the model `life_stage` says of people: in which stage of life they likely are, where they don't tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.models.cards import LIFE_STAGE
from huaxiang.models.inferred import DIGITS, SURE, infer
from huaxiang.models.life_stage import DECLARED, EVIDENCE, LARGEST_SAMPLE, TRAITS, YOUNGEST
from huaxiang.models.told import Told
from huaxiang.portrait.tags import derivation
from huaxiang.portrait.traits import once, scores, trait_numbers

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.inferred import Inferred
    from huaxiang.models.traits import Basis

AGE = "youngest_age"


def with_life_stages(
    frame: DataFrame, measured: DataFrame, catalogue: Catalogue, *, as_of: date
) -> tuple[DataFrame, tuple[Told, ...]]:
    """Return `frame` with the tags that the model `life_stage` says, and its fit on who declares a stage.

    `probability` is that of the likeliest stage, in four digits (ties: the first by name); `stage` is null below 0.6;
    `evidence` counts the acts, views and order lines behind both, null where no source tells any. Both are null
    without evidence, for who may be under 14 by any declared year, and for everybody without a fit. What people
    declare is not read: a declared stage and an inferred one are two opinions. `measured`, the measures of `frame`,
    is read once: hold it.
    """
    tags = catalogue.said_by(LIFE_STAGE.name)
    if not tags:
        return frame, ()
    derived = derivation(catalogue, (DECLARED, AGE), as_of=as_of)
    found = infer(TRAITS, *_declared(derived(measured)))
    told = Told(LIFE_STAGE.name, "stages", found.fit, found.quality)
    counts = [F.col(name) for name in EVIDENCE]
    outputs = {
        "stage": F.lit(None).cast("string"),
        "probability": F.lit(None).cast("double"),
        "evidence": F.when(
            F.coalesce(*counts).isNotNull(), sum((F.coalesce(c, F.lit(0)) for c in counts), F.lit(0))
        ).cast("bigint"),
    }
    asked = frame
    if found.fit.usable and found.basis is not None:
        asked = derived(frame.withColumn("_likeliest", _likeliest(found, found.basis)))
        outputs |= _said(outputs["evidence"])
    named = {tag.name: outputs[tag.output] for tag in tags}
    return asked.withColumns(named).select(*frame.columns, *named), (told,)


def _declared(asked: DataFrame) -> tuple[pa.Table, list[str]]:
    """Return a stated sample of who declares a stage, in one order on every machine, and what they declare.

    The order is that of what they declare and do: ids of persons depend on the nights in which they were joined.
    """
    read = (DECLARED, *TRAITS.columns)
    sample = (
        asked.where(F.col(DECLARED).isNotNull())
        .select(*read)
        .orderBy(F.xxhash64(*read), *read)
        .limit(LARGEST_SAMPLE)
        .toArrow()
    )
    return sample.drop_columns([DECLARED]), [str(stage) for stage in sample[DECLARED].to_pylist()]


def _likeliest(found: Inferred, basis: Basis) -> Column:
    """Return the likeliest `kind` and its `chance` in four digits; of equal ones the first by name."""

    def best(values: Column) -> Column:
        def among(highest: Column) -> Column:
            whole = F.aggregate(values, F.lit(0.0), lambda total, one: total + F.exp(one - highest))
            place = F.array_position(values, highest).cast("int")
            kind = F.element_at(F.array(*map(F.lit, found.kinds)), place)
            return F.struct(kind.alias("kind"), F.round(1 / whole, DIGITS).alias("chance"))

        return once(F.array_max(values), among)

    return once(scores(found, trait_numbers(basis)), best)


def _said(evidence: Column) -> dict[str, Column]:
    """Return the stage and the probability of who may be told one, over the column `_likeliest`."""
    may_be_told = (evidence > 0) & ~F.coalesce(F.col(AGE) < YOUNGEST, F.lit(False))
    chance = F.when(may_be_told, F.col("_likeliest.chance"))
    return {"stage": F.when(chance >= SURE, F.col("_likeliest.kind")), "probability": chance}

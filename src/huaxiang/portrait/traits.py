"""Who people likely are where they don't tell: their stage of life, generation and household, from what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from huaxiang.models.model_row import ModelRow
from huaxiang.models.trait_fit import SURE, infer
from huaxiang.models.trait_numbers import basis
from huaxiang.models.traits import DECLARED, EVIDENCE, INPUTS, LARGEST_SAMPLE, YOUNGEST
from huaxiang.portrait.said import SILENT, Said
from huaxiang.portrait.tags import derivation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.trait_chances import KindWeights
    from huaxiang.models.trait_fit import TraitFit
    from huaxiang.models.trait_numbers import Basis

AGE = "youngest_age"


def traits_said(measured: DataFrame, catalogue: Catalogue, *, as_of: date, zone: str) -> Said:
    """Return what the models of `DECLARED` say of the people of `measured`, each fitted on who declares it.

    `probability` is that of the likeliest `kind`, in four digits (ties: the first by name); `kind` is null below 0.6;
    `evidence` counts the acts, views and order lines behind both, null where no source tells any. Kind and
    probability are null without evidence, for who may be under 14 by any declared year, and for everybody without a
    fit. What people declare is not read: a declared kind and an inferred one are two opinions. `measured` is read once:
    hold it.
    """
    tags = {model: said for model in DECLARED if (said := catalogue.said_by(model))}
    if not tags:
        return SILENT
    declared = {model: DECLARED[model] for model in tags}
    derived = derivation(catalogue, (*declared.values(), AGE), as_of=as_of, zone=zone)
    sample = _sample(derived(measured), declared.values())
    common = basis(INPUTS, sample)
    found = {model: _learnt(common, sample, tag) for model, tag in declared.items()}
    usable = {model: fit.weights for model, fit in found.items() if fit.fit.usable}
    evidence = _evidence()
    named = {
        tag.name: _outputs(evidence, F.col("_likeliest")[model] if model in usable else None)[tag.output]
        for model, said in tags.items()
        for tag in said
    }
    told = tuple(ModelRow(model, "persons", fit.fit, fit.quality) for model, fit in found.items())

    def of(people: DataFrame) -> DataFrame:
        asked = derived(_with_likeliest(people, common, usable)) if usable else people
        return asked.withColumns(named).select(*people.columns, *named)

    return Said(of, told)


def _sample(asked: DataFrame, declared: Iterable[str]) -> pa.Table:
    """Return a stated sample of who declares anything, in one order on every machine, and what they do and declare.

    The order is that of what they declare and do: ids of persons depend on the nights in which they were joined.
    """
    read = (*declared, *INPUTS.columns)
    tells = F.coalesce(*map(F.col, declared)).isNotNull()
    return (
        asked.where(tells & ~_may_be_a_child())
        .select(*read)
        .orderBy(F.xxhash64(*read), *read)
        .limit(LARGEST_SAMPLE)
        .toArrow()
    )


def _learnt(common: Basis, sample: pa.Table, tag: str) -> TraitFit:
    known = sample.filter(sample[tag].is_valid())
    return infer(common, known, [str(kind) for kind in known[tag].to_pylist()])


def _with_likeliest(frame: DataFrame, common: Basis, fits: Mapping[str, KindWeights]) -> DataFrame:
    """Return `frame` with `_likeliest`: by model the likeliest `kind` and its `chance`, worked out in batches of Arrow."""

    # Spark evaluates the annotations, and takes the kind of function from them.
    def likeliest(people: pa.Array) -> pa.Array:  # type: ignore[type-arg]
        numbers = common.numbers(pa.Table.from_struct_array(cast("pa.StructArray", people)))
        found = [
            pa.StructArray.from_arrays([pa.array(kinds), pa.array(chances)], names=["kind", "chance"])
            for kinds, chances in (weights.likeliest(numbers) for weights in fits.values())
        ]
        return pa.StructArray.from_arrays(found, names=[*fits])

    udf: Any = arrow_udf  # its stubs know no struct
    shape = ",".join(f"{model}:struct<kind:string,chance:double>" for model in fits)
    return frame.withColumn(
        "_likeliest", udf(likeliest, f"struct<{shape}>")(F.struct(*common.inputs.columns))
    )


def _evidence() -> Column:
    counts = [F.col(name) for name in EVIDENCE]
    whole = sum((F.coalesce(count, F.lit(0)) for count in counts), F.lit(0))
    return F.when(F.coalesce(*counts).isNotNull(), whole).cast("bigint")


def _may_be_a_child() -> Column:
    return F.coalesce(F.col(AGE) < YOUNGEST, F.lit(False))


def _outputs(evidence: Column, likeliest: Column | None) -> dict[str, Column]:
    """Return what a model says of who may be told anything; nothing without a `likeliest`."""
    if likeliest is None:
        kind, chance = F.lit(None).cast("string"), F.lit(None).cast("double")
    else:
        chance = F.when((evidence > 0) & ~_may_be_a_child(), likeliest["chance"])
        kind = F.when(chance >= SURE, likeliest["kind"])
    return {"kind": kind, "probability": chance, "evidence": evidence}

"""What the model `affinity` says of people: which categories and brands they buy more of than others do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import functions as F

from huaxiang.models import affinity
from huaxiang.models.cards import AFFINITY
from huaxiang.models.model_row import ModelRow
from huaxiang.portrait.counted import HALF, counted, half, numbers, of_all
from huaxiang.portrait.fold import MODEL_DAYS, in_window
from huaxiang.portrait.said import SILENT, Said
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.affinity import Numbers

LINES = "order_lines"
"""The measure whose day rows tell how many lines of a category or brand somebody bought."""
KINDS = ("category", "brand")
DIGITS = 4
"""Of a lift by which the best is chosen: the last ones of a float depend on the machine."""


def affinities_said(cells: DataFrame, catalogue: Catalogue, *, as_of: date) -> Said:
    """Return what the model `affinity` says of people, of the order lines of 365 days.

    Of each key that somebody bought: `value`, their share of lines, shrunk towards everybody's by as many lines as
    the fit says; `lift`, that share over everybody's; `error`, the share's standard deviation; and the lines. The
    best key has the largest lift; ties: the smaller key. `cells` are day rows that carry `person`. Null for who
    bought nothing that has the key, and for everybody without a fit.
    """
    tags = catalogue.said_by(AFFINITY.name)
    bought = catalogue.by_name.get(LINES)
    kinds = [kind for kind in KINDS if any(tag.output in _outputs(kind) for tag in tags)]
    if not kinds or bought is None:
        return SILENT
    mine = F.col("key_kind").isin(*kinds) & (F.col("stream") == bought.part.stream)
    lines = (
        cells.where(mine & in_window(as_of, MODEL_DAYS))
        .groupBy("person", F.col("key_kind").alias("kind"), "key")
        .agg(F.sum(bought.part.column).alias("lines"))
        .where(F.col("lines") > 0)
        .localCheckpoint()
    )
    fitted = dict(zip(kinds, together([partial(_fitted, lines, kind) for kind in kinds]), strict=True))
    known = {kind: one for kind, one in fitted.items() if one.fit.usable}
    outputs = {
        name: F.col(f"_{name}") if kind in known else F.lit(None).cast(AFFINITY.gives[name])
        for kind in kinds
        for name in _outputs(kind)
    }
    named = {tag.name: outputs[tag.output] for tag in tags}
    dropped = [f"_{name}" for kind in known for name in _outputs(kind)]

    def of(people: DataFrame) -> DataFrame:
        joined = people.join(_of_persons(lines, known), "person", "left") if known else people
        return joined.withColumns(named).drop(*dropped)

    return Said(of, tuple(fitted.values()))


def _outputs(kind: str) -> tuple[str, str]:
    """The model's outputs of a kind of key: the best one, and all of them."""
    return kind, f"by_{kind}"


def _fitted(lines: DataFrame, kind: str) -> ModelRow:
    """Return how much people differ in what they buy; on as many rows as there are distinct counts."""
    mine = lines.where(F.col("kind") == kind)
    of_keys = counted(mine.select("key", F.col("lines").cast("double").alias("bought"), half()))
    of_people = mine.groupBy("person").agg(F.sum("lines").cast("double").alias("total"))
    totals = counted(of_people.select("total", half()))
    keys, place = np.unique(of_keys["key"].to_numpy(zero_copy_only=False), return_inverse=True)
    everybody = np.bincount(place, numbers(of_keys, "bought") * numbers(of_keys, "count"), len(keys))
    shares = dict(zip(keys.tolist(), (everybody / max(everybody.sum(), 1)).tolist(), strict=True))
    seen, unseen = (
        _counts(totals.filter(pc.field(HALF) == side), of_keys.filter(pc.field(HALF) == side), shares)
        for side in (0, 1)
    )
    quality = {"keys": float(len(keys)), "lines": float(everybody.sum())}
    quality |= affinity.held_out(affinity.fit(*seen), *unseen)
    fit = affinity.fit(*_counts(of_all(totals), of_all(of_keys), shares))
    return ModelRow(AFFINITY.name, kind, fit, quality)


def _counts(
    totals: pa.Table, of_keys: pa.Table, shares: Mapping[str, float]
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Return how many lines how many people have; and of keys with everybody's share, how many of how many people."""
    share = np.array([shares[str(key)] for key in of_keys["key"].to_pylist()], np.float64)
    return (
        numbers(totals, "total"), numbers(totals, "count"), share, numbers(of_keys, "bought"), numbers(of_keys, "count")
    )  # fmt: skip


def _of_persons(lines: DataFrame, known: dict[str, ModelRow]) -> DataFrame:
    """Return one row per person with the outputs of all kinds that are fitted."""
    weight: Column = F.lit(None).cast("double")
    for kind, one in known.items():
        weight = F.when(F.col("kind") == kind, F.lit(one.fit.parameters["weight"])).otherwise(weight)
    totals = lines.groupBy("person", "kind").agg(F.sum("lines").alias("_total"))
    of_key = lines.groupBy("kind", "key").agg(F.sum("lines").alias("_of_key"))
    whole = lines.groupBy("kind").agg(F.sum("lines").alias("_whole"))
    share = F.col("_of_key") / F.col("_whole")
    shrunk = (F.col("lines") + weight * share) / (F.col("_total") + weight)
    joined = (
        lines.where(F.col("kind").isin(*known))
        .join(totals, ["person", "kind"])
        .join(F.broadcast(of_key.join(F.broadcast(whole), "kind")), ["kind", "key"])
    )
    told = joined.select(
        "person", "kind", "key", "lines", shrunk.alias("value"), share.alias("_share"), "_total"
    )
    lift = F.round(F.col("value") / F.col("_share"), DIGITS)
    error = F.sqrt(F.col("value") * (1 - F.col("value")) / (F.col("_total") + weight + 1))
    said = F.struct("key", "value", lift.alias("lift"), error.alias("error"), "lines")
    best = F.struct((-lift).alias("least"), F.col("key"))
    columns = []
    for kind in known:
        top, every = _outputs(kind)
        is_mine = F.col("kind") == kind
        listed = F.array_sort(F.collect_list(F.when(is_mine, said)))
        columns += [F.min(F.when(is_mine, best))["key"].alias(f"_{top}"), _some(listed).alias(f"_{every}")]
    return told.groupBy("person").agg(*columns)


def _some(values: Column) -> Column:
    return F.when(F.size(values) > 0, values)

"""What the model `bargains` says of people: whether they buy below the list price more than others would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from huaxiang.models import bargains
from huaxiang.models.cards import BARGAINS
from huaxiang.models.model_row import ModelRow
from huaxiang.portrait.counted import HALF, counted, half, numbers, of_all
from huaxiang.portrait.fold import MODEL_DAYS, in_window
from huaxiang.portrait.said import SILENT, Said

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.bargains import Numbers

LINES, BELOW = "order_lines", "bargain_lines"
"""The measures whose day rows tell the lines of a category, and those below the list price."""
LIST_PRICE = "list_price_minor"
MILLION, THOUSAND = 1_000_000, 1_000
_HISTORY = ("_lines", "_below", "_expected")


def bargains_said(cells: DataFrame, catalogue: Catalogue, unknown: Collection[str], *, as_of: date) -> Said:
    """Return what the model `bargains` says of people, of the order lines of 365 days.

    Expected of a line is the share of *others'* lines of its category and calendar month that were below the list
    price; a line without any such other tells nothing and is left out. Shares are per line; `sensitivity` is the
    ratio of both, shrunk towards 1 by the fit. Null for who has no such line, for everybody where no source tells
    list prices (`unknown`: names of order lines), and the sensitivity for everybody without a fit.
    """
    tags = catalogue.said_by(BARGAINS.name)
    measures = catalogue.by_name
    if not tags or not {LINES, BELOW} <= measures.keys():
        return SILENT
    if LIST_PRICE in unknown:
        nothing = {tag.name: F.lit(None).cast(BARGAINS.gives[tag.output]) for tag in tags}
        return Said(lambda people: people.withColumns(nothing))
    lines, below = measures[LINES].part, measures[BELOW].part
    mine = (F.col("key_kind") == "category") & (F.col("stream") == lines.stream)
    bought = (
        cells.where(mine & in_window(as_of, MODEL_DAYS))
        .groupBy("person", "key", F.trunc("business_date", "month").alias("_month"))
        .agg(F.sum(lines.column).alias("_l"), F.coalesce(F.sum(below.column), F.lit(0)).alias("_b"))
    )
    persons = _expected(bought).localCheckpoint()
    halves = counted(persons.select(*_HISTORY, half()))
    known = of_all(halves)
    n, d, e, _ = counts = _counts(known)
    fit = bargains.fit(*counts)
    quality = {"share": float(np.average(d / n, weights=n)) if len(n) else 0.0}
    seen, unseen = (_counts(halves.filter(pc.field(HALF) == side)) for side in (0, 1))
    told = ModelRow(BARGAINS.name, "lines", fit, quality | bargains.held_out(bargains.fit(*seen), *unseen))
    said = dict.fromkeys(("sensitivity", "lowest", "highest"), F.lit(None).cast("double"))
    if fit.usable:
        ratios = bargains.sensitivity(fit.parameters["weight"], n, d, e)
        held = [known[name] for name in _HISTORY] + [pa.chunked_array([ratio]) for ratio in ratios]
        table = pa.table(held, names=[*(f"_of{name}" for name in _HISTORY), *(f"_{name}" for name in said)])
        same = [F.col(name) == F.col(f"_of{name}") for name in _HISTORY]
        persons = persons.join(F.broadcast(cells.sparkSession.createDataFrame(table)), same)
        said = {name: F.col(f"_{name}") for name in said}
    outputs = {
        "share": F.col("_below") / F.col("_lines"),
        "expected": F.col("_expected") / THOUSAND,
        **said,
    }
    named = {tag.name: outputs[tag.output] for tag in tags}
    of_person = persons.select("person", *(value.alias(name) for name, value in named.items()))
    return Said(lambda people: people.join(of_person, "person", "left"), (told,))


def _counts(halves: pa.Table) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return lines, those below the list price, the expected share and people, of distinct histories."""
    lines, below, expected = (numbers(halves, name) for name in _HISTORY)
    return lines, below, expected / THOUSAND, numbers(halves, "count")


def _expected(bought: DataFrame) -> DataFrame:
    """Return `person`, `_lines`, `_below` and `_expected`, in thousandths of a line, of lines that others bought like.

    In whole millionths until then: sums of floats depend on their order.
    """
    of_all = bought.groupBy("key", "_month").agg(F.sum("_l").alias("_all_l"), F.sum("_b").alias("_all_b"))
    others = F.col("_all_l") - F.col("_l")
    like = F.col("_l") * (F.col("_all_b") - F.col("_b")) / others
    return (
        bought.join(F.broadcast(of_all), ["key", "_month"])
        .where(others > 0)
        .groupBy("person")
        .agg(
            F.sum("_l").alias("_lines"),
            F.sum("_b").alias("_below"),
            F.sum(F.round(like * MILLION).cast("bigint")).alias("_e"),
        )
        .select(
            "person",
            "_lines",
            "_below",
            F.round(F.col("_e") * THOUSAND / MILLION / F.col("_lines")).cast("bigint").alias("_expected"),
        )
    )

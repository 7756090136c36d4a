"""`portrait` from day rows: every person once, with null where nothing is known and 0 where nothing was done."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.measures import KEYED_WAYS
from huaxiang.portrait.coverage import is_covered, is_unknown, people
from huaxiang.portrait.fold import by_kind, by_others, folded, keyed, of_streams, standing_edges, with_others
from huaxiang.portrait.sequences import in_sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue, Measure


def cells_of_persons(day_rows: DataFrame, persons: DataFrame) -> DataFrame:
    """Return the day rows with their `person`; cells of events that still wait are left out."""
    accounts = persons.select("account", "person")
    return day_rows.where(~F.col("key_kind").startswith("awaits:")).join(F.broadcast(accounts), "account")


def measured_portrait(
    day_rows: DataFrame,
    persons: DataFrame,
    catalogue: Catalogue,
    coverage: Mapping[str, Mapping[str, str]],
    *,
    as_of: date,
    unknown: Mapping[str, frozenset[str]] | None = None,
    apart: bool = False,
    cut_all: Callable[[list[DataFrame]], list[DataFrame]] = list,
) -> DataFrame:
    """Return `person` and every measure of the person grain, one row per person of `persons`.

    `coverage[feed]` is platform → covers. Inside coverage a count of nothing is 0, outside it is null;
    extremes, dates, tops and shares of nothing are null. What reads a name of `unknown[feed]` is null, as
    `is_unknown` says. `cut_all` may end plans between two stages;
    `apart` as in `folded`.
    """
    cells = cells_of_persons(day_rows, persons)
    measures = catalogue.at("person")
    pieces = []
    plain = [m for m in measures if m.part.way not in (*KEYED_WAYS, "others", "state", "ordered")]
    shared = [m for m in plain if m.part.by_others]
    for rows, mine in (
        (cells.where(F.col("key_kind") == "none"), [m for m in plain if not m.part.by_others]),
        (by_others(of_streams(cells, shared), persons, "person"), shared),
    ):
        pieces += [folded(rows, ["person"], kind, as_of=as_of, apart=apart) for kind in by_kind(mine)]
    by_key = [m for m in measures if m.part.way in KEYED_WAYS]
    if by_key:
        pieces.append(keyed(cells, by_key, as_of=as_of, apart=apart))
    others = [m for m in measures if m.part.way == "others"]
    if others:
        met = of_streams(cells, others).where(F.col("key_kind") == "account")
        pieces.append(with_others(met, others, persons, as_of=as_of))
    if in_order := [m for m in measures if m.part.way == "ordered"]:
        pieces.append(in_sequence(cells, ["person"], in_order, as_of=as_of))
    pieces += [_people_tied(cells, m, persons, as_of=as_of) for m in measures if m.part.way == "state"]
    everybody = people(persons, coverage)
    joined = reduce(lambda left, right: left.join(right, "person", "left"), cut_all(pieces), everybody)
    return joined.select("person", *absence_filled(measures, coverage, unknown or {}))


def _people_tied(cells: DataFrame, measure: Measure, persons: DataFrame, *, as_of: date) -> DataFrame:
    edges = standing_edges(_edges_of(cells, measure), measure, persons, as_of=as_of)
    tied = F.count_distinct(F.coalesce("other_person", "key"))
    return edges.groupBy("person").agg(tied.alias(measure.column(None)))


def _edges_of(cells: DataFrame, measure: Measure) -> DataFrame:
    return of_streams(cells, [measure]).where(F.col("key_kind") == "account")


def absence_filled(
    measures: Sequence[Measure],
    coverage: Mapping[str, Mapping[str, str]],
    unknown: Mapping[str, frozenset[str]],
    grain: str = "person",
) -> list[Column]:
    """The measures' columns with 0 for nobody-did-it where the feed covers the person, null where nobody knows."""
    columns = []
    for measure in measures:
        covered = is_covered(coverage, measure.part.event.feed)
        for window in measure.windows:
            name = measure.column(window)
            value = F.col(name)
            if is_unknown(measure, window, unknown, grain):
                value = F.lit(None).cast(measure.part.type)
            elif measure.counts_from_zero:
                value = F.coalesce(value, F.when(covered, F.lit(0))).cast(measure.part.type)
            columns.append(value.alias(name))
    return columns

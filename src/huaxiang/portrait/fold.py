"""The fold: day rows to one row per person (or person × key), every measure in every window, in one aggregation.

Windows nest, so cells are first added up per *ring* (the days between one window's opening and the next)
and the few rings of a group then make all its windows: the wide work is done once per cell, not once per
cell and window. Active days are kept as the bits of 64-day *blocks*, so that two accounts on one day are
one day. A window of n days is (as_of - n, as_of]; cells after `as_of` don't count; undated cells count in
`all` only.
"""

from __future__ import annotations

import math
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import STRUCTS, is_of_stream
from huaxiang.days.measures import OTHERS
from huaxiang.frames import stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure, Part

BLOCK_DAYS = 64
KEY_SEPARATOR = "␟"
"""Between the brand and the account of a key `brand_account` (`schemas/events.yaml`)."""
WHOLE = 1_000_000
"""What an event of the night's day weighs where older ones fade. Weights are whole numbers, so that their sums depend on no order."""
_LEAST, _GREATEST = ("first", "min", "earliest"), ("last", "max", "latest", "at_max", "state")


def openings(measures: Iterable[Measure]) -> tuple[int, ...]:
    """The distinct window lengths in days, shortest first (without `all`)."""
    return tuple(sorted({w for m in measures for w in m.windows if w is not None}))


MODEL_DAYS = 365
"""Days that models of what people buy look back."""


def in_window(as_of: date, days: int, on: str = "business_date") -> Column:
    """Whether a row's date `on` lies in (as_of - days, as_of]; null for a row without one."""
    return F.date_diff(F.lit(as_of), F.col(on)).between(0, days - 1)


def ring(age: Column, windows: Sequence[int]) -> Column:
    """The index of the shortest window a cell of this age lies in; `len(windows)` when only in `all`."""
    found = F.lit(len(windows))
    for index in range(len(windows) - 1, -1, -1):
        found = F.when(age < windows[index], F.lit(index)).otherwise(found)
    return found


def folded(
    cells: DataFrame, by: Sequence[str], measures: Sequence[Measure], *, as_of: date, apart: bool = False
) -> DataFrame:
    """Return one row per `by` group with a column per measure and window, null where nothing was counted.

    `cells` are day rows that already carry the `by` columns. `apart` adds up the cells of each stream by themselves
    first: many rows then carry few columns each, for a longer plan. The first of `by` is then the person, by whom
    rows are moved, once, where a group is less than all of a person's cells. Measures are of one kind (`by_kind`) and
    of no keyed way (`keyed`); of values with their instants, cells without any give no group.
    """
    if len(by_kind(measures)) > 1:
        raise ValueError("numbers, and values with their instants, are folded apart: see by_kind")
    counted = cells.where(F.col("business_date").isNull() | (F.col("business_date") <= F.lit(as_of)))
    windows = openings(measures)
    age = F.date_diff(F.lit(as_of), F.col("business_date"))
    placed = ring(age, windows).alias("_ring")
    parts = {_of_ring(p): p for m in measures for p in m.parts}
    if any(part.way in STRUCTS for part in parts.values()):
        told = [rows.where(_has_any(held)) for rows, held in _by_stream(counted, parts.values())]
        return _in_windows(stacked(told).withColumn("_ring", placed), by, measures, windows)
    groups = [*map(F.col, by), placed]
    sources = _by_stream(counted, parts.values()) if apart else [(counted, [*parts.values()])]
    if apart and len(by) > 1:  # cells of one key are few: adding them up before they are moved is in vain
        sources = [(rows.repartition(by[0]), held) for rows, held in sources]
    in_rings = stacked([_rings(rows, groups, held, age) for rows, held in sources])
    if apart:  # such rows hold few values each, and windows are many more columns than parts
        in_rings = in_rings.groupBy(*by, "_ring").agg(*(_merged(p).alias(name) for name, p in parts.items()))
    return _in_windows(in_rings, by, measures, windows)


def by_kind(measures: Iterable[Measure]) -> list[list[Measure]]:
    """Tell measures apart that are worth a fold each: numbers, and values with their instants.

    Few cells have any of the latter, and Spark sorts for them what it adds up in a hash table otherwise.
    """
    kinds: dict[bool, list[Measure]] = {}
    for measure in measures:
        kinds.setdefault(measure.part.way in STRUCTS, []).append(measure)
    return [kinds[kind] for kind in sorted(kinds)]


def _in_windows(
    in_rings: DataFrame, by: Sequence[str], measures: Sequence[Measure], windows: Sequence[int]
) -> DataFrame:
    columns = [
        _in_window(measure, window, windows).alias(measure.column(window))
        for measure in measures
        for window in measure.windows
    ]
    return in_rings.groupBy(*by).agg(*columns)


def _has_any(parts: Iterable[Part]) -> Column:
    return reduce(or_, (F.col(part.column).isNotNull() for part in parts))


def _by_stream(cells: DataFrame, parts: Iterable[Part]) -> list[tuple[DataFrame, list[Part]]]:
    streams: dict[str, list[Part]] = {}
    for part in parts:
        streams.setdefault(part.stream, []).append(part)
    return [(cells.where(is_of_stream(s)), streams[s]) for s in sorted(streams)]


def _rings(rows: DataFrame, groups: Sequence[Column], parts: Sequence[Part], age: Column) -> DataFrame:
    """The parts added up per ring, and per block of it where active days are counted: a day lies in one block."""
    has_days = any(p.way == "days" for p in parts)
    block = [F.floor(age / F.lit(BLOCK_DAYS)).alias("_block")] if has_days else []
    added = rows.groupBy(*groups, *block).agg(*(_in_ring(p, age).alias(_of_ring(p)) for p in parts))
    bits = {_of_ring(p): F.bit_count(_of_ring(p)) for p in parts if p.way == "days"}
    return added.withColumns(bits).drop("_block") if bits else added


def _of_ring(part: Part) -> str:
    """The name of what a ring holds: a cell's column that is not only added up has a column for each way."""
    if part.half_life:
        return f"{part.column}__halved_{part.half_life}"
    return f"{part.column}__{part.way}" if part.way in ("days", "first", "last") else part.column


def _in_ring(part: Part, age: Column) -> Column:
    value = F.col(part.column)
    match part.way:
        case "days":
            bit = F.call_function("shiftleft", F.lit(1).cast("bigint"), (age % BLOCK_DAYS).cast("int"))
            return F.bit_or(F.when(value > 0, bit))
        case "first":
            return F.min(F.when(value > 0, F.col("business_date")))
        case "last":
            return F.max(F.when(value > 0, F.col("business_date")))
        case _:
            return _added_up(part, _in_cell(part, age))


def _in_cell(part: Part, age: Column) -> Column:
    """What a cell adds up to, of a part that fades its share."""
    value = F.col(part.column)
    return value * _weight(age, part.half_life) if part.half_life else value


def _weight(age: Column, half_life: int) -> Column:
    """What is left of an event, in parts of `WHOLE`; nothing of one without a date."""
    return F.round(F.pow(F.lit(0.5), age / F.lit(half_life)) * WHOLE).cast("bigint")


def _added_up(part: Part, value: Column) -> Column:
    if part.way in _LEAST:
        return F.min(value)
    return F.max(value) if part.way in _GREATEST else F.sum(value)


def _in_window(measure: Measure, window: int | None, windows: Sequence[int]) -> Column:
    inside = None if window is None else F.col("_ring") <= windows.index(window)
    total = _over_rings(measure.part, inside)
    if measure.less:
        less = _over_rings(measure.less, inside)
        both = F.coalesce(total, F.lit(0)) - F.coalesce(less, F.lit(0))
        total = F.when(total.isNotNull() | less.isNotNull(), both)
    if measure.part.half_life:
        total = total / F.lit(WHOLE)
    if measure.evidence:
        total = F.struct(total.alias("value"), _over_rings(measure.evidence, inside).alias("events"))
    return (
        total.cast(measure.part.type)
        if measure.part.way not in ("state", "top", "top_share", "by")
        else total
    )


def _merged(part: Part) -> Column:
    """Put together what is known of a ring."""
    return _added_up(part, F.col(_of_ring(part)))


def _over_rings(part: Part, inside: Column | None) -> Column:
    value = F.col(_of_ring(part))
    if inside is not None:
        value = F.when(inside, value)
    total = _added_up(part, value)
    return total["value"] if part.way in ("latest", "earliest", "at_max") else total


def keyed(cells: DataFrame, measures: Sequence[Measure], *, as_of: date, apart: bool = False) -> DataFrame:
    """Return one row per person with the measures over (person, key) pairs: `top`, `top_share`, `distinct`, `by`.

    `cells` carry `person`, `key_kind` and `key`. Ties of `top` go to the smaller key; a key whose sum is 0 or
    less is never the top; `top_share` is null where the whole is 0 or less. `apart` adds up by themselves what
    no measure reads together, and moves all cells of a person first, once.
    """
    sums = stacked(
        [_by_key(cells, held, as_of, apart) for held in (_sharing(measures) if apart else [measures])]
    )
    columns = [
        _over_keys(measure, measure.column(window)).alias(measure.column(window))
        for measure in measures
        for window in measure.windows
    ]
    return sums.groupBy("person").agg(*columns)


def _by_key(cells: DataFrame, measures: Sequence[Measure], as_of: date, apart: bool) -> DataFrame:
    """Add up the cells of each person and key in the windows: few measures count keys, so rings would save nothing."""
    windows, by = openings(measures), ["person", "key_kind", "key"]
    age = F.date_diff(F.lit(as_of), F.col("business_date"))
    parts = {_of_ring(p): p for m in measures for p in m.parts}
    values = [_in_cell(part, age).alias(name) for name, part in parts.items()]
    told = of_streams(cells, measures).where(_is_counted(measures, as_of))
    rows = told.select(*by, ring(age, windows).alias("_ring"), *values)
    return _in_windows(rows.repartition(by[0]) if apart else rows, by, measures, windows)


def _sharing(measures: Iterable[Measure]) -> list[list[Measure]]:
    """Put measures together that read a stream both."""
    found: list[tuple[set[str], list[Measure]]] = []
    for measure in measures:
        streams, mine = {part.stream for part in measure.parts}, [measure]
        for one in [one for one in found if one[0] & streams]:
            found.remove(one)
            streams, mine = one[0] | streams, one[1] + mine
        found.append((streams, mine))
    return [mine for _, mine in found]


def _is_counted(measures: Iterable[Measure], as_of: date) -> Column:
    """Whether a cell is of a stream and a kind that a measure counts, and lies in the longest window that asks for both."""
    asked: dict[tuple[str, str], float] = {}
    for measure in measures:
        longest = max(math.inf if days is None else days for days in measure.windows)
        for part in measure.parts:
            for kind in measure.part.kinds(("person",)):
                asked[part.stream, kind] = max(asked.get((part.stream, kind), 0), longest)
    date, wanted = F.col("business_date"), F.lit(False)
    for (stream, kind), days in sorted(asked.items()):
        here = is_of_stream(stream) & (F.col("key_kind") == kind)
        wanted |= here if days == math.inf else here & (date > F.lit(as_of - timedelta(days)))
    return wanted & (date.isNull() | (date <= F.lit(as_of)))


def _over_keys(measure: Measure, column: str) -> Column:
    kind = measure.part.arguments[0]
    value = F.col(column)["value"] if measure.evidence else F.col(column)
    counts = (F.col("key_kind") == kind) & (value > 0)
    match measure.part.way:
        case "distinct":
            return F.sum(F.when(counts, 1))
        case "top":
            return F.min(F.when(counts, F.struct((-value).alias("least"), F.col("key"))))["key"]
        case "top_share":
            whole = F.max(F.when(F.col("key_kind") == "none", value))
            best = F.max(F.when(counts, value))
            return F.when(whole > 0, best.cast("double") / whole.cast("double"))
        case _:
            events = [F.col(column)["events"]] if measure.evidence else []
            pairs = F.collect_list(F.when(counts, F.struct("key", value.alias("value"), *events)))
            return F.when(F.size(pairs) > 0, F.array_sort(pairs))


def with_others(
    cells: DataFrame, measures: Sequence[Measure], persons: DataFrame, *, as_of: date
) -> DataFrame:
    """Return one row per person with the distinct *other persons* of `others` measures.

    Both ends of an edge are persons: two accounts of one friend are one; one's own accounts don't count.
    """
    other = persons.select(F.col("account").alias("key"), F.col("person").alias("_other"))
    edges = cells.join(other, "key").where(F.col("_other") != F.col("person"))
    sums = folded(edges, ["person", "_other"], measures, as_of=as_of)
    return sums.groupBy("person").agg(
        *(F.sum(F.when(F.col(m.column(w)) > 0, 1)).alias(m.column(w)) for m in measures for w in m.windows)
    )


def of_streams(cells: DataFrame, measures: Iterable[Measure]) -> DataFrame:
    """Return the day rows of the streams that the measures read: only their partitions are looked at."""
    return cells.where(is_of_stream(*{part.stream for measure in measures for part in measure.parts}))


def by_others(cells: DataFrame, persons: DataFrame, grain: str) -> DataFrame:
    """Return the day rows that tell what another account did, but those of accounts of the person's own.

    With `brand_id` for the grain of brands. An account that nobody knows is another's.
    """
    mine = cells.where(F.col("key_kind") == OTHERS[grain])
    if grain == "brand":
        both = F.split("key", KEY_SEPARATOR)
        mine = mine.withColumns({"brand_id": both[0], "key": both[1]})
    whose = persons.select(F.col("account").alias("key"), F.col("person").alias("_whose"))
    known = mine.join(whose, "key", "left")
    return known.where(~F.col("_whose").eqNullSafe(F.col("person"))).drop("_whose")


def standing_edges(cells: DataFrame, measure: Measure, persons: DataFrame, *, as_of: date) -> DataFrame:
    """Return the edges whose latest state holds: person, other_person (null when unknown), key, brand.

    The latest event per pair of accounts decides, by (instant, revision, event key).
    """
    other = persons.select(F.col("account").alias("key"), F.col("person").alias("other_person"))
    last = folded(cells, ["person", "account", "key"], [measure], as_of=as_of)
    state = F.col(measure.column(None))
    standing = last.where(state["holds"]).select("person", "key", state["brand"].alias("brand"))
    edges = standing.join(other, "key", "left")
    return edges.where(F.col("other_person").isNull() | (F.col("other_person") != F.col("person")))

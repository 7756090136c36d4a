"""The way of adding up `ordered`: what a person's events say in their order, one pass over each one's own.

Only who has any of the events gets a row. *Gaps* lie between the distinct days on which somebody acted, all
accounts together; *followed* asks whether another event came after, within so many days of the instant
(an event that has only a date counts from its midnight in the business zone; one of another kind at the same
instant follows, one of the same kind must be later). A gap belongs to the window in which it ends, an event that
is followed to the window in which it lies; what follows it may come until the night.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.portrait.fold import in_window, of_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure, Part

DAY_SECONDS = 86_400


def in_sequence(
    cells: DataFrame, by: Sequence[str], measures: Sequence[Measure], *, as_of: date
) -> DataFrame:
    """Return one row per `by` group that has any of the events, with a column per measure and window.

    `cells` are day rows that carry the `by` columns; those after `as_of` and undated ones don't count.
    `gap_median`, `gap_spread` (half the middle half's width: the quartile deviation) and `lag_median` are in
    days and null without a gap or follower; `cycles` lists keys with a gap, sorted by key; `followed`
    counts. A median of an even number is the middle between the two.
    """
    dated = cells.where(F.col("business_date") <= F.lit(as_of))
    groups: dict[str | None, list[Measure]] = {}
    for measure in measures:
        groups.setdefault(_key_of(measure.part), []).append(measure)
    pieces = [_sequences(dated, by, key, held, as_of=as_of) for key, held in groups.items()]
    return reduce(lambda left, right: left.join(right, [*by], "full"), pieces)


def _key_of(part: Part) -> str | None:
    """The key kind of `cycles`; None for what is asked of the group itself."""
    return part.arguments[1] if len(part.arguments) == 2 else None


def _sequences(
    cells: DataFrame, by: Sequence[str], key: str | None, measures: Sequence[Measure], *, as_of: date
) -> DataFrame:
    kind = key or ("none" if list(by) == ["person"] else "brand")
    held = of_streams(cells, measures).where(F.col("key_kind") == kind)
    whose = [*by, "key"] if key else list(by)
    lists = {name: listed for measure in measures for name, listed in _lists(measure, as_of).items()}
    listed = held.groupBy(*whose).agg(*(column.alias(name) for name, column in lists.items()))
    if key is None:
        values = [
            _value(measure, window, as_of).alias(measure.column(window))
            for measure in measures
            for window in measure.windows
        ]
        return listed.select(*by, *values)
    cycles = [
        _cycle(F.col(measure.part.column), window, as_of).alias(measure.column(window))
        for measure in measures
        for window in measure.windows
    ]
    names = [measure.column(window) for measure in measures for window in measure.windows]
    return (
        listed.select(*by, "key", *cycles)
        .groupBy(*by)
        .agg(*(_sorted_cycles(name).alias(name) for name in names))
    )


def _lists(measure: Measure, as_of: date) -> dict[str, Column]:
    """What to list of a group: its distinct days; or the instants, in each window, and all that may follow."""
    if measure.then is None:
        acted = F.when(F.col(measure.part.column) > 0, F.col("business_date"))
        return {measure.part.column: F.array_sort(F.collect_set(acted))}
    lists = {measure.then.part.column: _instants(F.col(measure.then.part.column))}
    for window in measure.windows:
        value = F.col(measure.part.column)
        if window is not None:
            value = F.when(in_window(as_of, window), value)
        lists[measure.column(window)] = _instants(value)
    return lists


def _instants(value: Column) -> Column:
    return F.array_sort(F.flatten(F.collect_list(value)))


def _value(measure: Measure, window: int | None, as_of: date) -> Column:
    what = measure.part.arguments[0]
    if measure.then:
        first = F.col(measure.column(window))
        then = measure.then.part
        is_later = then.stream == measure.part.stream
        pair = partial(_followed, first, F.col(then.column), measure.then.within_days, is_later=is_later)
        if what == "followed":
            count = pair(F.lit(0).cast("bigint"), lambda n, _: n + 1)
            return F.when(F.size(first) > 0, count)
        lags = pair(F.array().cast("array<bigint>"), lambda lags, lag: F.concat(lags, F.array(lag)))
        return _median(F.array_sort(lags)) / DAY_SECONDS
    gaps = _gaps(F.col(measure.part.column), window, as_of)
    return _median(gaps) if what == "gap_median" else _spread(gaps)


def _gaps(days: Column, window: int | None, as_of: date) -> Column:
    """Days between each day and the one before it, in ascending order of length; in a window by its later end."""
    later, earlier = F.slice(days, 2, F.greatest(F.size(days) - 1, F.lit(0))), days
    pairs = F.zip_with(later, F.slice(earlier, 1, F.greatest(F.size(days) - 1, F.lit(0))), _gap)
    inside = pairs
    if window is not None:
        opens = F.date_sub(F.lit(as_of), window)
        inside = F.filter(pairs, lambda gap: gap["ends"] > opens)
    return F.array_sort(F.transform(inside, lambda gap: gap["days"]))


def _gap(later: Column, earlier: Column) -> Column:
    return F.struct(later.alias("ends"), F.date_diff(later, earlier).alias("days"))


def _followed(
    first: Column,
    then: Column,
    within_days: int,
    none: Column,
    add: Callable[[Column, Column], Column],
    *,
    is_later: bool,
) -> Column:
    """What `add` makes, from `none` on, of the seconds from each event of `first` that is followed to the next of `then`.

    `is_later`: not at its instant. One pass over both, from the last to the first. A count costs what there are events;
    a list is copied each time it grows.
    """
    events = F.concat(
        _marked(first, is_follower=False, rank=int(is_later)),
        _marked(then, is_follower=True, rank=1 - is_later),
    )
    # on the way back a follower at the same instant is met first, unless it must be later
    back = F.reverse(F.array_sort(events))
    start = F.struct(F.lit(None).cast("timestamp").alias("next"), none.alias("found"))

    def step(seen: Column, event: Column) -> Column:
        lag = F.unix_seconds(seen["next"]) - F.unix_seconds(event["at"])
        counts = ~event["is_follower"] & (lag <= within_days * DAY_SECONDS)
        return F.struct(
            F.when(event["is_follower"], event["at"]).otherwise(seen["next"]).alias("next"),
            F.when(counts, add(seen["found"], lag)).otherwise(seen["found"]).alias("found"),
        )

    return F.aggregate(back, start, step)["found"]


def _marked(instants: Column, *, is_follower: bool, rank: int) -> Column:
    there = F.coalesce(instants, F.array().cast("array<timestamp>"))
    marks = F.lit(rank).alias("rank"), F.lit(is_follower).alias("is_follower")
    return F.transform(there, lambda at: F.struct(at.alias("at"), *marks))


def _median(ordered: Column) -> Column:
    return _quantile(ordered, 0.5)


def _spread(ordered: Column) -> Column:
    return (_quantile(ordered, 0.75) - _quantile(ordered, 0.25)) / 2


def _quantile(ordered: Column, share: float) -> Column:
    """The quantile between the two nearest values, by distance (Hyndman & Fan 1996, type 7); null of none."""
    place = (F.size(ordered) - 1) * F.lit(share)
    low = F.floor(place).cast("int")
    below = F.try_element_at(ordered, low + 1).cast("double")
    above = F.try_element_at(ordered, F.ceil(place).cast("int") + 1).cast("double")
    return F.when(F.size(ordered) > 0, below + (above - below) * (place - low))


def _cycle(days: Column, window: int | None, as_of: date) -> Column:
    gaps = _gaps(days, window, as_of)
    said = F.struct(
        F.col("key"),
        _median(gaps).alias("value"),
        _spread(gaps).alias("spread"),
        F.size(gaps).cast("bigint").alias("gaps"),
    )
    return F.when(F.size(gaps) > 0, said)


def _sorted_cycles(name: str) -> Column:
    found = F.collect_list(name)  # without nulls
    return F.when(F.size(found) > 0, F.array_sort(found))

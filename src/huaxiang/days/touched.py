"""Which cells a night must make again: those that arrivals, revisions, deletions or changed lookups touch.

A cell is touched when an event that counts in it, before or after the night, is new, gone or revised, or looks
something up that changed. Cells are found by stream × account × business date.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.events import OWN_DATE
from huaxiang.days.rows import NOBODY, each_sought, event_rows, lookup_key, unaware, with_lookup
from huaxiang.frames import local_frame, stacked
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.clean.changes import Changes
    from huaxiang.days.events import Event, Lookup
    from huaxiang.days.measures import Part

    Read = Callable[[str], DataFrame]

MANY_KEYS = 200_000  # more changed keys than this are not collected: every event that looks up is looked at


@dataclass(frozen=True)
class Restated:
    """Looked-up keys whose events must be counted again, and the partitions those lie in (None: any)."""

    keys: DataFrame
    parts: tuple[str, ...] | None


def restated_keys(
    streams: Mapping[str, Part], changed: Mapping[str, Changes], before: Read, day_rows: DataFrame
) -> dict[tuple[str, int], Restated]:
    """Return, per stream and number of its lookup, the changed keys that some event was counted with or awaits.

    A key that came tonight for the first time matters only to events that await it (their day rows say which
    partitions they lie in); a key that was known matters to every event that looks it up. Lookups that several
    streams share are answered together: one Spark job for all.
    """
    shared = _shared(streams, changed)
    if not shared:
        return {}
    numbered = list(shared)
    changed_keys = [
        _changed_keys(sought.lookup, changed[sought.lookup.feed]).select(
            F.lit(n).alias("sought"), F.lit(sought.lookup.awaits).alias("key_kind"), "key"
        )
        for n, sought in enumerate(numbered)
    ]
    found = [_awaiting(day_rows.where(F.col("stream").isin(*streams)), stacked(changed_keys))]
    for n, sought in enumerate(numbered):
        lookup, change = sought.lookup, changed[sought.lookup.feed]
        if change.any_gone or sought.has_versions or not lookup.is_whole_key:
            known = before(lookup.feed).select(lookup_key(lookup, ours=False).alias("key"))
            met = known.join(F.broadcast(changed_keys[n].select("key")), "key", "left_semi").distinct()
            found.append(
                met.select(F.lit(None).cast("string").alias("stream"), F.lit(n).alias("sought"), "key")
            )
    union = stacked(found).localCheckpoint()  # a limit would try one partition, then four, then sixteen
    rows = union.limit(MANY_KEYS).collect() if union.count() > MANY_KEYS else union.collect()
    if len(rows) == MANY_KEYS:
        return {
            place: Restated(_changed_keys(sought.lookup, changed[sought.lookup.feed]), None)
            for sought, places in shared.items()
            for place in places
        }
    held: dict[tuple[str, int], dict[str, set[str | None]]] = {}
    for row in rows:
        for stream, number in shared[numbered[row["sought"]]]:
            if row["stream"] in (None, stream):
                # a cell that is dated by another feed says nothing of where the event lies in its own
                lies = row["part"] if streams[stream].date == OWN_DATE else None
                held.setdefault((stream, number), {}).setdefault(row["key"], set()).add(lies)
    return {place: _restated(union.sparkSession, keys) for place, keys in held.items()}


@dataclass(frozen=True)
class _Sought:
    """What a lookup looks for; `lookup` is any of those that look for the same, by equal keys."""

    feed: str
    theirs: tuple[str, ...]
    has_versions: bool
    lookup: Lookup = field(compare=False)

    @staticmethod
    def by(lookup: Lookup) -> _Sought:
        return _Sought(lookup.feed, tuple(name for name, _ in lookup.on), lookup.as_at is not None, lookup)


def _shared(streams: Mapping[str, Part], changed: Container[str]) -> dict[_Sought, list[tuple[str, int]]]:
    """Return the lookups into changed feeds, each with the streams that look so and the number it has there."""
    shared: dict[_Sought, list[tuple[str, int]]] = {}
    for stream, part in streams.items():
        for number, lookup in enumerate(part.event.lookups):
            if lookup.feed in changed:
                shared.setdefault(_Sought.by(lookup), []).append((stream, number))
    return shared


def _awaiting(day_rows: DataFrame, keys: DataFrame) -> DataFrame:
    """Return which streams await which of the keys, and in which partitions those events lie."""
    waiting = day_rows.where(F.col("key_kind").startswith("awaits:"))
    lies = F.substring_index(PARTITION, " ", -1).alias("part")
    return (
        waiting.join(F.broadcast(keys), ["key_kind", "key"])
        .select("stream", "sought", "key", lies)
        .distinct()
    )


def _restated(spark: SparkSession, held: Mapping[str, set[str | None]]) -> Restated:
    lying = set().union(*held.values())
    keys = local_frame(spark, [(key,) for key in sorted(held)], "key string")
    return Restated(keys, None if None in lying else tuple(sorted(part for part in lying if part)))


def touched_pairs(
    stream: str,
    part: Part,
    changed: Mapping[str, Changes],
    restated: Mapping[tuple[str, int], Restated],
    before: Read,
    after: Read,
    *,
    zone: str,
    narrowly: bool = False,
) -> DataFrame | None:
    """Return the (account, business_date) pairs of a stream to make again, perhaps repeated; None when none.

    `before` and `after` read clean feeds as the last release pinned them and as they are now; `narrowly` as
    in `event_rows`.
    """
    event = part.event
    pairs = []
    own = changed.get(event.feed)
    if own:
        pairs.append(_pairs(part, own.added, after, zone=zone, narrowly=narrowly))
        if own.any_gone:
            pairs.append(_pairs(part, own.gone, before, zone=zone, narrowly=narrowly))
    for number, lookup in enumerate(event.lookups):
        found = restated.get((stream, number))
        if found:
            rows = _holding(event, lookup, found, after)
            pairs.append(_pairs(part, rows, after, zone=zone, narrowly=narrowly))
            if event.needs_others:  # it may have been counted for another account or day, or have waited
                pairs.append(_pairs(part, rows, before, zone=zone, narrowly=narrowly))
    return stacked(pairs) if pairs else None


def _pairs(part: Part, rows: DataFrame, read: Read, *, zone: str, narrowly: bool) -> DataFrame:
    """Where rows of a feed count; only an event that finds its account elsewhere must be looked up for that."""
    if not part.event.needs_others:
        return rows.select(
            F.col(part.event.account).alias("account"), F.col(part.date).alias("business_date")
        )
    found = event_rows(_placed_by(part), rows, read, zone=zone, narrowly=narrowly)
    return found.select(
        "account",
        F.when(F.col("waiting"), F.col("business_date")).otherwise(F.col(part.date)).alias("business_date"),
    )


def _placed_by(part: Part) -> Event:
    """The event with no more lookups than say whether it counts, for whom and when."""
    event, says = part.event, {part.event.account, part.date}
    placing = tuple(one for one in event.lookups if one.needs or not says.isdisjoint(dict(one.take)))
    return replace(event, lookups=placing, opinion_of=None)


def _changed_keys(lookup: Lookup, change: Changes) -> DataFrame:
    """The distinct looked-up keys (`key`) whose row came or left tonight."""
    keys = change.added.select(lookup_key(lookup, ours=False).alias("key"))
    if change.any_gone:
        keys = keys.union(change.gone.select(lookup_key(lookup, ours=False).alias("key")))
    return keys.where(F.col("key").isNotNull()).distinct()


def rows_perhaps_counted_in(event: Event, pairs: DataFrame, read: Read) -> DataFrame:
    """Return the clean rows of an event that finds its account elsewhere which may count in one of `pairs`.

    Those whose other side belongs to one of the accounts, and, for cells of nobody, those of their dates.
    `pairs` has (`_account`, `_date`).
    """
    rows = read(event.feed)
    lookup = next((known for known in event.lookups if event.account in dict(known.take)), None)
    if lookup is None:
        return rows
    theirs = read(lookup.feed).join(
        F.broadcast(pairs.select(F.col("_account").alias("_owner")).distinct()),
        F.col(dict(lookup.take)[event.account]) == F.col("_owner"),
        "left_semi",
    )
    keys = theirs.select(lookup_key(lookup, ours=False).alias("_key")).distinct()
    dates = pairs.where(F.col("_account") == NOBODY).select("_date").distinct()
    waiting = F.broadcast(dates.withColumn("_waits", F.lit(True)))
    marked = rows.withColumn("_sought", lookup_key(lookup, ours=True))
    found = marked.join(
        F.broadcast(keys.withColumn("_known", F.lit(True))), F.col("_sought") == F.col("_key"), "left"
    ).join(waiting, F.col("business_date").eqNullSafe(F.col("_date")), "left")
    return found.where(F.col("_known").isNotNull() | F.col("_waits").isNotNull()).select(*rows.columns)


def _holding(event: Event, lookup: Lookup, found: Restated, read: Read) -> DataFrame:
    """The event's clean rows that look one of the keys up.

    Where the sought columns are themselves looked up (a return's product, known through its order line),
    the earlier lookups come first.
    """
    rows = read(event.feed)
    names = rows.columns
    if found.parts is not None:
        rows = rows.where(F.col(PARTITION).isin(*found.parts))
    sought = {mine for _, mine in lookup.on}
    for earlier in event.lookups:
        if sought <= set(rows.columns):
            break
        rows = with_lookup(unaware(rows), earlier, read(earlier.feed)).drop("awaits", "waiting")
    held = each_sought(rows, lookup).join(
        F.broadcast(found.keys), lookup_key(lookup, ours=True) == F.col("key"), "left_semi"
    )
    held = held.select(*names)
    return held.dropDuplicates(["event_key"]) if lookup.each else held

"""Which cells a night must make again: those that arrivals, revisions, deletions or changed lookups touch.

A cell is touched when an event that counts in it, before or after the night, is new, gone or revised, or looks
something up that changed. Cells are found by stream × account × business date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.events import OWN_DATE
from huaxiang.days.rows import NOBODY, each_sought, event_rows, lookup_key, unaware, with_lookup
from huaxiang.frames import local_frame, stacked
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import DataFrame

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
    partitions they lie in); a key that was known matters to every event that looks it up. One Spark job for all.
    """
    frames = []
    for stream, part in streams.items():
        for number, lookup in enumerate(part.event.lookups):
            change = changed.get(lookup.feed)
            if change is None:
                continue
            keys = F.broadcast(_changed_keys(lookup, change))
            place = (F.lit(stream).alias("stream"), F.lit(number).alias("number"))
            known = before(lookup.feed).select(lookup_key(lookup, ours=False).alias("key"))
            if change.any_gone or lookup.as_at or not lookup.is_whole_key:
                found = known.join(keys, "key", "left_semi")
                frames.append(
                    found.select(*place, "key", F.lit(None).cast("string").alias("part")).distinct()
                )
            waiting = day_rows.where((F.col("key_kind") == lookup.awaits) & (F.col("stream") == stream))
            # a cell that is dated by another feed says nothing of where the event lies in its own
            lies = F.substring_index(PARTITION, " ", -1) if part.date == OWN_DATE else F.lit(None)
            where = lies.cast("string").alias("part")
            frames.append(waiting.join(keys, "key", "left_semi").select(*place, "key", where).distinct())
    if not frames:
        return {}
    union = stacked(frames).localCheckpoint()  # a limit would try one partition, then four, then sixteen
    rows = union.limit(MANY_KEYS).collect() if union.count() > MANY_KEYS else union.collect()
    found_keys: dict[tuple[str, int], list[tuple[str, str | None]]] = {}
    for row in rows:
        found_keys.setdefault((row["stream"], row["number"]), []).append((row["key"], row["part"]))
    spark = union.sparkSession
    if len(rows) == MANY_KEYS:
        return {
            (stream, number): Restated(_changed_keys(lookup, changed[lookup.feed]), None)
            for stream, part in streams.items()
            for number, lookup in enumerate(part.event.lookups)
            if lookup.feed in changed
        }
    restated = {}
    for place_, held in found_keys.items():
        lying = {part for _, part in held}
        keys = local_frame(spark, [(key,) for key in sorted({k for k, _ in held})], "key string")
        restated[place_] = Restated(keys, None if None in lying else tuple(sorted(p for p in lying if p)))
    return restated


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
    found = event_rows(part.event, rows, read, zone=zone, narrowly=narrowly)
    return found.select(
        F.when(F.col("waiting"), F.lit(NOBODY)).otherwise(F.col("account")).alias("account"),
        F.when(F.col("waiting"), F.col("business_date")).otherwise(F.col(part.date)).alias("business_date"),
    )


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

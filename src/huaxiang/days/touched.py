"""Which cells a night must make again: those that arrivals, revisions, deletions or changed lookups touch.

A cell is touched when an event that counts in it, before or after the night, is new, gone, revised, or looks
something up that changed. Cells are found by stream × account × business date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import PARTITION
from huaxiang.days.rows import NOBODY, event_rows, lookup_key, unaware, with_lookup

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from huaxiang.days.events import Event, Lookup

    Read = Callable[[str], DataFrame]


@dataclass(frozen=True)
class Changed:
    """A clean feed's change in one night: rows that came in and rows that left (revised, deleted, withdrawn)."""

    added: DataFrame
    gone: DataFrame
    any_gone: bool


def touched_pairs(
    event: Event, dates: list[str], changed: dict[str, Changed], before: Read, after: Read, day_rows: DataFrame | None,
    *, zone: str,
) -> DataFrame | None:  # fmt: skip
    """Return the distinct (account, business_date) pairs of an event to make again; None when there are none.

    `before` and `after` read clean feeds as the last release pinned them and as they are now; `dates` are the
    event's date columns in use; `day_rows` tells which events await a key that may have come tonight.
    """
    old, new = [], []
    own = changed.get(event.feed)
    if own:
        new.append(event_rows(event, own.added, after, zone=zone))
        if own.any_gone:
            old.append(event_rows(event, own.gone, before, zone=zone))
        # an event that waited is counted under nobody until its other side comes: that cell goes too
    for lookup in event.lookups:
        change = changed.get(lookup.feed)
        if change is None:
            continue
        keys = changed_keys(lookup, change)
        restated = keys_known_before(lookup, keys, before(lookup.feed))
        for affected in (
            _awaiting(event, lookup, keys, day_rows, after),
            _holding(event, lookup, restated, after),
        ):
            if affected is not None:
                new.append(event_rows(event, affected, after, zone=zone))
                old.append(event_rows(event, affected, before, zone=zone))
    if not new and not old:
        return None
    pairs = [_pairs(rows, date) for rows in [*new, *old] for date in dates]
    union = pairs[0]
    for more in pairs[1:]:
        union = union.unionByName(more)
    return union.distinct()


def _pairs(rows: DataFrame, date: str) -> DataFrame:
    return rows.select(
        F.when(F.col("waiting"), F.lit(NOBODY)).otherwise(F.col("account")).alias("account"),
        F.when(F.col("waiting"), F.col("business_date")).otherwise(F.col(date)).alias("business_date"),
    )


def changed_keys(lookup: Lookup, change: Changed) -> DataFrame:
    """The distinct looked-up keys (`key`) whose row came or left tonight."""
    keys = change.added.select(lookup_key(lookup, ours=False).alias("key"))
    if change.any_gone:
        keys = keys.union(change.gone.select(lookup_key(lookup, ours=False).alias("key")))
    return keys.where(F.col("key").isNotNull()).distinct()


def keys_known_before(lookup: Lookup, keys: DataFrame, before: DataFrame) -> DataFrame | None:
    """The changed keys that events may already have found: only these restate what was counted; None if none."""
    known = before.select(lookup_key(lookup, ours=False).alias("key")).where(F.col("key").isNotNull())
    restated = known.join(F.broadcast(keys), "key", "left_semi").distinct().localCheckpoint()
    return None if restated.isEmpty() else restated


def _awaiting(
    event: Event, lookup: Lookup, keys: DataFrame, day_rows: DataFrame | None, after: Read
) -> DataFrame | None:
    if day_rows is None:
        return None
    waiting = (
        day_rows.where((F.col("key_kind") == lookup.awaits) & F.col("stream").startswith(event.name))
        .join(F.broadcast(keys), "key", "left_semi")
        .select(F.substring_index(PARTITION, " ", -1).alias("part"), "key")
        .distinct()
        .localCheckpoint()
    )
    parts = [r["part"] for r in waiting.select("part").distinct().collect()]
    if not parts:
        return None
    known = waiting.select("key").distinct()
    return _holding(event, lookup, known, after, base=after(event.feed).where(F.col("part").isin(parts)))


def _holding(
    event: Event, lookup: Lookup, keys: DataFrame | None, read: Read, *, base: DataFrame | None = None
) -> DataFrame | None:
    """The event's clean rows (of `base`, else all) that look one of `keys` up.

    Where the sought columns are themselves looked up (a return's product, known through its order line),
    the earlier lookups come first.
    """
    if keys is None:
        return None
    rows = base if base is not None else read(event.feed)
    names = rows.columns
    sought = {mine for _, mine in lookup.on}
    for earlier in event.lookups:
        if sought <= set(rows.columns):
            break
        rows = with_lookup(unaware(rows), earlier, read(earlier.feed)).drop("awaits", "waiting")
    held = rows.join(F.broadcast(keys), lookup_key(lookup, ours=True) == F.col("key"), "left_semi")
    return held.select(*names)

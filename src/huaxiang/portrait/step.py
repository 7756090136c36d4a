"""The portrait step: fold everybody, derive the tags, write `coverage` and `portrait`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyspark.storagelevel import StorageLevel

from huaxiang.frames import local_frame
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import FEED_COVERAGE, covers_by_feed, feed_coverage
from huaxiang.portrait.tags import tagged_portrait

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from huaxiang.night import Night

Coverage = list[dict[str, object]]
"""The rows of the table `coverage`."""


@dataclass(frozen=True)
class PortraitOutcome:
    """How many people, how many columns each has, and what the feeds cover."""

    persons: int
    tags: int
    coverage: tuple[dict[str, object], ...]


def measured(night: Night, coverage: Coverage) -> DataFrame:
    """Return everybody's measures for the night's `as_of`, held: the ranks read them again."""
    lake = night.lake
    frame = measured_portrait(
        lake.read("day_row"),
        lake.read("person_account"),
        night.catalogue,
        covers_by_feed(coverage),
        as_of=night.as_of,
        cut_all=night.cut_all,
    )
    return night.cut(frame) if night.small else frame.persist(StorageLevel.MEMORY_AND_DISK)


def write(night: Night, measured: DataFrame, coverage: Coverage) -> PortraitOutcome:
    """Derive the tags and write `portrait`."""
    try:
        portrait = tagged_portrait(measured, night.catalogue, as_of=night.as_of)
        wrote = night.attempt.replace("portrait", portrait)
    finally:
        measured.unpersist()
    said = [{**r, "covered_from": str(r["covered_from"]) if r["covered_from"] else None} for r in coverage]
    return PortraitOutcome(wrote.rows, len(portrait.columns) - 2, tuple(said))


def covered(night: Night) -> Coverage:
    """Bring the `coverage` table up to tonight and return its rows."""
    lake = night.lake
    worlds = {e.feed: e.world for e in night.catalogue.events.values()}
    known = [r.asDict() for r in lake.read("coverage").collect()]
    changed = [f for f in worlds if f in night.changed_feeds]
    if not changed and known:
        return known
    rows = [
        tuple(r[c] for c in ("feed", "platform", "covers", "covered_from", "rows"))
        for r in known
        if r["feed"] not in changed
    ]
    for feed in changed:
        rows += feed_coverage(feed, lake.read(f"clean/{feed}"), partial(night.covers, feed, worlds[feed]))
    rows.sort(key=lambda r: (str(r[0]), str(r[1])))
    night.attempt.replace("coverage", local_frame(night.spark, rows, FEED_COVERAGE))
    return [dict(zip(("feed", "platform", "covers", "covered_from", "rows"), r, strict=True)) for r in rows]

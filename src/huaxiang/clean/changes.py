"""What a night changed in a clean table: the rows that came in, and the rows that left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.contracts.clean import clean_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from huaxiang.night import Night

NOTE = "clean_parts_left"
"""The attempt's note of the partitions that rows left tonight, by feed: for steps in other processes."""


@dataclass(frozen=True)
class Changes:
    """Clean rows of tonight, and rows of the last release that are replaced, removed or withdrawn."""

    added: DataFrame
    gone: DataFrame
    any_gone: bool


def note_parts_left(night: Night, parts: Mapping[str, list[str]]) -> None:
    """Remember which partitions rows have left, so that `changes` reads no others."""
    night.attempt.note(NOTE, {feed: left for feed, left in sorted(parts.items()) if left})


def changes(night: Night, feed: str) -> Changes | None:
    """Return what tonight's ingest changed in `clean/<feed>`; None when nothing did.

    A revised row is both: its new version is added, the one before is gone.
    """
    name = clean_name(feed)
    if name not in night.attempt.tables:
        return None
    now, before = night.lake.read(name), night.lake.read_pinned(name)
    parts = night.attempt.notes.get(NOTE, {}).get(feed, [])
    in_parts = F.col("part").isin(parts) if parts else F.lit(False)
    still = now.where(in_parts).select("event_key", "release")
    gone = before.where(in_parts).join(still, ["event_key", "release"], "left_anti").select(*before.columns)
    return Changes(now.where(F.col("release") == night.number), gone, bool(parts))

"""The segments step: tonight's members of every segment, and who entered or left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.identity.followed import taken_in
from huaxiang.segments.assign import assign
from huaxiang.segments.membership import compared, outcome
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huaxiang.contracts.model import Text
    from huaxiang.night import Night


@dataclass(frozen=True)
class Size:
    """Memberships of a segment (per brand: person and brand). `yesterday` is None on the first night."""

    segment: str
    title: Text
    per_brand: bool
    people: int
    yesterday: int | None
    entered: int
    left: int


@dataclass(frozen=True)
class SegmentsOutcome:
    """How large each defined segment is, and how many memberships began and ended in all."""

    sizes: tuple[Size, ...]
    entered: int
    left: int

    def totals(self) -> dict[str, int]:
        """Return the three numbers for a terminal."""
        return {"segments": len(self.sizes), "entered": self.entered, "left": self.left}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per segment for the summary of the run."""
        return [
            {
                "segment": s.segment,
                "title": {"en": s.title.en, "zh": s.title.zh},
                "per_brand": s.per_brand,
                "people": s.people,
                "yesterday": s.yesterday,
                "entered": s.entered,
                "left": s.left,
            }
            for s in self.sizes
        ]


def run(night: Night) -> SegmentsOutcome:
    """Write `segment_membership` and `segment_change`; neither is touched when nobody entered, left or was merged."""
    lake, attempt = night.lake, night.attempt
    is_first = lake.pinned("segment_membership") is None
    now = assign(
        lake.read("portrait"),
        lake.read("brand_relation"),
        night.segments,
        zone=night.business_zone,
        persons=lake.read("person_account"),
    )
    taken = taken_in(lake.read("identity_log"), night.number)
    both = night.held(compared(lake.read_pinned("segment_membership"), now, taken))
    counted = both.groupBy("segment").agg(
        F.count_if("is").alias("people"),
        F.count_if("was").alias("yesterday"),
        F.count_if(F.col("is") & ~F.col("was")).alias("entered"),
        F.count_if(F.col("was") & ~F.col("is")).alias("left"),
    )
    counts = {row["segment"]: row.asDict() for row in counted.collect()}
    found = _outcome(night, counts, is_first=is_first)
    members, changes = outcome(both, as_of=night.as_of, release=night.number)
    # who was taken in is a member under another id
    if found.entered or found.left or is_first or night.told["identity"]["merged"]:
        together(
            [
                partial(attempt.replace, "segment_membership", members),
                partial(attempt.append, "segment_change", changes),
            ]
        )
    return found


def _outcome(night: Night, counts: dict[str, dict[str, Any]], *, is_first: bool) -> SegmentsOutcome:
    nobody = {"people": 0, "yesterday": 0, "entered": 0, "left": 0}
    sizes = []
    for segment in night.segments:
        row = counts.get(segment.name, nobody)
        yesterday = None if is_first else row["yesterday"]
        size = Size(
            segment.name,
            segment.title,
            segment.per_brand,
            row["people"],
            yesterday,
            row["entered"],
            row["left"],
        )
        sizes.append(size)
    return SegmentsOutcome(tuple(sizes), _sum(counts.values(), "entered"), _sum(counts.values(), "left"))


def _sum(rows: Iterable[dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)

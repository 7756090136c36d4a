"""The second half of the portrait step: `brand_relation`, one row per person and brand with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.portrait.coverage import covers_by_feed
from huaxiang.relations.assemble import measured_relations, tagged_relations

if TYPE_CHECKING:
    from huaxiang.night import Night


@dataclass(frozen=True)
class RelationsOutcome:
    """How many pairs, and how many columns each has."""

    pairs: int
    tags: int


def run(night: Night) -> RelationsOutcome:
    """Write `brand_relation` for the night's `as_of`, over tonight's `portrait`."""
    lake = night.lake
    coverage = [row.asDict() for row in lake.read("coverage").collect()]
    measured = measured_relations(
        lake.read("day_row"),
        lake.read("person_account"),
        night.catalogue,
        covers_by_feed(coverage),
        as_of=night.as_of,
        cut=night.cut,
    )
    measured = night.cut(measured)
    related = tagged_relations(measured, lake.read("portrait"), night.catalogue, as_of=night.as_of)
    wrote = night.attempt.replace("brand_relation", related)
    return RelationsOutcome(wrote.rows, len(related.columns) - 3)

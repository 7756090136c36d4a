"""The second half of the portrait step: `brand_relation`, one row per person and brand with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.identity.members import matched_members
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.relations.assemble import measured_relations, tagged_relations

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from huaxiang.night import Night
    from huaxiang.portrait.step import Coverage


@dataclass(frozen=True)
class RelationsOutcome:
    """How many pairs, and how many columns each has."""

    pairs: int
    tags: int


def measured(night: Night, coverage: Coverage) -> DataFrame:
    """Return what is measured of every pair for the night's `as_of`."""
    lake = night.lake
    members = members_of(night)
    frame = measured_relations(
        night.day_rows(),
        lake.read("person_account"),
        night.catalogue,
        covers_by_feed(coverage),
        as_of=night.as_of,
        members=members,
        unknown=unknown_by_feed(coverage),
        apart=not night.small,
        cut_all=night.cut_all,
    )
    return night.cut(frame)


def members_of(night: Night) -> DataFrame | None:
    """Return the entries of all member lists with their persons; None where no list ever came."""
    lake = night.lake
    if not night.attempt.rows("clean/brand_member"):
        return None
    found = matched_members(
        lambda feed: lake.read(f"clean/{feed}"),
        lake.read("blocked_claim"),
        lake.read("person_account"),
        as_of=night.as_of,
        zone=night.business_zone,
        joins_by_default=night.config.joins_by_default,
    )
    return night.set_aside(found)


def write(night: Night, measured: DataFrame) -> RelationsOutcome:
    """Derive the tags over tonight's `portrait`, and write `brand_relation`."""
    lake, attempt = night.lake, night.attempt
    related = tagged_relations(
        measured, lake.read("portrait"), night.catalogue, as_of=night.as_of, zone=night.business_zone
    )
    wrote = attempt.replace("brand_relation", related, unless_equal=night.repeats)
    return RelationsOutcome(wrote.rows, len(related.columns) - 3)

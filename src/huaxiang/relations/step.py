"""The second half of the portrait step: `brand_relation`, one row per person and brand with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.relations.assemble import measured_relations, tagged_relations
from huaxiang.relations.newcomers import new_buyer_sources

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
    """Return the measures of every pair for the night's `as_of`."""
    lake = night.lake
    frame = measured_relations(
        lake.read("day_row"),
        lake.read("person_account"),
        night.catalogue,
        covers_by_feed(coverage),
        as_of=night.as_of,
        unknown=unknown_by_feed(coverage),
        apart=not night.small,
        cut_all=night.cut_all,
    )
    return night.cut(frame)


def write(night: Night, measured: DataFrame, coverage: Coverage) -> RelationsOutcome:
    """Derive the tags over tonight's `portrait`, and write `brand_relation` and `new_buyer_source`."""
    lake, attempt = night.lake, night.attempt
    related = tagged_relations(measured, lake.read("portrait"), night.catalogue, as_of=night.as_of)
    wrote = attempt.replace("brand_relation", related)
    opened = [row["covered_from"] for row in coverage if row["feed"] == "order_line" and row["covered_from"]]
    sources = new_buyer_sources(
        lake.read("portrait"),
        lake.read("brand_relation"),
        lake.read("clean/share_link"),
        covered_from=min(opened, default=None),
        as_of=night.as_of,
    )
    attempt.replace("new_buyer_source", night.cut(sources).coalesce(1), unless_equal=True)
    return RelationsOutcome(wrote.rows, len(related.columns) - 3)

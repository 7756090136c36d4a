"""The portrait step: fold everybody, derive the tags, write `portrait` and `brand_relation`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import FEED_COVERAGE, feed_coverage
from huaxiang.portrait.tags import tag_names, with_tags
from huaxiang.portrait.vocabulary import vocabularies
from huaxiang.relations.assemble import measured_relations

if TYPE_CHECKING:
    from huaxiang.night import Night


@dataclass(frozen=True)
class PortraitOutcome:
    """How many people and pairs, and how many columns each has."""

    persons: int
    tags: int
    pairs: int
    pair_tags: int
    coverage: tuple[dict[str, object], ...]


def run(night: Night) -> PortraitOutcome:
    """Write `coverage`, `portrait` and `brand_relation` for the night's `as_of`."""
    catalogue, lake, attempt = night.catalogue, night.lake, night.attempt
    coverage = covered(night)
    covers: dict[str, dict[str, str]] = {}
    for row in coverage:
        covers.setdefault(str(row["feed"]), {})[str(row["platform"])] = str(row["covers"])
    person_types, brand_types = vocabularies(catalogue)
    day_rows, persons = lake.read("day_row"), lake.read("person_account")
    measured = measured_portrait(day_rows, persons, catalogue, covers, as_of=night.as_of)
    measured = measured.drop("platforms").persist(StorageLevel.MEMORY_AND_DISK)  # ranks read it again
    tags = [t for t in catalogue.tags if t.grain == "person"]
    portrait = with_tags(measured, tags, tag_names(person_types), person_types, as_of=night.as_of)
    wrote = attempt.replace(
        "portrait", portrait.select("person", F.lit(night.as_of).alias("as_of"), *person_types)
    )
    measured.unpersist()
    outer = lake.read("portrait")
    tags = [t for t in catalogue.tags if t.grain == "brand"]
    used = sorted(n for n in person_types if any(f"portrait.{n}" in t.definition() for t in tags))
    theirs = outer.select("person", *(F.col(n).alias(f"portrait.{n}") for n in used))
    pairs = measured_relations(day_rows, persons, catalogue, covers, as_of=night.as_of).join(theirs, "person")
    related = with_tags(pairs, tags, tag_names(brand_types, person_types), brand_types, as_of=night.as_of)
    wrote_pairs = attempt.replace(
        "brand_relation",
        related.select("person", "brand_id", F.lit(night.as_of).alias("as_of"), *brand_types),
    )
    return PortraitOutcome(
        wrote.rows,
        len(person_types),
        wrote_pairs.rows,
        len(brand_types),
        tuple(
            {**row, "covered_from": str(row["covered_from"]) if row["covered_from"] else None}
            for row in coverage
        ),
    )


def covered(night: Night) -> list[dict[str, object]]:
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
    night.attempt.replace("coverage", night.spark.createDataFrame(rows, FEED_COVERAGE))
    return [dict(zip(("feed", "platform", "covers", "covered_from", "rows"), r, strict=True)) for r in rows]

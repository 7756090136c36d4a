"""What a changed catalogue would change: the newest release folded again, column by column."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from huaxiang.days.cells import cells, widened
from huaxiang.days.definitions import DAY_ROW, standing
from huaxiang.days.measures import GRAIN
from huaxiang.days.rows import event_rows
from huaxiang.days.untold import told_of
from huaxiang.frames import stacked
from huaxiang.identity.members import matched_members
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.portrait.modelled import with_models
from huaxiang.portrait.price_bands import banded, priced
from huaxiang.portrait.tags import tagged_portrait
from huaxiang.relations.assemble import measured_relations, tagged_relations
from huaxiang.settled import settled_zone
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from huaxiang.book import Book
    from huaxiang.days.measures import Catalogue
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release


def definition_diff(lake: Lake, book: Book) -> list[dict[str, Any]]:
    """Return per changed column its table, change (`added`, `removed`, `differs`) and how many rows differ.

    Day rows whose definition changed are made again from events, the others are read; nothing is written. All is of
    the newest published release, whatever a night publishes meanwhile.
    """
    catalogue, release = book.catalogue, lake.release()
    as_of, zone = release.as_of, settled_zone(lake.storage, book.config)
    read = partial(lake.held, release=release)
    coverage = [row.asDict() for row in read("coverage").collect()]
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)
    persons = read("person_account")
    held = _day_rows(read, catalogue, zone).persist(StorageLevel.DISK_ONLY)
    day_rows = told_of(held, catalogue)
    measured = measured_portrait(day_rows, persons, catalogue, covers, as_of=as_of, unknown=unknown)
    measured = measured.persist(StorageLevel.MEMORY_AND_DISK)
    known = unknown.get("order_line", frozenset())
    products = banded(priced(read("clean/product"), as_of=as_of), read("price_band"))
    said, _ = with_models(
        measured, day_rows, persons, partial(read, "gift"), lambda: products, catalogue,
        as_of=as_of, zone=zone, unknown=known,
    )  # fmt: skip
    portrait = tagged_portrait(said, catalogue, as_of=as_of, zone=zone)
    found = _compared("portrait", read("portrait"), portrait, ["person"])
    members = _members(read, release, zone, joins_by_default=book.config.joins_by_default)
    pairs = measured_relations(
        day_rows, persons, catalogue, covers, as_of=as_of, members=members, unknown=unknown
    )
    related = tagged_relations(pairs, portrait, catalogue, as_of=as_of, zone=zone)
    found += _compared("brand_relation", read("brand_relation"), related, ["person", "brand_id"])
    measured.unpersist()
    held.unpersist()
    return found


def _members(
    read: Callable[[str], DataFrame], release: Release, zone: str, *, joins_by_default: bool
) -> DataFrame | None:
    """Return the entries of member lists in a release with their persons; None where no list came."""
    pin = release.tables.get("clean/brand_member")
    if pin is None or not pin.rows:
        return None
    return matched_members(
        lambda feed: read(f"clean/{feed}"),
        read("blocked_claim"),
        read("person_account"),
        as_of=release.as_of,
        zone=zone,
        joins_by_default=joins_by_default,
    )


def _day_rows(read: Callable[[str], DataFrame], catalogue: Catalogue, zone: str) -> DataFrame:
    """Return the day rows by a catalogue: those of changed streams from events, which a feed that never came has none of."""
    wide = catalogue.cell_columns()
    known = standing(row.asDict() for row in read("measure_definition").collect())
    old = read("day_row")
    defined = {stream: row["definition"] for (kind, stream), row in known.items() if kind == DAY_ROW}
    stale = [s for s in catalogue.streams() if defined.get(s) != catalogue.stream_definition(s)]
    kept = old.where(~F.col("stream").isin(*stale)) if stale else old
    frames = [kept.select(*GRAIN, PARTITION, *(n for n in wide if n in old.columns))]
    for stream in stale:
        parts = catalogue.streams()[stream]
        event = parts[0][0].event
        rows = event_rows(event, read(f"clean/{event.feed}"), lambda feed: read(f"clean/{feed}"), zone=zone)
        frames.append(cells(rows, parts, zone=zone))
    return widened(stacked(frames), wide)


def _compared(table: str, old: DataFrame, new: DataFrame, key: list[str]) -> list[dict[str, Any]]:
    """One pass over both: rows in which a column differs, a missing row counting as null."""
    columns = [c for c in new.columns if c not in (*key, "as_of")]
    both = [c for c in columns if c in old.columns]
    renamed = new.select(*key, *(F.col(c).alias(f"new_{c}") for c in columns))
    joined = old.join(renamed, key, "full")
    counts = [F.count_if(~F.col(c).eqNullSafe(F.col(f"new_{c}"))).alias(c) for c in both]
    counts += [F.count_if(F.col(f"new_{c}").isNotNull()).alias(c) for c in columns if c not in both]
    row = joined.agg(*counts).first()
    told = row.asDict() if row else {}
    found = [
        {"table": table, "column": c, "change": "differs" if c in both else "added", "rows": n}
        for c, n in told.items()
        if n or c not in both
    ]
    gone = [c for c in old.columns if c not in (*columns, *key, "as_of")]
    lost = old.agg(*(F.count(c).alias(c) for c in gone)).first() if gone else None
    return found + [
        {"table": table, "column": c, "change": "removed", "rows": n}
        for c, n in (lost.asDict() if lost else {}).items()
    ]

"""What each feed covers: where absence means 0, and where it means unknown.

A feed of a platform that covers *everybody* (default of shops) makes absence 0 for every person; one that
covers its *accounts* (default of social platforms) only for persons with an account there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.frames import stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column, DataFrame

FEED_COVERAGE = "feed string, platform string, covers string, covered_from date, rows bigint"


def delivered(feeds: Mapping[str, DataFrame]) -> DataFrame:
    """Return `feed`, `platform`, `covered_from`, `rows` of clean rows by feed, in one pass over all of them.

    `covered_from` is the first business date delivered; null when no row has one.
    """
    columns = ("platform", "business_date")
    rows = stacked([rows.select(F.lit(feed).alias("feed"), *columns) for feed, rows in feeds.items()])
    first = F.min("business_date").alias("covered_from")
    return rows.groupBy("feed", "platform").agg(first, F.count(F.lit(1)).alias("rows"))


def covers_by_feed(coverage: Iterable[Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """Return feed → platform → covers, from rows of the `coverage` table."""
    found: dict[str, dict[str, str]] = {}
    for row in coverage:
        found.setdefault(str(row["feed"]), {})[str(row["platform"])] = str(row["covers"])
    return found


def is_covered(coverage: Mapping[str, Mapping[str, str]], feed: str) -> Column:
    """Whether the person of a row with `platforms` (array) is covered by a feed; `coverage[feed]` is platform → covers."""
    platforms = coverage.get(feed, {})
    if "everybody" in platforms.values():
        return F.lit(True)
    if not platforms:
        return F.lit(False)
    return F.arrays_overlap(F.col("platforms"), F.array(*(F.lit(p) for p in sorted(platforms))))

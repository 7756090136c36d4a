"""Who turned away from a brand, and on which days: by unfollowing it, hiding or reporting its posts, or refusing its ads."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import is_of_stream
from huaxiang.days.rows import newest_versions
from huaxiang.insight.of_months import in_told_months

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure

UNFOLLOW, PUSHED, HIDE, REFUSE = "unfollow", "pushed", "hide", "refuse"
TURNED_BY = {
    UNFOLLOW: "unfollow_events",
    PUSHED: "unfollows_after_push",
    HIDE: "hides_and_reports",
    REFUSE: "ad_rejections",
}
"""Ways of turning away, each with the measure that counts it; `PUSHED`: an unfollow that names a push as its cause."""
PAIR = ("person", "brand_id")


def campaign_brands(campaigns: DataFrame, *, as_of: date) -> DataFrame:
    """Return `campaign_id`, `brand_id`: whose a campaign is, by its newest version up to `as_of`; of no brand: left out."""
    newest = newest_versions(campaigns, {"campaign_id": "campaign_id"}, ("brand_id",), as_of=as_of)
    return newest.where(F.col("brand_id").isNotNull())


def brand_cells(
    day_rows: DataFrame, persons: DataFrame, brands: DataFrame, measures: Iterable[Measure]
) -> DataFrame:
    """Return the dated cells of the measures' streams with `person`, `brand_id` and, of advertisements, `campaign_id`.

    Advertisements are read by campaign, for whose `brands` (`campaign_brands`) they count; all else by brand.
    """
    streams = {measure.part.stream: _kind(measure) for measure in measures}
    told = (is_of_stream(stream) & (F.col("key_kind") == kind) for stream, kind in sorted(streams.items()))
    is_told = reduce(or_, told, F.lit(False)) & F.col("business_date").isNotNull()
    campaign = F.when(F.col("key_kind") == "campaign", F.col("key"))
    whose = brands.withColumnRenamed("brand_id", "_campaigns")
    return (
        day_rows.where(is_told)
        .withColumn("campaign_id", campaign)
        .join(persons.select("account", "person"), "account")
        .join(F.broadcast(whose), "campaign_id", "left")
        .withColumn(
            "brand_id", F.when(F.col("campaign_id").isNull(), F.col("key")).otherwise(F.col("_campaigns"))
        )
        .where(F.col("brand_id").isNotNull())
        .drop("_campaigns")
    )


def _kind(measure: Measure) -> str:
    return "campaign" if measure.part.event.key("campaign") else "brand"


def turned_away(
    day_rows: DataFrame,
    persons: DataFrame,
    brands: DataFrame,
    measures: Mapping[str, Measure],
    *,
    as_of: date,
) -> DataFrame:
    """Return one row per person × brand with `turned`: the days (`on`), `how`, and for a refused ad its `campaign_id`.

    `measures` are those of `TURNED_BY` that are known, by way of turning away; `brands` as of `campaign_brands`.
    Of the twelve months up to the night; several accounts of a person, or times on a day, are one.
    """
    cells = brand_cells(day_rows, persons, brands, measures.values())
    recent = cells.where(in_told_months(as_of))

    def turn(how: str) -> Column:
        day = F.col("business_date").alias("on")
        return F.struct(day, F.lit(how).alias("how"), F.col("campaign_id"))

    turns = [F.when(F.col(m.part.column) > 0, turn(how)) for how, m in sorted(measures.items())]
    each = recent.select(*PAIR, F.explode(F.array_compact(F.array(*turns))).alias("_turn"))
    return each.groupBy(*PAIR).agg(F.collect_set("_turn").alias("turned"))

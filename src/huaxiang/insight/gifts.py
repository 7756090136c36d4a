"""Whether gifts make buyers: of who was given a brand before they had bought it, how many bought it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.insight.of_months import share_interval

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def gift_conversions(gift: DataFrame, brand_relation: DataFrame) -> DataFrame:
    """Return one row per brand that known persons got before they had bought it: how many, and who bought since.

    Who bought on the day of the first gift, or before, is no receiver here: nothing was left to convert.
    """
    known = gift.where(F.col("receiver").isNotNull() & F.col("brand_id").isNotNull())
    first = known.groupBy("receiver", "brand_id").agg(F.min("given_on").alias("_given"))
    bought = brand_relation.select(
        F.col("person").alias("receiver"), "brand_id", F.col("first_order_date").alias("_bought")
    )
    days = F.date_diff("_bought", "_given")
    told = first.join(bought, ["receiver", "brand_id"], "left").where(F.col("_bought").isNull() | (days > 0))
    counted = told.groupBy("brand_id").agg(
        F.count(F.lit(1)).alias("receivers"),
        F.count("_bought").alias("buyers"),
        F.median(days).alias("median_days"),
    )
    low, high = share_interval(F.col("buyers"), F.col("receivers"))
    return counted.select(
        "brand_id",
        "receivers",
        "buyers",
        (F.col("buyers") / F.col("receivers")).alias("share"),
        low.alias("share_low"),
        high.alias("share_high"),
        "median_days",
    )

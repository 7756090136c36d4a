"""Where new buyers come from: the channel that led each to a first order, month by month."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.frames import stacked
from huaxiang.insight.of_months import first_month, share_interval

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import DataFrame

ADVERTISING, LOST_LINK, UNKNOWN = "advertising", "unknown_link", "unknown"
LINK, AD = "link:", "ad:"


def new_buyer_sources(
    portrait: DataFrame,
    brand_relation: DataFrame,
    links: DataFrame,
    *,
    covered_from: date | None,
    as_of: date,
) -> DataFrame:
    """Return brand (null: of any brand) × month × channel: who bought for the first time, and the channel's share.

    A first order through a shared link counts for the link's platform (`links`: a row per id, `link_id` and
    `platform`), one through a campaign for `advertising`, others for `direct`; `unknown_link` when the link never
    came, `unknown` where a source does not say what led to its orders. `share_low` and `share_high` are the 95 % interval (Wilson 1927). First is
    the first order known: before `covered_from` those of some shop are not, so early months hold old buyers too.
    """
    first = ("first_order_date", "first_order_by")
    anybody = portrait.select(F.lit(None).cast("string").alias("brand_id"), *first)
    bought = stacked([anybody, brand_relation.select("brand_id", *first)]).where(
        F.col(first[0]) >= first_month(as_of)
    )
    led_by = F.col("first_order_by")
    known = bought.join(
        links.select("link_id", F.col("platform").alias("_platform")),
        F.when(led_by.startswith(LINK), F.substring(led_by, len(LINK) + 1, 1000)) == F.col("link_id"),
        "left",
    )
    channel = (
        F.when(led_by.startswith(LINK), F.coalesce("_platform", F.lit(LOST_LINK)))
        .when(led_by.startswith(AD), F.lit(ADVERTISING))
        .otherwise(F.coalesce(led_by, F.lit(UNKNOWN)))
    )
    grain = ("brand_id", "month")
    placed = known.select(
        "brand_id", F.trunc("first_order_date", "month").alias("month"), channel.alias("channel")
    )
    counted = placed.groupBy(*grain, "channel").agg(F.count(F.lit(1)).alias("new_buyers"))
    whole = counted.groupBy(*grain).agg(F.sum("new_buyers").alias("of_all"))
    same = reduce(lambda a, b: a & b, (F.col(f"counted.{n}").eqNullSafe(F.col(f"whole.{n}")) for n in grain))
    both = counted.alias("counted").join(F.broadcast(whole.alias("whole")), same)
    low, high = share_interval(F.col("new_buyers"), F.col("of_all"))
    return both.select(
        *(F.col(f"counted.{name}") for name in grain),
        "channel",
        "new_buyers",
        "of_all",
        (F.col("new_buyers") / F.col("of_all")).alias("share"),
        low.alias("share_low"),
        high.alias("share_high"),
        F.lit(covered_from).cast("date").alias("covered_from"),
    )

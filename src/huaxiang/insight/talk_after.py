"""The talk after a purchase: how many of a brand's buyers recommended it, complained, or said nothing."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.insight.of_months import per_brand_and_all, share_interval
from huaxiang.insight.touches import AFTER, COMPLAINED, RECOMMENDED, TALK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pyspark.sql import Column, DataFrame


def talks_after(purchases: DataFrame, known: Mapping[str, Column], *, as_of: date) -> DataFrame:
    """Return brand (null: all) × month: what was said in the `AFTER` days that begin with each purchase.

    `purchases` as of `journeys.purchases`, with whom feeds cover; `known` says of which talk feeds tell, and
    of which purchases. Every purchase is one of: open (its days are not over), unknown (no feed tells of the buyer
    from then on), recommended, complained, mixed (both), silent. Where no feed tells of recommending, or of
    complaining, whatever needs it is null. Shares are of purchases neither open nor unknown, mixed ones in both.
    """
    rows = per_brand_and_all(purchases)
    is_open = F.date_add("day", AFTER - 1) > F.lit(as_of)
    is_known = reduce(and_, known.values()) if known else F.lit(False)
    judged = ~is_open & is_known
    days = {k: F.date_diff(f"{k}_on", "day") for k in TALK if k in known}
    said = {k: F.coalesce(age < AFTER, F.lit(False)) for k, age in days.items()}
    rows = rows.withColumns(
        {
            "_is_open": is_open,
            "_is_judged": judged,
            **{f"_{k}": said.get(k, F.lit(None).cast("boolean")) for k in TALK},
        }
    )
    praised, blamed = F.col(f"_{RECOMMENDED}"), F.col(f"_{COMPLAINED}")
    both = len(known) == len(TALK)

    def count(which: Column, *, is_told: bool) -> Column:
        return F.count_if(F.col("_is_judged") & which) if is_told else F.lit(None).cast("bigint")

    counted = rows.groupBy("brand_id", F.trunc("day", "month").alias("month")).agg(
        F.count(F.lit(1)).alias("orders"),
        F.count_if("_is_open").alias("open_orders"),
        F.count_if(~F.col("_is_open") & ~F.col("_is_judged")).alias("unknown_orders"),
        count(praised & ~F.coalesce(blamed, F.lit(False)), is_told=RECOMMENDED in known).alias(RECOMMENDED),
        count(blamed & ~F.coalesce(praised, F.lit(False)), is_told=COMPLAINED in known).alias(COMPLAINED),
        count(praised & blamed, is_told=both).alias("mixed"),
        count(~praised & ~blamed, is_told=both).alias("silent"),
        *(
            F.median(F.when(F.col("_is_judged") & F.col(f"_{k}"), F.date_diff(f"{k}_on", "day")))
            .cast("double")
            .alias(f"{k}_days")
            if k in known
            else F.lit(None).cast("double").alias(f"{k}_days")
            for k in TALK
        ),
    )
    rest = F.col("orders") - F.col("open_orders") - F.col("unknown_orders")
    whole = F.when(rest > 0, rest)
    shares: dict[str, Column] = {}
    for kind in TALK:
        part = F.col(kind) + F.coalesce("mixed", F.lit(0))
        low, high = share_interval(part, whole)
        shares |= {f"{kind}_share": part / whole, f"{kind}_low": low, f"{kind}_high": high}
    told = ("orders", "open_orders", "unknown_orders", RECOMMENDED, "silent", COMPLAINED, "mixed")
    return counted.select(
        "brand_id",
        "month",
        *told,
        *(value.alias(name) for name, value in shares.items()),
        *(f"{kind}_days" for kind in TALK),
    )

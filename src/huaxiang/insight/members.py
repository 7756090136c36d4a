"""How much of a brand's member list is known here, told only of lists that are long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.insight.of_months import share_interval

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

STEP = 5
"""Counts are told in whole fives."""


def member_matches(members: DataFrame, *, minimum: int) -> DataFrame:
    """Return one row per brand that sent a list: its current members, how many match a person, share and interval.

    `members` as of `identity.members.matched_members`; entries that match one person are one member. A list with fewer
    than `minimum` current members has a row without numbers, `is_withheld`: that it came is known to whoever sent it.

    Both counts are rounded to the nearest five, so that one member more on tomorrow's list rarely shows whether that
    one is known here, and that 58 of 58 look like 60 of 60, as 58 of 60 do; what the share loses by it is less than
    its 95 % interval (Wilson 1927), which is taken of the rounded counts. A long list of which few or nearly all
    match is told: to withhold it would say just that, and made-up or known members fill up either side at will.
    Against lists padded and subtracted again and again rounding is no proof: this table stays inside, and noise and
    the ledger of what was released belong to disclosure.
    """
    counted = members.groupBy("brand_id").agg(
        F.count_distinct(F.when(F.col("is_current"), F.col("person"))).alias("_matched"),
        F.count_if(F.col("is_current") & F.col("person").isNull()).alias("_others"),
    )
    whole = F.col("_matched") + F.col("_others")
    is_told = whole >= minimum
    told = counted.select(
        "brand_id",
        F.when(is_told, _in_steps(whole)).alias("members"),
        F.when(is_told, _in_steps(F.col("_matched"))).alias("matched"),
        (~is_told).alias("is_withheld"),
    )
    low, high = share_interval(F.col("matched"), F.col("members"))
    return told.select(
        "brand_id",
        "members",
        "matched",
        (F.col("matched") / F.col("members")).alias("share"),
        low.alias("share_low"),
        high.alias("share_high"),
        "is_withheld",
    )


def _in_steps(count: Column) -> Column:
    """Round to the nearest whole step; an odd step has no ties."""
    return (F.floor((count + STEP // 2) / STEP) * STEP).cast("bigint")

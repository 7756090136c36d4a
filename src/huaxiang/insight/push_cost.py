"""What pushes cost in goodwill: of the persons whom a brand's pushes reached, how many turned away right after one.

A push is an advertisement shown, or a message that a brand's account sends to a person who has not written to the
brand in the days before: an answer is no push. That somebody turns away after a push does not say that they would
have stayed without it; `refused` and `unfollowed_for_push` are those of whom the platform itself says so.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import is_of_stream
from huaxiang.insight.of_months import first_month, share_interval
from huaxiang.insight.turned_away import HIDE, PAIR, PUSHED, REFUSE, UNFOLLOW, brand_cells

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure

WINDOW_DAYS = 7
"""Days in which turning away counts as following a push, its own the first."""
AD, MESSAGE = "ad", "message"
GRAIN = ("brand_id", "month", "push", "campaign_id")
FOLLOWED_BY = {
    "unfollowed": UNFOLLOW,
    "unfollowed_for_push": PUSHED,
    "hid": HIDE,
    "refused": REFUSE,
}
"""Columns, each with the way of turning away that it counts."""


def ads_shown(
    day_rows: DataFrame, persons: DataFrame, brands: DataFrame, impressions: Measure, *, as_of: date
) -> DataFrame:
    """Return person × brand × campaign × day (`on`): advertisements shown (`times`), as pushes; `brands` as of `campaign_brands`."""
    cells = brand_cells(day_rows, persons, brands, [impressions])
    times = F.col(impressions.part.column)
    shown = cells.where((times > 0) & _is_over(F.col("business_date"), as_of))
    day = F.col("business_date").alias("on")
    counted = shown.groupBy(*PAIR, "campaign_id", day).agg(F.sum(times).alias("times"))
    return counted.withColumn("push", F.lit(AD))


def messages_sent(
    day_rows: DataFrame, persons: DataFrame, accounts: DataFrame, messages: Measure, *, as_of: date
) -> DataFrame:
    """Return person × brand × day (`on`): messages of the brand's accounts to them (`times`), as pushes of no campaign.

    `accounts` as of `brand_accounts`. One to a person who wrote to the brand on that day or in the six days before
    is an answer, and left out; one to an account of a brand is to nobody.
    """
    day, times = F.col("business_date").alias("on"), F.col(messages.part.column)
    cells = day_rows.where(is_of_stream(messages.part.stream) & (times > 0))
    official = F.broadcast(accounts.select("brand_account", "brand_id"))
    whom = persons.select(F.col("account").alias("key"), "person")
    sent = (
        cells.where((F.col("key_kind") == "account") & _is_over(F.col("business_date"), as_of))
        .withColumnRenamed("account", "brand_account")
        .join(official, "brand_account")
        .join(whom, "key")
        .groupBy(*PAIR, day)
        .agg(F.sum(times).alias("times"))
    )
    written = (
        cells.where(F.col("key_kind") == "brand")
        .join(persons.select("account", "person"), "account")
        .select("person", F.col("key").alias("brand_id"), F.col("business_date").alias("_wrote_on"))
    )
    before = F.date_diff(F.col("on"), F.col("_wrote_on")).between(0, WINDOW_DAYS - 1)
    same = (F.col("sent.person") == F.col("written.person")) & (
        F.col("sent.brand_id") == F.col("written.brand_id")
    )
    pushed = sent.alias("sent").join(written.alias("written"), same & before, "left_anti")
    return pushed.withColumns({"campaign_id": F.lit(None).cast("string"), "push": F.lit(MESSAGE)})


def _is_over(day: Column, as_of: date) -> Column:
    """Whether a push of the twelve months has had its days."""
    return day.between(first_month(as_of), F.date_sub(F.lit(as_of), WINDOW_DAYS - 1))


def push_costs(pushed: DataFrame, away: DataFrame | None, known: Collection[str]) -> DataFrame:
    """Return brand (null: all) × month × push × campaign (null: all): pushes, persons reached, who turned away after one.

    `pushed` are `ads_shown` and `messages_sent`, `away` as of `turned_away`, `known` the ways of turning away that are.
    A month has the pushes of its days whose window, the day itself and the six after it, is over by the night. Each
    person counts once: who `unfollowed` the brand within the window of one of the pushes, as far as follows are
    known; those who named a push as the cause; who `hid` or reported a post of it; who `refused`, hid or
    unfollowed on, the ad of the campaign pushed; null where unknown. `turned_away` is any of these, null when not
    all are known, with `per_thousand` persons reached and its 95 % interval (Wilson 1927). One turn may follow
    pushes of two campaigns, and counts for both: campaigns don't add up to their brand.
    """
    hows = {name: how for name, how in FOLLOWED_BY.items() if away is not None and how in known}
    rows = pushed if away is None or not hows else pushed.join(away, [*PAIR], "left")
    flags = {
        name: _follows(how).alias(name) if name in hows else F.lit(None).cast("boolean").alias(name)
        for name, how in FOLLOWED_BY.items()
    }
    whole = F.struct(F.col("brand_id"), F.lit(None).cast("string").alias("campaign_id"))
    every = F.struct(
        F.lit(None).cast("string").alias("brand_id"), F.lit(None).cast("string").alias("campaign_id")
    )
    scopes = F.array_distinct(F.array(F.struct("brand_id", "campaign_id"), whole, every))
    month = F.trunc("on", "month").alias("month")
    marked = rows.select("person", month, "push", "times", *flags.values(), F.explode(scopes).alias("_scope"))
    of_person = (
        marked.select("*", "_scope.*")
        .groupBy(*GRAIN, "person")
        .agg(F.sum("times").alias("times"), *(F.max(name).alias(name) for name in flags))
    )
    is_ad = F.col("push") == AD
    refused = F.when(is_ad, F.col("refused")).otherwise(F.lit(False))
    ways = [F.col("unfollowed"), F.col("hid"), refused]
    turned = F.when(reduce(and_, (way.isNotNull() for way in ways)), reduce(or_, ways))
    counted = (
        of_person.withColumn("turned_away", turned)
        .groupBy(*GRAIN)
        .agg(
            F.sum("times").alias("pushes"),
            F.count(F.lit(1)).alias("persons"),
            *(F.sum(F.col(name).cast("bigint")).alias(name) for name in (*flags, "turned_away")),
        )
    )
    low, high = share_interval(F.col("turned_away"), F.col("persons"))
    of_ads = F.when(is_ad, F.col("refused")).alias("refused")
    return counted.select(
        *GRAIN,
        "pushes",
        "persons",
        *(of_ads if name == "refused" else F.col(name) for name in flags),
        "turned_away",
        (1000 * F.col("turned_away") / F.col("persons")).alias("per_thousand"),
        (1000 * low).alias("per_thousand_low"),
        (1000 * high).alias("per_thousand_high"),
    )


def _follows(how: str) -> Column:
    """Whether a person turned away so within the window of the push, a refused ad being the campaign's own."""
    on, last = F.col("on"), F.date_add("on", WINDOW_DAYS - 1)

    def is_after(turn: Column) -> Column:
        within = (turn["how"] == how) & turn["on"].between(on, last)
        return within & (turn["campaign_id"] == F.col("campaign_id")) if how == REFUSE else within

    return F.coalesce(F.exists("turned", is_after), F.lit(False))

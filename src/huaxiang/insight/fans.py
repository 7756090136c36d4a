"""The fans of a brand and of each account of its account matrix: how many, gained and lost, how active, who buys.

A fan is a person who follows: two accounts of one person are one fan. An account of a brand is nobody's, and no fan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.clock import midnight
from huaxiang.days.rows import newest_versions
from huaxiang.frames import stacked
from huaxiang.insight.of_months import first_month, in_told_months, share_interval

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

WHOLE = ""
"""The `brand_account` that stands for a brand as a whole, where frames of this module are joined."""
SCOPE = ("brand_id", "brand_account")
ENGAGED = ("like", "click", "favourite", "share")
"""Acts on a post that make a fan active: neither a mere view nor a rejection."""
ORDER = ("business_date", "_instant", "revision", "event_key")


def brand_accounts(social_accounts: DataFrame, *, as_of: date) -> DataFrame:
    """Return `brand_account`, `brand_id`, `brand_role` of the accounts that are a brand's own on `as_of`.

    The newest version up to then counts.
    """
    key = {"account": "brand_account"}
    newest = newest_versions(social_accounts, key, ("brand_id", "brand_role"), as_of=as_of)
    return newest.where(F.col("brand_id").isNotNull())


def fan_spells(
    follows: DataFrame, accounts: DataFrame, persons: DataFrame, *, pushed: Column, zone: str, as_of: date
) -> DataFrame:
    """Return one row per brand × brand_account (`WHOLE`: any of them) × person × time as a fan.

    `accounts` as of `brand_accounts`. `since` is null for a follow without a date, which is from before all
    others; `until` null while it lasts; `cause` is that of the unfollow that ended it, `after_push` whether that is
    `pushed`, `first_on` the date of the first follow ever, null when it has none. The latest event of a pair of
    accounts decides, by (date, instant, revision, event key), a date alone by its midnight in `zone`; who follows
    several accounts is a fan until the last is left. Events after `as_of`, and times that ended on no date, are left out.
    """
    known = follows.where(F.col("business_date").isNull() | (F.col("business_date") <= F.lit(as_of)))
    matrix = F.broadcast(accounts.select(*SCOPE))
    edges = (
        known.withColumn("_pushed", pushed)
        .withColumnRenamed("other_account", "brand_account")
        .join(matrix, "brand_account")
        .join(persons.select("account", "person"), "account")
        .withColumn("_instant", F.coalesce("at", midnight(F.col("business_date"), zone)))
    )
    pair = Window.partitionBy(*SCOPE, "person", "account").orderBy(*ORDER)
    is_on = F.col("action") == "follow"
    was_on = F.coalesce(F.lag(is_on).over(pair), F.lit(False))
    steps = edges.withColumn("_step", is_on.cast("int") - was_on.cast("int")).where(F.col("_step") != 0)
    scoped = steps.withColumn("brand_account", F.explode(F.array("brand_account", F.lit(WHOLE))))
    fan = Window.partitionBy(*SCOPE, "person").orderBy(*ORDER)
    followed = F.sum("_step").over(fan)  # accounts of the scope, each as often as accounts of the person do
    turns = scoped.withColumn("_followed", followed).where(
        F.col("_followed") == F.when(F.col("_step") > 0, 1).otherwise(0)
    )
    return (
        turns.select(
            *SCOPE,
            "person",
            "_step",
            F.col("business_date").alias("since"),
            F.lead("business_date").over(fan).alias("until"),
            F.lead("cause").over(fan).alias("cause"),
            F.coalesce(F.lead("_pushed").over(fan), F.lit(False)).alias("after_push"),
            F.lead(F.lit(True)).over(fan).alias("_ended"),
            F.first("business_date").over(fan).alias("first_on"),
        )
        .where((F.col("_step") > 0) & (F.col("_ended").isNull() | F.col("until").isNotNull()))
        .drop("_step", "_ended")
    )


def engagements(
    posts: DataFrame,
    interactions: DataFrame,
    messages: DataFrame,
    accounts: DataFrame,
    persons: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """Return the distinct brand × brand_account (`WHOLE`: any) × person × month in which they engaged with it.

    Who liked, clicked, kept, shared, commented or answered a post of the account, or wrote to it, in one of the
    twelve months up to the night. What the account sends to somebody is no engagement of theirs.
    """
    matrix = F.broadcast(accounts.select(*SCOPE))
    by_brand = posts.join(matrix, F.col("account") == F.col("brand_account")).select(
        "platform", "post_id", *SCOPE
    )
    on_post = ["platform", "post_id"]
    acts = interactions.where(F.col("act").isin(*ENGAGED)).join(by_brand, on_post)
    replies = posts.drop("post_id").withColumnRenamed("parent_post_id", "post_id").join(by_brand, on_post)
    written = messages.withColumnRenamed("other_account", "brand_account").join(matrix, "brand_account")
    told = stacked([f.select(*SCOPE, "account", "business_date") for f in (acts, replies, written)])
    recent = told.where(in_told_months(as_of))
    return (
        recent.join(persons.select("account", "person"), "account")
        .select(
            "brand_id",
            F.explode(F.array("brand_account", F.lit(WHOLE))).alias("brand_account"),
            "person",
            F.trunc("business_date", "month").alias("month"),
        )
        .distinct()
    )


def fan_base(
    spells: DataFrame,
    engaged: DataFrame,
    brand_relation: DataFrame,
    accounts: DataFrame,
    *,
    orders_known: bool,
    as_of: date,
) -> DataFrame:
    """Return brand × brand_account (null: the brand as a whole) × month: the fans at its end, and how they changed.

    Of the twelve calendar months up to the night, from that of the first follow on; the night's month ends
    with it. `gained` and `lost` count every time that somebody became or ceased to be a fan, so that fans =
    fans of the month before + gained - lost. `lost_after_push` are losses whose unfollow names a push as its
    cause, `lost_by` those of each cause that is named. Of the fans at the month's end `active_fans` engaged
    within it, `buyers` had bought the brand by then, and `converted` had first bought it on a later day than
    they first followed, `median_days` later; a first follow without a date makes no conversion. What tells of
    orders is null unless `orders_known`.
    """
    bought = brand_relation.select("brand_id", "person", "first_order_date")
    known = spells.join(bought, ["brand_id", "person"], "left").withColumn(
        "_buys", F.greatest("since", "first_order_date")
    )
    has_bought = F.col("first_order_date").isNotNull()
    buys = F.coalesce(
        has_bought & (F.col("until").isNull() | (F.col("_buys") < F.col("until"))), F.lit(False)
    )
    known = known.withColumn("_is_buyer", buys)
    counts = (
        _counts(known, as_of)
        .withColumn("buyers", F.when(F.lit(orders_known), F.col("buyers")))
        .join(accounts.select(*SCOPE, "brand_role"), [*SCOPE], "left")
    )
    lasts = _lasts(F.last_day("month"))
    active = (
        engaged.join(spells, [*SCOPE, "person"])
        .where(lasts)
        .groupBy(*SCOPE, "month")
        .agg(F.count(F.lit(1)).alias("_active"))
    )
    won = _conversions(known, as_of)
    whole = F.when(F.col("fans") > 0, F.col("fans"))
    converted = F.coalesce("_converted", F.lit(0))
    low, high = share_interval(F.col("buyers"), whole)
    grain = [*SCOPE, "month"]
    return (
        counts.join(active, grain, "left")
        .join(won, grain, "left")
        .select(
            "brand_id",
            F.nullif("brand_account", F.lit(WHOLE)).alias("brand_account"),
            "month",
            "brand_role",
            "fans",
            "gained",
            "lost",
            "lost_after_push",
            "lost_by",
            F.coalesce("_active", F.lit(0)).alias("active_fans"),
            "buyers",
            (F.col("buyers") / whole).alias("share"),
            low.alias("share_low"),
            high.alias("share_high"),
            F.when(F.lit(orders_known), converted).alias("converted"),
            "median_days",
        )
    )


def fan_overlap(spells: DataFrame) -> DataFrame:
    """Return brand × two of its accounts with fans (`brand_account` < `other_account`): the fans of both now.

    `either` are those of at least one of the two, `share` is both over either (Jaccard 1912).
    """
    now = spells.where(F.col("until").isNull() & (F.col("brand_account") != WHOLE)).select(*SCOPE, "person")
    sizes = now.groupBy(*SCOPE).agg(F.count(F.lit(1)).alias("_fans"))
    is_pair = F.col("brand_account") < F.col("other_account")
    pairs = now.join(_as_other(now), ["brand_id", "person"]).where(is_pair)
    both = pairs.groupBy(*SCOPE, "other_account").agg(F.count(F.lit(1)).alias("_both"))
    every = sizes.join(_as_other(sizes), "brand_id").where(is_pair)
    told = every.join(both, [*SCOPE, "other_account"], "left").withColumn(
        "both", F.coalesce("_both", F.lit(0))
    )
    either = F.col("_fans") + F.col("_other_fans") - F.col("both")
    return told.select(
        *SCOPE, "other_account", "both", either.alias("either"), (F.col("both") / either).alias("share")
    )


def _as_other(frame: DataFrame) -> DataFrame:
    renamed = {"brand_account": "other_account", "_fans": "_other_fans"}
    return frame.withColumnsRenamed({k: v for k, v in renamed.items() if k in frame.columns})


def _counts(known: DataFrame, as_of: date) -> DataFrame:
    """Return scope × month, without a gap: what changed in each, and what that makes of fans and buyers."""

    def mark(on: str, gained: int = 0, lost: int = 0, buyers: Column | None = None) -> Column:
        return F.struct(
            F.greatest(F.trunc(on, "month"), _before(as_of)).alias("month"),
            F.lit(gained).alias("gained"),
            F.lit(lost).alias("lost"),
            (F.col("after_push").cast("int") * lost).alias("lost_after_push"),
            F.when(F.lit(lost) > 0, F.col("cause")).alias("cause"),
            (F.lit(0) if buyers is None else buyers).alias("buyers"),
        )

    is_buyer = F.col("_is_buyer")
    ended = F.when(F.col("until").isNotNull(), mark("until", lost=1, buyers=-is_buyer.cast("int")))
    marks = F.array(mark("since", gained=1), ended, F.when(is_buyer, mark("_buys", buyers=F.lit(1))))
    changes = known.select(*SCOPE, F.explode(F.array_compact(marks)).alias("_mark")).select(*SCOPE, "_mark.*")
    names = ("gained", "lost", "lost_after_push", "buyers")
    by_cause = changes.groupBy(*SCOPE, "month", "cause").agg(*(F.sum(n).alias(n) for n in names))
    cause = F.when(
        F.col("cause").isNotNull(), F.struct(F.col("cause").alias("key"), F.col("lost").alias("value"))
    )
    counted = by_cause.groupBy(*SCOPE, "month").agg(
        *(F.sum(n).alias(n) for n in names), F.array_sort(F.collect_list(cause)).alias("lost_by")
    )
    months = F.sequence(F.min("month"), F.trunc(F.lit(as_of), "month"), _a_month())
    grid = counted.groupBy(*SCOPE).agg(F.explode(months).alias("month"))
    so_far = Window.partitionBy(*SCOPE).orderBy("month")
    filled = {n: F.coalesce(n, F.lit(0)) for n in names}
    nothing = F.array().cast("array<struct<key:string,value:bigint>>")
    return (
        grid.join(counted, [*SCOPE, "month"], "left")
        .withColumns(filled | {"lost_by": F.coalesce("lost_by", nothing)})
        .withColumns(
            {
                "fans": F.sum(F.col("gained") - F.col("lost")).over(so_far),
                "buyers": F.sum("buyers").over(so_far),
            }
        )
        .where(F.col("month") >= first_month(as_of))
    )


def _conversions(known: DataFrame, as_of: date) -> DataFrame:
    """Return scope × month: of the fans at its end, those who had followed before they bought."""
    newest = F.trunc(F.lit(as_of), "month")
    begins = F.greatest(F.trunc("_buys", "month"), first_month(as_of))
    ends = F.coalesce(F.add_months(F.trunc("until", "month"), -1), newest)
    won = known.where(F.col("_is_buyer") & (F.col("first_on") < F.col("first_order_date")) & (begins <= ends))
    days = F.date_diff("first_order_date", "first_on")
    each = won.select(
        *SCOPE, F.explode(F.sequence(begins, ends, _a_month())).alias("month"), days.alias("_days")
    )
    return each.groupBy(*SCOPE, "month").agg(
        F.count(F.lit(1)).alias("_converted"), F.median("_days").alias("median_days")
    )


def _a_month() -> Column:
    return F.make_ym_interval(F.lit(0), F.lit(1))


def _before(as_of: date) -> Column:
    """The month that stands for all those before the first one told."""
    return F.add_months(first_month(as_of), -1)


def _lasts(day: Column) -> Column:
    """Whether somebody is a fan at the end of this day."""
    began = F.col("since").isNull() | (F.col("since") <= day)
    return began & (F.col("until").isNull() | (F.col("until") > day))

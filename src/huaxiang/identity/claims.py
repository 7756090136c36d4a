"""Which claims link accounts, and which values link nobody, with the reason.

A value that too many accounts claim is a shared thing (a family's tablet, a shop's phone), a listed one
is nobody's (a test number); neither links anybody. An account that does not agree to be joined, or is a brand's own,
links nobody either, but still counts as one that shares the value: a device of a thousand people stays shared
when all but two of them withdraw.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import keyed, peppered
from huaxiang.clock import midnight
from huaxiang.frames import local_frame

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from huaxiang.config import IdentityLimits

OVER_LIMIT = "over_limit"
LISTED = "listed"
DEMOTED = "demoted"
PSEUDONYM_CHARACTERS = 16  # of the value's join key, itself an HMAC: enough to find it again, no more


def join_consent(consent: DataFrame, *, zone: str) -> DataFrame:
    """Return the last word of each account on being joined: `account`, `may_join`.

    Latest by its instant. Of a date alone a grant is of the day's first moment in `zone`, a withdrawal of its last: at
    whatever hour it was said, it holds. Without a date a grant was said before all else, and a withdrawal on the day it
    came in. Of words of one instant a withdrawal is the last. Accounts that never said anything get no row. The same of
    personalising: `insight.comments`.
    """
    said = consent.where(F.col("account").isNotNull() & (F.col("purpose") == "join"))
    withdraws = F.col("action") != "grant"
    last_day = F.coalesce("business_date", "arrival_date")
    day_ends = midnight(F.date_add(last_day, 1), zone) - F.lit(timedelta(microseconds=1))
    of_day = F.when(withdraws, day_ends).otherwise(midnight(F.col("business_date"), zone))
    instant = F.coalesce("at", of_day)
    last = F.max(F.struct(instant, withdraws, F.col("action").alias("action")))["action"]
    return said.groupBy("account").agg((last == "grant").alias("may_join"))


def with_may_join(
    claims: DataFrame, consent: DataFrame, owned: DataFrame | None, *, zone: str, joins_by_default: bool
) -> DataFrame:
    """Return the claims with `may_join`: never of the `owned` accounts, which are brands', else as each last said."""
    said = claims.join(join_consent(consent, zone=zone), "account", "left")
    may_join = F.coalesce("may_join", F.lit(joins_by_default))
    if owned is not None:
        marks = F.broadcast(owned.select("account", F.lit(True).alias("is_owned")))
        said = said.join(marks, "account", "left")
        may_join = F.col("is_owned").isNull() & may_join
    return said.withColumn("may_join", may_join)


def judged_values(
    claims: DataFrame,
    consent: DataFrame,
    limits: IdentityLimits,
    *,
    zone: str,
    joins_by_default: bool,
    listed: DataFrame | None = None,
    owned: DataFrame | None = None,
) -> DataFrame:
    """Return what the claims say: a row per link between two accounts, and one per value that links nobody.

    `account`, `first`, `kind`, `value` (its pseudonym), `accounts` (how many claim it), `reason`. A link has
    no reason: the account shares the value with `first`, the smallest account that agrees to be joined; a
    value of n willing accounts gives n − 1 links. A value over its kind's limit or in `listed` (`kind`,
    `value_key`) has the reason and no accounts. Kinds without a limit in `limits` are left out. `owned` (`account`):
    the brands'.
    """
    known = claims.where(F.col("kind").isin(*limits.limits)).select("account", "kind", "value_key")
    willing = with_may_join(known, consent, owned, zone=zone, joins_by_default=joins_by_default)
    agreed = (
        willing.repartition("value_key", "kind")  # the one exchange: both steps below need no other
        .groupBy("account", "kind", "value_key")
        .agg(F.max("may_join").alias("may_join"))
    )
    value = Window.partitionBy("value_key", "kind")  # in this order: sorting compares the first 8 bytes first
    counted = agreed.select(
        "*",
        F.count(F.lit(1)).over(value).alias("accounts"),
        F.min("account").over(value).alias("smallest"),
        F.min(F.when(F.col("may_join"), F.col("account"))).over(value).alias("first"),
    )
    is_over = (F.col("accounts") > _limit(limits)) & (F.col("accounts") > 1)
    reason = F.when(is_over, F.lit(OVER_LIMIT))
    if listed is not None:
        marks = F.broadcast(listed.select("kind", "value_key", F.lit(True).alias("is_listed")))
        counted = counted.join(marks, ["kind", "value_key"], "left")
        reason = F.when(F.col("is_listed"), F.lit(LISTED)).otherwise(reason)
    is_link = F.col("reason").isNull() & F.col("may_join") & (F.col("account") != F.col("first"))
    is_unusable = F.col("reason").isNotNull() & (F.col("account") == F.col("smallest"))
    told = [F.when(F.col("reason").isNull(), F.col(name)).alias(name) for name in ("account", "first")]
    pseudonym = F.left(F.col("value_key"), F.lit(PSEUDONYM_CHARACTERS)).alias("value")
    judged = counted.withColumn("reason", reason).where(is_link | is_unusable)
    return judged.select(*told, "kind", pseudonym, "accounts", "reason")


def listed_values(spark: SparkSession, limits: IdentityLimits, pepper: DataFrame) -> DataFrame | None:
    """Return `kind`, `value_key` of the values that the settings block (as SHA-256); None without any."""
    rows = [(kind, digest) for kind, digests in sorted(limits.blocked.items()) for digest in digests]
    if not rows:
        return None
    listed = peppered(local_frame(spark, rows, "kind string, digest string"), pepper)
    return listed.select("kind", keyed(F.lower(F.trim("digest"))).alias("value_key")).distinct()


def links(judged: DataFrame) -> DataFrame:
    """Return the links of `judged_values`: `account`, `first`, `kind`, `value`, `accounts`."""
    return judged.where(F.col("reason").isNull()).drop("reason")


def unusable_values(judged: DataFrame) -> DataFrame:
    """Return the values that link nobody: `kind`, `value`, `accounts`, `reason`."""
    return judged.where(F.col("reason").isNotNull()).select("kind", "value", "accounts", "reason")


def blocked_claims(unusable: DataFrame, previous: DataFrame, *, release: int) -> DataFrame:
    """Return the table `blocked_claim`; `release`: since when the value is blocked for this reason."""
    now = unusable.withColumnRenamed("value", "value_pseudonym")
    key = ["kind", "value_pseudonym", "reason"]
    since = previous.select(*key, F.col("release").alias("since"))
    first = F.coalesce("since", F.lit(release).cast("bigint")).alias("release")
    return now.join(since, key, "left").select("kind", "value_pseudonym", "accounts", "reason", first)


def _limit(limits: IdentityLimits) -> Column:
    most = F.when(F.lit(False), F.lit(0))
    for kind, limit in sorted(limits.limits.items()):
        most = most.when(F.col("kind") == kind, F.lit(limit))
    return most.otherwise(F.lit(0))

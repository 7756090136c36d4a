"""Which claims may link accounts: one row per account, kind and value, with the reason why not.

A value that too many accounts claim is a shared thing (a family's tablet, a shop's phone), a listed one
is nobody's (a test number); neither links anybody. An account that does not agree to be joined links
nobody either, but still counts as one that shares the value: a device of a thousand people stays shared
when all but two of them withdraw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from huaxiang.config import IdentityLimits

OVER_LIMIT = "over_limit"
LISTED = "listed"
DEMOTED = "demoted"
PSEUDONYM_CHARACTERS = 16  # of the value's join key, itself an HMAC: enough to find it again, no more


def join_consent(consent: DataFrame) -> DataFrame:
    """Return the last word of each account on being joined: `account`, `may_join`.

    Latest by (at, revision, key); accounts that never said anything get no row.
    """
    said = consent.where(F.col("account").isNotNull() & (F.col("purpose") == "join"))
    last = F.max(F.struct("at", "revision", "event_key", "action"))["action"]
    return said.groupBy("account").agg((last == "grant").alias("may_join"))


def judged_claims(
    claims: DataFrame,
    consent: DataFrame,
    limits: IdentityLimits,
    *,
    joins_by_default: bool,
    listed: DataFrame | None = None,
) -> DataFrame:
    """Return every claim once (`account`, `kind`, `value_key`) with what may be made of it.

    `may_join`: its account agrees, or by default; `accounts`: how many claim the value; `first`,
    `joining`: the smallest and the number of those who agree; `reason`: why the value links nobody, null
    when it may. Kinds without a limit in `limits` are left out. `listed` holds (`kind`, `value_key`) of
    blocked values.
    """
    known = claims.where(F.col("kind").isin(*limits.limits)).select("account", "kind", "value_key")
    agreed = (
        known.join(join_consent(consent), "account", "left")
        .withColumn("may_join", F.coalesce("may_join", F.lit(joins_by_default)))
        .repartition("kind", "value_key")  # the one exchange: both steps below need no other
        .groupBy("account", "kind", "value_key")
        .agg(F.max("may_join").alias("may_join"))
    )
    value = Window.partitionBy("kind", "value_key")
    counted = agreed.select(
        "*",
        F.count(F.lit(1)).over(value).alias("accounts"),
        F.min(F.when(F.col("may_join"), F.col("account"))).over(value).alias("first"),
        F.count_if(F.col("may_join")).over(value).alias("joining"),
    )
    is_over = (F.col("accounts") > _limit(limits)) & (F.col("accounts") > 1)
    if listed is None:
        return counted.withColumn("reason", F.when(is_over, F.lit(OVER_LIMIT)))
    marks = F.broadcast(listed.select("kind", "value_key", F.lit(True).alias("is_listed")))
    marked = counted.join(marks, ["kind", "value_key"], "left")
    reason = F.when(F.col("is_listed"), F.lit(LISTED)).when(is_over, F.lit(OVER_LIMIT))
    return marked.withColumn("reason", reason).drop("is_listed")


def links(judged: DataFrame) -> DataFrame:
    """Return the edges between accounts: each sharer of a usable value with the value's first account.

    `account`, `first`, `kind`, `value` (its pseudonym), `accounts` (that claim it). A value of n willing
    accounts gives n − 1 edges; one of a single willing account gives none.
    """
    usable = _is_usable() & (F.col("joining") > 1) & (F.col("account") != F.col("first"))
    return judged.where(usable).select("account", "first", "kind", _pseudonym().alias("value"), "accounts")


def evidence(judged: DataFrame) -> DataFrame:
    """Return how many usable claims each account has made: `account`, `claims`."""
    return judged.where(_is_usable()).groupBy("account").agg(F.count(F.lit(1)).alias("claims"))


def unusable_values(judged: DataFrame) -> DataFrame:
    """Return the values that link nobody: `kind`, `value` (pseudonym), `accounts`, `reason`."""
    return (
        judged.where(F.col("reason").isNotNull())
        .groupBy("kind", "value_key")
        .agg(F.max("accounts").alias("accounts"), F.max("reason").alias("reason"))
        .select("kind", _pseudonym().alias("value"), "accounts", "reason")
    )


def blocked_claims(
    unusable: DataFrame, demoted: DataFrame, previous: DataFrame, *, release: int
) -> DataFrame:
    """Return the table `blocked_claim`; `release`: since when the value is blocked for this reason."""
    now = unusable.unionByName(demoted.withColumn("reason", F.lit(DEMOTED)))
    now = now.withColumnRenamed("value", "value_pseudonym")
    key = ["kind", "value_pseudonym", "reason"]
    since = previous.select(*key, F.col("release").alias("since"))
    first = F.coalesce("since", F.lit(release).cast("bigint")).alias("release")
    return now.join(since, key, "left").select("kind", "value_pseudonym", "accounts", "reason", first)


def _is_usable() -> Column:
    return F.col("may_join") & F.col("reason").isNull()


def _limit(limits: IdentityLimits) -> Column:
    most = F.when(F.lit(False), F.lit(0))
    for kind, limit in sorted(limits.limits.items()):
        most = most.when(F.col("kind") == kind, F.lit(limit))
    return most.otherwise(F.lit(0))


def _pseudonym() -> Column:
    return F.left(F.col("value_key"), F.lit(PSEUDONYM_CHARACTERS))

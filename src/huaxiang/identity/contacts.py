"""Whose phone a phone is: what claims say of a contact value, to tell to whom something was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import PHONE
from huaxiang.identity.claims import PSEUDONYM_CHARACTERS, join_consent

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def phone_owners(
    claims: DataFrame, consent: DataFrame, persons: DataFrame, blocked: DataFrame, *, joins_by_default: bool
) -> DataFrame:
    """Return one row per claimed phone: `value_key`, `claimants` (persons, sorted), `owner` and `is_shared`.

    The owner is the only person that claims it, if an account of theirs that does so agrees to be joined; null
    for a phone of several, of nobody who may be found by it, or one that is shared: it links nobody (`blocked`,
    the table `blocked_claim`), as a shop's or a test number.
    """
    claimed = (
        claims.where(F.col("kind") == PHONE)
        .join(join_consent(consent), "account", "left")
        .join(persons.select("account", "person"), "account")
        .select("value_key", "person", F.coalesce("may_join", F.lit(joins_by_default)).alias("may_join"))
    )
    known = claimed.groupBy("value_key").agg(
        F.array_sort(F.collect_set("person")).alias("claimants"), F.max("may_join").alias("may_join")
    )
    shared = blocked.where(F.col("kind") == PHONE).select("value_pseudonym").distinct()
    pseudonym = F.left("value_key", F.lit(PSEUDONYM_CHARACTERS))
    marked = known.join(
        F.broadcast(shared.withColumn("is_shared", F.lit(True))),
        pseudonym == F.col("value_pseudonym"),
        "left",
    ).withColumn("is_shared", F.coalesce("is_shared", F.lit(False)))
    is_one = (F.size("claimants") == 1) & F.col("may_join") & ~F.col("is_shared")
    return marked.select(
        "value_key", "claimants", F.when(is_one, F.col("claimants")[0]).alias("owner"), "is_shared"
    )

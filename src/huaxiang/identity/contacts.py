"""Whose a phone or an e-mail address is: what claims say of a contact, to tell whom somebody means by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import PHONE
from huaxiang.identity.claims import PSEUDONYM_CHARACTERS, join_consent

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def contact_owners(
    claims: DataFrame,
    consent: DataFrame,
    persons: DataFrame,
    blocked: DataFrame,
    *,
    kinds: tuple[str, ...],
    zone: str,
    joins_by_default: bool,
) -> DataFrame:
    """Return one row per claimed contact: `kind`, `value_key`, `claimants` (persons, sorted), `owner` and `is_shared`.

    The owner is the only person that claims it, if an account of theirs that does so agrees to be joined; null
    for a contact of several, of nobody who may be found by it, or one that is shared: it links nobody (`blocked`,
    the table `blocked_claim`), as a shop's or a test number.
    """
    claimed = (
        claims.where(F.col("kind").isin(*kinds))
        .join(join_consent(consent, zone=zone), "account", "left")
        .join(persons.select("account", "person"), "account")
        .select(
            "kind", "value_key", "person", F.coalesce("may_join", F.lit(joins_by_default)).alias("may_join")
        )
    )
    known = claimed.groupBy("kind", "value_key").agg(
        F.array_sort(F.collect_set("person")).alias("claimants"), F.max("may_join").alias("may_join")
    )
    pseudonym = F.left("value_key", F.lit(PSEUDONYM_CHARACTERS)).alias("value_pseudonym")
    shared = blocked.select("kind", "value_pseudonym", F.lit(True).alias("is_shared")).distinct()
    marked = known.select("*", pseudonym).join(F.broadcast(shared), ["kind", "value_pseudonym"], "left")
    is_shared = F.coalesce("is_shared", F.lit(False))
    is_one = (F.size("claimants") == 1) & F.col("may_join") & ~is_shared
    owner = F.when(is_one, F.col("claimants")[0]).alias("owner")
    return marked.select("kind", "value_key", "claimants", owner, is_shared.alias("is_shared"))


def phone_owners(
    claims: DataFrame,
    consent: DataFrame,
    persons: DataFrame,
    blocked: DataFrame,
    *,
    zone: str,
    joins_by_default: bool,
) -> DataFrame:
    """Return `contact_owners` of phones, without `kind`."""
    found = contact_owners(
        claims, consent, persons, blocked, kinds=(PHONE,), zone=zone, joins_by_default=joins_by_default
    )
    return found.drop("kind")

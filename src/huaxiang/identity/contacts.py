"""Whose a phone or an e-mail address is: what claims say of a contact, to tell whom somebody means by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import PHONE
from huaxiang.identity.claims import join_consent

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def contact_owners(
    claims: DataFrame,
    consent: DataFrame,
    persons: DataFrame,
    *,
    kinds: tuple[str, ...],
    joins_by_default: bool,
) -> DataFrame:
    """Return one row per claimed contact: `kind`, `value_key`, `claimants` (persons, sorted) and `owner`.

    The owner is the only person that claims it, if an account of theirs that does so agrees to be joined; null
    for a contact of several, or of nobody who may be found by it.
    """
    claimed = (
        claims.where(F.col("kind").isin(*kinds))
        .join(join_consent(consent), "account", "left")
        .join(persons.select("account", "person"), "account")
        .select(
            "kind", "value_key", "person", F.coalesce("may_join", F.lit(joins_by_default)).alias("may_join")
        )
    )
    known = claimed.groupBy("kind", "value_key").agg(
        F.array_sort(F.collect_set("person")).alias("claimants"), F.max("may_join").alias("may_join")
    )
    owner = F.when((F.size("claimants") == 1) & F.col("may_join"), F.col("claimants")[0])
    return known.select("kind", "value_key", "claimants", owner.alias("owner"))


def phone_owners(
    claims: DataFrame, consent: DataFrame, persons: DataFrame, *, joins_by_default: bool
) -> DataFrame:
    """Return `contact_owners` of phones, without `kind`."""
    found = contact_owners(claims, consent, persons, kinds=(PHONE,), joins_by_default=joins_by_default)
    return found.drop("kind")

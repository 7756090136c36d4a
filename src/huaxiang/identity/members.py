"""Which persons stand on the member lists that brands upload: through the same claims, by keyed hashes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import E_MAIL, PHONE
from huaxiang.clock import clock_in
from huaxiang.identity.contacts import contact_owners

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from pyspark.sql import DataFrame


def matched_members(
    read: Callable[[str], DataFrame],
    blocked: DataFrame,
    persons: DataFrame,
    *,
    as_of: date,
    zone: str,
    joins_by_default: bool,
) -> DataFrame:
    """Return one row per entry of a list: `brand_id`, `person`, `is_current`, `joined_at`, `joined_on`, `member_level`.

    The phone decides as soon as anybody claims it: the entry is of its only claimant, if that person agrees to be
    joined, and of nobody where several claim it or the one does not agree, whatever its e-mail address says. The
    e-mail decides, by the same rule, where there is no phone or nobody claims it. Values that link
    nobody (`blocked`, the table `blocked_claim`), as a shop's or a test number, count as claimed by nobody.

    `person` is null for who matches nobody, and for who joins after `as_of`. Current is who joined by `as_of`, or at an
    unknown time, and had not left by its end. Neither member ids nor hashes are handed on. `read` gives clean feeds;
    `zone` the dates.
    """
    owners = contact_owners(
        read("identity_claim"),
        read("consent_event"),
        persons,
        blocked,
        kinds=(PHONE, E_MAIL),
        zone=zone,
        joins_by_default=joins_by_default,
    )
    of_phones, of_mails = (
        owners.where(F.col("kind") == kind).select(
            F.col("value_key").alias(f"{kind}_sha256_key"),
            F.col("owner").alias(f"_{kind}_owner"),
            (~F.col("is_shared")).alias(f"_{kind}_claimed"),
        )
        for kind in (PHONE, E_MAIL)
    )
    dates = {name: clock_in(F.col(f"{name}_at"), zone).cast("date") for name in ("joined", "left")}
    has_joined = F.coalesce(dates["joined"] <= F.lit(as_of), F.lit(True))
    has_left = F.coalesce(dates["left"] <= F.lit(as_of), F.lit(False))
    owner = F.when(F.col(f"_{PHONE}_claimed"), F.col(f"_{PHONE}_owner")).otherwise(F.col(f"_{E_MAIL}_owner"))
    entries = read("brand_member").join(of_phones, f"{PHONE}_sha256_key", "left")
    return entries.join(of_mails, f"{E_MAIL}_sha256_key", "left").select(
        "brand_id",
        F.when(has_joined, owner).alias("person"),
        (has_joined & ~has_left).alias("is_current"),
        "joined_at",
        dates["joined"].alias("joined_on"),
        "member_level",
    )


def memberships(members: DataFrame) -> DataFrame:
    """Return one row per matched person and brand: `is_member`, `since`, `level`, from `matched_members`.

    Several entries that are one person are one membership: it runs since the first of the current ones, on the level
    of the one joined last that has a level (ties: the level last in the alphabet). Who has left is no member, and has
    neither `since` nor `level`.
    """
    is_current = F.col("is_current")
    with_level = is_current & F.col("member_level").isNotNull()
    last = F.max(F.when(with_level, F.struct("joined_at", "member_level")))
    return (
        members.where(F.col("person").isNotNull())
        .groupBy("person", "brand_id")
        .agg(
            F.max(is_current).alias("is_member"),
            F.min(F.when(is_current, F.col("joined_on"))).alias("since"),
            last["member_level"].alias("level"),
        )
    )

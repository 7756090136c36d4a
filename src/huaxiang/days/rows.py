"""Events as rows: a clean feed with the account and date it counts for and everything it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.opinions import with_opinion

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.events import Event, Lookup

SEPARATOR = "\u001f"
NOBODY = ""  # the account of an event that still waits for its other side


def event_rows(
    event: Event, base: DataFrame, read: Callable[[str], DataFrame], *, zone: str, narrowly: bool = False
) -> DataFrame:
    """Return the rows of `base` with what the event looks up, one row each.

    `narrowly`, for few rows against a large feed: only the other sides that they need are looked at.

    Adds the looked-up names, what a comment feels (`days.opinions`), `account`, `local_hour` and `weekday` (null without an instant),
    `waiting` (a needed other side is missing: account is `NOBODY`) and `awaits`, an array of
    struct(kind, key) of the looked-up rows that are missing so far. A key that is null awaits nothing; a row
    that names no needed other side is left out.
    """
    is_own = event.account in base.columns
    rows = unaware(_seen_by(event.account, base) if is_own else base)
    for lookup in event.lookups:
        if lookup.needs:  # what names no other side is no such event
            rows = rows.where(lookup_key(lookup, ours=True).isNotNull())
        other = read(lookup.feed)
        rows = with_lookup(
            rows, lookup, only_sought(other, lookup, rows) if narrowly and lookup.needs else other
        )
    if not is_own:
        rows = _seen_by(event.account, rows)
    if event.opinion_of:
        rows = with_opinion(rows, event.opinion_of)
    local = F.from_utc_timestamp(F.col(event.at), zone) if event.at else F.lit(None).cast("timestamp")
    return rows.withColumns(
        {
            "account": F.when(F.col("waiting"), F.lit(NOBODY)).otherwise(F.col("account"))
            if "account" in rows.columns
            else F.lit(NOBODY),
            "local_hour": F.hour(local),
            "weekday": F.weekday(local) + 1,
        }
    )


def _seen_by(other: str, rows: DataFrame) -> DataFrame:
    """Return the rows from another account's side: it and `account` change places."""
    if other == "account":
        return rows
    return rows.withColumns({"account": F.col(other), other: F.col("account")})


def unaware(rows: DataFrame) -> DataFrame:
    """Return `rows` before any lookup: nothing awaited, not waiting."""
    nothing = F.array().cast("array<struct<kind:string,key:string>>")
    return rows.withColumns({"awaits": nothing, "waiting": F.lit(False)})


def lookup_key(lookup: Lookup, *, ours: bool) -> Column:
    """The looked-up key as one string, over this event's columns or the other feed's; null when a part is."""
    parts = [F.col(mine if ours else theirs) for theirs, mine in lookup.on]
    present = F.lit(True)
    for part in parts:
        present = present & part.isNotNull()
    return F.when(present, F.concat_ws(SEPARATOR, *parts))


def only_sought(other: DataFrame, lookup: Lookup, rows: DataFrame) -> DataFrame:
    """Return those rows of the other feed that one of a few `rows` looks up."""
    sought = rows.select(lookup_key(lookup, ours=True).alias("_sought")).distinct()
    return other.join(F.broadcast(sought), lookup_key(lookup, ours=False) == F.col("_sought"), "left_semi")


def with_lookup(rows: DataFrame, lookup: Lookup, other: DataFrame) -> DataFrame:
    """Return `rows` with the looked-up columns; no row is lost or multiplied.

    Several candidates: the smallest event key counts (as_at: of each version date).
    """
    side = _versions(lookup, other) if lookup.as_at else _single(lookup, other)
    joined = rows.withColumn("_sought", lookup_key(lookup, ours=True)).join(
        side, F.col("_sought") == F.col("_offered"), "left"
    )
    missing = F.col("_sought").isNotNull() & F.col("_offered").isNull()
    found = _valid_version() if lookup.as_at else F.col("_found")
    awaited = F.array(F.struct(F.lit(lookup.awaits).alias("kind"), F.col("_sought").alias("key")))
    joined = joined.withColumns(
        {
            "_took": found,
            "awaits": F.when(missing, F.concat("awaits", awaited)).otherwise(F.col("awaits")),
            "waiting": F.col("waiting") | F.col("_offered").isNull() if lookup.needs else F.col("waiting"),
        }
    )
    taken = {ours: F.col(f"_took.{ours}") for ours, _ in lookup.take}
    return joined.withColumns(taken).drop("_sought", "_offered", "_found", "_took")


def _single(lookup: Lookup, other: DataFrame) -> DataFrame:
    taken = F.struct(F.col("event_key"), *(F.col(theirs).alias(ours) for ours, theirs in lookup.take))
    return (
        other.groupBy(lookup_key(lookup, ours=False).alias("_offered"))
        .agg(F.min(taken).alias("_found"))
        .where(F.col("_offered").isNotNull())
    )


def _versions(lookup: Lookup, other: DataFrame) -> DataFrame:
    """One row per key with its versions in order of (date, instant, event key); undated ones come first."""
    taken = F.struct(
        F.col("business_date").alias("since"),
        F.col(str(lookup.as_at)).alias("at"),
        F.col("event_key"),
        *(F.col(theirs).alias(ours) for ours, theirs in lookup.take),
    )
    return (
        other.groupBy(lookup_key(lookup, ours=False).alias("_offered"))
        .agg(F.sort_array(F.collect_list(taken)).alias("_found"))
        .where(F.col("_offered").isNotNull())
    )


def _valid_version() -> Column:
    versions = F.col("_found")
    began = F.filter(
        versions,
        lambda v: (
            v["since"].isNull() | F.col("business_date").isNull() | (v["since"] <= F.col("business_date"))
        ),
    )
    several = F.coalesce(F.try_element_at(began, F.lit(-1)), versions[0])
    return F.when(F.size(versions) == 1, versions[0]).otherwise(several)

"""Events as rows: a clean feed with the account and date it counts for and everything it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clock import clock_in, midnight
from huaxiang.days.events import OWN_DATE
from huaxiang.days.opinions import with_opinion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.events import Event, Lookup

SEPARATOR = "\u001f"
NOBODY = ""  # the account of an event that still waits for its other side


def event_rows(
    event: Event, base: DataFrame, read: Callable[[str], DataFrame], *, zone: str, narrowly: bool = False
) -> DataFrame:
    """Return the rows of `base` with what the event looks up, one row each.

    `narrowly`, for few rows against a large feed: only the other sides that they need are looked at.

    Adds the looked-up names, what a comment feels (`days.opinions`), `account`, `local_hour` and `weekday` (null
    without an instant), `instant` (without one: the midnight at which its date begins in `zone`),
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
        rows = with_opinion(rows, event.opinion_of, event.scorer)
    begins = midnight(F.col(OWN_DATE), zone)
    local = clock_in(F.col(event.at), zone) if event.at else F.lit(None).cast("timestamp")
    return rows.withColumns(
        {
            "account": F.when(F.col("waiting"), F.lit(NOBODY)).otherwise(F.col("account"))
            if "account" in rows.columns
            else F.lit(NOBODY),
            "local_hour": F.hour(local),
            "weekday": F.weekday(local) + 1,
            "instant": F.coalesce(F.col(event.at), begins) if event.at else begins,
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
    """The looked-up key as one string, over this event's columns or the other feed's; null when a part is.

    Of an event that looks up each value of a list: over its rows as `each_sought` makes them.
    """
    parts = [F.col(mine if ours else theirs) for theirs, mine in lookup.on]
    present = F.lit(True)
    for part in parts:
        present = present & part.isNotNull()
    return F.when(present, F.concat_ws(SEPARATOR, *parts))


def each_sought(rows: DataFrame, lookup: Lookup) -> DataFrame:
    """Return the rows once for each value that they look up, which stands where the list stood."""
    return rows.withColumn(lookup.each, F.explode(lookup.each)) if lookup.each else rows


def only_sought(other: DataFrame, lookup: Lookup, rows: DataFrame) -> DataFrame:
    """Return those rows of the other feed that one of a few `rows` looks up."""
    sought = each_sought(rows, lookup).select(lookup_key(lookup, ours=True).alias("_sought")).distinct()
    return other.join(F.broadcast(sought), lookup_key(lookup, ours=False) == F.col("_sought"), "left_semi")


def with_lookup(rows: DataFrame, lookup: Lookup, other: DataFrame) -> DataFrame:
    """Return `rows` with the looked-up columns; no row is lost or multiplied.

    Several candidates: the earliest by (instant, event key) counts, and of `gather` all; of several versions of
    one date the last by (instant, event key).
    """
    side = _versions(lookup, other) if lookup.as_at else _single(lookup, other)
    if lookup.each:
        return _with_each(rows, lookup, side)
    joined = rows.withColumn("_sought", lookup_key(lookup, ours=True)).join(
        side, F.col("_sought") == F.col("_offered"), "left"
    )
    joined = joined.withColumns(
        {
            "_took": _found(lookup),
            "awaits": F.when(_is_missing(), F.concat("awaits", _awaited(lookup))).otherwise(F.col("awaits")),
            "waiting": F.col("waiting") | F.col("_offered").isNull() if lookup.needs else F.col("waiting"),
        }
    )
    taken = {ours: F.col(f"_took.{ours}") for ours, _ in (*lookup.take, *lookup.gather)}
    return joined.withColumns(taken).drop("_sought", "_offered", "_found", "_took")


def _with_each(rows: DataFrame, lookup: Lookup, side: DataFrame) -> DataFrame:
    """Look up each value of a list, and gather what is found; by event key, which no two rows share."""
    sought = [mine for _, mine in lookup.on]
    each = each_sought(rows.select("event_key", lookup.dated_by, *sought), lookup)
    joined = each.withColumn("_sought", lookup_key(lookup, ours=True)).join(
        side, F.col("_sought") == F.col("_offered"), "left"
    )
    found = joined.withColumns({"_took": _found(lookup), "_missing": F.when(_is_missing(), _awaited(lookup))})
    gathered = found.groupBy("event_key").agg(
        *(F.array_sort(F.collect_set(F.col(f"_took.{ours}"))).alias(ours) for ours, _ in lookup.gather),
        F.array_sort(F.flatten(F.collect_set("_missing"))).alias("_missing"),
    )
    return (
        rows.join(gathered, "event_key", "left")
        .withColumn("awaits", F.concat("awaits", F.coalesce("_missing", F.array())))
        .drop("_missing")
    )


def _found(lookup: Lookup) -> Column:
    return _valid_version(lookup.dated_by) if lookup.as_at else F.col("_found")


def _is_missing() -> Column:
    return F.col("_sought").isNotNull() & F.col("_offered").isNull()


def _awaited(lookup: Lookup) -> Column:
    return F.array(F.struct(F.lit(lookup.awaits).alias("kind"), F.col("_sought").alias("key")))


def _single(lookup: Lookup, other: DataFrame) -> DataFrame:
    first = [F.col(lookup.at).isNull().alias("_undated"), F.col(lookup.at).alias("_at")] if lookup.at else []
    taken = F.struct(*first, F.col("event_key"), *(F.col(theirs).alias(ours) for ours, theirs in lookup.take))
    gathered = [
        F.array_sort(F.collect_set(theirs)).alias(f"_all_{n}") for n, (_, theirs) in enumerate(lookup.gather)
    ]
    found = (
        other.groupBy(lookup_key(lookup, ours=False).alias("_offered"))
        .agg(F.min(taken).alias("_found"), *gathered)
        .where(F.col("_offered").isNotNull())
    )
    if not gathered:
        return found
    held = [F.col(f"_found.{ours}").alias(ours) for ours, _ in lookup.take]
    held += [F.col(f"_all_{n}").alias(ours) for n, (ours, _) in enumerate(lookup.gather)]
    return found.select("_offered", F.struct(*held).alias("_found"))


def _versions(lookup: Lookup, other: DataFrame) -> DataFrame:
    """One row per key with its versions in order of (date, instant, event key); undated ones come first."""
    taken = F.struct(
        F.col("business_date").alias("since"),
        F.col(str(lookup.as_at)).alias("at"),
        F.col("event_key"),
        *(F.col(theirs).alias(ours) for ours, theirs in (*lookup.take, *lookup.gather)),
    )
    return (
        other.groupBy(lookup_key(lookup, ours=False).alias("_offered"))
        .agg(F.sort_array(F.collect_list(taken)).alias("_found"))
        .where(F.col("_offered").isNotNull())
    )


def newest_versions(
    versions: DataFrame, key: Mapping[str, str], columns: Sequence[str], *, as_of: date
) -> DataFrame:
    """Return one row per `key` (column → its name there): `columns` of the newest version that has begun by `as_of`.

    As for lookups: a version without a date comes before all others; several of one date, by (instant, event key).
    """
    day = F.col("business_date")
    newest = F.max(F.struct("business_date", "changed_at", "event_key", *columns)).alias("_newest")
    begun = versions.where(day.isNull() | (day <= F.lit(as_of)))
    named = (F.col(theirs).alias(ours) for theirs, ours in key.items())
    return begun.groupBy(*named).agg(newest).select(*key.values(), *(f"_newest.{n}" for n in columns))


def _valid_version(dated_by: str) -> Column:
    versions, day = F.col("_found"), F.col(dated_by)
    began = F.filter(versions, lambda v: v["since"].isNull() | day.isNull() | (v["since"] <= day))
    several = F.coalesce(F.try_element_at(began, F.lit(-1)), versions[0])
    return F.when(F.size(versions) == 1, versions[0]).otherwise(several)

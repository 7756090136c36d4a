"""One verdict per incoming row, and what becomes of the rows that were loaded before.

The state of a key is a function of all valid rows ever seen for it, whatever their order or files:
the top version by (revision, deletion after upsert) is loaded; if it is a deletion, nothing is; if it came
with two contents, nothing is either, until a higher version comes. What earlier nights saw is kept as
the loaded row, or as the key's tombstone: its top version then was a deletion or a conflict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.clean.system import DELETE
from huaxiang.frames import stacked
from huaxiang.sources.outside import FILTERED, QUARANTINED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LOADED, DUPLICATE, SUPERSEDED, DELETED = "loaded", "duplicates", "superseded", "deleted"
KEPT, REPLACED, REMOVED, WITHDRAWN = "kept", "replaced", "removed", "withdrawn"
INCOMING, PRIOR, TOMBSTONE = "incoming", "prior", "tombstone"
CONFLICT = "conflict"
CONFLICTING = "conflicting_revision"
UPSERTED, DELETION = 0, 1  # the second part of a version
PLACE = ("arrival_date", "part", "_path", "_record")
JUDGED = ("event_key", "revision", "op", "content_hash", *PLACE, "_filtered", "reasons")
"""What a verdict needs to know of a conformed row, besides its feed."""
PRIOR_ROWS = "feed string, event_key string, revision bigint, content_hash bigint, part string"
TOMBSTONES = "feed string, event_key_hash string, revision bigint, state string"


def verdicts(incoming: DataFrame, prior: DataFrame, tombstones: DataFrame) -> DataFrame:
    """Return one row per row of `incoming` and `prior`, and per tombstone of their keys, with its `outcome`.

    `incoming`: `feed` and `JUDGED` of conformed rows. `prior`: `feed`, `event_key`, `revision`,
    `content_hash`, `part` of rows now in clean tables. `tombstones`: `feed`, `event_key_hash`, `revision`,
    `state`. All rows of a key must be given, or none. Returned: `feed`, `side`, `key` (hash of the event
    key), `revision`, `outcome`, `reasons`, the place and key of the row as far as it has them, and
    `tombstone`: the state to write down for the key, on exactly one of its rows, else null.

    Of equal rows the first by arrival, path and record is the one; the others, and those equal to the
    loaded row, are duplicates. A row that broke a rule takes no part in its key's state.
    """
    sides = (_incoming(incoming), _prior(prior), _tombstones(tombstones))
    versions = stacked(sides)
    of_key = Window.partitionBy("feed", "key")
    equal = Window.partitionBy("feed", "key", "revision", "rank", "content").orderBy(
        F.col("side").desc(),  # tombstone, prior, incoming: what was there before comes first
        *("arrival_date", "_path", "_record"),
    )
    version = F.struct("revision", "rank")
    placed = versions.repartition("feed", "key").select(  # the one exchange: all windows are within a key
        "*", (version == F.max(version).over(of_key)).alias("is_top"), F.row_number().over(equal).alias("nth")
    )
    content = F.when(F.col("is_top"), F.col("content"))
    was_conflict = F.col("is_top") & (F.col("side") == TOMBSTONE) & (F.col("rank") == UPSERTED)
    stated = placed.select(
        "*",
        F.max(F.when(F.col("is_top"), F.col("rank"))).over(of_key).alias("top_rank"),
        F.max(was_conflict).over(of_key).alias("was_conflict"),
        F.min(content).over(of_key).alias("least"),
        F.max(content).over(of_key).alias("largest"),
    )
    is_conflict = F.col("was_conflict") | F.coalesce(F.col("least") != F.col("largest"), F.lit(False))
    outcome = F.when(F.col("side") == INCOMING, _of_incoming(is_conflict)).otherwise(_of_prior(is_conflict))
    is_first = F.col("is_top") & (F.col("nth") == 1) & (F.col("content") == F.col("least"))
    is_new_conflict = is_conflict & ~F.col("was_conflict") & is_first
    new_state = F.when(is_new_conflict, F.lit(CONFLICT)).when(F.col("outcome") == DELETED, F.lit(DELETED))
    return stated.withColumn("outcome", outcome).select(
        *("feed", "side", "key", "revision", "outcome", "event_key", *PLACE),
        _reasons().alias("reasons"),
        new_state.alias("tombstone"),
    )


def is_sound() -> Column:
    """Whether a conformed row takes part in its key's state."""
    return ~F.col("_filtered") & (F.size("reasons") == 0)


def _incoming(rows: DataFrame) -> DataFrame:
    is_deletion = F.col("op") == DELETE
    alone = F.concat_ws("\n", F.lit("unsound"), "_path", "_record")  # a key that meets no other
    return rows.select(
        "feed",
        F.lit(INCOMING).alias("side"),
        F.when(is_sound(), F.sha2("event_key", 256)).otherwise(alone).alias("key"),
        "revision",
        is_deletion.cast("int").alias("rank"),
        F.when(~is_deletion, F.col("content_hash")).alias("content"),  # all deletions say the same
        *("event_key", *PLACE, "_filtered", "reasons"),
    )


def _prior(rows: DataFrame) -> DataFrame:
    return rows.select(
        "feed",
        F.lit(PRIOR).alias("side"),
        F.sha2("event_key", 256).alias("key"),
        "revision",
        F.lit(UPSERTED).alias("rank"),
        F.col("content_hash").alias("content"),
        *("event_key", "part"),
    )


def _tombstones(rows: DataFrame) -> DataFrame:
    rank = F.when(F.col("state") == DELETED, F.lit(DELETION)).otherwise(F.lit(UPSERTED))
    key = F.col("event_key_hash").alias("key")
    return rows.select("feed", F.lit(TOMBSTONE).alias("side"), key, "revision", rank.alias("rank"))


def _of_incoming(is_conflict: Column) -> Column:
    return (
        F.when(F.col("_filtered"), F.lit(FILTERED))
        .when(F.size("reasons") > 0, F.lit(QUARANTINED))
        .when(F.col("nth") > 1, F.lit(DUPLICATE))
        .when(~F.col("is_top"), F.lit(SUPERSEDED))
        .when(F.col("rank") == DELETION, F.lit(DELETED))
        .when(is_conflict, F.lit(QUARANTINED))
        .otherwise(F.lit(LOADED))
    )


def _of_prior(is_conflict: Column) -> Column:
    """Say what becomes of a loaded row; tombstones get an outcome too, which nobody counts."""
    return (
        F.when(F.col("top_rank") == DELETION, F.lit(REMOVED))
        .when(is_conflict, F.lit(WITHDRAWN))
        .when(~F.col("is_top"), F.lit(REPLACED))
        .otherwise(F.lit(KEPT))
    )


def _reasons() -> Column:
    """Return why a row is quarantined: what it broke, or else that its key's contents differ; else empty."""
    broken = F.coalesce("reasons", F.array().cast("array<string>"))
    is_conflicting = (F.col("outcome") == QUARANTINED) & (F.size(broken) == 0)
    return F.when(is_conflicting, F.array(F.lit(CONFLICTING))).otherwise(broken)

"""One feed's rows of one night into its clean table: verdicts, what is added, what leaves.

Up to `FEW` rows all go through the verdicts. More (a backfill) pass straight, but for the rows whose key is
there twice, is known already, or that are refused or deletions: only these are held and compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date  # noqa: TC003  (a dataclass field)
from typing import TYPE_CHECKING

from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

from huaxiang.clean.system import DELETE
from huaxiang.clean.verdicts import (
    FILTERED,
    INCOMING,
    KEPT,
    LOADED,
    PRIOR,
    TOMBSTONE,
    is_sound,
    verdicts,
)
from huaxiang.contracts.clean import clean_contract, clean_name
from huaxiang.errors import HuaxiangError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, Row

    from huaxiang.contracts.model import Contract
    from huaxiang.night import Night

FEW = 100_000
BROADCAST_KEYS = 2_000_000
PART = "part"


@dataclass(frozen=True)
class Load:
    """What a feed's rows became. `judged` holds the rows that went through the verdicts, until `release`."""

    contract: Contract
    outcomes: Counter[str]
    reasons: Counter[str]
    seen: dict[str, int | date | None]
    judged: DataFrame
    held: tuple[DataFrame, ...]
    gone_parts: tuple[str, ...]
    tombstones: int
    replaces_tombstones: bool

    def release(self) -> None:
        """Let go of what was held in memory and on disk for this feed."""
        for frame in self.held:
            frame.unpersist()


def load_feed(night: Night, contract: Contract, rows: DataFrame, count: int) -> Load:
    """Judge `count` conformed rows of a feed and write its clean table, in at most two commits.

    HuaxiangError when what was written is not what was judged.
    """
    name = clean_name(contract.name)
    before = night.attempt.rows(name)
    seen = Observation()
    watched = rows.observe(seen, *_observed(contract))
    held: list[DataFrame] = []
    straight: DataFrame | None = None
    if count <= FEW:
        candidates = keys = _hold(watched.where(~F.col("_filtered")), held)
    else:
        suspects = _hold(_suspects(night, contract.name, rows), held)
        keys = F.broadcast(suspects) if suspects.count() <= BROADCAST_KEYS else suspects
        straight = rows.join(keys, "key_hash", "left_anti").where(is_sound() & (F.col("op") != DELETE))
        marked = watched.join(keys.withColumn("_suspect", F.lit(True)), "key_hash", "left")
        wanted = F.col("_suspect").isNotNull() | (F.size("reasons") > 0) | (F.col("op") == DELETE)
        candidates = _hold(marked.where(wanted & ~F.col("_filtered")).drop("_suspect"), held)
    prior = _prior(night, name, keys, few=count <= FEW)
    tombstones = _tombstones(night, contract.name, candidates)
    judged = _hold(verdicts(candidates, prior, tombstones), held)
    summary = _summary(judged)
    loaded = _outcome(contract, summary, seen.get, count=count, judged=judged, held=held)
    _write(night, loaded, straight, summary)
    leaving = sum(loaded.outcomes[o] for o in ("replaced", "removed", "withdrawn"))
    after = before + loaded.outcomes[LOADED] - leaving
    if night.attempt.rows(name) != after:
        found = f"{night.attempt.rows(name):,} rows after the night"
        raise HuaxiangError(Problem(name, found, f"{after:,} by its verdicts", "the rows changed while read"))
    return loaded


def _hold(frame: DataFrame, held: list[DataFrame]) -> DataFrame:
    held.append(frame.persist(StorageLevel.MEMORY_AND_DISK))
    return held[-1]


def _observed(contract: Contract) -> list[Column]:
    """Count what gates ask for while the rows pass by, in the order: rows, filtered, late, newest, nulls."""
    lateness = F.date_diff("arrival_date", "business_date") > (contract.lateness_days or 0)
    is_late = is_sound() & lateness if contract.lateness_days is not None else F.lit(False)
    wanted = {g.metric.partition(":")[2] for g in contract.gates if g.metric.startswith("null_share:")}
    known = set(clean_contract(contract).names)
    return [
        F.count(F.lit(1)).alias("rows"),
        F.count_if("_filtered").alias(FILTERED),
        F.count_if(is_late).alias("late"),
        F.max(F.when(is_sound(), F.col("business_date"))).alias("newest"),
        *(F.count_if(F.col(c).isNull()).alias(f"null:{c}") for c in sorted(wanted & known)),
    ]


def _suspects(night: Night, feed: str, rows: DataFrame) -> DataFrame:
    """Return the `key_hash` of every key that comes twice or is known from before."""
    keys = rows.select("key_hash", "event_key")
    found = keys.groupBy("key_hash").count().where(F.col("count") > 1).select("key_hash")
    if night.attempt.rows(clean_name(feed)):
        known = night.lake.read(clean_name(feed)).select(F.xxhash64("event_key").alias("key_hash"))
        found = found.union(known.join(keys.select("key_hash"), "key_hash", "left_semi"))
    if night.attempt.rows(TOMBSTONE):
        buried = _tombstones(night, feed, keys).select(F.col("event_key_hash").alias("_hash"))
        hashed = keys.select("key_hash", F.sha2("event_key", 256).alias("_hash"))
        found = found.union(hashed.join(buried, "_hash", "left_semi").select("key_hash"))
    return found.distinct()


def _prior(night: Night, name: str, keys: DataFrame, *, few: bool) -> DataFrame:
    """Return the rows of the clean table whose key comes tonight; hash collisions only add to them."""
    columns = ("event_key", "revision", "content_hash", PART)
    clean = night.lake.read(name).select(*columns, F.xxhash64("event_key").alias("key_hash"))
    if not night.attempt.rows(name):
        return clean.drop("key_hash").limit(0)
    wanted = keys.select("key_hash")
    return clean.join(F.broadcast(wanted) if few else wanted, "key_hash", "left_semi").select(*columns)


def _tombstones(night: Night, feed: str, rows: DataFrame) -> DataFrame:
    stones = night.lake.read(TOMBSTONE).where(F.col("feed") == feed)
    stones = stones.select("event_key_hash", "revision", "state")
    if not night.attempt.rows(TOMBSTONE):
        return stones.limit(0)
    hashes = rows.select(F.sha2("event_key", 256).alias("event_key_hash"))
    return stones.join(hashes, "event_key_hash", "left_semi")


def _summary(judged: DataFrame) -> list[Row]:
    """Return how many rows per side, outcome, reasons, part and whether a tombstone is due: one small job."""
    part = F.coalesce(PART, f"row.{PART}").alias(PART)
    due = F.col("tombstone").isNotNull().alias("due")
    return judged.groupBy("side", "outcome", "reasons", part, due).count().collect()


def _outcome(
    contract: Contract,
    summary: Sequence[Row],
    seen: dict[str, int | date | None],
    *,
    count: int,
    judged: DataFrame,
    held: list[DataFrame],
) -> Load:
    """Add the summary up. Rows that are neither filtered nor judged passed straight: they are loaded."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in summary:
        if row["side"] != TOMBSTONE and row["outcome"] != KEPT:
            outcomes[row["outcome"]] += row["count"]
        if row["side"] == INCOMING:
            reasons.update(dict.fromkeys(row["reasons"], row["count"]))
    if seen["rows"] != count:
        found = f"{seen['rows']:,} rows read"
        raise HuaxiangError(
            Problem(contract.name, found, f"{count:,} staged", "the files changed while read")
        )
    judged_rows = sum(r["count"] for r in summary if r["side"] == INCOMING)
    filtered = int(seen[FILTERED] or 0)  # type: ignore[arg-type]
    straight = (
        0 if outcomes[FILTERED] == filtered and judged_rows == count else count - filtered - judged_rows
    )
    outcomes[FILTERED] = filtered
    outcomes[LOADED] += straight
    due = sum(r["count"] for r in summary if r["due"])
    return Load(
        contract=contract,
        outcomes=outcomes,
        reasons=reasons,
        seen=seen,
        judged=judged,
        held=tuple(held),
        gone_parts=tuple(sorted({r[PART] for r in summary if r["side"] == PRIOR and r["outcome"] != KEPT})),
        tombstones=due,
        replaces_tombstones=bool(due) and any(r["side"] == TOMBSTONE for r in summary),
    )


def _write(night: Night, load: Load, straight: DataFrame | None, summary: Sequence[Row]) -> None:
    """Append what is new; where earlier rows leave, replace the months they leave, and append the rest."""
    name = clean_name(load.contract.name)
    columns = [c for c in clean_contract(load.contract).names if c != "release"]
    release = F.lit(night.number).cast("bigint").alias("release")
    added = load.judged.where(F.col("outcome") == LOADED).select("row.*").select(*columns, release)
    if straight is None:
        added = added.repartition(PART)  # one file a month, not one a month and task
    else:
        added = added.unionByName(straight.select(*columns, release))
    parts = list(load.gone_parts)
    if not parts:
        if load.outcomes[LOADED]:
            night.attempt.append(name, added)
        return
    gone = load.judged.where((F.col("side") == PRIOR) & (F.col("outcome") != KEPT)).select("event_key")
    in_parts = F.col(PART).isin(parts)
    staying = night.lake.read(name).where(in_parts).join(gone, "event_key", "left_anti")
    content = staying.unionByName(added.where(in_parts)).repartition(PART)
    night.attempt.replace_parts(name, content, parts)
    elsewhere = {r[PART] for r in summary if r["outcome"] == LOADED} - set(parts)
    if straight is not None or elsewhere:
        night.attempt.append(name, added.where(~in_parts))

"""Conformed rows into clean tables: all feeds are judged in one plan, then each table is written.

Up to `FEW` rows of a feed are all judged. More (a backfill) pass straight, but for the rows whose key is
there twice, is known already, or that are refused or deletions: only these are compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from huaxiang.clean.system import BY_DATE, DELETE, part_of
from huaxiang.clean.verdicts import (
    INCOMING,
    JUDGED,
    KEPT,
    LOADED,
    PRIOR,
    PRIOR_ROWS,
    REMOVED,
    REPLACED,
    TOMBSTONE,
    WITHDRAWN,
    is_sound,
    verdicts,
)
from huaxiang.contracts.clean import clean_contract, clean_name
from huaxiang.errors import HuaxiangError, Problem
from huaxiang.frames import local_frame, stacked
from huaxiang.sources.outside import FILTERED
from huaxiang.tables.content import hashed
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, Row

    from huaxiang.contracts.model import Contract
    from huaxiang.night import Night

FEW = 100_000
BROADCAST_ROWS = 2_000_000
DENSE = (
    5_000  # rows a date from which each date is a partition: a night then replaces few rows beside its own
)


@dataclass(frozen=True)
class FeedRows:
    """One feed's conformed rows of tonight, and those that need a verdict.

    `count` rows in all, `judged` of them candidates at most; `seen` counts them while they are read.
    """

    contract: Contract
    rows: DataFrame
    candidates: DataFrame
    count: int
    judged: int
    seen: Observation

    @property
    def feed(self) -> str:
        """The feed's name."""
        return self.contract.name


@dataclass
class Verdict:
    """What a feed's rows became: ledger figures, reasons, and the partitions that earlier rows leave."""

    feed: str
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seen: dict[str, Any] = field(default_factory=dict)
    judged_rows: int = 0
    refused_or_repeated: int = 0
    parts: set[str] = field(default_factory=set)
    gone_parts: set[str] = field(default_factory=set)
    tombstones: int = 0
    known_tombstones: int = 0

    @property
    def is_dense(self) -> bool:
        """Whether so many rows came for each date that a partition may be a date."""
        oldest, newest = self.seen["oldest"], self.seen["newest"]
        return bool(oldest) and self.outcomes[LOADED] >= DENSE * ((newest - oldest).days + 1)

    def add(self, row: Row) -> None:
        """Take one line of the summary into account."""
        if row["due"]:
            self.tombstones += row["count"]
        if row["side"] == TOMBSTONE:
            self.known_tombstones += row["count"]
        elif row["side"] == PRIOR:
            if row["outcome"] != KEPT:
                self.outcomes[row["outcome"]] += row["count"]
                self.gone_parts.add(row[PARTITION])
        else:
            self.judged_rows += row["count"]
            self.outcomes[row["outcome"]] += row["count"]
            self.reasons.update(dict.fromkeys(row["reasons"], row["count"]))
            if row["outcome"] == LOADED:
                self.parts.add(row[PARTITION])
            else:
                self.refused_or_repeated += row["count"]


def prepare(night: Night, contract: Contract, rows: DataFrame, count: int) -> FeedRows:
    """Find out which of `count` conformed rows must be judged, and hold them; only a large feed is searched.

    What is held is a checkpoint, not a cache: later plans then don't carry the plan that made it.
    """
    seen = Observation()
    watched = rows.observe(seen, *_observed(contract)).where(~F.col("_filtered"))
    if count <= FEW:
        kept = watched.localCheckpoint()
        return FeedRows(contract, kept, kept, count, count, seen)
    suspects = _suspects(night, contract.name, rows).localCheckpoint()
    keys = F.broadcast(suspects) if suspects.count() <= BROADCAST_ROWS else suspects
    marked = watched.join(keys.withColumn("_suspect", F.lit(True)), "key_hash", "left")
    wanted = F.col("_suspect").isNotNull() | (F.size("reasons") > 0) | (F.col("op") == DELETE)
    candidates = marked.where(wanted).select(*JUDGED).localCheckpoint()
    loadable = rows.where(~F.col("_filtered"))
    return FeedRows(contract, loadable, candidates, count, candidates.count(), seen)


def judge(night: Night, feeds: Sequence[FeedRows]) -> tuple[DataFrame, dict[str, Verdict]]:
    """Judge all candidates of all feeds in one job; returns them with their outcomes (held), and sums.

    HuaxiangError when Spark read another number of rows than were staged.
    """
    incoming = stacked([f.candidates.select(F.lit(f.feed).alias("feed"), *JUDGED) for f in feeds])
    prior = _prior(night, feeds, incoming)
    judged = verdicts(incoming, prior, _tombstones(night, incoming)).localCheckpoint()
    due = F.col("tombstone").isNotNull().alias("due")
    summary = judged.groupBy("feed", "side", "outcome", "reasons", PARTITION, due).count().collect()
    found = {f.feed: Verdict(f.feed) for f in feeds}
    for row in summary:
        found[row["feed"]].add(row)
    problems = []
    for f in feeds:
        verdict = found[f.feed]
        verdict.seen = f.seen.get
        if verdict.seen["rows"] != f.count:
            problems.append(Problem(f.feed, f"{verdict.seen['rows']:,} rows read", f"{f.count:,} staged"))
        verdict.outcomes[FILTERED] = verdict.seen[FILTERED]
        verdict.outcomes[LOADED] += f.count - verdict.seen[FILTERED] - verdict.judged_rows
    if problems:
        raise HuaxiangError(problems, "The staged files changed while they were read.")
    return judged, found


def write(night: Night, feed: FeedRows, judged: DataFrame, verdict: Verdict) -> None:
    """Append what is new; where earlier rows leave, replace those partitions, and append the rest.

    HuaxiangError when the table then holds another number of rows than the verdicts say.
    """
    name = clean_name(feed.feed)
    before = night.attempt.rows(name)
    mine = judged.where(F.col("feed") == feed.feed)
    added = _added(night, feed, mine, verdict, is_new=not night.lake.exists(name))
    parts = sorted(verdict.gone_parts)
    if parts:
        in_parts = F.col(PARTITION).isin(parts)
        gone = mine.where((F.col("side") == PRIOR) & (F.col("outcome") != KEPT)).select("event_key")
        held, contract = night.lake.read(name).where(in_parts), night.contracts[name]
        staying = held.join(gone, "event_key", "left_anti")
        content = staying.unionByName(hashed(added.where(in_parts), contract), allowMissingColumns=True)
        left = held.join(gone, "event_key", "left_semi")
        # What stays is not moved: a month of a large feed would go through one task.
        night.attempt.replace_parts(name, content, parts, left=[left])
        if feed.count > FEW or verdict.parts - verdict.gone_parts:
            night.attempt.append(name, added.where(~in_parts))
    elif verdict.outcomes[LOADED]:
        night.attempt.append(name, added)
    leaving = sum(verdict.outcomes[fate] for fate in (REPLACED, REMOVED, WITHDRAWN))
    expected = before + verdict.outcomes[LOADED] - leaving
    if night.attempt.rows(name) != expected:
        found = f"{night.attempt.rows(name):,} rows after the night"
        raise HuaxiangError(Problem(name, found, f"{expected:,}, by the verdicts"))


def _added(night: Night, feed: FeedRows, mine: DataFrame, verdict: Verdict, *, is_new: bool) -> DataFrame:
    """Return tonight's new clean rows: all but those that got another verdict."""
    rows = feed.rows
    if verdict.refused_or_repeated:
        others = mine.where((F.col("side") == INCOMING) & (F.col("outcome") != LOADED))
        places = others.select("_path", "_record")
        few = verdict.refused_or_repeated <= BROADCAST_ROWS
        rows = rows.join(F.broadcast(places) if few else places, ["_path", "_record"], "left_anti")
    columns = [c for c in clean_contract(feed.contract).names if c != "release"]
    added = rows.select(*columns, F.lit(night.number).cast("bigint").alias("release"))
    if is_new and verdict.is_dense and feed.contract.by_month:
        added = added.withColumn(PARTITION, part_of(F.col("business_date"), BY_DATE))
    return (
        added.repartition(PARTITION) if feed.count <= FEW else added
    )  # one file a partition, not one a task


def _observed(contract: Contract) -> list[Column]:
    """Count what the ledger and gates ask for while the rows pass by."""
    is_late = F.lit(False)
    if contract.lateness_days is not None:
        is_late = is_sound() & (F.date_diff("arrival_date", "business_date") > contract.lateness_days)
    wanted = {g.metric.partition(":")[2] for g in contract.gates if g.metric.startswith("null_share:")}
    known = wanted & set(clean_contract(contract).names)
    return [
        F.count(F.lit(1)).alias("rows"),
        F.count_if("_filtered").alias(FILTERED),
        F.count_if(is_late).alias("late"),
        F.max(F.when(is_sound(), F.col("business_date"))).alias("newest"),
        F.min(F.when(is_sound(), F.col("business_date"))).alias("oldest"),
        *(F.count_if(F.col(c).isNull()).alias(f"null:{c}") for c in sorted(known)),
    ]


def _suspects(night: Night, feed: str, rows: DataFrame) -> DataFrame:
    """Return the `key_hash` of every key that comes twice or is known from before; collisions only add."""
    keys = rows.select("key_hash")
    found = keys.groupBy("key_hash").count().where(F.col("count") > 1).select("key_hash")
    if night.attempt.rows(clean_name(feed)):
        known = night.lake.read(clean_name(feed)).select(F.xxhash64("event_key").alias("key_hash"))
        found = found.union(known.join(keys, "key_hash", "left_semi"))
    if night.attempt.rows(TOMBSTONE):
        buried = night.lake.read(TOMBSTONE).where(F.col("feed") == feed)
        keyed = rows.select("key_hash", F.sha2("event_key", 256).alias("event_key_hash"))
        found = found.union(keyed.join(buried, "event_key_hash", "left_semi").select("key_hash"))
    return found.distinct()


def _prior(night: Night, feeds: Sequence[FeedRows], incoming: DataFrame) -> DataFrame:
    """Return the loaded rows whose keys come tonight, of all feeds."""
    columns = ("event_key", "revision", "content_hash", PARTITION)
    known = [
        night.lake.read(clean_name(f.feed)).select(F.lit(f.feed).alias("feed"), *columns)
        for f in feeds
        if night.attempt.rows(clean_name(f.feed))
    ]
    if not known:
        return local_frame(night.spark, [], PRIOR_ROWS)
    keys = incoming.select("feed", "event_key")
    few = sum(f.judged for f in feeds) <= BROADCAST_ROWS
    return (
        stacked(known)
        .join(F.broadcast(keys) if few else keys, ["feed", "event_key"], "left_semi")
        .select("feed", *columns)
    )


def _tombstones(night: Night, incoming: DataFrame) -> DataFrame:
    stones = night.lake.read(TOMBSTONE).select("feed", "event_key_hash", "revision", "state")
    if not night.attempt.rows(TOMBSTONE):
        return stones.limit(0)
    keys = incoming.select("feed", F.sha2("event_key", 256).alias("event_key_hash"))
    return stones.join(keys, ["feed", "event_key_hash"], "left_semi")

"""The first step of a night: landing files → clean feeds. Every row gets exactly one verdict."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from huaxiang.clean.arrivals import Arrivals, FeedArrival, arrivals
from huaxiang.clean.changes import note_parts_left
from huaxiang.clean.conform import conform
from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.clean.known import REFUSED
from huaxiang.clean.load import FeedRows, Verdict, judge, prepare, write
from huaxiang.clean.quarantine import TABLE as QUARANTINE
from huaxiang.clean.quarantine import after_replay, after_resending, quarantined
from huaxiang.clean.system import stored_by
from huaxiang.clean.verdicts import DELETED, DUPLICATE, LOADED, SUPERSEDED, TOMBSTONE
from huaxiang.contracts.spark import contract_frame
from huaxiang.sources.feed import feed_frame
from huaxiang.sources.outside import FILTERED, QUARANTINED
from huaxiang.tables.storage import local_path
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from huaxiang.night import Night
    from huaxiang.sources.stage import Staged

OUTCOMES = (LOADED, DUPLICATE, SUPERSEDED, DELETED, QUARANTINED, FILTERED)
FATES = ("replaced", "removed", "withdrawn", "erased")


@dataclass(frozen=True)
class FeedOutcome:
    """What a feed's files and rows became tonight; without a verdict no row was read."""

    arrival: FeedArrival
    verdict: Verdict | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the load ledger: what came in, each outcome, and the fate of earlier rows."""
        found = self.verdict.outcomes if self.verdict else {}
        counts = {name: int(found.get(name, 0)) for name in (*OUTCOMES, *FATES)}
        counts[DUPLICATE] += self.arrival.repeated_rows
        return {"rows_in": self.arrival.rows + self.arrival.repeated_rows, **counts}

    @property
    def metrics(self) -> dict[str, float]:
        """What gates judge: rows, duplicates, late rows, share refused, share of nulls where asked for."""
        rows = self.counts["rows_in"]
        metrics: dict[str, float] = {"rows": rows, DUPLICATE: self.counts[DUPLICATE]}
        metrics["quarantined_share"] = self.counts[QUARANTINED] / rows if rows else 0.0
        for name, value in (self.verdict.seen if self.verdict else {}).items():
            if name == "late" and isinstance(value, int):
                metrics["late"] = value
            elif name.startswith("null:") and isinstance(value, int) and self.arrival.rows:
                metrics[f"null_share:{name[5:]}"] = value / self.arrival.rows
        return metrics


@dataclass(frozen=True)
class Ingested:
    """Tonight's outcome of every feed that something came for."""

    feeds: tuple[FeedOutcome, ...]
    remarks: tuple[str, ...]
    titles: dict[str, dict[str, str]]

    def told(self) -> dict[str, Any]:
        """Return all of it as plain numbers and words: for gates, the summary and the page."""
        files = [(o.arrival.feed, f) for o in self.feeds for f in o.arrival.files if f.status == REFUSED]
        newest = {o.arrival.feed: o.verdict.seen["newest"] for o in self.feeds if o.verdict}
        return {
            "feeds": [
                {
                    "feed": o.arrival.feed,
                    "title": self.titles[o.arrival.feed],
                    "files": len(o.arrival.files),
                    **o.counts,
                }
                for o in self.feeds
            ],
            "refused_files": [
                {"feed": feed, "path": f.file.relative, "problem": str(f.problem)} for feed, f in files
            ],
            "reasons": [
                {"feed": o.arrival.feed, "reason": reason, "rows": rows}
                for o in self.feeds
                if o.verdict
                for reason, rows in sorted(o.verdict.reasons.items())
            ],
            "metrics": {o.arrival.feed: o.metrics for o in self.feeds if o.arrival.is_readable},
            "newest": {feed: str(day) for feed, day in newest.items() if day is not None},
            "remarks": list(self.remarks),
        }


def ingest(night: Night) -> Ingested:
    """Read what arrived until the night's date, load the clean tables and write the ledgers.

    InputError (exit 3), before anything is written, when a required feed is missing or refused; the
    refused files of other feeds are written down and the night goes on.
    """
    night.expect()
    with _scratch(night) as scratch:
        found = arrivals(night, scratch)
        night.expect(sum(arrival.rows for arrival in found.feeds))
        pepper = pepper_frame(night.spark, night.pepper)
        verdicts, writes = _judged(night, found, pepper)
        outcomes = tuple(FeedOutcome(arrival, verdicts.get(arrival.feed)) for arrival in found.feeds)
        if outcomes:
            writes += [
                partial(ledger, night, outcomes) for ledger in (_write_load_ledger, _write_file_ledger)
            ]
        together(writes)
    note_parts_left(night, {feed: sorted(verdict.gone_parts) for feed, verdict in verdicts.items()})
    titles = {c.name: {"en": c.title.en, "zh": c.title.zh} for c in night.contracts.landing}
    return Ingested(outcomes, tuple(map(str, found.remarks)), titles)


def _judged(
    night: Night, found: Arrivals, pepper: DataFrame
) -> tuple[dict[str, Verdict], list[Callable[[], None]]]:
    """Judge all rows that came; returns the verdicts, and how to write clean tables, quarantine and tombstones."""
    coming = [arrival for arrival in found.feeds if arrival.rows]
    resent = {a.feed: a.resent for a in found.feeds if a.resent}
    if not coming:  # a file that was mended may hold no row any more
        return {}, [partial(_write_quarantine, night, None, {}, resent)] if resent else []

    def prepared(arrival: FeedArrival) -> FeedRows:
        rows = _conformed(night, arrival, pepper)
        return prepare(night, night.contracts[arrival.feed], rows, arrival.rows)

    feeds = together([partial(prepared, arrival) for arrival in coming])
    judged, verdicts = judge(night, feeds)
    replayed = {a.feed: a.held for a in found.feeds if a.held is not None}
    refused = any(verdict.outcomes[QUARANTINED] for verdict in verdicts.values())
    tonight = quarantined(judged, night, pepper) if refused else None
    writes: list[Callable[[], None]] = [
        partial(_write_quarantine, night, tonight, replayed, resent),
        partial(_write_tombstones, night, judged, verdicts),
    ]
    writes += [partial(write, night, feed, judged, verdicts[feed.feed]) for feed in feeds]
    return verdicts, writes


@contextmanager
def _scratch(night: Night) -> Iterator[Path]:
    """Give a folder for staged files: in a local lake itself, else on this machine's disk."""
    lake = local_path(night.lake.root, night.spark)
    folder = lake / "_staging" if lake else Path(tempfile.mkdtemp(prefix="huaxiang-staging-"))
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _conformed(night: Night, arrival: FeedArrival, pepper: DataFrame) -> DataFrame:
    """Return the rows that came, and those of held rows that are to be read again."""
    contract = night.contracts[arrival.feed]
    staged = cast("Staged", arrival.staged)  # it is there when rows came
    frame = feed_frame(night.spark, staged, contract, night.source, arrival.before)
    if night.source and night.source.guesses_arrival(arrival.feed):
        frame = frame.withColumn("_arrival", F.lit(night.as_of))  # it arrives whenever it is read
    return conform(frame, contract, night.config, pepper, stored_by(night.lake, contract))


def _write_quarantine(
    night: Night,
    tonight: DataFrame | None,
    replayed: Mapping[str, DataFrame],
    resent: Mapping[str, Sequence[str]],
) -> None:
    """Add the rows refused tonight, if any, and mark earlier ones that came in again or whose file was mended."""
    if replayed or resent:
        kept = night.lake.read(QUARANTINE)
        kept = after_replay(kept, replayed, night.number) if replayed else kept
        kept = after_resending(kept, resent, night) if resent else kept
        night.attempt.replace(QUARANTINE, kept if tonight is None else kept.unionByName(tonight))
    elif tonight is not None:
        night.attempt.append(QUARANTINE, tonight.coalesce(1))


def _write_tombstones(night: Night, judged: DataFrame, verdicts: Mapping[str, Verdict]) -> None:
    """Add tonight's tombstones; a key has one at most, its newest."""
    new = judged.where(F.col("tombstone").isNotNull()).select(
        "feed",
        F.col("key").alias("event_key_hash"),
        "revision",
        F.col("tombstone").alias("state"),
        F.lit(night.number).cast("bigint").alias("release"),
    )
    buried = [verdict for verdict in verdicts.values() if verdict.tombstones]
    if any(verdict.known_tombstones for verdict in buried):
        old = night.lake.read(TOMBSTONE)
        key = ["feed", "event_key_hash"]
        older = old.join(new.select(*key), key, "left_anti").select(*old.columns)
        night.attempt.replace(TOMBSTONE, older.unionByName(new))
    elif buried:
        night.attempt.append(TOMBSTONE, new.coalesce(1))


def _write_load_ledger(night: Night, outcomes: tuple[FeedOutcome, ...]) -> None:
    place = {"as_of": night.as_of, "release": night.number}
    rows = [{"feed": o.arrival.feed, **place, **o.counts} for o in outcomes]
    _append_rows(night, "load_ledger", rows)


def _write_file_ledger(night: Night, outcomes: tuple[FeedOutcome, ...]) -> None:
    rows = [
        {
            "feed": f.file.feed,
            "source": night.source_name,
            "arrival_date": f.file.arrival,
            "path": f.file.relative,
            "content_hash": f.file.content_hash,
            "bytes": f.file.bytes,
            "rows": f.rows,
            "status": f.status,
            "problem": str(f.problem) if f.problem else None,
            "columns": None if f.columns is None else list(f.columns),
            "release": night.number,
        }
        for o in outcomes
        for f in o.arrival.files
    ]
    if rows:
        _append_rows(night, "file_ledger", rows)


def _append_rows(night: Night, table: str, rows: list[dict[str, Any]]) -> None:
    night.attempt.append(table, contract_frame(night.spark, night.contracts[table], rows))

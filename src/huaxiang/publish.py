"""The last step: judge tonight's numbers, then make all tables visible together, or hold them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.known import LOADED, Known
from huaxiang.contracts.clean import clean_name
from huaxiang.errors import GateHeldError, Problem
from huaxiang.gates.history import against_past, age_days, rows_by_day
from huaxiang.gates.judge import judge
from huaxiang.gates.measure import newest_dates, table_metrics
from huaxiang.held import Failure, remember, standing, way_out
from huaxiang.tables.publish import publish
from huaxiang.tables.release import newest
from huaxiang.tables.storage import local_path
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from huaxiang.contracts.model import Contract, Gate
    from huaxiang.night import Night

AGE = "age_days"
ADDED_TO = ("segment_change", "stage_change", "stage_flow")
"""Published tables that nights add to: what they held before was judged then. The others are replaced."""


def run(night: Night) -> None:
    """Judge feeds and published tables, then publish; GateHeldError (exit 4) after a critical failure.

    A held night keeps its tables under a release that readers don't see, and what it failed at holds the nights
    after it until it is mended (`held`). A critical failure of a feed that is not required is told but holds
    nothing back.
    """
    measured = {**feed_metrics(night), **published_metrics(night)}
    report = judge(
        measured, askable(night, measured), local_gates(night), as_of=night.as_of, release=night.number
    )
    old = standing(night, measured)
    failures = [*(Failure(night.number, r, night.source_name) for r in report.critical), *old]
    report = replace(report, results=(*report.results, *(f.told for f in old)))
    blocking = [f for f in failures if holds_back(night, f)]
    night.keep("gates", report.summary())
    night.tell.counts(
        {"rules": len(report.results), "hold": report.holding, "warnings": len(report.warnings)}
    )
    night.tell.counts({"critical": len(report.critical)})
    for warned in report.warnings:
        night.tell.say(
            f"warning  {warned.table} {warned.metric}: {warned.found}, expected {warned.expectation}"
        )
    for failed in (f.result for f in failures if f not in blocking):
        found = f"{failed.table} {failed.metric}: {failed.found}, expected {failed.expectation}"
        night.tell.say(f"critical  {found}; it holds nothing back, as {failed.table} is not required")
    if blocking:
        remember(night, blocking)
    release = publish(
        night.attempt, "held" if blocking else "published",
        config_hash=night.config.fingerprint, contracts_hash=night.contracts_hash,
    )  # fmt: skip
    night.released.append(release)
    if blocking:
        known = newest(night.lake.releases(), published_only=True)
        readers = f"readers keep release {known.release}" if known else "readers have none yet"
        told = [f.result if f.since == night.number else f.told for f in blocking]
        summary = f"Ingested, but release {release.release} is held back: {readers}. Look: {report.docs}"
        raise GateHeldError(
            [Problem(f"{r.table} {r.metric}", r.found, r.expectation, r.description.en) for r in told],
            "\n".join(line for line in (way_out(night, blocking), summary) if line),
        )


def holds_back(night: Night, failure: Failure) -> bool:
    """Whether a critical failure stops publication: it concerns a required feed or a table of ours.

    What another source's files failed at is mended by that source's nights only.
    """
    table = failure.result.table
    elsewhere = failure.source != night.source_name
    return elsewhere or table in night.config.required or table not in night.feeds


def askable(night: Night, measured: Mapping[str, Mapping[str, Any]]) -> dict[str, Contract]:
    """The contracts with the gates that can be asked.

    A feed that its source map gives no time has no freshness. Of a feed that brought nothing tonight only the
    freshness is asked, as a warning unless the feed is required.
    """
    mapped = night.source.feeds if night.source else {}
    timeless = {
        feed
        for feed, how in mapped.items()
        if not {night.contracts[feed].at, night.contracts[feed].on_date} & {*how.columns}
    }

    def asked(name: str, gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
        found = measured.get(name, {})
        if name in timeless:
            gates = tuple(gate for gate in gates if gate.metric != AGE)
        if found.keys() != {AGE}:
            return gates
        fresh = (gate for gate in gates if gate.metric == AGE)
        return tuple(g if name in night.config.required else replace(g, severity="warning") for g in fresh)

    return {
        name: replace(contract, gates=asked(name, contract.gates))
        for name, contract in night.contracts.items()
    }


def feed_metrics(night: Night) -> dict[str, dict[str, Any]]:
    """Tonight's numbers per feed that had files: from the ingest step, with its own past and its freshness.

    Fresh is the newest of the rows that came tonight; of rows without any date it can't be told, and the gate fails.
    Where none came, it is the newest that was ever loaded of a feed whose contract asks for it: one that falls silent
    grows old.
    """
    told = night.told.get("ingest") or {"metrics": {}, "newest": {}}
    measured: dict[str, dict[str, Any]] = {feed: dict(numbers) for feed, numbers in told["metrics"].items()}
    for feed, ratio in against_past(*rows_of_the_day(night)).items():
        if feed in measured:
            measured[feed] |= ratio
    came = {feed: date.fromisoformat(day) for feed, day in told["newest"].items() if feed in measured}
    for feed, newest_date in {**newest_known(night, but=told["metrics"]), **came}.items():
        measured.setdefault(feed, {})[AGE] = age_days(newest_date, as_of=night.as_of)
    return measured


def newest_known(night: Night, *, but: Collection[str]) -> dict[str, date]:
    """Newest business date ever loaded, of the feeds that are asked how old they are; of undated ones nothing."""
    asked = [c.name for c in night.contracts.landing if any(gate.metric == AGE for gate in c.gates)]
    clean = {
        feed: night.lake.read(clean_name(feed))
        for feed in asked
        if feed not in but and night.lake.exists(clean_name(feed))
    }
    rows = newest_dates(clean).collect() if clean else []
    return {row["feed"]: row["newest"] for row in rows if row["newest"] is not None}


def rows_of_the_day(night: Night) -> tuple[dict[str, int], dict[str, list[int]]]:
    """Rows of each feed's newest arrival date tonight, and of the arrival dates before it, oldest first.

    By arrival date, not by night: a backfill of years is no measure for a day. Of a file that was mended only
    what it holds now counts.
    """
    files = [row for row in Known.of(night, night.source_name).newest.values() if row["status"] == LOADED]
    seen = [(r["feed"], r["arrival_date"], r["rows"], r["release"]) for r in files]
    latest = {
        feed: day for feed, day, _, release in sorted(seen, key=lambda f: f[1]) if release == night.number
    }
    known = [(feed, day, rows) for feed, day, rows, _ in seen if feed in latest]
    tonight = {feed: days[-1] for feed, days in rows_by_day(f for f in known if f[1] == latest[f[0]]).items()}
    return tonight, rows_by_day(f for f in known if f[1] < latest[f[0]])


def published_metrics(night: Night) -> dict[str, dict[str, Any]]:
    """One aggregation per published table that tonight wrote, of tonight's rows where it was added to.

    The rows of a table that was replaced are also compared with those that readers have of it.
    """

    def measured(name: str) -> dict[str, Any]:
        rows = night.lake.read(name)
        if name in ADDED_TO:
            rows = rows.where(F.col("release") == night.number)
        row = table_metrics(rows, night.contracts[name]).first()
        return row.asDict() if row else {}

    published = [contract.name for contract in night.contracts.published]
    written = [name for name in published if name in night.attempt.tables]
    found = dict(zip(written, together([partial(measured, name) for name in written]), strict=True))
    known = newest(night.lake.releases(), published_only=True)
    pins = known.tables if known else {}
    before = {name: [pins[name].rows] for name in published if name in pins and name not in ADDED_TO}
    for name, ratio in against_past({name: found[name]["rows"] for name in written}, before).items():
        found[name] |= ratio
    return found


def local_gates(night: Night) -> Any:
    """The folder of gate history and data docs: in a local lake itself, else beside the process."""
    from pathlib import Path  # noqa: PLC0415

    root = local_path(night.lake.root, night.spark)
    return (root or Path.cwd()) / "gates"

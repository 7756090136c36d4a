"""Verdicts against a plain-Python oracle: many random worlds, night by night, and all at once in any order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from huaxiang.clean import verdicts as v

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession

ROW = (
    "feed string, event_key string, revision bigint, content_hash bigint, op string, arrival_date date,"
    " part string, _path string, _record bigint, _filtered boolean, reasons array<string>"
)
PRIOR = "feed string, event_key string, revision bigint, content_hash bigint, part string"
TOMBSTONE = "feed string, event_key_hash string, revision bigint, state string"
NIGHTS, WORLDS = 3, 120


@dataclass(frozen=True)
class Row:
    """One landing row of a world; `at` is its place, unique in the world."""

    key: str
    revision: int
    content: int
    op: str
    night: int
    at: int
    filtered: bool = False
    bad: bool = False

    @property
    def version(self) -> tuple[int, int]:
        return (self.revision, int(self.op == "delete"))

    @property
    def said(self) -> tuple[str, int, str, int]:
        return (self.key, self.revision, self.op, self.content if self.op == "upsert" else 0)


@dataclass
class Oracle:
    """What a world's clean table and ledger must hold: recomputed from all rows seen, each night."""

    seen: list[Row] = field(default_factory=list)
    clean: dict[str, tuple[int, int]] = field(default_factory=dict)
    ledger: Counter[str] = field(default_factory=Counter)
    outcomes: dict[int, str] = field(default_factory=dict)

    def night(self, rows: list[Row]) -> None:
        before = dict(self.clean)
        known = {(k, r, "upsert", c) for k, (r, c) in before.items()}
        deleted = {row.said for row in self.seen if row.op == "delete"} & self._tops()
        self.seen += [r for r in rows if not r.filtered and not r.bad]
        self.clean = state(self.seen)
        tops = self._tops()
        for row in sorted(rows, key=lambda r: r.at):
            if row.filtered:
                outcome = "filtered"
            elif row.bad:
                outcome = "quarantined"
            elif row.said in known or row.said in deleted:
                outcome = "duplicates"
            elif row.said not in tops:
                outcome = "superseded"
            elif row.op == "delete":
                outcome = "deleted"
            else:
                outcome = "loaded" if row.key in self.clean else "quarantined"
            known.add(row.said) if not row.filtered and not row.bad else None
            self.outcomes[row.at] = outcome
            self.ledger[outcome] += 1
        for key, version in before.items():
            if self.clean.get(key) != version:
                top = max(r.version for r in self.seen if r.key == key)
                fate = "replaced" if key in self.clean else ("removed" if top[1] else "withdrawn")
                self.ledger[fate] += 1

    def _tops(self) -> set[tuple[str, int, str, int]]:
        tops: dict[str, tuple[int, int]] = {}
        for row in self.seen:
            tops[row.key] = max(tops.get(row.key, (-1, 0)), row.version)
        return {row.said for row in self.seen if row.version == tops[row.key]}


def state(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """The loaded version of each key: a function of the set of valid rows, nothing else."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    loaded = {}
    for key, versions in by_key.items():
        top = max(r.version for r in versions)
        contents = {r.content for r in versions if r.version == top}
        if top[1] == 0 and len(contents) == 1:
            loaded[key] = (top[0], contents.pop())
    return loaded


def world(number: int) -> list[Row]:
    """A few keys with few revisions and contents, so that everything that can meet does."""
    dice = random.Random(number)
    rows: list[Row] = []
    for at in range(dice.randint(1, 14)):
        if rows and dice.random() < 0.3:
            again = replace(dice.choice(rows), night=dice.randrange(NIGHTS), at=at)
            rows.append(again)
            continue
        key = f"{number}/{dice.randrange(3)}"
        op = "delete" if dice.random() < 0.2 else "upsert"
        row = Row(key, dice.randrange(3), dice.randrange(2), op, dice.randrange(NIGHTS), at)
        fault = dice.random()
        rows.append(replace(row, filtered=fault < 0.05, bad=0.05 <= fault < 0.12))
    return rows


@dataclass
class Lake:
    """The clean table and the tombstones of all worlds, between two nights."""

    spark: SparkSession
    clean: dict[str, tuple[int, int]] = field(default_factory=dict)
    tombstones: dict[str, tuple[int, str]] = field(default_factory=dict)
    ledger: Counter[str] = field(default_factory=Counter)
    outcomes: dict[tuple[str, int], str] = field(default_factory=dict)

    def night(self, rows: list[Row]) -> None:
        before = len(self.clean)
        judged = v.verdicts(self.frame(rows), self.prior(), self.tombstone_frame()).collect()
        tonight: Counter[str] = Counter()
        for r in judged:
            if r["side"] == v.INCOMING:
                self.outcomes[(r["event_key"].split("/")[0], r["_record"])] = r["outcome"]
                assert bool(r["reasons"]) == (r["outcome"] == v.QUARANTINED)
            if r["side"] != v.TOMBSTONE:
                tonight[r["outcome"]] += 1
            if r["tombstone"]:
                self.tombstones[r["key"]] = (r["revision"], r["tombstone"])
        gone = {r["key"] for r in judged if r["side"] == v.PRIOR and r["outcome"] != v.KEPT}
        given = {(r.key, r.at): r for r in rows}
        added = [given[r["event_key"], r["_record"]] for r in judged if r["outcome"] == v.LOADED]
        self.clean = {k: version for k, version in self.clean.items() if digest(k) not in gone}
        self.clean |= {r.key: (r.revision, r.content) for r in added}
        outcomes = ("loaded", "duplicates", "superseded", "deleted", "quarantined", "filtered")
        assert sum(tonight[o] for o in outcomes) == len(rows)
        leaving = tonight["replaced"] + tonight["removed"] + tonight["withdrawn"]
        assert len(self.clean) == before + tonight["loaded"] - leaving
        tonight.pop(v.KEPT, None)
        self.ledger += tonight

    def frame(self, rows: list[Row]) -> DataFrame:
        day = date(2026, 3, 1)
        values = [
            (
                "f",
                r.key,
                r.revision,
                r.content,
                r.op,
                day,
                "2026-03",
                "p",
                r.at,
                r.filtered,
                ["bad"] if r.bad else [],
            )
            for r in rows
        ]
        return self.spark.createDataFrame(values, ROW)

    def prior(self) -> DataFrame:
        rows = [("f", k, revision, content, "2026-03") for k, (revision, content) in self.clean.items()]
        return self.spark.createDataFrame(rows, PRIOR)

    def tombstone_frame(self) -> DataFrame:
        rows = [("f", k, revision, state) for k, (revision, state) in self.tombstones.items()]
        return self.spark.createDataFrame(rows, TOMBSTONE)


def digest(key: str) -> str:
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(key.encode()).hexdigest()


def test_nights_agree_with_the_oracle_and_with_one_batch(spark: SparkSession) -> None:
    worlds = {n: world(n) for n in range(WORLDS)}
    oracles = {n: Oracle() for n in worlds}
    lake = Lake(spark)
    for night in range(NIGHTS):
        for n, rows in worlds.items():
            oracles[n].night([r for r in rows if r.night == night])
        lake.night([r for rows in worlds.values() for r in rows if r.night == night])
        expected = {k: version for oracle in oracles.values() for k, version in oracle.clean.items()}
        assert lake.clean == expected

    outcomes = {(str(n), at): o for n, oracle in oracles.items() for at, o in oracle.outcomes.items()}
    differing = {k: (lake.outcomes[k], o) for k, o in outcomes.items() if lake.outcomes[k] != o}
    assert not differing
    assert lake.ledger == sum((oracle.ledger for oracle in oracles.values()), Counter())
    every = (
        "loaded",
        "duplicates",
        "superseded",
        "deleted",
        "quarantined",
        "filtered",
        "replaced",
        "removed",
        "withdrawn",
    )
    assert all(lake.ledger[o] > 5 for o in every), lake.ledger

    batch = Lake(spark)
    everything = [r for rows in worlds.values() for r in rows]
    random.Random(7).shuffle(everything)
    batch.night(everything)
    assert batch.clean == lake.clean

"""A night: from what arrived to a release. This page is the whole road; each step is a room."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import huaxiang
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem
from huaxiang.session import COMPILED, INTERPRETED
from huaxiang.tables.storage import local_path
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.book import Book
    from huaxiang.config import Config
    from huaxiang.contracts.load import Contracts
    from huaxiang.days.measures import Catalogue
    from huaxiang.segments.load import Segment
    from huaxiang.sources.map import SourceMap
    from huaxiang.tables.attempt import Attempt
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release
    from huaxiang.telling import Telling

FEW_ROWS, FEW_CELLS = 100_000, 500_000
"""Up to how many landed rows, or day rows, a small night interprets: what reads day rows takes far longer to compile."""


@dataclass(frozen=True)
class Night:
    """One night's circumstances, handed from step to step."""

    spark: SparkSession
    book: Book
    lake: Lake
    attempt: Attempt
    landing: str
    as_of: date
    pepper: bytes
    tell: Telling
    rebuild: bool = False
    small: bool = False
    released: list[Release] = field(default_factory=list)
    holding: list[DataFrame] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """What the steps so far have to tell, also those that ran in another process."""
        return self.attempt.notes

    def day_rows(self) -> DataFrame:
        """Return tonight's day rows of which people may be told, with every value column, also of feeds that never came."""
        from huaxiang.days.cells import widened  # noqa: PLC0415
        from huaxiang.days.untold import without_topics  # noqa: PLC0415

        wide = widened(self.lake.read("day_row"), self.catalogue.cell_columns(), "release")
        return without_topics(wide, self.untold)

    @cached_property
    def untold(self) -> list[str]:
        """The topics of tonight's day rows that nobody is told by."""
        from huaxiang.days.untold import untold_topics  # noqa: PLC0415

        return untold_topics(self.lake.read("day_row"), self.catalogue)

    def cut(self, frame: DataFrame) -> DataFrame:
        """Return the frame worked out, where plans cost more than rows: Spark analyses a long plan at every step."""
        return frame.localCheckpoint() if self.small else frame

    def held(self, frame: DataFrame) -> DataFrame:
        """Return a wide frame that several read, worked out once: kept on disk until its step ends, as memory is for working."""
        from pyspark import StorageLevel  # noqa: PLC0415

        if self.small:
            return self.cut(frame)
        self.holding.append(frame.persist(StorageLevel.DISK_ONLY))
        return self.holding[-1]

    def set_aside(self, frame: DataFrame) -> DataFrame:
        """Return a frame of few columns that several read, worked out once, on disk, without its plan.

        One that is `held` is read by columns, but its plan stays, and with it all that the plan has sent to its joins.
        """
        from pyspark import StorageLevel  # noqa: PLC0415

        return self.cut(frame) if self.small else frame.localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)

    def let_go(self) -> None:
        """Give back what the step held."""
        while self.holding:
            self.holding.pop().unpersist()

    def cut_all(self, frames: Iterable[DataFrame]) -> list[DataFrame]:
        """Return independent frames, each cut, side by side: planning one keeps only one core busy."""
        return together([partial(self.cut, frame) for frame in frames])

    def expect(self, rows: int = 0, *, cells: int = 0) -> None:
        """Say how many landed rows or day rows the next queries read: a small night interprets what is shorter than its compiling.

        Settings that the user gave stay.
        """
        compiled = not self.small or rows > FEW_ROWS or cells > FEW_CELLS
        chosen = COMPILED if compiled else INTERPRETED
        for key in chosen.keys() - self.config.spark.keys():
            self.spark.conf.set(key, chosen[key])

    def keep(self, step: str, said: Any) -> None:
        """Keep what a step has to tell, as JSON."""
        self.attempt.note(step, said)

    @property
    def config(self) -> Config:
        """The settings of the lake."""
        return self.book.config

    @property
    def contracts(self) -> Contracts:
        """All contracts that are written down."""
        return self.book.contracts

    @property
    def catalogue(self) -> Catalogue:
        """Events, measures and tags."""
        return self.book.catalogue

    @property
    def source(self) -> SourceMap | None:
        """The source map, when the landing holds somebody else's files."""
        return self.book.source

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segment definitions."""
        return self.book.segments

    @property
    def number(self) -> int:
        """The number of the release that this night makes."""
        return self.attempt.number

    @property
    def source_name(self) -> str:
        """The name of the source map that files are read by; empty for our own format."""
        return self.source.source if self.source else ""

    @property
    def contracts_hash(self) -> str:
        """Which contracts a release was made by."""
        return self.contracts.digest[:16]

    @property
    def repeats(self) -> bool:
        """Whether the newest release is of this date, code and settings, and no step so far had anything to write.

        What is made of the same by the same is the same: the tables of later steps have nothing new to hold.
        """
        before = self.lake.newest
        if before is None or self.attempt.tables:
            return False
        then = before.as_of, before.code_version, before.config_hash, before.contracts_hash
        return then == (self.as_of, huaxiang.__version__, self.config.fingerprint, self.contracts_hash)

    @property
    def business_zone(self) -> str:
        """The zone whose dates count."""
        return self.config.business_zone

    @property
    def feeds(self) -> tuple[str, ...]:
        """The names of all landing feeds."""
        return tuple(c.name for c in self.contracts.landing)

    @property
    def changed_feeds(self) -> frozenset[str]:
        """The feeds whose clean table this night has written."""
        return frozenset(f for f in self.feeds if f"clean/{f}" in self.attempt.tables)

    def gives(self, feed: str) -> frozenset[str] | None:
        """Return the columns that a source gives of a feed: tonight's map, or all files so far in our own format.

        None where neither says: a feed of other maps has what it has.
        """
        if self.source is not None and feed in self.source.feeds:
            return self.source.gives(feed)
        if self.source is not None and not self.attempt.rows(f"clean/{feed}"):
            return frozenset()
        return self.given_by_files.get(feed)

    @cached_property
    def given_by_files(self) -> Mapping[str, frozenset[str]]:
        """Return by feed the columns that its files in our own format had; only feeds that had such a file."""
        from huaxiang.clean.known import LEDGER, columns_had  # noqa: PLC0415

        return columns_had(self.lake.read(LEDGER))

    def covers(self, feed: str, world: str, platform: str) -> str:
        """Whether a feed of a platform speaks for `everybody` or for its `accounts` only."""
        if platform in self.config.platforms:
            return self.config.platforms[platform]
        if self.source and feed in self.source.feeds:
            return self.source.covers_of(feed)
        return self.config.default_covers.get(world, "everybody" if world == "shop" else "accounts")


def ingest(night: Night) -> None:
    """Landing files → clean feeds, every row with one verdict."""
    from huaxiang.clean.ingest import FATES, OUTCOMES  # noqa: PLC0415
    from huaxiang.clean.ingest import ingest as run  # noqa: PLC0415
    from huaxiang.settled import read_otherwise  # noqa: PLC0415

    told = run(night).told()
    if night.source is not None:
        read = (feed["feed"] for feed in told["feeds"] if feed["files"])
        told["remarks"] += map(str, read_otherwise(night.lake, night.source, read))
    night.keep("ingest", told)
    refused = [f"refused, and no row of it is in: {one['problem']}" for one in told["refused_files"]]
    for remark in (*told["remarks"], *refused):
        night.tell.say(remark)
    feeds = night.told["ingest"]["feeds"]
    counted = {name: sum(feed[name] for feed in feeds) for name in ("rows_in", *OUTCOMES, *FATES)}
    shown = {name: count for name, count in counted.items() if count or name not in FATES}
    files = {"refused_files": len(refused)} if refused else {}
    night.tell.counts({"feeds": len(feeds), **files, **shown})


def identity(night: Night) -> None:
    """Claims → persons."""
    from huaxiang.identity.step import run  # noqa: PLC0415

    night.keep("identity", run(night).told())
    night.tell.counts(night.told["identity"])


def days(night: Night) -> None:
    """Events → day rows, only those that tonight touched."""
    from huaxiang.days.step import run  # noqa: PLC0415

    outcome = run(night, rebuild=night.rebuild)
    night.keep(
        "days",
        {"cells_touched": outcome.cells_touched, "cells": outcome.cells, "streams": len(outcome.streams)},
    )
    night.tell.counts(night.told["days"])


def portrait(night: Night) -> None:
    """Day rows → portraits and brand relations."""
    from huaxiang.portrait.step import covered  # noqa: PLC0415
    from huaxiang.portrait.step import measured as measured_people  # noqa: PLC0415
    from huaxiang.portrait.step import write as write_portrait  # noqa: PLC0415
    from huaxiang.relations.step import measured as measured_pairs  # noqa: PLC0415
    from huaxiang.relations.step import write as write_relations  # noqa: PLC0415

    coverage = covered(night)
    if night.untold:
        night.tell.say(
            f"topics of posts that the block list bars, so that nobody is told by them: {len(night.untold):,}"
        )
    both: tuple[Callable[[], Any], ...] = (
        partial(measured_people, night, coverage),
        partial(measured_pairs, night, coverage),
    )
    of_people, of_pairs = together(both)
    people = write_portrait(night, of_people, coverage)
    del of_people
    night.let_go()  # and with it what its plan has sent to joins: pairs need the memory
    pairs = write_relations(night, of_pairs)
    night.keep("portrait", {"persons": people.persons, "tags": people.tags})
    night.keep("relations", {"pairs": pairs.pairs, "tags": pairs.tags})
    night.keep("coverage", list(people.coverage))
    night.tell.counts({**night.told["portrait"], "pairs": pairs.pairs})


def segments(night: Night) -> None:
    """Portraits and relations → who is in which segment, and who entered or left."""
    from huaxiang.segments.step import run  # noqa: PLC0415

    outcome = run(night)
    night.keep("segments", outcome.rows())
    night.tell.counts(outcome.totals())


def stages(night: Night) -> None:
    """Portraits and relations → who stands on which stage of every ladder, since when, and who moved."""
    from huaxiang.stages.step import run  # noqa: PLC0415

    outcome = run(night)
    night.keep("stages", outcome.rows())
    night.tell.counts(outcome.totals())


def insight(night: Night) -> None:
    """Day rows, portraits and relations → what they tell of many people."""
    from huaxiang.insight.step import run  # noqa: PLC0415

    outcome = run(night)
    night.keep("rates", outcome.rates)
    night.tell.counts({"tables": outcome.tables})


def publish(night: Night) -> None:
    """Gates, then one row that makes everything visible together; a held night says why (exit 4)."""
    from huaxiang.publish import run  # noqa: PLC0415

    run(night)


WROTE = "wrote"
"""The note of which tables each step wrote, so that it can run again."""
STEPS: dict[str, Callable[[Night], None]] = {
    "ingest": ingest,
    "identity": identity,
    "days": days,
    "portrait": portrait,
    "stages": stages,
    "segments": segments,
    "insight": insight,
    "publish": publish,
}
"""The road, in order."""
ROOMS: dict[str, tuple[str, ...]] = {
    "ingest": ("clean.ingest",),
    "identity": ("identity.step",),
    "days": ("days.step",),
    "portrait": ("portrait.step", "relations.step"),
    "stages": ("stages.step",),
    "segments": ("segments.step",),
    "insight": ("insight.step",),
    "publish": ("publish",),
}
"""The modules that each step imports when its turn comes."""


def run_night(night: Night, steps: tuple[str, ...] = tuple(STEPS)) -> dict[str, Any]:
    """Walk the steps and return the run's summary; the lake keeps it as `run_summary.json` in any case."""
    from huaxiang.failure import SPARK_FAILURES, what_spark_died_of  # noqa: PLC0415
    from huaxiang.summary import summarise  # noqa: PLC0415

    started = time.time()
    failure: HuaxiangError | None = None
    try:
        for name in steps:
            _ready(night, name)
            with night.tell.step(name):
                try:
                    STEPS[name](night)
                finally:
                    night.let_go()
            if not night.released:
                wrote = sorted(set(night.attempt.tables) - _written(night, name))
                night.keep(WROTE, {**night.told.get(WROTE, {}), name: wrote})
            _fault(name)
    except HuaxiangError as error:
        failure = error
    except SPARK_FAILURES as cause:
        failure = what_spark_died_of(cause, local_path(night.lake.root))
    finally:
        unexpected = sys.exc_info()[1]
        code = failure.exit_code if failure else 1 if unexpected else 0
        summary = summarise(night, started=started, exit_code=code, failure=failure or unexpected)
    if failure:
        raise failure
    return summary


def _written(night: Night, before: str) -> set[str]:
    """The tables that the steps before this one wrote."""
    earlier = list(STEPS)[: list(STEPS).index(before)]
    return {table for name in earlier for table in night.told.get(WROTE, {}).get(name, ())}


def _ready(night: Night, step: str) -> None:
    """Refuse a step whose predecessors have not run; take back what an earlier try of it, or a later step, wrote."""
    earlier = list(STEPS)[: list(STEPS).index(step)]
    missing = [name for name in earlier if name not in night.told.get(WROTE, {})]
    if missing:
        found = f"{', '.join(missing)} did not run for {night.as_of}"
        raise ConfigurationError(
            Problem(step, found, "the steps in order", f"run jobs/{missing[0]}.py first")
        )
    again = set(night.attempt.tables) - _written(night, step)
    if again:
        night.attempt.undo(again)
    done = night.told.get(WROTE, {})
    if done.keys() - earlier:  # what they wrote is taken back, so they must run again
        night.keep(WROTE, {name: tables for name, tables in done.items() if name in earlier})


def _fault(after: str) -> None:
    """The boundary after a step, where tests let a night die."""

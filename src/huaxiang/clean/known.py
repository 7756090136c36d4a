"""The file ledger as a night asks it: which files were read before, what they held, and what went with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from pyspark.sql import functions as F

from huaxiang.sources.outside import GIVEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.errors import Problem
    from huaxiang.night import Night
    from huaxiang.sources.files import LandingFile

LOADED, REFUSED, REPEAT = "loaded", "refused", "duplicate"
LEDGER = "file_ledger"
COLUMNS = ("feed", "path", "content_hash", "arrival_date", "rows", "status", "problem", "release")


def columns_had(ledger: DataFrame) -> dict[str, frozenset[str]]:
    """Return by feed which columns one of its files in our own format had, and what is known without a column.

    Files that were refused, or repeat another one, are not asked; a feed without any other file is left out.
    """
    files = ledger.where((F.col("source") == "") & F.col("columns").isNotNull())
    each = files.groupBy("feed").agg(F.flatten(F.collect_set("columns")))
    return {feed: frozenset((*columns, *GIVEN)) for feed, columns in each.collect()}


@dataclass
class Known:
    """What was read before by one source map, and what was said of files that were refused.

    `newest` gives by (feed, path) the ledger's row of what the file held when it was last read; `loaded` knows
    no earlier content. What was refused stands by (feed, path, content hash).
    """

    newest: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    refused: dict[tuple[str, str, str], str] = field(default_factory=dict)
    loaded: dict[str, dict[tuple[date, str], int]] = field(default_factory=dict)  # feed → delivery → rows

    @classmethod
    def of(cls, night: Night, source: str) -> Known:
        """Read the ledger as it is now: other sources may have files of the same names."""
        files = night.lake.read(LEDGER).where(F.col("source") == source)
        rows = files.select(*COLUMNS).collect() if night.lake.exists(LEDGER) else []
        return cls._from(row.asDict() for row in rows)

    @classmethod
    def light(cls, lake_root: str, source: str) -> Known:
        """Read the ledger of a local lake's newest release, held or not, without Spark."""
        from huaxiang.tables.reader import read_pinned, releases_light  # noqa: PLC0415

        pin = next((release.tables.get(LEDGER) for release in releases_light(lake_root)[-1:]), None)
        mine = pc.field("source") == source
        return cls._from(
            read_pinned(lake_root, pin).to_table(list(COLUMNS), filter=mine).to_pylist() if pin else []
        )

    @classmethod
    def _from(cls, ledger: Iterable[Mapping[str, Any]]) -> Known:
        known = cls()
        for row in sorted(ledger, key=lambda row: row["release"]):
            file = (row["feed"], row["path"], row["content_hash"])
            if row["status"] == REFUSED:
                known.refused[file] = row["problem"]
                continue
            known.newest[file[:2]] = row
        for row in known.newest.values():
            if row["status"] == LOADED:
                delivery = (row["arrival_date"], row["content_hash"])
                known.loaded.setdefault(row["feed"], {})[delivery] = row["rows"]
        return known

    def is_new(self, file: LandingFile) -> bool:
        """Whether a file holds something else than when it was last read, be it what it held before that."""
        row = self.newest.get((file.feed, file.relative))
        return row is None or row["content_hash"] != file.content_hash

    def is_unread(self, file: LandingFile) -> bool:
        """Whether no night has looked into a file as it is: it was neither read nor refused, and may be late or mended."""
        return self.is_new(file) and (file.feed, file.relative, file.content_hash) not in self.refused

    def says_nothing_new(self, file: LandingFile, problem: Problem | None) -> bool:
        """Whether a file is refused for what it was refused for before."""
        said = self.refused.get((file.feed, file.relative, file.content_hash))
        return problem is not None and said == str(problem)

    def day(self, feed: str, name: str) -> date:
        """Return the arrival date with which a file was last read: its delivery."""
        found: date = self.newest[feed, name]["arrival_date"]
        return found

    def brought_rows(self, feed: str, name: str) -> bool:
        """Whether a file, or another one of its delivery, holds a row."""
        day = self.day(feed, name)
        return any(
            row["rows"] for (of, _), row in self.newest.items() if of == feed and row["arrival_date"] == day
        )

    def read_before(
        self, there: Iterable[LandingFile], names: Collection[str], days: Collection[date]
    ) -> list[LandingFile]:
        """Return those files of a feed, as they were read, that are called so or belong to deliveries of `days`.

        Only files that still are what they were, and of the deliveries none that repeats another.
        """
        found = []
        for file in there:
            row = self.newest.get((file.feed, file.relative))
            if row is None or self.is_new(file):
                continue
            goes_along = row["status"] == LOADED and row["arrival_date"] in days
            if file.relative in names or goes_along:
                found.append(replace(file, arrival=row["arrival_date"]))
        return found

    def gone(self, feed: str, there: Iterable[LandingFile], days: Collection[date]) -> dict[date, str]:
        """Return by delivery a file of a feed that was loaded with it and lies there no more."""
        names = {file.relative for file in there}
        return {
            row["arrival_date"]: path
            for (of, path), row in sorted(self.newest.items())
            if of == feed and row["status"] == LOADED and row["arrival_date"] in days and path not in names
        }

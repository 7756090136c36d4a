"""The file ledger as a night asks it: which files were read before, what they held, and what went with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from pyspark.sql import Row

    from huaxiang.errors import Problem
    from huaxiang.night import Night
    from huaxiang.sources.files import LandingFile

LOADED, REFUSED, REPEAT = "loaded", "refused", "duplicate"


@dataclass
class Known:
    """What was read before by one source map, and what was said of files that were refused.

    `newest` gives by (feed, path) the ledger's row of what the file held when it was last read; `loaded` knows
    no earlier content. What was refused stands by (feed, path, content hash).
    """

    newest: dict[tuple[str, str], Row] = field(default_factory=dict)
    refused: dict[tuple[str, str, str], str] = field(default_factory=dict)
    loaded: dict[str, dict[tuple[date, str], int]] = field(default_factory=dict)  # feed → delivery → rows

    @classmethod
    def of(cls, night: Night, source: str) -> Known:
        """Read the ledger as it is now: other sources may have files of the same names."""
        known = cls()
        columns = ("feed", "path", "content_hash", "arrival_date", "rows", "status", "problem", "release")
        files = night.lake.read("file_ledger").where(F.col("source") == source)
        ledger = files.select(*columns).collect() if night.lake.exists("file_ledger") else []
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

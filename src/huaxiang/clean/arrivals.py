"""What a night finds in the landing area: new files staged for Spark, repeats, refusals, rows to reread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from huaxiang.clean.quarantine import rows_to_replay
from huaxiang.errors import InputError, Problem
from huaxiang.sources.files import list_landing, without_repeats
from huaxiang.sources.stage import Staged, stage
from huaxiang.tables.storage import LocalStorage, local_path, storage
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from pyspark.sql import DataFrame

    from huaxiang.config import Config
    from huaxiang.night import Night
    from huaxiang.sources.files import Landing, LandingFile
    from huaxiang.sources.map import SourceMap

LOADED, REFUSED, DUPLICATE = "loaded", "refused", "duplicate"
HASHES = "_landing_hashes.json"


@dataclass(frozen=True)
class Filed:
    """One file as it goes into the file ledger. `rows` of a repeat are those of the file it repeats."""

    file: LandingFile
    status: str
    rows: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class FeedArrival:
    """What came for one feed: staged files, those to be read again for held rows, and every file's fate."""

    feed: str
    staged: Staged | None = None
    again: Staged | None = None
    held: DataFrame | None = None  # (_path, _record, _held) of the rows to take from `again`
    held_rows: int = 0
    files: tuple[Filed, ...] = ()
    resent: tuple[str, ...] = ()  # names of files that were read before, with another content

    @property
    def rows(self) -> int:
        """Rows that are read tonight."""
        return (self.staged.rows if self.staged else 0) + self.held_rows

    @property
    def is_readable(self) -> bool:
        """Whether there is a delivery to judge: not only refused files, repeats, and rows read again."""
        return any(f.status == LOADED for f in self.files)

    @property
    def repeated_rows(self) -> int:
        """Rows of byte-identical files, which are not read."""
        return sum(f.rows or 0 for f in self.files if f.status == DUPLICATE)


@dataclass(frozen=True)
class Arrivals:
    """All feeds that something came for, and remarks about what lies in the landing area."""

    feeds: tuple[FeedArrival, ...]
    remarks: tuple[Problem, ...] = ()


@dataclass
class _Known:
    """The file ledger: what was read before, and what was said of files that were refused.

    A file is (feed, path, content hash); `contents` gives by (feed, path) and release the hash that was read,
    the newest last: that is what the file holds, as far as the lake knows. `loaded` knows no earlier content.
    """

    contents: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)
    refused: dict[tuple[str, str, str], str] = field(default_factory=dict)
    loaded: dict[str, dict[tuple[date, str], int]] = field(default_factory=dict)  # feed → delivery → rows

    @classmethod
    def of(cls, night: Night) -> _Known:
        known = cls()
        columns = ("feed", "path", "content_hash", "arrival_date", "rows", "status", "problem", "release")
        ledger = night.lake.read("file_ledger").select(*columns).collect() if night.lake.newest else []
        newest = {}
        for row in sorted(ledger, key=lambda row: row["release"]):
            file = (row["feed"], row["path"], row["content_hash"])
            if row["status"] == REFUSED:
                known.refused[file] = row["problem"]
                continue
            known.contents.setdefault(file[:2], {})[row["release"]] = file[2]
            newest[file[:2]] = row
        for row in newest.values():
            if row["status"] == LOADED:
                delivery = (row["arrival_date"], row["content_hash"])
                known.loaded.setdefault(row["feed"], {})[delivery] = row["rows"]
        return known

    def is_new(self, file: LandingFile) -> bool:
        """Whether a file holds something else than when it was last read, be it what it held before that."""
        read = self.contents.get((file.feed, file.relative))
        return read is None or read[max(read)] != file.content_hash

    def says_nothing_new(self, filed: Filed) -> bool:
        """Whether a file is refused for what it was refused for before."""
        return filed.status == REFUSED and self.refused.get(_mark(filed.file)) == str(filed.problem)


def _mark(file: LandingFile) -> tuple[str, str, str]:
    return file.feed, file.relative, file.content_hash


def arrivals(night: Night, scratch: Path) -> Arrivals:
    """List, stage and check what came; InputError (exit 3) when a required feed is missing or refused.

    New is a file that was never read at its path, or had another content when it was last read; one that was
    refused is tried again, since a source map may read it by now, and told again only if it is refused for something else. A file
    equal to another one of its feed and arrival date is a duplicate whole.
    """
    store = storage(night.landing, night.spark)
    lake = local_path(night.lake.root, night.spark)
    landing = list_landing(
        store, night.feeds, night.as_of, night.source, remembered=lake / HASHES if lake else None
    )
    known = _Known.of(night)
    new = {feed: [f for f in landing.of(feed) if known.is_new(f)] for feed in night.feeds}
    nights = {release.as_of for release in night.lake.releases()}
    lacking = missing(night.config, night.source, landing, night.landing, nights, night.as_of)
    replays, remarks = rows_to_replay(night, landing.files, known.contents)
    named = [feed for feed in night.feeds if new[feed] or feed in replays]

    def staged(feed: str) -> FeedArrival:
        fresh, repeats = without_repeats(new[feed], known.loaded.get(feed, {}))
        arrival = _filed(feed, _stage(night, feed, fresh, scratch / "new", store), repeats, known)
        held = replays.get(feed)
        if held is None:
            return arrival
        again = _stage(night, feed, held.files, scratch / "again", store)
        refused = {f.file.relative for f in again.files if f.problem} if again else set()
        held = held.without(refused)  # a file that is refused now has none to give: its rows stay held
        return replace(arrival, again=again, held=held.places if held.total else None, held_rows=held.total)

    found = [a for a in together([partial(staged, feed) for feed in named]) if a.files or a.held_rows]
    refused = [f.problem for a in found for f in a.files if f.problem and a.feed in night.config.required]
    if lacking or refused:
        raise InputError([*lacking, *refused], "A required feed is missing or refused. Nothing was ingested.")
    notes = [note for a in found if a.staged for note in a.staged.notes]
    notes += [f.problem for a in found if a.again for f in a.again.files if f.problem]
    return Arrivals(tuple(found), (*landing.problems, *remarks, *notes))


def _stage(night: Night, feed: str, files: Sequence[LandingFile], into: Path, store: object) -> Staged | None:
    if not files:
        return None
    elsewhere = None if isinstance(store, LocalStorage) else store
    return stage(files, night.contracts[feed], into, night.source, storage=elsewhere)  # type: ignore[arg-type]


def _filed(feed: str, staged: Staged | None, repeats: Iterable[LandingFile], known: _Known) -> FeedArrival:
    files = [
        Filed(s.file, REFUSED, problem=s.problem) if s.problem else Filed(s.file, LOADED, s.rows)
        for s in (staged.files if staged else ())
    ]
    twins = {(f.file.arrival, f.file.content_hash): f for f in files}
    for file in repeats:
        delivery = (file.arrival, file.content_hash)
        twin = twins.get(delivery)
        if twin and twin.problem:
            files.append(replace(twin, file=file))
        else:
            rows = twin.rows if twin else known.loaded[feed][delivery]
            files.append(Filed(file, DUPLICATE, rows))
    told = tuple(f for f in files if not known.says_nothing_new(f))
    names = [f.file.relative for f in told if f.status != REFUSED]
    resent = tuple(name for name in names if (feed, name) in known.contents)
    return FeedArrival(feed, staged, files=told, resent=resent)


def missing(
    config: Config,
    source: SourceMap | None,
    landing: Landing,
    where: str,
    nights: Collection[date],
    as_of: date,
) -> list[Problem]:
    """Return a problem for each required feed without a file since the night before, and what is odd about it.

    `nights` are the dates of the releases so far. A night that is run again needs no file, and a file that
    comes once is never late.
    """
    last = max((day for day in nights if day < as_of), default=None)
    problems = []
    for feed in config.required:
        files = landing.of(feed)
        place = f"{where}/{feed}/<arrival date>/…"
        if source is not None:
            place = f"{where}/{source.file_of(feed).path}"
        if not (source is not None and source.reads_once(feed)):
            if as_of in nights:
                continue
            files = tuple(f for f in files if f.arrival <= as_of and (last is None or f.arrival > last))
        if not files:
            found = f"no file arrived{f' after {last}' if last else ''} until {as_of}"
            problems.append(Problem(feed, found, place, "the configuration requires it"))
            problems += [p for p in landing.problems if p.place.startswith(f"{feed}/")]
    return problems

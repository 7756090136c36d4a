"""What a night finds in the landing area: new files staged for Spark, repeats, refusals, rows to reread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from huaxiang.clean.known import LOADED, REFUSED, REPEAT, Known
from huaxiang.clean.quarantine import Replay, held_places, rows_to_replay
from huaxiang.errors import InputError, Problem
from huaxiang.sources.files import list_landing, without_repeats
from huaxiang.sources.occurrences import ReadBefore
from huaxiang.sources.stage import Staged, stage
from huaxiang.tables.storage import LocalStorage, local_path, storage
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from pyspark.sql import DataFrame

    from huaxiang.config import Config
    from huaxiang.night import Night
    from huaxiang.sources.files import Landing, LandingFile
    from huaxiang.sources.map import SourceMap

HASHES = "_landing_hashes.json"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Filed:
    """One file as it goes into the file ledger. `rows` of a repeat are those of the file it repeats, whose `columns` stand there too."""

    file: LandingFile
    status: str
    rows: int | None = None
    problem: Problem | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FeedArrival:
    """What came for one feed: staged files and every file's fate.

    Also staged are files that were read `before`: for their held rows that are asked for, and because rows
    that tell repeats apart by counting are counted in their whole delivery.
    """

    feed: str
    staged: Staged | None = None
    before: ReadBefore | None = None
    held: DataFrame | None = None  # (_path, _record, _held) of the held rows that are asked for
    held_rows: int = 0
    files: tuple[Filed, ...] = ()
    resent: tuple[str, ...] = ()  # names of files that were read before, with another content

    @property
    def rows(self) -> int:
        """Rows that are read tonight."""
        return sum(f.rows or 0 for f in self.files if f.status == LOADED) + self.held_rows

    @property
    def is_readable(self) -> bool:
        """Whether there is a delivery to judge: not only refused files, repeats, and rows read again."""
        return any(f.status == LOADED for f in self.files)

    @property
    def repeated_rows(self) -> int:
        """Rows of byte-identical files, which are not read."""
        return sum(f.rows or 0 for f in self.files if f.status == REPEAT)


@dataclass(frozen=True)
class Arrivals:
    """All feeds that something came for, and remarks about what lies in the landing area."""

    feeds: tuple[FeedArrival, ...]
    remarks: tuple[Problem, ...] = ()


def arrivals(night: Night, scratch: Path) -> Arrivals:
    """List, stage and check what came; InputError (exit 3) when a required feed is missing or refused.

    New is a file that was never read at its path, or had another content when it was last read; one that was
    refused is tried again, since a source map may read it by now, and told again only if it is refused for
    something else. A file equal to another one of its feed and arrival date is a duplicate whole.
    """
    store = storage(night.landing, night.spark)
    lake = local_path(night.lake.root, night.spark)
    landing = list_landing(
        store, night.feeds, night.as_of, night.source, remembered=lake / HASHES if lake else None
    )
    known = Known.of(night, night.source_name)
    nights = {release.as_of for release in night.lake.releases()}
    unread = {file for file in landing.files if known.is_unread(file)}
    lacking = missing(night.config, night.source, landing, night.landing, nights, night.as_of, unread)
    replays, remarks = rows_to_replay(night, landing.files, known)
    new = {f.feed for f in landing.files if known.is_new(f)}
    named = [feed for feed in night.feeds if feed in new or feed in replays]
    came = [
        partial(_came, night, known, feed, landing.of(feed), replays.get(feed), scratch, store)
        for feed in named
    ]
    both = together(came)
    found = [a for a, _ in both if a.files or a.held_rows]
    refused = [f.problem for a in found for f in a.files if f.problem and a.feed in night.config.required]
    if lacking or refused:
        raise InputError([*lacking, *refused], "A required feed is missing or refused. Nothing was ingested.")
    notes = [
        note
        for a in found
        for note in (a.staged.notes if a.staged else ())
        if not a.before or note.place not in a.before.files  # told when it was first read
    ]
    notes += [problem for _, said in both for problem in said]
    return Arrivals(tuple(found), (*landing.problems, *remarks, *notes))


def _came(
    night: Night,
    known: Known,
    feed: str,
    there: Sequence[LandingFile],
    replay: Replay | None,
    scratch: Path,
    store: object,
) -> tuple[FeedArrival, list[Problem]]:
    """Stage what is new of a feed and what must be read again with it; remarks say which held rows can't be."""
    new = [f for f in there if known.is_new(f)]
    fresh, repeats = without_repeats(new, known.loaded.get(feed, {}))
    said: list[Problem] = []
    days: set[date] = set()  # the deliveries in which repeats are counted
    if night.source is not None and night.source.counts_repeats(feed):
        days = {f.arrival for f in fresh} | {
            known.day(feed, name) for name in (replay.rows if replay else ())
        }
        gone = known.gone(feed, there, days)
        fresh, said = _countable(fresh, gone)
        if replay:
            replay, more = _of_whole_deliveries(replay, gone, feed, known)
            said += more
    old = known.read_before(there, replay.rows if replay else (), days)
    staged = _stage(night, feed, [*fresh, *old], scratch, store)
    arrival = _filed(feed, staged, fresh, repeats, known)
    names = {f.relative: known.newest[feed, f.relative]["release"] for f in old}
    bad = [s for s in (staged.refused if staged else ()) if s.file.relative in names]
    said += [s.problem for s in bad if s.problem]
    if replay:  # a file that is refused now has no rows to give, and none to count
        replay = replay.without({s.file.relative for s in bad})
        lost = {s.file.arrival: s.file.relative for s in bad if s.file.arrival in days}
        replay, more = _of_whole_deliveries(replay, lost, feed, known)
        said += more
    if old:
        arrival = replace(arrival, before=ReadBefore(names, held_places(night, feed, replay)))
    if replay and replay.total:
        arrival = replace(arrival, held=replay.places, held_rows=replay.total)
    return arrival, said


def _countable(fresh: list[LandingFile], gone: Mapping[date, str]) -> tuple[list[LandingFile], list[Problem]]:
    """Leave files of deliveries of which a file is `gone` for a night that has it: their repeats can't be counted."""
    said = [
        Problem(
            file.relative,
            f"not read: {gone[file.arrival]}, of the same delivery, is gone, and repeats are counted in both",
            hint="put it back",
        )
        for file in fresh
        if file.arrival in gone
    ]
    return [file for file in fresh if file.arrival not in gone], said


def _of_whole_deliveries(
    replay: Replay, lost: Mapping[date, str], feed: str, known: Known
) -> tuple[Replay, list[Problem]]:
    """Leave out the rows of deliveries of which a file is `lost`: nobody can count their repeats."""
    stay = {name: lost[day] for name in replay.rows if (day := known.day(feed, name)) in lost}
    hint = "put it back, or send the rows anew"
    said = [
        Problem(
            name,
            f"{replay.rows[name]:,} rows stay held: {other}, of the same delivery, is gone or refused",
            hint=hint,
        )
        for name, other in stay.items()
    ]
    return replay.without(stay), said


def _stage(night: Night, feed: str, files: Sequence[LandingFile], into: Path, store: object) -> Staged | None:
    if not files:
        return None
    elsewhere = None if isinstance(store, LocalStorage) else store
    return stage(files, night.contracts[feed], into, night.source, storage=elsewhere)  # type: ignore[arg-type]


def _filed(
    feed: str, staged: Staged | None, fresh: list[LandingFile], repeats: Iterable[LandingFile], known: Known
) -> FeedArrival:
    files = [
        Filed(s.file, REFUSED, problem=s.problem)
        if s.problem
        else Filed(s.file, LOADED, s.rows, columns=s.columns)
        for s in (staged.files if staged else ())
        if s.file in fresh
    ]
    twins = {(f.file.arrival, f.file.content_hash): f for f in files}
    for file in repeats:
        delivery = (file.arrival, file.content_hash)
        twin = twins.get(delivery)
        if twin and twin.problem:
            files.append(replace(twin, file=file))
        else:
            rows = twin.rows if twin else known.loaded[feed][delivery]
            files.append(Filed(file, REPEAT, rows))
    told = tuple(f for f in files if not known.says_nothing_new(f.file, f.problem))
    names = [f.file.relative for f in told if f.status != REFUSED]
    resent = tuple(name for name in names if (feed, name) in known.newest)
    return FeedArrival(feed, staged, files=told, resent=resent)


def _days_without(files: Sequence[LandingFile], last: date | None, as_of: date) -> list[date]:
    """Return the days after the `last` night, or from the first file on, until tonight, on which no file came."""
    came = {file.arrival for file in files}
    if not came:
        return []
    first = last + DAY if last else min(came)
    days = (first + n * DAY for n in range((as_of - first).days + 1))
    return [day for day in days if day not in came]


def missing(
    config: Config,
    source: SourceMap | None,
    landing: Landing,
    where: str,
    nights: Collection[date],
    as_of: date,
    unread: Collection[LandingFile] = (),
) -> list[Problem]:
    """Return a problem for each required feed without a file since the night before, and what is odd about it.

    `nights` are the dates of the releases so far; an `unread` file of an earlier date came late, or mended: it is
    what the night has. A night that is run again needs no file, and a file that comes once is never late. Of files
    that a source map says come daily, each day since then needs one, or since the first one that ever came.
    """
    last = max((day for day in nights if day < as_of), default=None)
    problems = []
    for feed in config.required:
        files = landing.of(feed)
        place = f"{where}/{feed}/<arrival date>/…"
        if source is not None:
            place = f"{where}/{source.file_of(feed).path}"
        is_once = source is not None and source.reads_once(feed)
        if not is_once:
            if as_of in nights:
                continue
            files = tuple(
                f for f in files if f.arrival <= as_of and (last is None or f.arrival > last or f in unread)
            )
        if source is not None and not is_once:
            why = "its source map says that one comes daily: land it, or take the feed out of `required:`"
            problems += [
                Problem(feed, f"no file of {day}", place, why) for day in _days_without(files, last, as_of)
            ]
        if not files:
            found = f"no file arrived{f' after {last}' if last else ''} until {as_of}"
            why = "the configuration requires it"
            if source is None and not landing.files:  # nothing lies here as feeds do
                why += "; files of another make are read by a source map: --source NAME"
            problems.append(Problem(feed, found, place, why))
            problems += [p for p in landing.problems if p.place.startswith(f"{feed}/")]
    return problems

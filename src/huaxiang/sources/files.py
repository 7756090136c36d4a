"""Which files landed: `landing/<feed>/<arrival date>/…`, or the files a source map names; with hashes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.errors import InputError, Problem, did_you_mean
from huaxiang.tables.storage import LocalStorage, local_path, storage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from huaxiang.sources.outside import SourceMap
    from huaxiang.tables.storage import Storage

FORMATS = ("csv", "jsonl", "ndjson", "json", "parquet")
COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}


@dataclass(frozen=True)
class Entry:
    """A file below the landing folder."""

    relative: str
    bytes: int


@dataclass(frozen=True)
class LandingFile:
    """One file that landed for a feed; `relative`, its path below the landing folder, is its name."""

    feed: str
    arrival: date
    path: str
    relative: str
    bytes: int
    content_hash: str

    @property
    def format(self) -> str | None:
        """`csv`, `jsonl` or `parquet` by the name's ending; None when it says nothing known."""
        return format_of(self.relative)

    @property
    def compression(self) -> str | None:
        """`gzip`, `zstd` or None, by the name's ending."""
        return COMPRESSIONS.get(self.relative.rpartition(".")[2].lower())


@dataclass(frozen=True)
class Landing:
    """What a night finds: files in the order of their names, and what lies where nothing should."""

    files: tuple[LandingFile, ...]
    problems: tuple[Problem, ...]

    def of(self, feed: str) -> tuple[LandingFile, ...]:
        """Return the files of one feed."""
        return tuple(f for f in self.files if f.feed == feed)


class Hashes:
    """SHA-256 of files, remembered in a small file so that a night doesn't read all past files again.

    A remembered hash counts only while the file's size and time of change are the same. Storage other
    than this machine's tells no such time: there every file is hashed anew.
    """

    def __init__(self, store: Storage, remembered: Path | None = None) -> None:
        self._store = store
        self._file = remembered
        self._known: dict[str, list[str]] = {}
        if remembered is not None and remembered.is_file():
            try:
                self._known = json.loads(remembered.read_text(encoding="utf-8"))
            except ValueError:  # a torn file only costs time
                self._known = {}
        self._seen: dict[str, list[str]] = {}

    def of(self, relative: str) -> str:
        """Return the SHA-256 of the file's bytes, in hex."""
        path = self._store.uri(relative)
        mark = self._mark(path)
        known = self._seen.get(path) or self._known.get(path)
        if known is None or not mark or known[0] != mark:
            known = [mark, self._store.sha256(relative)]
        self._seen[path] = known
        return known[1]

    def remember(self) -> None:
        """Keep the hashes for the next night."""
        if self._file is not None and self._seen != self._known:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._seen), encoding="utf-8")

    def _mark(self, path: str) -> str:
        if not isinstance(self._store, LocalStorage):
            return ""
        seen = Path(path).stat()
        return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"  # tar and rsync set the one, nobody the other


def check_landing(landing: Path | str) -> None:
    """Refuse a landing folder of this machine that is not there."""
    folder = local_path(str(landing))
    if folder is not None and not folder.is_dir():
        expected = "a folder that holds <feed>/<arrival date>/…, or the files of a source map"
        raise InputError(Problem(f"--landing {landing}", "no such folder", expected))


def list_landing(
    landing: Storage | Path | str,
    feeds: Collection[str],
    until: date,
    source: SourceMap | None = None,
    *,
    remembered: Path | None = None,
) -> Landing:
    """Return the files that arrived on or before `until`; with a source map, the files it names instead.

    `landing` is a storage, or a folder of this machine. A file lies anywhere below `<feed>/<arrival
    date>/`; names that begin with `.` or `_` are nobody's business (Spark's `_SUCCESS`). An unknown
    feed, a bad date or a file outside a date folder is a problem, never an end. Files that a source map
    reads `once` are there from the first night.
    """
    store = storage(str(landing)) if isinstance(landing, str | Path) else landing
    hashes = Hashes(store, remembered)
    walked = list(_walk(store))
    entries = [e for e in walked if isinstance(e, Entry)]
    problems = [e for e in walked if isinstance(e, Problem)]
    files = []
    for item in _mapped(entries, source, until) if source else _fed(entries, feeds):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        feed, arrival, entry = item
        if arrival <= until or (source is not None and source.reads_once(feed)):
            name = entry.relative
            try:
                content = hashes.of(name)
            except OSError as cause:
                problems.append(Problem(name, f"it cannot be read ({cause.strerror})"))
                continue
            files.append(LandingFile(feed, arrival, store.uri(name), name, entry.bytes, content))
    hashes.remember()
    files.sort(key=lambda f: (f.feed, f.arrival, f.relative))
    return Landing(tuple(files), tuple(dict.fromkeys(problems)))


def without_repeats(
    files: Iterable[LandingFile], loaded: Collection[tuple[date, str]] = ()
) -> tuple[list[LandingFile], list[LandingFile]]:
    """Split the files of one feed without keys into (to read, byte-identical repeats within a delivery).

    A delivery is the files of one arrival date; `loaded` holds (arrival, content hash) of earlier nights.
    Of equal files the one with the first name is read.
    """
    seen = set(loaded)
    first: list[LandingFile] = []
    again: list[LandingFile] = []
    for file in sorted(files, key=lambda f: (f.arrival, f.relative)):
        mark = (file.arrival, file.content_hash)
        (again if mark in seen else first).append(file)
        seen.add(mark)
    return first, again


def format_of(name: str) -> str | None:
    """Return the format that a file's name says, ignoring a compression's ending."""
    parts = name.lower().rsplit("/", 1)[-1].split(".")
    if parts[-1] in COMPRESSIONS:
        parts.pop()
    ending = parts[-1] if len(parts) > 1 else ""
    if ending not in FORMATS:
        return None
    return "jsonl" if ending in ("jsonl", "ndjson", "json") else ending


_Found = tuple[str, date, Entry]


def _fed(entries: Iterable[Entry], feeds: Collection[str]) -> Iterator[_Found | Problem]:
    for entry in entries:
        feed, *inside = entry.relative.split("/")
        if not inside:
            yield Problem(entry.relative, "a file outside any feed's folder", "<feed>/<arrival date>/<file>")
        elif feed not in feeds:
            yield Problem(f"{feed}/", f"no feed is called `{feed}`", hint=did_you_mean(feed, feeds))
        elif len(inside) == 1:
            yield Problem(
                entry.relative, "a file outside any arrival date's folder", f"{feed}/<yyyy-mm-dd>/<file>"
            )
        elif (arrival := _date(inside[0])) is None:
            yield Problem(f"{feed}/{inside[0]}/", "not an arrival date", "a folder named yyyy-mm-dd")
        else:
            yield feed, arrival, entry


def _mapped(entries: list[Entry], source: SourceMap, until: date) -> Iterator[_Found | Problem]:
    for feed in source.feeds.values():
        outside = source.files[feed.takes]
        pattern = _pattern(outside.path)
        matching = [(e, found) for e in entries if (found := pattern.fullmatch(e.relative))]
        if not matching:
            yield Problem(
                outside.path, f"no file for {feed.feed}", hint="is --landing the folder that holds it?"
            )
        for entry, found in matching:
            named = found.groupdict().get("date")
            arrival = _date(named) if named is not None else outside.arrived or until
            if arrival is None:
                yield Problem(entry.relative, f"`{named}` is not a date", "{date} as yyyy-mm-dd or yyyymmdd")
            else:
                yield feed.feed, arrival, entry


def _pattern(path: str) -> re.Pattern[str]:
    """Turn a source map's path into a pattern: `*` and `?` within one folder, `{date}` as its own group."""
    wild = {"{date}": r"(?P<date>[\d-]+)", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(wild.get(part) or re.escape(part) for part in re.split(r"(\{date\}|\*|\?)", path))
    )


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d|\d{8}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _walk(store: Storage, folder: str = "") -> Iterator[Entry | Problem]:
    try:
        found = store.list(folder)
    except OSError as cause:
        yield Problem(f"{folder}/", f"it cannot be read ({cause.strerror})")
        return
    for entry in found:
        name = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.startswith((".", "_")):
            continue
        if not _is_unicode(name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            yield Problem(shown, "its name is not UTF-8", hint="rename it")
        elif entry.is_odd:
            yield Problem(
                name, "no file", hint="a pipe, a device, or a link to nothing or to a folder above it"
            )
        elif entry.is_folder:
            yield from _walk(store, name)
        else:
            yield Entry(name, entry.size)


def _is_unicode(name: str) -> bool:
    """Whether a name that the system gave was UTF-8; other bytes stand in it as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)

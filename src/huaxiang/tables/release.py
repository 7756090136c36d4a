"""A release: one row that says which version of every table belongs together."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from huaxiang.errors import ConfigurationError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_GAP = 366
"""Days that a night may lie after the newest one."""
TABLE = "release"
Status = Literal["published", "held"]


def table_path(name: str) -> str:
    """Return where a table lies, relative to the lake."""
    return f"tables/{name}"


@dataclass(frozen=True)
class Pin:
    """One table as a release holds it; `path` is relative to the lake, so a lake can be moved."""

    name: str
    path: str
    version: int
    rows: int
    content_hash: str


@dataclass(frozen=True)
class Release:
    """One row of the table `release`. `follows` is the number before it, None for the first."""

    release: int
    status: Status
    as_of: date
    published_at: datetime
    follows: int | None
    tables: Mapping[str, Pin]
    code_version: str
    config_hash: str
    contracts_hash: str
    writer: str

    @property
    def content_hash(self) -> str:
        """What all tables hold, in 16 hexadecimal digits: free of versions, paths and times."""
        held = sorted((p.name, p.rows, p.content_hash) for p in self.tables.values())
        return hashlib.sha256(json.dumps(held).encode()).hexdigest()[:16]

    def pin(self, table: str) -> Pin:
        """Return the pin of `table`; ConfigurationError with the nearest name when there is none."""
        if table not in self.tables:
            found = f"release {self.release} has no table `{table}`"
            raise ConfigurationError(Problem("table", found, "", did_you_mean(table, self.tables)))
        return self.tables[table]

    def row(self) -> dict[str, Any]:
        """Return the columns of the table `release`; tables are in the order of their names."""
        pins = sorted(self.tables.values(), key=lambda p: p.name)
        return {**vars(self), "tables": [vars(p) for p in pins]}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Release:
        """Read a row as any reader returns it: an instant without a zone is in the machine's (PySpark)."""
        at = cast("datetime", row["published_at"])
        pins = [
            Pin(**{k: pin[k] for k in ("name", "path", "version", "rows", "content_hash")})
            for pin in row["tables"]
        ]
        known = {
            **row,
            "tables": {p.name: p for p in pins},
            "published_at": at.astimezone(UTC),
        }
        return cls(**known)


def newest(releases: Iterable[Release], *, published_only: bool = False) -> Release | None:
    """Return the release with the largest number; readers want the published one, jobs any."""
    able = [r for r in releases if r.status == "published" or not published_only]
    return max(able, key=lambda r: r.release, default=None)


def choose(releases: Sequence[Release], number: int | None) -> Release:
    """Return the published release `number`, or the newest; ConfigurationError names those there are."""
    able = {r.release: r for r in releases if r.status == "published"}
    if number is None and able:
        return able[max(able)]
    if number not in able:
        held = any(r.release == number for r in releases)
        found = (
            "nothing is published yet"
            if not able
            else f"release {number} {'was held back' if held else 'is not there'}"
        )
        hint = "published: " + ", ".join(map(str, sorted(able))) if able else "run `huaxiang nightly` first"
        if releases and not able:
            hint = f"release {releases[-1].release} is held back: mend what its page names, and run again"
        raise ConfigurationError(Problem("release", found, "", hint))
    return able[number]


def check_date(releases: Sequence[Release], as_of: date) -> None:
    """Refuse what `wrong_date` tells of."""
    if problems := wrong_date(releases, as_of):
        raise ConfigurationError(problems)


def wrong_date(releases: Sequence[Release], as_of: date) -> list[Problem]:
    """Return what is wrong with a night before the newest published release, or more than `LONGEST_GAP` days after it.

    Readers would go back without a word; and of a year that was mistyped every window is empty.
    """
    shown = next((r.as_of for r in reversed(releases) if r.status == "published"), as_of)
    if (as_of - shown).days > LONGEST_GAP:
        found = f"{(as_of - shown).days:,} days after the newest published night, {shown}"
        hint = "is the year right? If it is, run a night between the two first"
        return [Problem(f"night {as_of}", found, f"at most {LONGEST_GAP} days", hint)]
    if as_of < shown:
        hint = "readers would go back without a word; `huaxiang rollback` publishes an older release again"
        return [Problem(f"night {as_of}", f"the lake is at {shown}", f"{shown} or later", hint)]
    return []


def known_on(releases: Iterable[Release], day: date) -> Release:
    """Return the published release that told what was known on `day`: the newest of the last night not after it.

    Releases that a rollback took back told nothing that stands: a later one pins an older version of a table. What a
    rollback published again is the release that it pins: rows are known by the number under which they were made.
    ConfigurationError for a day before the first night.
    """
    able = [r for r in releases if r.status == "published"]
    told = [r for r in able if not any(_takes_back(later, r) for later in able)]
    found = max((r for r in told if r.as_of <= day), key=lambda r: (r.as_of, r.release), default=None)
    if found is None:
        first = min((r.as_of for r in told), default=None)
        expected = f"{first} or later" if first else "a published night"
        raise ConfigurationError(Problem("--as-known-on", f"no night is as old as {day}", expected))
    return min(
        (r for r in able if (r.as_of, r.tables) == (found.as_of, found.tables)), key=lambda r: r.release
    )


def _takes_back(later: Release, release: Release) -> bool:
    return later.release > release.release and any(
        later.tables[name].version < pin.version
        for name, pin in release.tables.items()
        if name in later.tables
    )


def followed_by(before: Release | None, *, tables: Mapping[str, Pin], **columns: Any) -> Release:
    """Return the release after `before`: its pins, replaced by `tables` where those were written."""
    number = before.release + 1 if before else 1
    pins = {**(before.tables if before else {}), **tables}
    return Release(release=number, follows=before.release if before else None, tables=pins, **columns)


def republished(old: Release, before: Release, *, writer: str, at: datetime) -> Release:
    """Return a release after `before` that holds again exactly what `old` held."""
    again = replace(old, release=before.release + 1, follows=before.release, status="published")
    return replace(again, writer=writer, published_at=at)

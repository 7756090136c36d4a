"""What a source map makes of the files at hand: `huaxiang sources check`.

Files, columns and keys are looked at whole, without Spark. How values are read only Spark knows: whoever has
it hands in the trial, which is made on a sample.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.contracts.load import load_contracts
from huaxiang.errors import ConfigurationError, InputError, Problem
from huaxiang.sources.facts import Facts
from huaxiang.sources.files import check_landing, list_landing
from huaxiang.sources.fit import compiled_columns, staged_tables
from huaxiang.sources.map import load_source
from huaxiang.sources.outside import FILTERED, QUARANTINED
from huaxiang.sources.sample import sampled
from huaxiang.sources.stage import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from huaxiang.contracts.model import Contract
    from huaxiang.sources.files import LandingFile
    from huaxiang.sources.outside import SourceMap
    from huaxiang.sources.stage import Staged

    Trial = Callable[[Staged, Contract, SourceMap], Mapping[str, int]]

SOCIAL = {
    "followings": "social_follow",
    "posts and interests": "social_post",
    "interactions": "social_interaction",
    "messages": "social_message",
    "friends": "social_tie",
    "advertising": "ad_event",
}
SHOPPING = {
    "orders": "order_line",
    "brands and categories": "product",
    "browsing": "browse_event",
    "returns": "order_return",
    "delivery": "delivery",
    "reviews": "review",
    "service": "service_ticket",
}
"""Parts of a portrait, and the feed that gives each."""
SAMPLE = 10_000
"""Rows of a feed whose values are read on trial."""


@dataclass(frozen=True)
class FeedCheck:
    """One feed as its files and expressions are; `facts` are sentences about its rows.

    `quarantined` counts, of `tried` rows, those that a night would put into quarantine, `refused` the same by reason (a
    row with several in each), with what would be `allowed` instead where that is a list of words; `filtered` those
    that the map's `where` leaves out.
    """

    feed: str
    rows: int
    columns: int
    unknown: tuple[str, ...]
    facts: tuple[str, ...]
    tried: int = 0
    quarantined: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filtered: int = 0

    def __str__(self) -> str:
        """One line, the missing columns on a second, what would be left out and refused on more."""
        columns = f"{self.columns - len(self.unknown)} of {self.columns} columns"
        head = f"{self.feed:<16} {self.rows:>12,} rows   {columns}   " + "   ".join(self.facts)
        lines = [head.rstrip()]
        if self.unknown:
            lines.append(f"{'':<16} unknown: {', '.join(self.unknown)}")
        of = f"of {self.tried:,} rows" + (" sampled" if self.tried < self.rows else "")
        if self.filtered:
            lines.append(f"{'':<16} left out by `where`, {of}: {self.filtered:,}")
        if self.refused:
            told = ", ".join(f"{rows:,} {reason}" for reason, rows in sorted(self.refused.items()))
            lines.append(f"{'':<16} to quarantine, {of}: {self.quarantined:,} ({told})")
        lines += [f"{'':<16} {reason}: one of {', '.join(words)}" for reason, words in self.allowed.items()]
        return "\n".join(lines)


@dataclass(frozen=True)
class SourceCheck:
    """What the check found, ready to be printed; `problems` are what a night can do without, and what it should not."""

    source: str
    landing: str
    feeds: tuple[FeedCheck, ...]
    empty: tuple[str, ...]
    as_of: date | None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    conf: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file that the map names is there and can be read, and each feed has a row that stays."""
        return not self.problems

    def __str__(self) -> str:
        """Return the report as the terminal shows it."""
        conf = f" --conf {self.conf}" if self.conf else ""
        command = f"huaxiang nightly --source {self.source}{conf} --landing {self.landing}"
        lines = [str(line) for line in (*self.feeds, *self.problems, *self.notes)]
        if tried := sum(feed.tried for feed in self.feeds):
            refused = sum(feed.quarantined for feed in self.feeds)
            lines.append(f"To quarantine in all: {refused:,} of {tried:,} rows whose values were read.")
        lines.append("Not covered → empty in the portrait: " + (", ".join(self.empty) or "nothing") + ".")
        if self.unknown:
            lines.append(f"Unknown to this source, whatever a 0 says: {', '.join(self.unknown)}.")
        lines.append(
            f"{'Next' if self.ok else 'Once mended'}: {command} --as-of {self.as_of or 'DATE'} --lake LAKE"
        )
        return "\n".join(lines)


def check_source(
    name: str,
    landing: Path | str,
    conf_dir: Path | None = None,
    trial: Trial | None = None,
) -> SourceCheck:
    """Read a source map and all its files, and say what maps, what is missing and what will be empty.

    `trial` reads a sample of each feed's values as a night does, and counts the refused rows by reason.

    ConfigurationError for a map that is wrong in itself or doesn't fit its files, InputError for files
    of a required feed that are missing or can't be read.
    """
    contracts = load_contracts()
    source = load_source(name, conf_dir)
    check_landing(landing)
    found = list_landing(landing, (), date.max, source)
    with tempfile.TemporaryDirectory(prefix="huaxiang-check-") as folder:
        staged = {feed: stage(found.of(feed), contracts[feed], Path(folder), source) for feed in source.feeds}
        _refuse(source, staged, list(found.problems), contracts)
        facts = Facts(source, staged)
        samples = {feed: sampled(staged[feed], SAMPLE, Path(folder) / "sample") for feed in staged if trial}
        tried = (
            {feed: Counter(trial(samples[feed], contracts[feed], source)) for feed in samples}
            if trial
            else {}
        )
        filtered = {feed: counts.pop(FILTERED, 0) for feed, counts in tried.items()}
        quarantined = {feed: counts.pop(QUARANTINED, 0) for feed, counts in tried.items()}
        feeds = tuple(
            FeedCheck(
                feed=feed,
                rows=staged[feed].rows,
                columns=len(contracts[feed].names),
                unknown=tuple(c for c in contracts[feed].names if c not in source.gives(feed)),
                facts=tuple(facts.of(feed)),
                tried=samples[feed].rows if trial else 0,
                quarantined=quarantined.get(feed, 0),
                refused=tried.get(feed, {}),
                allowed={
                    reason: words
                    for reason in sorted(tried.get(feed, {}))
                    if (words := contracts[feed].allowed_by(reason))
                },
                filtered=filtered.get(feed, 0),
            )
            for feed in source.feeds
        )
    others = [problem for feed in staged.values() for f in feed.refused if (problem := f.problem)]
    others += [
        Problem(f"{name}: {one.feed}", f"`where` leaves out each of {one.rows:,} rows", "some rows that stay")
        for one in feeds
        if one.tried and one.filtered == one.rows
    ]
    return SourceCheck(
        source=name,
        landing=str(landing),
        feeds=feeds,
        empty=_empty(source),
        as_of=_last_day(source, found.files),
        unknown=source.unknown,
        problems=(*found.problems, *others),
        notes=tuple(note for feed in staged.values() for note in feed.notes),
    )


def _refuse(
    source: SourceMap, staged: Mapping[str, Staged], missing: list[Problem], contracts: Mapping[str, Contract]
) -> None:
    wrong: list[Problem] = []
    for feed in source.feeds:
        for table in staged_tables(staged[feed]):
            try:
                compiled_columns(source.feeds[feed], table.types, contracts[feed])
            except ConfigurationError as error:
                wrong += error.problems
    if wrong:
        raise ConfigurationError(wrong)
    unread = [f.problem for feed in source.required for f in staged[feed].refused if f.problem]
    unfound = [p for p in missing if any(not staged[feed].files for feed in source.required)]
    if unread or unfound:
        raise InputError([*unread, *unfound], "A required feed can't be read.")


def _empty(source: SourceMap) -> tuple[str, ...]:
    """Return the parts of a portrait that no feed here gives."""
    empty: list[str] = []
    for world, parts in (("social", SOCIAL), ("bought", SHOPPING)):
        lacking = [part for part, feed in parts.items() if feed not in source.feeds]
        empty += [f"everything {world}"] if len(lacking) == len(parts) else lacking
    if not {"shop_account", "social_account"} & set(source.feeds):
        empty.append("age, gender and region")
    if "identity_claim" not in source.feeds:
        empty.append("links between accounts")
    return tuple(dict.fromkeys(empty))


def _last_day(source: SourceMap, files: Iterable[LandingFile]) -> date | None:
    """Return the date to run a night for: of the newest daily file, else the day before what is there once was complete."""
    daily = [f.arrival for f in files if f.feed in source.feeds and not source.reads_once(f.feed)]
    if daily:
        return max(daily)
    days = [f.arrived for f in source.files.values() if f.arrived]
    return max(days) - timedelta(days=1) if days else None

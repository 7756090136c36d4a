"""What a night would read, without Spark and without changing anything."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from huaxiang.clean.arrivals import missing
from huaxiang.clean.known import Known
from huaxiang.errors import ConfigurationError, InputError, Problem
from huaxiang.held import held_for
from huaxiang.pepper import other_pepper, pepper_there
from huaxiang.settled import other_contracts, other_ladders, other_settings
from huaxiang.sources.files import list_landing
from huaxiang.tables.reader import check_folder, read_pinned, releases_light
from huaxiang.tables.release import wrong_date
from huaxiang.tables.storage import local_path, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from huaxiang.book import Book
    from huaxiang.tables.release import Release


def dry_run_of(
    book: Book, landing: str, lake: str, dates: Sequence[date], say: Callable[[str], None]
) -> dict[str, Any]:
    """Say per feed how many files there are and how many the nights of `dates` would read, and return it.

    Refused is what a night refuses before it reads a row. All at once: a lake of other contracts, settings or another
    key, a date before its newest release or years after it, ladders changed under their version; then all required
    feeds without a file. Only a night asks whether rates and keyless maps are still those that rows were stored by,
    whether a lake without a release had one, and whether a file can be read. Of a lake that is not on this machine
    nothing is known without Spark.
    """
    source = book.source
    found = list_landing(storage(landing), {c.name for c in book.contracts.landing}, dates[-1], source=source)
    folder = local_path(lake)
    is_known = folder is not None
    if folder and folder.exists():
        check_folder(lake)
    elif folder and not (above := next(one for one in folder.parents if one.exists())).is_dir():
        raise ConfigurationError(
            Problem(f"--lake {lake}", f"`{above}` is a file", "a folder, or a place for one")
        )
    releases = releases_light(lake) if is_known else []
    if problems := _refused(book, lake, releases, dates[0]):
        raise ConfigurationError(problems, "A night would refuse this lake. Nothing was changed.")
    unread = set(found.files)
    if is_known:
        known = Known.light(lake, source.source if source else "")
        unread = {file for file in found.files if known.is_unread(file)}
    for remark in found.problems:
        say(str(remark))
    files, to_read = (Counter(file.feed for file in those) for those in (found.files, unread))
    for feed, count in sorted(files.items()):
        read = f", {to_read[feed]:,} to be read" if is_known else ""
        say(f"{feed:<20} {count:>6,} files until {dates[-1]}{read}")
    lacking, done = [], {release.as_of for release in releases}
    for as_of in dates:
        lacking += missing(book.config, source, found, landing, done, as_of, unread)
        done.add(as_of)
        unread = {file for file in unread if file.arrival > as_of}
    if lacking:
        raise InputError(lacking, "A required feed is missing. Nothing was changed.")
    say(
        f"configuration, contracts, {len(book.catalogue.measures)} measures and {len(book.segments)} segments hold. "
        f"Nothing was changed in {lake}."
    )
    for held in _held_back(lake, releases[-1]) if releases else ():
        say(held)
    told = {"to_be_read": {feed: to_read[feed] for feed in files}} if is_known else {}
    return {"dry_run": True, "files": files, **told}


def _refused(book: Book, lake: str, releases: Sequence[Release], as_of: date) -> list[Problem]:
    """Return what a night refuses of its key, and of a lake that has releases."""
    there = storage(lake)
    try:
        pepper = pepper_there(book.config, local_path(lake))
        of_key = other_pepper(there, pepper) if releases else []
    except ConfigurationError as error:
        of_key = [*error.problems]
    if not releases:
        return of_key
    newest = releases[-1]
    return [
        *wrong_date(releases, as_of),
        *of_key,
        *other_contracts(there, book.contracts, newest.tables),
        *other_settings(there, book.config),
        *other_ladders(there, book.catalogue.ladder_rules(), partial(_is_told, lake, newest)),
    ]


def _held_back(lake: str, newest: Release) -> list[str]:
    """Return what the newest release is held back for: whether tonight's files mend it, only a night can tell."""
    return [
        f"release {newest.release} is held back since {one.since}: {one.result.table} {one.result.metric}: "
        f"{one.result.found}, expected {one.result.expectation}; a night holds back too, unless its files mend that"
        for one in held_for(storage(lake), newest)
    ]


def _is_told(lake: str, newest: Release, ladder: str, version: str) -> bool:
    """Whether moves of a ladder were told by this version, as a night asks it."""
    pin = newest.tables.get("stage_flow")
    if pin is None:
        return False
    of_version = (pc.field("ladder") == ladder) & (pc.field("version") == int(version))
    return bool(read_pinned(lake, pin).count_rows(filter=of_version))

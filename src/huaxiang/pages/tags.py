"""The dictionary of tags: what each means, how it is made, of how many people it tells tonight, and how fresh it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.days.groups import groups_of, load_groups
from huaxiang.days.tags import Tag
from huaxiang.days.vocabulary import BRAND_RELATION, PORTRAIT, sources_of, vocabularies
from huaxiang.pages.facts import called
from huaxiang.pages.values import unit_called
from huaxiang.pages.words import COVERS, PRIVACY, SOURCES
from huaxiang.pages.writing import environment
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from huaxiang.book import Book
    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue, Measure
    from huaxiang.explain.tag_coverage import TagCoverage
    from huaxiang.segments.model import Segment

TAGS = "tags.html"
Entry = dict[str, Any]
_TABLES = {
    PORTRAIT: Text("persons", "人"),
    BRAND_RELATION: Text("with brands", "人与品牌"),
}


def write_tag_page(book: Book, covered: TagCoverage, out: Path) -> Path:
    """Write `out`/tags.html and return it; `out` is the folder of the release's night."""
    page = environment().get_template("tags.html.j2")
    return write_whole(out / TAGS, page.render(tags_view(book, covered)))


def tags_view(book: Book, covered: TagCoverage) -> dict[str, Any]:
    """Return the template's variables: entries by group, and the feeds that they are made of."""
    catalogue = book.catalogue
    types = dict(zip((PORTRAIT, BRAND_RELATION), vocabularies(catalogue), strict=True))
    groups, feeds = groups_of(catalogue), feeds_read(catalogue)
    sources = sources_of(catalogue)
    streams = feeds_read(catalogue, looked_up=False)
    used = _used(book.segments, catalogue)
    every: tuple[Measure | Tag, ...] = (*catalogue.measures, *catalogue.tags)
    entries = [
        _entry(one, covered, types, sources) | {
            "group": groups[one.name],
            "feeds": feeds[one.name],
            "newest": min((covered.newest[f] for f in streams[one.name] if f in covered.newest), default=None),
            "segments": used.get(one.name, []),
        }
        for one in every
    ]  # fmt: skip
    return {
        "as_of": covered.as_of,
        "release": covered.release,
        "rows": {name: covered.rows.get(name, 0) for name in _TABLES},
        "columns": {name: len(columns) for name, columns in types.items()},
        "tables": _TABLES,
        "sources": SOURCES,
        "groups": [
            {"group": group, "entries": mine}
            for group in load_groups().values()
            if (mine := [entry for entry in entries if entry["group"] == group.name])
        ],
        "entries": len(entries),
        "feeds": _feeds(book, covered, {feed for read in feeds.values() for feed in read}),
    }


def feeds_read(catalogue: Catalogue, *, looked_up: bool = True) -> dict[str, list[str]]:
    """Return the feeds that every measure and tag is made of, also through other tags, and through what events look up."""
    found: dict[str, set[str]] = {}
    for measure in catalogue.measures:
        events = [part.event for part in measure.parts]
        read = {event.feed for event in events}
        if looked_up:
            read |= {lookup.feed for event in events for lookup in event.lookups}
        found |= dict.fromkeys((measure.name, *(measure.column(w) for w in measure.windows)), read)
    for tag in catalogue.tags:
        found[tag.name] = set().union(*(found.get(name, set()) for name in tag.made_of))
    return {name: sorted(read) for name, read in found.items()}


def _entry(
    one: Measure | Tag,
    covered: TagCoverage,
    types: Mapping[str, Mapping[str, Column]],
    sources: Mapping[str, str],
) -> Entry:
    tables = [
        table for table, grain in ((PORTRAIT, "person"), (BRAND_RELATION, "brand")) if grain in _grains(one)
    ]
    columns = _columns(one)
    return {
        "name": one.name,
        "title": one.title,
        "means": one.means,
        "formula": one.definition(),
        "source": sources[next(iter(columns))],
        "unit": unit_called(one.unit, types[tables[0]][next(iter(columns))].type),
        "privacy": PRIVACY.get(one.privacy),
        "values": called(one) if isinstance(one, Tag) else {},
        "coverage": [
            {"table": table, "days": days, "column": column, "share": _share(covered, table, column)}
            for table in tables
            for column, days in columns.items()
        ],
    }


def _grains(one: Measure | Tag) -> tuple[str, ...]:
    return (one.grain,) if isinstance(one, Tag) else one.grains


def _columns(one: Measure | Tag) -> dict[str, str | int | None]:
    """The columns that it gives, with their windows."""
    if isinstance(one, Tag):
        return {one.name: None}
    return {one.column(w): None if one.bare else "all" if w is None else w for w in one.windows}


def _share(covered: TagCoverage, table: str, column: str) -> float | None:
    rows, held = covered.rows.get(table, 0), covered.filled.get(table, {}).get(column)
    return None if held is None or not rows else held / rows


def _used(segments: Iterable[Segment], catalogue: Catalogue) -> dict[str, list[Segment]]:
    """The segments that name a column of a measure, or a tag, themselves; not those that take others in."""
    whose = {m.column(w): m.name for m in catalogue.measures for w in m.windows}
    whose |= {tag.name: tag.name for tag in catalogue.tags}
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        named = {re.sub(r"^portrait\.", "", name) for name in segment.names}
        for name in sorted({whose[n] for n in named if n in whose}):
            found.setdefault(name, []).append(segment)
    return found


def _feeds(book: Book, covered: TagCoverage, read: Iterable[str]) -> list[Entry]:
    """The feeds that tags are made of: whom they cover, since when, and the newest day on which files of them came."""
    by_feed: dict[str, list[Mapping[str, Any]]] = {}
    for row in covered.coverage:
        by_feed.setdefault(row["feed"], []).append(row)
    return [
        {
            "feed": feed,
            "title": book.contracts[feed].title,
            "platforms": [
                (row["platform"], COVERS.get(row["covers"], Text(row["covers"], row["covers"])))
                for row in by_feed.get(feed, ())
            ],
            "since": min(
                (row["covered_from"] for row in by_feed.get(feed, ()) if row["covered_from"]), default=None
            ),
            "rows": sum(row["rows"] for row in by_feed.get(feed, ())),
            "newest": covered.newest.get(feed),
            "age": _age(covered, covered.newest.get(feed)),
        }
        for feed in sorted(read)
    ]


def _age(covered: TagCoverage, newest: date | None) -> int | None:
    return None if newest is None else (covered.as_of - newest).days

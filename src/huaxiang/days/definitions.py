"""What streams and columns mean, since which release, and what they meant before. No Spark here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huaxiang.days.events import OPINION
from huaxiang.days.measures import CELLS, GRAINS
from huaxiang.expressions import compile_expression
from huaxiang.models.cards import CARDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from huaxiang.days.measures import Catalogue, Measure, Part
    from huaxiang.days.tags import Tag

DAY_ROW = "day_row"
TABLES = dict(zip(GRAINS, ("portrait", "brand_relation"), strict=True))
"""By grain: the table whose columns are meant."""
COLUMNS = ("kind", "name", "definition", "says", "release", "known_to")
Named = tuple[str, str]
"""`day_row` and a stream, or a table and its column."""


@dataclass(frozen=True)
class Meaning:
    """A hash of everything that something depends on besides events, and, of a column, what it says as one line."""

    definition: str
    says: str | None = None


def meanings(catalogue: Catalogue) -> dict[Named, Meaning]:
    """Return what every stream, and every column of `portrait` and `brand_relation`, means by a catalogue.

    A column keeps its meaning while other measures of its stream come, go or change; a derived one has its own
    expression's, whatever becomes of what that reads.
    """
    found = {(DAY_ROW, s): Meaning(catalogue.stream_definition(s)) for s in catalogue.streams()}
    for grain, table in TABLES.items():
        for measure in catalogue.at(grain):
            for window in measure.windows:
                untold = catalogue.blocked.digest if measure.is_by_topic(grain) else ""
                said = f"{measure.definition()} in {window}: {_made_of(measure, grain)}{untold}"
                found[table, measure.column(window)] = Meaning(_digest(said), measure.definition())
        for tag in (tag for tag in catalogue.tags if tag.grain == grain):
            found[table, tag.name] = Meaning(_digest(_tag_says(tag)), tag.definition())
    return found


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _made_of(measure: Measure, grain: str) -> list[str]:
    return [_part_says(part, grain) for part in measure.parts]


def _part_says(part: Part, grain: str) -> str:
    event = part.event
    keys = [(kind, event.key(kind)) for kind in sorted(part.kinds((grain,)))]
    said = f"{part.column}:{part.adds}:{part.where}:{part.date}:{event.feed}:{event.account}:{keys}:{event.lookups}"
    return f"{said}:{CELLS}:{event.scorer.digest if _reads_opinion(part, keys) else ''}"


def _reads_opinion(part: Part, keys: Iterable[tuple[str, str | None]]) -> bool:
    """Whether what a text feels or speaks of decides what a part holds, or under which key."""
    if part.event.opinion_of is None:
        return False
    read = [*part.adds[1:], *([part.where] if part.where else []), *(key for _, key in keys if key)]
    return any(OPINION & compile_expression(text, part.event.names).names for text in read)


def _tag_says(tag: Tag) -> str:
    return tag.definition() + (f" version {CARDS[tag.model].version}" if tag.modelled else "")


def standing(rows: Iterable[Mapping[str, Any]], release: int | None = None) -> dict[Named, Mapping[str, Any]]:
    """Return the rows of `measure_definition` that held in a release, by what they define; without one, that hold."""
    return {
        (row["kind"], row["name"]): row
        for row in rows
        if (release is None or row["release"] <= release)
        and (row["known_to"] is None or (release is not None and release < row["known_to"]))
    }


def kept_up(
    rows: Iterable[Mapping[str, Any]], now: Mapping[Named, Meaning], *, release: int
) -> list[dict[str, Any]]:
    """Return the rows of `measure_definition` with what a release defines anew, sorted; the same when nothing is.

    What is defined otherwise, or no more, is known to this release, and stays.
    """
    known = [dict(row) for row in rows]
    holds = standing(known)
    over = {
        named
        for named, row in holds.items()
        if named not in now or now[named].definition != row["definition"]
    }
    kept = [
        {**row, "known_to": release}
        if row["known_to"] is None and (row["kind"], row["name"]) in over
        else row
        for row in known
    ]
    kept += [
        dict(zip(COLUMNS, (*named, meaning.definition, meaning.says, release, None), strict=True))
        for named, meaning in now.items()
        if named not in holds or named in over
    ]
    return sorted(kept, key=lambda row: (row["kind"], row["name"], row["release"]))

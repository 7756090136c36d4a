"""What a page says of every measure and tag of a person, or of a person and a brand: the value, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.days.measures import Measure
from huaxiang.days.tags import EVIDENCE, HIGH, LOW, PARTS, PROBABILITY
from huaxiang.explain.evidence import each_once
from huaxiang.pages.values import MONEY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue
    from huaxiang.days.tags import Tag
    from huaxiang.explain.person import Portrayed
    from huaxiang.pages.events_said import EventWords
    from huaxiang.pages.values import Manner

KNOWN, ZERO, UNKNOWN = "known", "zero", "unknown"
SHOWN = 5
"""Events shown behind a measure."""
Fact = dict[str, Any]


def anchor(brand: str | None, column: str) -> str:
    """Return where on a page a column is told."""
    return f"{brand or 'person'}--{column}"


@dataclass(frozen=True)
class Facts:
    """The words for all that is told of one person: of `portrait` (brand None) and of the relation to each brand.

    `types` are the columns of `portrait` and of `brand_relation`, `groups` as of `days.groups`.
    """

    person: Portrayed
    catalogue: Catalogue
    types: tuple[Mapping[str, Column], Mapping[str, Column]]
    groups: Mapping[str, str]
    manner: Manner
    words: EventWords

    @cached_property
    def told(self) -> dict[tuple[str, str], Any]:
        """What is told, by brand (an empty text for none) and column."""
        return {(one.brand_id or "", one.tag): one for one in self.person.told.tags}

    @cached_property
    def tags(self) -> dict[str, Tag]:
        """The catalogue's tags by name."""
        return {tag.name: tag for tag in self.catalogue.tags}

    def of(self, brand: str | None = None) -> list[Fact]:
        """Return one fact per measure and tag, in the catalogue's order; what is part of another stands in that one."""
        grain, here = ("brand", brand) if brand else ("person", "")
        names = {tag.name for tag in self.catalogue.tags if tag.grain == grain}
        parts = {name + end for name in names for end in PARTS}
        facts = [self._measured(m, here) for m in self.catalogue.at(grain)]
        whole = [t for t in self.catalogue.tags if t.grain == grain and t.name not in parts]
        return facts + [self._tagged(tag, here, names) for tag in whole]

    def said(self, brand: str, column: str) -> Text:
        """Write the value of a column."""
        one, tag = self.told.get((brand, column)), self.tags.get(column)
        kind, value = self.types[bool(brand)][column], one.value if one else None
        if tag and tag.modelled and kind.unit == MONEY and value is not None:
            value = round(float(f"{value:.3g}"))  # an estimate claims no more than it knows
        return self.manner.said(value, kind.unit, self._called(brand, column))

    def mentioned(self, column: str) -> Text:
        """Write the value of a column of the person inside a sentence: what a tag calls its values begins small."""
        text = self.said("", column)
        is_called = self.told["", column].value in self._called("", column)
        return Text(text.en[:1].lower() + text.en[1:], text.zh) if is_called else text

    def _called(self, brand: str, column: str) -> Mapping[str, Text]:
        """What the texts are called that a column may hold."""
        tag = self.tags.get(column)
        if tag:
            return called(tag)
        kind = self.types[bool(brand)][column]
        return self.words.called(kind) if kind.allowed else {}

    def _window(self, brand: str, column: str, window: int | str | None) -> Fact:
        one = self.told[brand, column]
        return {
            "id": anchor(brand, column),
            "column": column,
            "days": window,
            "value": self.said(brand, column),
            "is_known": one.value is not None,
            "is_zero": one.value is not None and not one.value,
            "evidence": one.evidence,
        }

    def _measured(self, measure: Measure, brand: str) -> Fact:
        windows = [
            self._window(brand, measure.column(w), None if measure.bare else "all" if w is None else w)
            for w in measure.windows
        ]
        events = self._events(measure, brand)
        return self._fact(measure, brand, windows) | {
            "events": [self.words.line(event) for event in events],
            "more": max(0, max(w["evidence"] for w in windows) - len(events)),
        }

    def _events(self, measure: Measure, brand: str) -> list[Any]:
        """The newest events behind a measure, of all its parts and in the longest of its windows."""
        longest = None if None in measure.windows else max(w for w in measure.windows if w)
        behind = (self.person.behind.get((part.counted_as, brand), ()) for part in measure.parts)
        seen = each_once(behind, longest, self.person.told.as_of)
        return sorted(seen, key=lambda event: str(event.on or ""), reverse=True)[:SHOWN]

    def _tagged(self, tag: Tag, brand: str, names: Collection[str]) -> Fact:
        parts = {end: tag.name + end for end in PARTS if tag.name + end in names}
        beside = {
            end: self.said(brand, name)
            for end, name in parts.items()
            if self.told[brand, name].value is not None
        }
        return self._fact(tag, brand, [self._window(brand, tag.name, None)]) | {
            "anchors": [anchor(brand, name) for name in parts.values()],
            "interval": (beside[LOW], beside[HIGH]) if {LOW, HIGH} <= beside.keys() else None,
            "probability": beside.get(PROBABILITY),
            "read": beside.get(EVIDENCE),
            "inputs": self._inputs(tag, brand),
            "since": self.since(tag, brand),
        }

    def since(self, tag: Tag, brand: str) -> date | None:
        """Since when the person stands on a ladder's stage."""
        at = (tag.name, brand)
        days = (s["since"] for s in self.person.stages if (s["ladder"], s["brand_id"] or "") == at)
        return next(days, None)

    def _inputs(self, tag: Tag, brand: str) -> list[Fact]:
        """The columns that a tag reads, with their values and where the page tells why."""
        outer = {name for name in tag.reads if name.startswith("portrait.")}
        inner = tag.reads & self.types[bool(brand)].keys()
        read = [("", name.removeprefix("portrait.")) for name in sorted(outer)]
        read += [(brand, name) for name in sorted(inner)]
        return [
            {
                "id": anchor(whose, name),
                "title": self.types[bool(whose)][name].title,
                "value": self.said(whose, name),
            }
            for whose, name in read
        ]

    def _fact(self, one: Measure | Tag, brand: str, windows: list[Fact]) -> Fact:
        known = [w for w in windows if w["is_known"]]
        first = self.told[brand, windows[0]["column"]]
        reasons = [self.person.otherwise.get((brand, w["column"])) for w in windows]
        reasons += [self.person.unknown.get((brand, w["column"])) for w in windows if not w["is_known"]]
        return {
            "id": windows[0]["id"],
            "name": one.name,
            "anchors": [w["id"] for w in windows[1:]],
            "title": one.title,
            "means": one.means,
            "formula": one.definition(),
            "source": first.source,
            "group": self.groups[one.name],
            "windows": windows,
            "evidence": max(w["evidence"] for w in windows),
            "is_raw": isinstance(one, Measure)
            and one.is_declared,  # told again by the tags that are made of it
            "state": UNKNOWN if not known else ZERO if all(w["is_zero"] for w in known) else KNOWN,
            "reasons": list(dict.fromkeys(reason for reason in reasons if reason)),
            "interval": None,
            "probability": None,
            "read": None,
            "since": None,
            "inputs": [],
            "events": [],
            "more": 0,
        }


def called(tag: Tag) -> dict[str, Text]:
    """Return what the texts are called that a tag may say: its values, or its stages."""
    return {rung.stage: rung.title for rung in tag.ladder.rungs} if tag.ladder else dict(tag.values)

"""One entry of a measures file: its keys, the line of each, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.errors import Problem, did_you_mean
from huaxiang.expressions import Place

if TYPE_CHECKING:
    from collections.abc import Container

    from huaxiang.contracts.yaml import Document, Step, Trail

NAME, NAMED = r"[a-z][a-z0-9_]*", "lower-case letters, digits and _ , beginning with a letter"
PRIVACY = ("free", "quasi-id", "sensitive", "direct-id")


@dataclass(frozen=True)
class Entry:
    """A map of a file: the measure or tag `name`, or a part of it; `problems` takes all that is wrong with it."""

    doc: Document
    trail: Trail
    name: str
    data: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def place(self, *way: Step) -> str:
        """`file:line name` of the key at the end of `way`; of the nearest there is when it is not there."""
        return f"{self.doc.file}:{self.doc.line_of((*self.trail, *way))} {self.name}"

    def at(self, *way: Step) -> Place:
        """Where the value at the end of `way` begins: what an expression's mistakes are shown from."""
        found = self.doc.position((*self.trail, *way), value=True)
        return Place(self.doc.file, found.line, found.column)

    def refuse(self, key: str | tuple[Step, ...], found: str, expected: str = "", hint: str = "") -> None:
        """Note a problem that stands at a key, or at the end of a way of keys and list positions."""
        way = (key,) if isinstance(key, str) else key
        self.problems.append(Problem(self.place(*way), found, expected, hint))

    def inside(self, key: str) -> Entry:
        """Return the map at `key`, whose problems are this entry's."""
        return replace(self, trail=(*self.trail, key), data=self.data[key])

    def map_at(self, key: str, expected: str) -> Entry | None:
        """Return the map at `key`; None without the key. Refused, with what was expected, when nothing is in it."""
        if key not in self.data:
            return None
        given = self.data[key]
        if not given or not isinstance(given, dict):
            self.refuse(key, f"`{key}: {given}`", expected)
            return None
        return self.inside(key)

    def only(self, known: tuple[str, ...], of: str = "") -> None:
        """Refuse every key that is not known, with the nearest one that is."""
        for key in self.data:
            if key not in known:
                self.refuse((key,), f"unknown key `{key}`{of}", hint=did_you_mean(str(key), known))

    def list_of(self, key: str, default: str) -> list[Any]:
        """Return the list at `key`; the default alone without one."""
        given = self.data.get(key)
        if given is None:
            return [default]
        if not isinstance(given, list):
            self.refuse(key, f"`{key}: {given}`", "a list", f"{key}: [{given}]")
            return [default]
        if not given:
            self.refuse(key, f"`{key}` is empty", "a list with something in it", f"leave `{key}` out")
            return [default]
        return given

    def words(self, key: str) -> Text:
        """Return the two languages at `key`, which `has_words` has seen."""
        return Text(str(self.data[key]["en"]), str(self.data[key]["zh"]))

    def has_words(self, key: str) -> bool:
        """Whether `key` says something in both languages; refused when it does not."""
        given = self.data.get(key) or {}
        said = [given.get(language) if isinstance(given, dict) else None for language in ("en", "zh")]
        complete = all(isinstance(one, str) and one.strip() for one in said)
        if not complete:
            self.refuse(key, f"`{key}` is incomplete", "{en: …, zh: …}, both of them text")
        return complete

    def check(self, kind: str, taken: Container[str]) -> None:
        """Refuse what is wrong with any entry: its name, its words, its privacy class."""
        if not re.fullmatch(NAME, self.name):
            self.refuse(kind, f"name `{self.name}`", NAMED)
        if self.name in taken:
            self.refuse(kind, f"`{self.name}` is defined twice", hint="choose another name")
        for words in ("title", "means"):
            self.has_words(words)
        unit = self.data.get("unit")
        if unit is not None and not isinstance(unit, str):
            self.refuse("unit", f"unit `{unit}`", "text, such as days")
        privacy = self.data.get("privacy", "free")
        if privacy not in PRIVACY:
            self.refuse("privacy", f"privacy `{privacy}`", hint=did_you_mean(str(privacy), PRIVACY[:3]))

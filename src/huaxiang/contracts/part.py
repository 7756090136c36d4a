"""A piece of a YAML file, read word by word: what is wrong is noted with its line, and reading goes on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from huaxiang.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from huaxiang.contracts.yaml import Document, Trail


@dataclass(frozen=True)
class Part:
    """A map in a document: its values by key, where each stands, and the list that takes all problems.

    `what` begins every problem, as in "column `paid`: the description is missing".
    """

    doc: Document
    trail: Trail
    what: str
    values: dict[str, Any]
    trails: dict[str, Trail]
    problems: list[Problem]

    @classmethod
    def of(cls, doc: Document, trail: Trail, what: str, value: object, problems: list[Problem]) -> Part:
        """Read a map; anything else is a problem, and an empty part is returned."""
        if not isinstance(value, dict):
            problems.append(doc.problem(trail, f"{what} is {_kind(value)}", "a map of keys and values"))
            value = {}
        values = {str(key): item for key, item in value.items()}
        return cls(doc, trail, what, values, {str(key): (*trail, key) for key in value}, problems)

    def refuse(self, key: str | None, found: str, expected: str = "", hint: str = "") -> None:
        """Note a problem that stands at `key`, or at the part itself."""
        trail = self.trail if key is None else self.trails.get(key, self.trail)
        lead = f"{self.what}: " if self.what else ""
        self.problems.append(self.doc.problem(trail, lead + found, expected, hint))

    def only(self, valid: Iterable[str], kind: str = "key") -> None:
        """Refuse every key that is not valid, with the nearest one that is."""
        words = tuple(valid)
        for key in self.values:
            if key not in words:
                self.refuse(key, f"unknown {kind} `{key}`", hint=did_you_mean(key, words))

    def text(self, key: str, name: str = "", *, required: bool = True) -> str:
        """Return words; missing, empty and other values are problems and come back as ""."""
        name = name or f"`{key}`"
        value = self.values.get(key)
        if value is None and (key not in self.values or not required):
            if required:
                self.refuse(None, f"{name} is missing")
            return ""
        if value is None or (isinstance(value, str) and not value.strip()):
            self.refuse(key, f"{name} is empty")
            return ""
        if not isinstance(value, str):
            self.refuse(key, f"{name} is {_kind(value)}", "text", "put it in quotes")
            return ""
        return value.strip()

    def word(self, key: str, valid: Iterable[str], *, required: bool = True) -> str:
        """Return one of the valid words, or "" with a problem that names the nearest."""
        value = self.text(key, required=required)
        words = tuple(valid)
        if value and value not in words:
            self.refuse(key, f"unknown {key} `{value}`", hint=did_you_mean(value, words))
            return ""
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, f"`{key}` is {_kind(value)}", "true or false")
            return default
        return value

    def number(self, key: str) -> Decimal | None:
        """Return a number, exactly as it was written; None when the key is absent or is no number."""
        if key not in self.values:
            return None
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, f"`{key}` is {_kind(value)}", "a number")
            return None
        return Decimal(self.doc.words[self.trails[key]])

    def part(self, key: str, what: str = "") -> Part:
        """Return the map at `key`; an empty one when the key is absent."""
        trail = self.trails.get(key, self.trail)
        return Part.of(self.doc, trail, what or self.what, self.values.get(key, {}), self.problems)

    def items(self, key: str) -> list[Any]:
        """Return the list at `key`; an empty one when the key is absent or holds something else."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.refuse(key, f"`{key}` is {_kind(value)}", "a list")
            return []
        return value

    def parts(self, key: str, what: str = "") -> Iterator[Part]:
        """Yield each map of the list at `key`."""
        for i, item in enumerate(self.items(key)):
            trail = (*self.trails[key], i)
            yield Part.of(self.doc, trail, what or self.what, item, self.problems)

    def custom(self, valid: Iterable[str]) -> Part:
        """Return `customProperties`, a list of property and value, as one part; unknown ones are refused."""
        values: dict[str, Any] = {}
        trails: dict[str, Trail] = {}
        for pair in self.parts("customProperties"):
            pair.only(("property", "value"))
            name = pair.text("property")
            if name in values:
                pair.refuse("property", f"custom property `{name}` appears twice")
            elif name:
                values[name] = pair.values.get("value")
                trails[name] = pair.trails.get("value", pair.trail)
        part = Part(self.doc, self.trail, self.what, values, trails, self.problems)
        part.only(valid, "custom property")
        return part


def _kind(value: object) -> str:
    kinds = {dict: "a map", list: "a list", str: "text", bool: "true or false", type(None): "empty"}
    return kinds.get(type(value), "a number")

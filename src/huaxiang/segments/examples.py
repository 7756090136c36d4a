"""Examples beside a rule: made-up people, checked against the columns they give values to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from huaxiang.errors import did_you_mean
from huaxiang.expressions.families import SAID, element, family, is_whole
from huaxiang.expressions.operators import written
from huaxiang.segments.model import Example

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.yaml import Document, Step, Trail
    from huaxiang.expressions import NameInfo
    from huaxiang.segments.vocabulary import Vocabulary

KEYS = ("in", "person", "brand", "because")


class Say(Protocol):
    """Notes a problem at the value (or the key) of a trail."""

    def __call__(self, trail: tuple[Step, ...], found: str, hint: str = "", *, value: bool = True) -> None:
        """Note it."""


def read_examples(doc: Document, vocabulary: Vocabulary, say: Say) -> tuple[Example, ...]:
    """Return the examples of a segment's file; what is wrong with them is said."""
    listed = doc.data.get("examples")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        say(("examples",), "`examples` is a list", "- {in: true, person: {orders_all: 3}}")
        return ()
    return tuple(_example(doc, vocabulary, say, k, e) for k, e in enumerate(listed))


def _example(doc: Document, vocabulary: Vocabulary, say: Say, k: int, words: Any) -> Example:
    trail = ("examples", k)
    at = doc.position(trail, value=True)
    place = f"{doc.file}:{at.line}:{at.column}"
    if not isinstance(words, dict):
        say(trail, "an example is a map", "{in: true, person: {orders_all: 3}}")
        return Example(False, {}, {}, "", place)
    for key in words:
        if key not in KEYS:
            say((*trail, key), f"unknown key `{key}`", did_you_mean(str(key), KEYS), value=False)
    if not isinstance(words.get("in"), bool):
        say((*trail, "in"), "an example says whether the person is in", "in: true, or in: false")
    person = _values(words, (*trail, "person"), vocabulary.portrait, vocabulary.brand_relation, say)
    brand = _values(words, (*trail, "brand"), vocabulary.brand_relation, vocabulary.portrait, say)
    return Example(words.get("in") is True, person, brand, str(words.get("because") or ""), place)


def _values(
    words: Mapping[str, Any],
    trail: Trail,
    columns: Mapping[str, NameInfo],
    others: Mapping[str, NameInfo],
    say: Say,
) -> dict[str, object]:
    """Return the values that an example gives below `trail`, in the types of the table's columns."""
    key = str(trail[-1])
    given = words.get(key)
    if given is None:
        return {}
    if not isinstance(given, dict):
        say(trail, f"`{key}` is a map of columns and values", f"{key}: {{orders_all: 3}}")
        return {}
    found: dict[str, object] = {}
    for name, value in given.items():
        if name not in columns:
            other = "brand" if key == "person" else "person"
            hint = f"it stands below `{other}`" if name in others else did_you_mean(str(name), columns)
            say((*trail, name), f"unknown name `{name}`", hint, value=False)
            continue
        kind, known = columns[name].type, columns[name].words
        if known and isinstance(value, str) and value not in known:
            say((*trail, name), f"`{name}` is never `{value}`", did_you_mean(value, known))
            continue
        try:
            found[name] = typed(value, kind)
        except (ValueError, ArithmeticError):
            say((*trail, name), f"`{name}` is {SAID[family(kind)]} ({kind}), not `{value}`")
    return found


def typed(value: Any, type_: str) -> object:
    """Return a value of YAML as one of a column's type; ValueError when it is none."""
    if value is None:
        return None
    kind = family(type_)
    if kind == "list" and isinstance(value, list):
        return [typed(v, element(type_)) for v in value]
    fits = {
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
    }.get(kind, isinstance(value, str) and kind in ("text", "date", "instant"))
    if not fits:
        raise ValueError(value)
    if is_whole(type_):
        return _whole(value)
    return _READ[kind](value, type_)


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(value)
    return int(value)


def _number(value: float, type_: str) -> object:
    return Decimal(str(value)) if type_.startswith("decimal") else float(value)


_READ: Mapping[str, Any] = {
    "number": _number,
    "text": lambda value, _: value,
    "boolean": lambda value, _: value,
    "date": written,
    "instant": written,
}

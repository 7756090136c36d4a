"""Column types as Spark writes them in one word (`bigint`, `array<string>`), read without Spark.

A type becomes the JSON that `StructType.fromJson` takes, so that schemas need no session, and a typo is
found where the contract is read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

Json = str | dict[str, Any]

SIMPLE = {
    "string": "string",
    "boolean": "boolean",
    "int": "integer",
    "bigint": "long",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
    "binary": "binary",
}
"""The name of each plain type in a contract, and in Spark's JSON."""

WORDS = (*SIMPLE, "decimal(p,s)", "array<…>", "map<…,…>", "struct<name:…>")
"""All types, as an error lists them."""

LOGICAL = {
    "string": "string",
    "boolean": "boolean",
    "int": "integer",
    "bigint": "integer",
    "double": "number",
    "decimal": "number",
    "date": "date",
    "timestamp": "timestamp",
    "binary": "string",
    "array": "array",
    "map": "object",
    "struct": "object",
}
"""The logical type (of the Open Data Contract Standard) that goes with each family of types."""

_DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")
_FIELD = re.compile(r"([a-z][a-z0-9_]*):")


class UnknownTypeError(ValueError):
    """The text is no type; `args[0]` is the part that is not understood."""


def type_json(text: str) -> Json:
    """Return the type in the JSON form of Spark's schemas; `UnknownTypeError` names what is no type."""
    if text in SIMPLE:
        return SIMPLE[text]
    if match := _DECIMAL.fullmatch(text):
        precision, scale = int(match[1]), int(match[2])
        if 1 <= precision <= 38 and scale <= precision:
            return text
    if inner := _inside(text, "array"):
        return {"type": "array", "elementType": type_json(inner), "containsNull": True}
    if inner := _inside(text, "map"):
        parts = _split(inner)
        if len(parts) == 2:
            key, value = map(type_json, parts)
            return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    if inner := _inside(text, "struct"):
        return {"type": "struct", "fields": [_field(part) for part in _split(inner)]}
    raise UnknownTypeError(text)


def is_type(text: str) -> bool:
    """Tell whether the text is a type."""
    try:
        type_json(text)
    except UnknownTypeError:
        return False
    return True


def family(text: str) -> str:
    """Return the word a type begins with: `decimal(18,2)` is of the family `decimal`."""
    return re.split(r"[(<]", text, maxsplit=1)[0]


def element(text: str) -> str:
    """Return the type of a list's elements; any other type is its own."""
    return _inside(text, "array") or text


def bounds(text: str) -> tuple[Decimal, Decimal] | None:
    """Return the smallest and largest number the type holds; None for what is no exact number."""
    if text in ("int", "bigint"):
        top = 2 ** (31 if text == "int" else 63)
        return Decimal(-top), Decimal(top - 1)
    if match := _DECIMAL.fullmatch(text):
        top_digits = Decimal(10 ** int(match[1]) - 1).scaleb(-int(match[2]))
        return -top_digits, top_digits
    return None


def _inside(text: str, word: str) -> str:
    return text[len(word) + 1 : -1] if text.startswith(f"{word}<") and text.endswith(">") else ""


def _field(text: str) -> dict[str, Any]:
    match = _FIELD.match(text)
    if match is None:
        raise UnknownTypeError(text)
    return {"name": match[1], "type": type_json(text[match.end() :]), "nullable": True, "metadata": {}}


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]

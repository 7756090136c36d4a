"""The types of the language: Spark's simple type names, in families that may be compared and combined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Family = Literal["number", "text", "boolean", "date", "instant", "list", "null", "other"]

SAID = {
    "number": "a number",
    "text": "text",
    "boolean": "true or false",
    "date": "a date",
    "instant": "an instant",
    "list": "a list",
    "null": "null",
    "other": "a structure",
}
_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint", "float", "double"), "number"),
    "string": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "instant",
    "void": "null",
}
_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
MOST_DIGITS = 38
EXACT_DIGITS = 34  # Spark rounds a longer decimal when it turns its sign


class Mismatch(Exception):  # noqa: N818 - caught by the checker, never seen outside
    """Types that don't go together; the text says why."""


def family(type_: str) -> Family:
    """Return the family of a Spark simple type; structs, maps and binary are `other`."""
    if _DECIMAL.fullmatch(type_):
        return "number"
    if type_.startswith("array<"):
        return "list"
    return _FAMILIES.get(type_, "other")


def said(type_: str) -> str:
    """Return the words for a type in a message: `a number`, `text`."""
    return SAID[family(type_)]


def element(type_: str) -> str:
    """Return the type of a list's elements."""
    return type_[len("array<") : -1]


def decimal(precision: int, scale: int) -> str:
    """Return the name of a decimal type."""
    return f"decimal({precision},{scale})"


def decimal_of(type_: str) -> tuple[int, int] | None:
    """Return (precision, scale) that holds every value of a whole or decimal number type; None for floats."""
    found = _DECIMAL.fullmatch(type_)
    if found:
        return int(found[1]), int(found[2])
    return (_DIGITS[type_], 0) if type_ in _DIGITS else None


def is_whole(type_: str) -> bool:
    """Tell whether values are integers of Spark (not decimals of scale 0)."""
    return type_ in _DIGITS


def common(types: Iterable[str]) -> str:
    """Return the type that holds the values of all; Mismatch when there is none. Nulls fit anywhere."""
    kinds = list(dict.fromkeys(t for t in types if t != "void"))
    if not kinds:
        return "void"
    families = {family(k) for k in kinds}
    if len(families) > 1:
        raise Mismatch(" and ".join(SAID[f] for f in dict.fromkeys(family(k) for k in kinds)))
    if families == {"number"}:
        return _common_number(kinds)
    if families == {"list"}:
        return f"array<{common(element(k) for k in kinds)}>"
    if len(kinds) > 1:
        raise Mismatch(" and ".join(kinds))
    return kinds[0]


def _common_number(kinds: list[str]) -> str:
    if len(kinds) == 1:
        return kinds[0]
    exact = [decimal_of(k) for k in kinds]
    if all(is_whole(k) for k in kinds):
        return max(kinds, key=_DIGITS.__getitem__)
    known = [e for e in exact if e is not None]
    if len(known) < len(exact):
        return "double"
    scale = max(s for _, s in known)
    precision = max(p - s for p, s in known) + scale
    return _fitting(precision, scale)


def _fitting(precision: int, scale: int) -> str:
    if precision > MOST_DIGITS:
        raise Mismatch(
            f"together they need {precision} digits, at most {MOST_DIGITS} are exact: cast one side narrower"
        )
    return decimal(precision, scale)


def arithmetic(op: str, left: str, right: str) -> str:
    """Return the type of `left op right` for two number types.

    Whole numbers give bigint, and double when divided. Sums, differences and products of decimals
    are exact: what doesn't fit 38 digits is null, and a scale that couldn't be kept is refused.
    Quotients of decimals are rounded half up, to at least six decimals.
    """
    left, right = (right if left == "void" else left), (left if right == "void" else right)
    if left == "void":
        return "double" if op == "/" else "bigint"
    a, b = decimal_of(left), decimal_of(right)
    if a is None or b is None:
        return "double"
    if is_whole(left) and is_whole(right):
        return "double" if op == "/" else "bigint"
    return _exact_arithmetic(op, a, b)


def _exact_arithmetic(op: str, left: tuple[int, int], right: tuple[int, int]) -> str:
    (p1, s1), (p2, s2) = left, right
    if op in "+-":
        scale = max(s1, s2)
        return _kept(max(p1 - s1, p2 - s2) + scale + 1, scale)
    if op == "*":
        return _kept(p1 + p2 + 1, s1 + s2)
    if op == "%":
        scale = max(s1, s2)
        return _kept(min(p1 - s1, p2 - s2) + scale, scale)
    scale = max(6, s1 + p2 + 1)
    return _adjusted(p1 - s1 + s2 + scale, scale)


def _kept(precision: int, scale: int) -> str:
    if precision > MOST_DIGITS and scale > 6:  # Spark would cut decimals off
        return _fitting(precision, scale)
    return decimal(min(precision, MOST_DIGITS), scale)


def _adjusted(precision: int, scale: int) -> str:
    """Return what Spark makes of a quotient's type: digits before the point first, then six after it."""
    if precision <= MOST_DIGITS:
        return decimal(precision, scale)
    before = precision - scale
    return decimal(MOST_DIGITS, max(MOST_DIGITS - before, min(scale, 6)))


def mirrored(type_: str) -> str:
    """Return the type of a number with its sign turned; Mismatch when no digits are left for that."""
    exact = decimal_of(type_)
    if exact and exact[1] > EXACT_DIGITS:
        raise Mismatch(
            f"{exact[1]} digits after the point, at most {EXACT_DIGITS} are exact here: cast it narrower"
        )
    return type_

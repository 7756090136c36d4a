"""What makes a column impossible: each check notes its problems on the part of the file it looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from huaxiang.contracts.types import LOGICAL, WORDS, UnknownTypeError, bounds, element, family, type_json
from huaxiang.errors import did_you_mean

if TYPE_CHECKING:
    from huaxiang.contracts.model import Column
    from huaxiang.contracts.part import Part

SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")
_NUMBERS = ("int", "bigint", "decimal", "double")
_WHOLE = re.compile(r"-?\d+")


def check_column(part: Part, column: Column) -> None:
    """Refuse a column whose name, type and limits do not fit together."""
    if column.name and not SNAKE_CASE.fullmatch(column.name):
        part.refuse("name", f"the name `{column.name}`", "lower-case ASCII snake_case")
    if not column.type or not _type_is_known(part, column.type):
        return
    part.word("logicalType", [LOGICAL[family(column.type)]])
    _check_allowed(part, column)
    _check_limits(part, column)
    _check_pattern(part, column)
    if column.money and family(column.type) != "decimal":
        part.refuse(None, f"`money` on type `{column.type}`", "a decimal")
    if column.contact and column.type != "string":
        part.refuse(None, f"`contact` on type `{column.type}`", "a string")


def _type_is_known(part: Part, type_: str) -> bool:
    try:
        type_json(type_)
    except UnknownTypeError as error:
        unknown = error.args[0]
        part.refuse("physicalType", f"unknown type `{unknown}`", hint=did_you_mean(unknown, WORDS))
        return False
    return True


def _check_allowed(part: Part, column: Column) -> None:
    kind = family(element(column.type))
    if not column.allowed or kind == "string":
        return
    if kind not in ("int", "bigint"):
        part.refuse("quality", f"allowed values on type `{column.type}`", "a column of text or whole numbers")
        return
    for value in column.allowed:
        if not _WHOLE.fullmatch(value):
            part.refuse("quality", f"the allowed value `{value}` is not of type `{column.type}`")


def _check_limits(part: Part, column: Column) -> None:
    low, high, key = column.minimum, column.maximum, "logicalTypeOptions"
    if low is None and high is None:
        return
    if family(column.type) not in _NUMBERS:
        part.refuse(key, f"a minimum or maximum on type `{column.type}`", "a column of numbers")
        return
    if low is not None and high is not None and low > high:
        part.refuse(key, f"impossible: the minimum {low} is above the maximum {high}")
        return
    smallest, largest = bounds(column.type) or (None, None)
    if low is not None and largest is not None and low > largest:
        part.refuse(key, f"impossible: no `{column.type}` reaches the minimum {low}")
    if high is not None and smallest is not None and high < smallest:
        part.refuse(key, f"impossible: every `{column.type}` is above the maximum {high}")


def _check_pattern(part: Part, column: Column) -> None:
    pattern, key = column.pattern, "logicalTypeOptions"
    if pattern is None:
        return
    if column.type != "string":
        part.refuse(key, f"a pattern on type `{column.type}`", "a column of text")
        return
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        part.refuse(key, f"the pattern `{pattern}` cannot be read: {error}")
        return
    if not (pattern.startswith("^") and pattern.endswith("$")):
        part.refuse(key, f"the pattern `{pattern}` may match a part only", "`^…$`")
    if not column.examples:
        part.refuse(key, "a pattern without `examples`", "values that it lets pass")
    for example in column.examples:
        if not compiled.search(example):
            part.refuse("examples", f"the example `{example}` does not match the pattern `{pattern}`")

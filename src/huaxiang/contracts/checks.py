"""What makes a contract impossible: each check notes its problems on the part of the file it looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from huaxiang.contracts.names import rule_names
from huaxiang.contracts.types import LOGICAL, WORDS, UnknownTypeError, bounds, element, family, type_json
from huaxiang.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huaxiang.contracts.model import Column, Contract, Gate, Rule
    from huaxiang.contracts.part import Part

SNAKE_CASE = re.compile(r"[a-z][a-z0-9_]*")
NUMBERS = ("int", "bigint", "decimal", "double")
ROLES = ("account", "other_account")
SYSTEM_COLUMNS = (
    "account",
    "other_account",
    "business_date",
    "event_key",
    "content_hash",
    "arrival_date",
    "release",
    "part",
    "reasons",
)
"""What cleaning adds to every feed: no feed may bring a column of that name."""


def version(top: Part, text: str) -> None:
    """A version is three numbers."""
    if text and not re.fullmatch(r"\d+\.\d+\.\d+", text):
        top.refuse("version", f"version `{text}`", "three numbers, such as 1.0.0")


def column(part: Part, col: Column) -> None:
    """Name, type and limits of one column fit together."""
    if col.name and not SNAKE_CASE.fullmatch(col.name):
        part.refuse("name", f"the name `{col.name}`", "lower-case ASCII snake_case")
    if not col.type or not _type_is_known(part, col):
        return
    logical = LOGICAL[family(col.type)]
    part.word("logicalType", [logical])
    kind = family(element(col.type))
    if col.allowed:
        if kind not in ("string", "int", "bigint"):
            part.refuse("quality", f"allowed values on a `{col.type}`", "a column of text or whole numbers")
        elif kind != "string":
            for value in col.allowed:
                if not re.fullmatch(r"-?\d+", value):
                    part.refuse("quality", f"allowed value `{value}` is not a `{col.type}`")
    _limits(part, col, kind)
    if col.pattern is not None:
        _pattern(part, col, kind)
    if col.money and kind != "decimal":
        part.refuse(None, f"`money` on a `{col.type}`", "a decimal")
    if col.contact and col.type != "string":
        part.refuse(None, f"`contact` on a `{col.type}`", "a string")


def key(table: Part, pairs: Sequence[tuple[Part, Column]]) -> tuple[str, ...]:
    """Return the key columns in order; names are unique, and positions count from 1 without a gap."""
    positions: dict[int, str] = {}
    seen: set[str] = set()
    for part, col in pairs:
        if col.name and col.name in seen:
            part.refuse("name", "the name appears twice")
        seen.add(col.name)
        place = part.number("primaryKeyPosition")
        if not part.flag("primaryKey"):
            if place is not None:
                part.refuse("primaryKeyPosition", "a key position without `primaryKey: true`")
        elif place is None or place != int(place):
            part.refuse("primaryKey", "`primaryKeyPosition` is missing", "1 for the first column of the key")
        elif int(place) in positions:
            taken = positions[int(place)]
            part.refuse("primaryKeyPosition", f"key position {place} is taken by `{taken}`")
        else:
            positions[int(place)] = col.name
    if not pairs:
        table.refuse("properties", "the table has no columns")
    elif not positions:
        table.refuse("properties", "no column is part of the key", "`primaryKey: true` on at least one")
    elif sorted(positions) != list(range(1, len(positions) + 1)):
        found = ", ".join(map(str, sorted(positions)))
        table.refuse("properties", f"key positions {found}", f"1 to {len(positions)} without a gap")
    return tuple(positions[place] for place in sorted(positions))


def table(part: Part, custom: Part, contract: Contract) -> None:
    """Columns that play a part are there and of the right type; a feed has what cleaning needs."""
    for role, name, kind in (
        ("instantColumn", contract.at, "timestamp"),
        ("dateColumn", contract.on_date, "date"),
    ):
        if name is not None and _is_column(custom, role, name, contract.columns):
            found = contract.column(name).type
            if found != kind:
                custom.refuse(role, f"`{role}` is `{name}`, a {found}", f"a {kind}")
    roles = custom.part("accounts", part.what)
    roles.only(ROLES, "account role")
    for role, name in contract.accounts:
        if name:
            _is_column(roles, role, name, contract.columns)
    if contract.accounts and "platform" not in contract.names:
        custom.refuse("accounts", "accounts without a column `platform`")
    if contract.layer != "landing":
        return
    for name, kind in (("revision", "bigint"), ("op", "string")):
        if name not in contract.names:
            part.refuse("properties", f"a landing feed without the column `{name}`", f"`{name}`, a {kind}")
    for i, col in enumerate(contract.columns):
        if col.name in SYSTEM_COLUMNS:
            trail = (*part.trails["properties"], i)
            found = f"column `{col.name}`: cleaning adds a column of this name"
            part.problems.append(part.doc.problem(trail, found, "another name"))


def rule(part: Part, rule: Rule, columns: Sequence[Column]) -> None:
    """A row rule can be read, and names only columns of its table."""
    if rule.name and not SNAKE_CASE.fullmatch(rule.name):
        part.refuse("name", f"the rule name `{rule.name}`", "lower-case ASCII snake_case")
    if rule.holds:
        names = [col.name for col in columns]
        part.problems.extend(rule_names(part.doc.file, rule, names))


def gate(part: Part, gate: Gate, columns: Sequence[Column], metrics: Sequence[str]) -> None:
    """A gate has a known metric and a limit that something can pass."""
    word, _, name = gate.metric.partition(":")
    if gate.metric and (word == "null_share") != bool(name):
        part.refuse("metric", f"metric `{gate.metric}`", "`null_share:<column>`")
    elif word == "null_share":
        _is_column(part, "metric", name, columns)
    elif gate.metric and gate.metric not in metrics:
        part.refuse("metric", f"unknown metric `{gate.metric}`", hint=did_you_mean(gate.metric, metrics))
    low, high = gate.minimum, gate.maximum
    if low is None and high is None:
        part.refuse(None, "the gate has no limit, so nothing can fail it", "a minimum or a maximum")
    if low is not None and high is not None and low > high:
        part.refuse(None, f"impossible: the minimum {low:g} is above the maximum {high:g}")
    if "share" in word and not all(0 <= limit <= 1 for limit in (low, high) if limit is not None):
        part.refuse(None, "the limit of a share", "between 0 and 1")


def key_of_gate(arguments: Part, columns: Sequence[Column]) -> None:
    """The key that must be unique is made of columns of the table."""
    names = arguments.items("properties")
    if not names:
        arguments.refuse(None, "`duplicateValues` names no columns", "`arguments: {properties: […]}`")
    for name in names:
        _is_column(arguments, "properties", str(name), columns)


def _is_column(part: Part, key: str, name: str, columns: Sequence[Column]) -> bool:
    names = [col.name for col in columns]
    if name not in names:
        part.refuse(key, f"unknown column `{name}`", hint=did_you_mean(name, names))
    return name in names


def _type_is_known(part: Part, col: Column) -> bool:
    try:
        type_json(col.type)
    except UnknownTypeError as error:
        part.refuse("physicalType", f"unknown type `{error.args[0]}`", hint=did_you_mean(error.args[0], WORDS))
        return False
    return True


def _limits(part: Part, col: Column, kind: str) -> None:
    low, high = col.minimum, col.maximum
    if low is None and high is None:
        return
    if kind not in NUMBERS or element(col.type) != col.type:
        part.refuse("logicalTypeOptions", f"a minimum or maximum on a `{col.type}`", "a number")
    elif low is not None and high is not None and low > high:
        part.refuse("logicalTypeOptions", f"impossible: the minimum {low} is above the maximum {high}")
    elif (ends := bounds(col.type)) is not None:
        if low is not None and low > ends[1]:
            part.refuse("logicalTypeOptions", f"impossible: no `{col.type}` reaches the minimum {low}")
        if high is not None and high < ends[0]:
            part.refuse("logicalTypeOptions", f"impossible: every `{col.type}` is above the maximum {high}")


def _pattern(part: Part, col: Column, kind: str) -> None:
    pattern = col.pattern or ""
    if kind != "string":
        part.refuse("logicalTypeOptions", f"a pattern on a `{col.type}`", "a column of text")
        return
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        part.refuse("logicalTypeOptions", f"the pattern `{pattern}` cannot be read: {error}")
        return
    if not (pattern.startswith("^") and pattern.endswith("$")):
        part.refuse("logicalTypeOptions", f"the pattern `{pattern}` may match a part only", "^…$")
    if not col.examples:
        part.refuse("logicalTypeOptions", "a pattern without `examples`", "values that it lets pass")
    for example in col.examples:
        if not compiled.search(example):
            part.refuse("examples", f"the example `{example}` does not match the pattern `{pattern}`")

"""What makes a table impossible: its key, the columns that play a part, its row rules and its gates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from huaxiang.contracts.clean import ROLES
from huaxiang.contracts.column_checks import SNAKE_CASE
from huaxiang.contracts.types import is_type
from huaxiang.errors import ConfigurationError, did_you_mean
from huaxiang.expressions import Place, compile_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huaxiang.contracts.model import Column, Contract, Gate, Rule
    from huaxiang.contracts.part import Part

METRICS = (
    "rows",
    "quarantined_share",
    "duplicate_keys",
    "null_share:<column>",
    "rows_against_past",
    "age_days",
)
"""What a gate can be about."""

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

_FEED_COLUMNS = {"revision": "bigint", "op": "string"}


def key_columns(table: Part, columns: Sequence[tuple[Part, Column]]) -> tuple[str, ...]:
    """Return the key in order; names must be unique, and positions count from 1 without a gap."""
    positions: dict[int, str] = {}
    seen: set[str] = set()
    for part, column in columns:
        if column.name and column.name in seen:
            part.refuse("name", "the name appears twice")
        seen.add(column.name)
        position = _position(part)
        if position in positions:
            taken = positions[position]
            part.refuse("primaryKeyPosition", f"key position {position} is taken by `{taken}`")
        elif position is not None:
            positions[position] = column.name
    found = sorted(positions)
    if not columns:
        table.refuse("properties", "the table has no columns")
    elif not found:
        table.refuse("properties", "no column is part of the key", "`primaryKey: true` on at least one")
    elif found != list(range(1, len(found) + 1)):
        listed = ", ".join(map(str, found))
        table.refuse("properties", f"key positions {listed}", f"1 to {len(found)} without a gap")
    return tuple(positions[position] for position in found)


def _position(part: Part) -> int | None:
    position = part.number("primaryKeyPosition")
    if not part.flag("primaryKey"):
        if position is not None:
            part.refuse("primaryKeyPosition", "a key position without `primaryKey: true`")
        return None
    if position is None or position != int(position):
        part.refuse("primaryKey", "`primaryKeyPosition` is missing", "1 for the first column of the key")
        return None
    return int(position)


def check_roles(custom: Part, contract: Contract) -> None:
    """Refuse an instant, date or account column that is not there or of another type."""
    parts = (("instantColumn", contract.at, "timestamp"), ("dateColumn", contract.on_date, "date"))
    for role, name, kind in parts:
        if name is not None and is_column(custom, role, name, contract.columns):
            found = contract.column(name).type
            if found != kind:
                custom.refuse(role, f"`{role}` is `{name}` of type {found}", kind)
    if "accounts" not in custom.values:
        return
    accounts = custom.part("accounts")
    accounts.only(ROLES, "account role")
    for role, name in contract.accounts:
        if name:
            is_column(accounts, role, name, contract.columns)
    if "platform" not in contract.names:
        custom.refuse("accounts", "accounts without a column `platform`")


def check_feed(table: Part, contract: Contract) -> None:
    """Refuse a landing feed that lacks what cleaning reads, or brings what cleaning adds."""
    types = {column.name: column.type for column in contract.columns}
    for name, kind in _FEED_COLUMNS.items():
        if types.get(name) != kind:
            table.refuse(
                "properties", f"a landing feed without the column `{name}`", f"`{name}` of type {kind}"
            )
    for i, column in enumerate(contract.columns):
        if column.name in SYSTEM_COLUMNS:
            trail = (*table.trails["properties"], i)
            found = f"column `{column.name}`: cleaning adds a column of this name"
            table.problems.append(table.doc.problem(trail, found, "another name"))


def check_rule(part: Part, rule: Rule, columns: Sequence[Column]) -> None:
    """Refuse a row rule that cannot be read, names no column of its table, or is not true or false."""
    if rule.name and not SNAKE_CASE.fullmatch(rule.name):
        part.refuse("name", f"the rule name `{rule.name}`", "lower-case ASCII snake_case")
    if not (rule.holds and all(is_type(column.type) for column in columns)):
        return  # an unknown type is a problem already, and would only be said again in other words
    names = {column.name: column.name_info for column in columns}
    place = Place(part.doc.file, rule.line, rule.column)
    try:
        compiled = compile_expression(rule.holds, names, place, want="boolean")
    except ConfigurationError as error:
        lead = f"{part.what}: "
        part.problems.extend(replace(wrong, found=lead + wrong.found) for wrong in error.problems)
        return
    if not compiled.names:
        part.refuse("implementation", "the rule names no column, so it says nothing about a row")


def check_gate(part: Part, gate: Gate, columns: Sequence[Column]) -> None:
    """Refuse a gate without a known metric, or with limits that everything or nothing passes."""
    word, _, column = gate.metric.partition(":")
    if gate.metric and (word == "null_share") != bool(column):
        part.refuse("metric", f"metric `{gate.metric}`", "`null_share:<column>`")
    elif word == "null_share":
        is_column(part, "metric", column, columns)
    elif gate.metric and gate.metric not in METRICS:
        part.refuse("metric", f"unknown metric `{gate.metric}`", hint=did_you_mean(gate.metric, METRICS))
    limits = [limit for limit in (gate.minimum, gate.maximum) if limit is not None]
    if not limits:
        part.refuse(None, "the gate has no limit, so nothing can fail it", "a minimum or a maximum")
    elif limits[0] > limits[-1]:
        part.refuse(None, f"impossible: the minimum {limits[0]:g} is above the maximum {limits[1]:g}")
    if "share" in word and not all(0 <= limit <= 1 for limit in limits):
        part.refuse(None, f"the limit {limits[-1]:g} of a share", "between 0 and 1")


def is_column(part: Part, key: str, name: str, columns: Sequence[Column]) -> bool:
    """Tell whether the table has a column of this name; note a problem with the nearest one if not."""
    names = [column.name for column in columns]
    if name not in names:
        part.refuse(key, f"unknown column `{name}`", hint=did_you_mean(name, names))
    return name in names

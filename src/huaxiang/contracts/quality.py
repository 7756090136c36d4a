"""The `quality` of a table in its contract: rules about single rows, gates about the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from huaxiang.contracts.model import Gate, Rule, Severity, Text
from huaxiang.contracts.table_checks import check_gate, check_rule, is_column

if TYPE_CHECKING:
    from decimal import Decimal

    from huaxiang.contracts.model import Column
    from huaxiang.contracts.part import Part

_LIBRARY = {"rowCount": "rows", "duplicateValues": "duplicate_keys"}
"""Metrics of the standard, and what they are called here."""

_OPERATORS = ("mustBe", "mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo", "mustBeBetween")
_RULE = ("name", "description", "type", "engine", "implementation", "severity", "customProperties")
_GATE = ("description", "type", "engine", "implementation", "severity", "customProperties")
_LIBRARY_GATE = ("description", "type", "metric", "arguments", *_OPERATORS, "severity", "customProperties")


def read_quality(table: Part, columns: tuple[Column, ...]) -> tuple[tuple[Rule, ...], tuple[Gate, ...]]:
    """Return the row rules and the gates: what is custom and written as an expression is a row rule."""
    rules: list[Rule] = []
    gates: list[Gate] = []
    for part in table.parts("quality", "quality"):
        if "metric" in part.values:
            gates.append(_library_gate(part, columns))
        elif isinstance(part.values.get("implementation"), dict):
            gates.append(_custom_gate(part, columns))
        else:
            rule = _rule(part, columns)
            if rule.name and rule.name in [other.name for other in rules]:
                replace(part, what=f"rule `{rule.name}`").refuse("name", "the name appears twice")
            rules.append(rule)
    return tuple(rules), tuple(gates)


def _rule(part: Part, columns: tuple[Column, ...]) -> Rule:
    name = part.text("name", "the name of a row rule")
    part = replace(part, what=f"rule `{name}`") if name else part
    part.only(_RULE)
    part.word("type", ["custom"])
    part.word("engine", ["huaxiang"])
    severity = part.text("severity", required=False)
    if severity not in ("", "critical"):
        part.refuse("severity", f"severity `{severity}` on a row rule", "critical: it always quarantines")
    start = part.doc.position((*part.trail, "implementation"), value=True)
    rule = Rule(
        name,
        part.text("implementation"),
        _description(part),
        start.line,
        start.column,
    )
    check_rule(part, rule, columns)
    return rule


def _custom_gate(part: Part, columns: tuple[Column, ...]) -> Gate:
    part.only(_GATE)
    part.word("type", ["custom"])
    part.word("engine", ["huaxiang"])
    inside = part.part("implementation", "gate")
    inside.only(("metric", "minimum", "maximum"))
    metric = inside.text("metric")
    gate = Gate(
        metric,
        _float(inside.number("minimum")),
        _float(inside.number("maximum")),
        _severity(part),
        _description(part),
    )
    check_gate(inside, gate, columns)
    return gate


def _library_gate(part: Part, columns: tuple[Column, ...]) -> Gate:
    part.only(_LIBRARY_GATE)
    part.word("type", ["library"], required=False)
    metric = _LIBRARY.get(part.word("metric", _LIBRARY), "")
    low, high = _between(part)
    if metric == "duplicate_keys":
        arguments = part.part("arguments")
        arguments.only(["properties"])
        names = arguments.items("properties")
        if not names:
            part.refuse("arguments", "`duplicateValues` names no columns", "`arguments: {properties: […]}`")
        for name in names:
            is_column(arguments, "properties", str(name), columns)
    gate = Gate(metric, low, high, _severity(part), _description(part))
    check_gate(part, gate, columns)
    return gate


def _between(part: Part) -> tuple[float | None, float | None]:
    """Return the smallest and largest value that the standard's operators let pass."""
    low = _float(part.number("mustBeGreaterOrEqualTo"))
    high = _float(part.number("mustBeLessOrEqualTo"))
    if "mustBe" in part.values:
        low = high = _float(part.number("mustBe"))
    if "mustBeBetween" in part.values:
        ends = part.items("mustBeBetween")
        if len(ends) == 2 and all(isinstance(end, int | float) for end in ends):
            low, high = float(ends[0]), float(ends[1])
        else:
            part.refuse("mustBeBetween", "`mustBeBetween` is not a pair", "[smallest, largest]")
    return low, high


def _severity(part: Part) -> Severity:
    return cast("Severity", part.word("severity", ("critical", "warning")) or "critical")


def _description(part: Part) -> Text:
    return Text(
        part.text("description", "the English description"),
        part.custom(["descriptionZh"]).text("descriptionZh", "the Chinese description (`descriptionZh`)"),
    )


def _float(number: Decimal | None) -> float | None:
    return None if number is None else float(number)

"""The names a row rule uses, found by the parser of the safe language without compiling anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from huaxiang.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huaxiang.contracts.model import Rule


def rule_names(file: str, rule: Rule, valid: Iterable[str]) -> list[Problem]:
    """Return a problem for a rule that cannot be read, and for each name in it that is no column."""
    names = tuple(valid)
    try:
        tree = sqlglot.parse_one(rule.holds, read="spark")
    except SqlglotError as error:
        reason = str(getattr(error, "errors", None) and error.errors[0]["description"] or error)
        return [_problem(file, rule, 0, 1, f"cannot be read: {reason.splitlines()[0].strip(' .')}")]
    used = sorted(
        (identifier.meta.get("start", 0), identifier.meta.get("end", 0), identifier.name)
        for identifier in (column.this for column in tree.find_all(exp.Column))
    )
    if not used:
        return [_problem(file, rule, 0, len(rule.holds), "names no column, so no row can break it")]
    return [
        _problem(file, rule, start, end + 1, f"unknown column `{name}`", did_you_mean(name, names))
        for start, end, name in used
        if name not in names
    ]


def _problem(file: str, rule: Rule, start: int, end: int, found: str, hint: str = "") -> Problem:
    above = rule.holds[:start]
    line = rule.line + above.count("\n")
    offset = start - (above.rfind("\n") + 1)
    column = offset + (rule.column if "\n" not in above else 1)
    text = rule.holds.split("\n")[above.count("\n")]
    excerpt = f"{text}\n{' ' * offset}{'^' * max(end - start, 1)}"
    return Problem(f"{file}:{line}:{column}", f"rule `{rule.name}`: {found}", hint=hint, excerpt=excerpt)

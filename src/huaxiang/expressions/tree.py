"""What an expression is once parsed: literals, names and calls, nothing else.

Operators are calls too (`and`, `=`, `+`, `in`, `case`, `cast`, …), so that checking, building and
rewriting are each one walk. `type` is empty until the tree is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from decimal import Decimal

    from huaxiang.expressions.place import Span

    Value: TypeAlias = str | bool | int | float | Decimal | date | datetime | None

OPERATORS = frozenset([
    "and", "or", "not", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "neg", "||",
    "between", "in", "is_null", "is_true", "is_false", "like", "case", "cast",
])  # fmt: skip


@dataclass(frozen=True)
class Literal:
    """A constant written in the text."""

    value: Value
    type: str
    span: Span


@dataclass(frozen=True)
class Name:
    """A documented name: `orders_all`, `portrait.city_tier`."""

    name: str
    span: Span
    type: str = ""


@dataclass(frozen=True)
class Call:
    """A function or operator over arguments.

    The arguments of `case` are condition, value, condition, value, …, and an odd last one for `else`.
    A `cast` has its target in `type` from the start.
    """

    op: str
    args: tuple[Node, ...]
    span: Span
    type: str = ""


Node: TypeAlias = Literal | Name | Call


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and all below it, parents first, left to right."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        if isinstance(here, Call):
            waiting.extend(reversed(here.args))


def word(call: Call, position: int) -> str:
    """Return the text constant at a position of a call; empty where there is another value."""
    found = call.args[position]
    return str(found.value) if isinstance(found, Literal) else ""


def conditions(case: Call) -> tuple[Node, ...]:
    """Return the conditions of a `case` in order."""
    return case.args[: len(case.args) - len(case.args) % 2 : 2]


def branches(case: Call) -> tuple[Node, ...]:
    """Return the values that a `case` can give, `else` last."""
    odd = len(case.args) % 2
    return (*case.args[1::2], *case.args[len(case.args) - odd :])


def names(node: Node) -> frozenset[str]:
    """Return every name the expression uses."""
    return frozenset(n.name for n in walk(node) if isinstance(n, Name))


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the tree with `change` applied to every node, arguments before their call."""
    if isinstance(node, Call):
        node = replace(node, args=tuple(rewrite(a, change) for a in node.args))
    return change(node)

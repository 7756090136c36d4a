"""Which words a text can be, where that is written down: a column's allowed values, the branches of a `case`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.expressions.tree import Call, Literal, Name, branches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.expressions.check import NameInfo
    from huaxiang.expressions.tree import Node


def words_of(node: Node, names: Mapping[str, NameInfo]) -> frozenset[str] | None:
    """Return every text that the value can be, or None where it can be any; null is none of them."""
    match node:
        case Literal(value=None):
            return frozenset()
        case Literal(value=str() as text):
            return frozenset((text,))
        case Name(name=name) if name in names:
            return frozenset(names[name].words) or None
        case Call(op="case" | "coalesce" as op):
            values = branches(node) if op == "case" else node.args
            known = [words_of(value, names) for value in values]
            return frozenset().union(*(k for k in known if k is not None)) if None not in known else None
    return None

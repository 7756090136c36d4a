"""A segment's `who` as a rule: other segments and ranks become names, which `assign` fills with columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from huaxiang.errors import ConfigurationError
from huaxiang.expressions import compile_expression
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.tree import Call, Literal, Name, Node, names, rewrite, walk
from huaxiang.segments.model import MEMBER, TOP, Top
from huaxiang.segments.vocabulary import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.errors import Problem
    from huaxiang.expressions import NameInfo


@dataclass(frozen=True)
class Rule:
    """What was read of `who`: its text and place, the tree, the ranks in it, and where it names segments."""

    text: str
    place: Place
    tree: Node
    names: frozenset[str]
    tops: tuple[Top, ...]
    members: tuple[tuple[str, Span], ...]

    def problem(self, span: Span, found: str, hint: str) -> Problem:
        """Return a problem with a part of the text."""
        return problem(self.text, self.place, span, found, hint)


def read_rule(segment: str, text: str, place: Place, known: Mapping[str, NameInfo]) -> Rule:
    """Return the checked rule; ConfigurationError with every problem in it."""
    compiled = compile_expression(text, known, place, functions=WORDS, want="boolean")
    problems: list[Problem] = []
    tops: list[Top] = []
    members: list[tuple[str, Span]] = []

    def as_name(node: Node) -> Node:
        if not isinstance(node, Call) or node.op not in ("is_member", "top_share"):
            return node
        first = node.args[0]
        value = first.value if isinstance(first, Literal) else None
        if node.op == "is_member":
            members.append((str(value), first.span))
            return Name(f"{MEMBER}{value}", node.span, "boolean")
        if not isinstance(value, int | Decimal) or not value:
            problems.append(
                problem(text, place, first.span, "the share must be above 0", "write it as in 0.10")
            )
            return node
        if any(isinstance(n, Name) and n.name.startswith(TOP) for n in walk(node.args[1])):
            problems.append(
                problem(text, place, node.span, "a rank inside a rank", "make the inner one a segment")
            )
        name = f"{TOP}{segment} {len(tops)}"
        tops.append(Top(name, Decimal(value), node.args[1]))
        return Name(name, node.span, "boolean")

    tree = rewrite(compiled.tree, as_name)
    if problems:
        raise ConfigurationError(problems)
    used = names(tree).union(*(names(t.value) for t in tops))
    columns = frozenset(n for n in used if not n.startswith((MEMBER, TOP)))
    return Rule(text, place, tree, columns, tuple(tops), tuple(members))


def without(tree: Node, excluded: tuple[str, ...]) -> Node:
    """Return the rule with the segments of `not_if` taken out."""
    nowhere = Span(0, 0)
    outs = [Call("not", (Name(MEMBER + n, nowhere, "boolean"),), nowhere, "boolean") for n in excluded]
    return Call("and", (tree, *outs), tree.span, "boolean") if outs else tree

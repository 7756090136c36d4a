"""Names and functions of a tree against what is documented; every mistake found, not only the first."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from huaxiang.errors import ConfigurationError, nearest
from huaxiang.expressions.families import SAID, Mismatch, family, said
from huaxiang.expressions.functions import INSTEAD, NOT_REPEATABLE, SCALARS
from huaxiang.expressions.operators import Operators
from huaxiang.expressions.patterns import BadPattern
from huaxiang.expressions.place import Place, Span
from huaxiang.expressions.tree import Call, Literal, Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from huaxiang.expressions.families import Family
    from huaxiang.expressions.functions import Function, Param
    from huaxiang.expressions.tree import Node

_MANY = 12  # valid words listed in a hint before it says how many more there are


@dataclass(frozen=True)
class NameInfo:
    """A documented name: its Spark simple type, its title for messages, and the only `words` that it can be, if any."""

    type: str
    title: str = ""
    words: tuple[str, ...] = ()


def check(
    node: Node,
    text: str,
    place: Place,
    names: Mapping[str, NameInfo],
    *,
    functions: Mapping[str, Function] = SCALARS,
    want: Family | None = None,
) -> Node:
    """Return the tree with the type of every node; ConfigurationError with every problem found."""
    checker = _Checker(text, place, names, functions)
    typed = checker.node(node)
    if want and typed.type and family(typed.type) not in (want, "null"):
        checker.refuse(Span(0, len(text.rstrip())), f"{said(typed.type)} where {SAID[want]} is needed")
    if checker.problems:
        raise ConfigurationError(checker.problems)
    return typed


class _Checker(Operators):
    """One walk, arguments first. An empty type marks what is already refused, so that it is said once."""

    def __init__(
        self, text: str, place: Place, names: Mapping[str, NameInfo], functions: Mapping[str, Function]
    ) -> None:
        super().__init__(text, place, names)
        self.functions = functions

    def node(self, node: Node) -> Node:
        if isinstance(node, Name):
            return replace(node, type=self.name(node))
        return self.call(node) if isinstance(node, Call) else node

    def call(self, node: Call) -> Call:
        if node.op == "=>":
            return replace(
                node, type=self.refuse(node.span, "a named argument (`=>`) is not part of this language")
            )
        is_operator = node.op in self.operators
        is_known = is_operator or node.op in self.functions
        if not is_known:
            self.unknown_function(node)
        if not is_known and any(isinstance(a, Call) and a.op == "=>" for a in node.args):
            return node  # a word of another language: its arguments too
        call = replace(node, args=tuple(self.node(a) for a in node.args))
        if not is_known:
            return replace(call, type="")
        if not is_operator:
            return replace(call, type=self.function(call))
        refused = not all(a.type for a in call.args)
        return replace(call, type=self.despite(call) if refused else self.operators[call.op](call))

    def despite(self, call: Call) -> str:
        """Return the type of an operator whose arguments are partly refused, where it is certain."""
        if call.op in ("and", "or"):
            self._logic(replace(call, args=tuple(a for a in call.args if a.type)))
        certain = ("and", "or", "not", "=", "<>", "<", "<=", ">", ">=", "in", "between", "like")
        return (
            call.type
            if call.op == "cast"
            else "boolean"
            if call.op in certain or call.op.startswith("is_")
            else ""
        )

    def name(self, node: Name) -> str:
        if node.name in self.names:
            return self.names[node.name].type
        folded = {n.casefold(): n for n in reversed(list(self.names))}
        near = folded.get(node.name.casefold()) or nearest(node.name, self.names)
        return self.refuse(
            node.span,
            f"unknown name `{node.name}`",
            self.suggest(near) if near else self.listed(self.names, "names"),
        )

    def suggest(self, near: str) -> str:
        title = self.names[near].title
        return f"did you mean `{near}` ({title})?" if title else f"did you mean `{near}`?"

    def listed(self, words: Iterable[str], kind: str) -> str:
        known = sorted(words)
        more = f", … {len(known) - _MANY} more" if len(known) > _MANY else ""
        return f"{kind}: " + ", ".join(known[:_MANY]) + more if known else f"there are no {kind} here"

    def unknown_function(self, node: Call) -> None:
        word = Span(node.span.start, node.span.start + len(node.op))
        near = difflib.get_close_matches(node.op, list(self.functions), n=1, cutoff=0.75)
        if node.op in NOT_REPEATABLE:
            self.refuse(word, f"`{node.op}` gives another value each time; an expression must be repeatable")
        elif node.op in INSTEAD:
            self.refuse(word, f"unknown function `{node.op}`", f"write {INSTEAD[node.op]}")
        else:
            hint = f"did you mean `{near[0]}`?" if near else "functions: " + ", ".join(sorted(self.functions))
            self.refuse(word, f"unknown function `{node.op}`", hint)

    def function(self, call: Call) -> str:
        known = self.functions[call.op]
        if not known.accepts(len(call.args)):
            return self.refuse(
                call.span,
                f"`{call.op}` with {len(call.args)} argument{'s' * (len(call.args) != 1)}",
                f"write {known.usage}",
            )
        fits = [self.argument(call, known.param(i), a) for i, a in enumerate(call.args)]
        if not all(fits):
            return known.result if isinstance(known.result, str) else ""
        try:
            if known.examine:
                known.examine(call)
            return known.result if isinstance(known.result, str) else known.result(call)
        except (Mismatch, BadPattern) as error:
            return self.refuse(call.span, f"{error}: `{self.snippet(call)}`")

    def argument(self, call: Call, param: Param, arg: Node) -> bool:
        """Tell whether an argument may stand there; say so when it may not."""
        if not arg.type:
            return False
        usage = f"write {self.functions[call.op].usage}"
        if family(arg.type) not in (*param.families, "null") or (param.constant and arg.type == "void"):
            takes = " or ".join(SAID[f] for f in param.families[:3])
            self.refuse(arg.span, f"`{call.op}` takes {takes} here, not {said(arg.type)}", usage)
            return False
        if not param.constant:
            return True
        value = _constant(arg)
        if value is None:
            self.refuse(arg.span, f"`{call.op}` needs a constant here, written in the expression", usage)
            return False
        if not isinstance(value, str) and not (_low(param) <= float(value) <= _high(param)):
            self.refuse(arg.span, f"{value} is outside {param.low:g} to {param.high:g}", usage)
            return False
        return True


def _constant(arg: Node) -> str | int | float | None:
    if isinstance(arg, Call) and arg.op == "neg" and isinstance(arg.args[0], Literal):
        inner = _constant(arg.args[0])
        return -inner if isinstance(inner, int | float) else None
    if isinstance(arg, Literal) and arg.value is not None and not isinstance(arg.value, bool | date):
        return arg.value if isinstance(arg.value, str | int) else float(arg.value)
    return None


def _low(param: Param) -> float:
    return float("-inf") if param.low is None else param.low


def _high(param: Param) -> float:
    return float("inf") if param.high is None else param.high

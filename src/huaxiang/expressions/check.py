"""Names, functions and types of a tree against what is documented; every mistake found, not only the first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from huaxiang.errors import ConfigurationError, nearest
from huaxiang.expressions.families import SAID, Mismatch, arithmetic, common, family, said
from huaxiang.expressions.functions import INSTEAD, NOT_REPEATABLE, SCALARS
from huaxiang.expressions.patterns import BadPattern, check_like
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.tree import Call, Literal, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from huaxiang.errors import Problem
    from huaxiang.expressions.families import Family
    from huaxiang.expressions.functions import Function, Param
    from huaxiang.expressions.tree import Node

_MANY = 12  # valid words listed in a hint before it says how many more there are
_CASTABLE: Mapping[str, tuple[str, ...]] = {  # target family: from which families
    "number": ("number", "text", "boolean"),
    "text": ("number", "text", "boolean", "date", "instant"),
    "boolean": ("boolean", "text"),
    "date": ("date", "instant", "text"),
    "instant": ("date", "instant", "text"),
}


@dataclass(frozen=True)
class NameInfo:
    """A documented name: its Spark simple type, and its title for messages."""

    type: str
    title: str = ""


def check(
    node: Node,
    text: str,
    place: Place,
    names: Mapping[str, NameInfo],
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


class _Checker:
    """One walk, arguments first. An empty type marks what is already refused, so that it is said once."""

    def __init__(
        self, text: str, place: Place, names: Mapping[str, NameInfo], functions: Mapping[str, Function]
    ) -> None:
        self.text, self.place, self.names, self.functions = text, place, names, functions
        self.problems: list[Problem] = []
        self.operators: dict[str, Callable[[Call], str]] = {
            **dict.fromkeys(("and", "or", "not", "is_true", "is_false"), self.logic),
            **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "in", "between"), self.comparison),
            **dict.fromkeys(("+", "-", "*", "/", "%"), self.arithmetic),
            "neg": self.negated, "||": self.joined, "like": self.like, "case": self.case, "cast": self.cast,
            "is_null": lambda _: "boolean",
        }  # fmt: skip

    def refuse(self, span: Span, found: str, hint: str = "") -> str:
        self.problems.append(problem(self.text, self.place, span, found, hint))
        return ""

    def node(self, node: Node) -> Node:
        if isinstance(node, Name):
            return replace(node, type=self.name(node))
        if isinstance(node, Literal):
            return node
        is_operator = node.op in self.operators
        if not is_operator and node.op not in self.functions:
            self.unknown_function(node)
        call = replace(node, args=tuple(self.node(a) for a in node.args))
        if not is_operator and call.op not in self.functions:
            return replace(call, type="")
        if is_operator and not all(a.type for a in call.args):
            return replace(call, type=self.despite(call))
        return replace(call, type=self.operators[call.op](call) if is_operator else self.function(call))

    def despite(self, call: Call) -> str:
        """Return the type of an operator whose arguments are partly refused, where it is certain."""
        if call.op in ("and", "or"):
            self.logic(replace(call, args=tuple(a for a in call.args if a.type)))
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
        near = nearest(node.op, self.functions)
        if node.op in NOT_REPEATABLE:
            self.refuse(word, f"`{node.op}` gives another value each time; an expression must be repeatable")
        elif node.op in INSTEAD:
            self.refuse(word, f"unknown function `{node.op}`", f"write {INSTEAD[node.op]}")
        else:
            hint = f"did you mean `{near}`?" if near else "functions: " + ", ".join(sorted(self.functions))
            self.refuse(word, f"unknown function `{node.op}`", hint)

    def snippet(self, node: Node) -> str:
        return node.span.of(self.text)

    def function(self, call: Call) -> str:
        known = self.functions[call.op]
        if not known.accepts(len(call.args)):
            return self.refuse(
                call.span, f"`{call.op}` with {len(call.args)} arguments", f"write {known.usage}"
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

    def logic(self, call: Call) -> str:
        for arg in call.args:
            if family(arg.type) not in ("boolean", "null"):
                word = call.op.replace("_", " ")
                self.refuse(
                    arg.span,
                    f"`{word}` joins conditions, but this is {said(arg.type)}: `{self.snippet(arg)}`",
                )
        return "boolean"

    def comparison(self, call: Call) -> str:
        kinds = [family(a.type) for a in call.args]
        if "other" in kinds or "list" in kinds:
            return (
                self.refuse(
                    call.span,
                    f"a list or structure can't be compared: `{self.snippet(call)}`",
                    "use array_contains or size",
                )
                or "boolean"
            )
        try:
            common(a.type for a in call.args)
        except Mismatch as error:
            found = [k for k in dict.fromkeys(kinds) if k != "null"]
            if len(found) > 1:
                what = f"{SAID[found[0]]} compared with {SAID[found[1]]}"
                self.refuse(call.span, f"{what}: `{self.snippet(call)}`", self.conversion(set(found)))
            else:
                self.refuse(call.span, f"{error}: `{self.snippet(call)}`")
        return "boolean"

    def conversion(self, kinds: set[Family]) -> str:
        if kinds == {"text", "date"}:
            return "write DATE '2026-01-31', or cast(… as date)"
        if kinds == {"date", "instant"}:
            return "write cast(… as date)"
        if kinds == {"text", "number"}:
            return "write cast(… as bigint), or the text in quotes"
        return ""

    def arithmetic(self, call: Call) -> str:
        left, right = call.args
        for arg in call.args:
            if family(arg.type) not in ("number", "null"):
                is_time = family(arg.type) in ("date", "instant")
                hint = "use date_add(date, days) or date_diff(later, earlier)" if is_time else ""
                if family(arg.type) == "text" and call.op == "+":
                    hint = "join texts with ||"
                return self.refuse(
                    arg.span,
                    f"`{call.op}` takes numbers, but this is {said(arg.type)}: `{self.snippet(arg)}`",
                    hint,
                )
        try:
            return arithmetic(call.op, left.type, right.type)
        except Mismatch as error:
            return self.refuse(call.span, f"{error}: `{self.snippet(call)}`")

    def negated(self, call: Call) -> str:
        arg = call.args[0]
        if family(arg.type) not in ("number", "null"):
            return self.refuse(
                arg.span, f"`-` takes a number, but this is {said(arg.type)}: `{self.snippet(arg)}`"
            )
        return "bigint" if arg.type in ("tinyint", "smallint", "int", "void") else arg.type

    def joined(self, call: Call) -> str:
        for arg in call.args:
            if family(arg.type) not in ("text", "null"):
                hint = f"write cast({self.snippet(arg)} as string)"
                self.refuse(
                    arg.span, f"`||` joins texts, but this is {said(arg.type)}: `{self.snippet(arg)}`", hint
                )
        return "string"

    def like(self, call: Call) -> str:
        subject, pattern = call.args
        if family(subject.type) not in ("text", "null"):
            self.refuse(
                subject.span,
                f"`like` takes text, but this is {said(subject.type)}: `{self.snippet(subject)}`",
            )
        elif not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            self.refuse(
                pattern.span, "`like` needs a pattern written in the expression", "as in: name like 'A%'"
            )
        else:
            try:
                check_like(pattern.value)
            except BadPattern as error:
                self.refuse(pattern.span, str(error))
        return "boolean"

    def case(self, call: Call) -> str:
        odd = len(call.args) % 2
        for condition in call.args[: len(call.args) - odd : 2]:
            if family(condition.type) not in ("boolean", "null"):
                self.refuse(
                    condition.span,
                    f"`when` takes a condition, but this is {said(condition.type)}: `{self.snippet(condition)}`",
                )
        values = [*call.args[1::2], *(call.args[-1:] if odd else ())]
        try:
            return common(v.type for v in values)
        except Mismatch as error:
            return self.refuse(call.span, f"the branches of `case` give {error}: `{self.snippet(call)}`")

    def cast(self, call: Call) -> str:
        arg, target = call.args[0], call.type
        if not target or arg.type == "void":
            return target
        if family(arg.type) not in _CASTABLE[family(target)]:
            hint = "use from_unix_seconds or from_unix_millis" if family(target) == "instant" else ""
            hint = "use size or concat_ws" if family(arg.type) == "list" else hint
            self.refuse(call.span, f"{said(arg.type)} can't be cast to {target}: `{self.snippet(arg)}`", hint)
        elif family(arg.type) == "text" and family(target) in ("date", "instant") and not _names(arg):
            self.dated(arg, target)
        return target

    def dated(self, arg: Node, target: str) -> None:
        """Refuse constants like 'now' that Spark would read as tonight's date."""
        value = arg.value if isinstance(arg, Literal) else None
        try:
            written(str(value), target)
        except ValueError:
            example = "2026-01-31" if target == "date" else "2026-01-31 20:15:00+08:00"
            self.refuse(arg.span, f"`{self.snippet(arg)}` is not {said(target)}", f"write '{example}'")


def written(value: str, target: str) -> date | datetime:
    """Return the date or instant that a constant means (UTC when it names no offset); ValueError otherwise."""
    if target == "date":
        return date.fromisoformat(value)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _names(node: Node) -> bool:
    return isinstance(node, Name) or (isinstance(node, Call) and any(_names(a) for a in node.args))


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

"""What operators take and give: conditions, comparisons, arithmetic, `case` and `cast`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from huaxiang.errors import did_you_mean
from huaxiang.expressions.families import (
    SAID,
    Mismatch,
    arithmetic,
    common,
    decimal,
    family,
    is_whole,
    mirrored,
    said,
)
from huaxiang.expressions.patterns import BadPattern, check_like
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.tree import Call, Literal, Name, branches, conditions, walk
from huaxiang.expressions.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from huaxiang.errors import Problem
    from huaxiang.expressions.check import NameInfo
    from huaxiang.expressions.families import Family
    from huaxiang.expressions.tree import Node

_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_CASTABLE: Mapping[str, tuple[str, ...]] = {  # target family: from which families
    "number": ("number", "text", "boolean"),
    "text": ("number", "text", "boolean", "date", "instant"),
    "boolean": ("boolean", "text"),
    "date": ("date", "instant", "text"),
    "instant": ("date", "instant", "text"),
}


class Operators:
    """One method per kind of operator: refuses what doesn't go together, returns the type of the result."""

    def __init__(self, text: str, place: Place, names: Mapping[str, NameInfo]) -> None:
        self.text, self.place, self.names = text, place, names
        self.problems: list[Problem] = []
        self.operators: dict[str, Callable[[Call], str]] = {
            **dict.fromkeys(("and", "or", "not", "is_true", "is_false"), self._logic),
            **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "in", "between"), self._comparison),
            **dict.fromkeys(("+", "-", "*", "/", "%"), self._arithmetic),
            "neg": self._negated,
            "||": self._joined, "like": self._like, "case": self._case, "cast": self._cast,
            "is_null": lambda _: "boolean",
        }  # fmt: skip

    def refuse(self, span: Span, found: str, hint: str = "") -> str:
        """Note a problem; return the empty type, which marks what is already refused."""
        self.problems.append(problem(self.text, self.place, span, found, hint))
        return ""

    def snippet(self, node: Node) -> str:
        """Return the words of a node, for a message."""
        return node.span.of(self.text)

    def _logic(self, call: Call) -> str:
        for arg in call.args:
            if family(arg.type) not in ("boolean", "null"):
                word = call.op.replace("_", " ")
                self.refuse(
                    arg.span,
                    f"`{word}` joins conditions, but this is {said(arg.type)}: `{self.snippet(arg)}`",
                )
        return "boolean"

    def _comparison(self, call: Call) -> str:
        kinds = [family(a.type) for a in call.args]
        if "null" in kinds:
            asked = next((arg for arg in call.args if family(arg.type) != "null"), call)
            hint = f"`{self.snippet(asked)} is null` asks for it" if isinstance(asked, Name) else ""
            if call.op == "in":
                hint = "leave null out of the list" + ("; " + hint if hint else "")
            return self.refuse(asked.span, f"nothing is {call.op} null", hint) or "boolean"
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
                self.refuse(call.span, f"{what}: `{self.snippet(call)}`", self._conversion(set(found)))
            else:
                self.refuse(call.span, f"{error}: `{self.snippet(call)}`")
            return "boolean"
        if call.op in ("=", "<>", "in"):
            self._never(call)
        return "boolean"

    def _never(self, call: Call) -> None:
        """Refuse words that the other side, whose words are known, never is."""
        asked, *others = call.args
        if isinstance(asked, Literal) and len(others) == 1:
            asked, others = others[0], [asked]
        known = None if isinstance(asked, Literal) else words_of(asked, self.names)
        for literal in (other for other in others if isinstance(other, Literal)):
            if known and literal.value not in known:
                found = f"{self.snippet(asked)} is never {self.snippet(literal)}"
                self.refuse(literal.span, found, did_you_mean(str(literal.value), known))

    def _conversion(self, kinds: set[Family]) -> str:
        if kinds == {"text", "date"}:
            return "write DATE '2026-01-31', or cast(… as date)"
        if kinds == {"date", "instant"}:
            return "write cast(… as date)"
        if kinds == {"text", "number"}:
            return "write cast(… as bigint), or the text in quotes"
        return ""

    def _arithmetic(self, call: Call) -> str:
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
            return arithmetic(call.op, operand_type(left, right), operand_type(right, left))
        except Mismatch as error:
            return self.refuse(call.span, f"{error}: `{self.snippet(call)}`")

    def _negated(self, call: Call) -> str:
        arg = call.args[0]
        if family(arg.type) not in ("number", "null"):
            return self.refuse(
                arg.span, f"`-` takes a number, but this is {said(arg.type)}: `{self.snippet(arg)}`"
            )
        if arg.type == "void" or is_whole(arg.type):
            return "bigint"
        try:
            return mirrored(arg.type)
        except Mismatch as error:
            return self.refuse(arg.span, f"{error}: `{self.snippet(arg)}`")

    def _joined(self, call: Call) -> str:
        for arg in call.args:
            if family(arg.type) not in ("text", "null"):
                hint = f"write cast({self.snippet(arg)} as string)"
                self.refuse(
                    arg.span, f"`||` joins texts, but this is {said(arg.type)}: `{self.snippet(arg)}`", hint
                )
        return "string"

    def _like(self, call: Call) -> str:
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

    def _case(self, call: Call) -> str:
        for condition in conditions(call):
            if family(condition.type) not in ("boolean", "null"):
                words = self.snippet(condition)
                found = f"`when` takes a condition, but this is {said(condition.type)}: `{words}`"
                self.refuse(condition.span, found)
        try:
            return common(v.type for v in branches(call))
        except Mismatch as error:
            return self.refuse(call.span, f"the branches of `case` give {error}: `{self.snippet(call)}`")

    def _cast(self, call: Call) -> str:
        arg, target = call.args[0], call.type
        if not target or arg.type == "void":
            return target
        if family(arg.type) not in _CASTABLE[family(target)]:
            hint = "use from_unix_seconds or from_unix_millis" if family(target) == "instant" else ""
            hint = "use size or concat_ws" if family(arg.type) == "list" else hint
            self.refuse(call.span, f"{said(arg.type)} can't be cast to {target}: `{self.snippet(arg)}`", hint)
        elif (
            family(arg.type) == "text"
            and family(target) in ("date", "instant")
            and not any(isinstance(n, Name) for n in walk(arg))
        ):
            self._dated(arg, target)
        return target

    def _dated(self, arg: Node, target: str) -> None:
        """Refuse constants like 'now' that Spark would read as tonight's date."""
        value = arg.value if isinstance(arg, Literal) else None
        try:
            written(str(value), target)
        except ValueError:
            example = "2026-01-31" if target == "date" else "2026-01-31 20:15:00+08:00"
            found = f"`{self.snippet(arg)}` is not {said(target)} of the years 1 to 9999"
            self.refuse(arg.span, found, f"write '{example}'")


def operand_type(arg: Node, other: Node) -> str:
    """Return the type an operand of arithmetic counts as: a whole number beside a decimal is exact."""
    if isinstance(arg, Literal) and is_whole(arg.type) and other.type.startswith("decimal"):
        return decimal(len(str(arg.value)), 0)
    return arg.type


def written(value: str, target: str) -> date | datetime:
    """Return the date or the instant (in UTC, also without an offset) of a constant.

    ValueError if it is none, or in UTC lies before the second day of year 1 or after 9999: readers can't hold it.
    """
    if target == "date":
        return date.fromisoformat(value)
    found = datetime.fromisoformat(value)
    try:
        instant = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        instant = datetime.min.replace(tzinfo=UTC)
    if instant < _FIRST:
        raise ValueError(value)
    return instant

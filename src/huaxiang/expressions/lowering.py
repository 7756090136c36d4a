"""The parser's tree to ours: allowed nodes are taken over, a method per kind; all else is refused by name."""

from __future__ import annotations

import bisect
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from huaxiang.expressions.families import decimal
from huaxiang.expressions.functions import INSTEAD
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.tree import OPERATORS, Call, Literal, Name, Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot.tokenizer_core import Token

    from huaxiang.errors import Problem

_BINARY: dict[type[exp.Expr], str] = {
    exp.And: "and", exp.Or: "or",
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||",
}  # fmt: skip
_CASTS = {
    "BIGINT": "bigint", "INT": "int", "DOUBLE": "double", "TEXT": "string", "VARCHAR": "string",
    "DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamp", "TIMESTAMPLTZ": "timestamp",
    "BOOLEAN": "boolean",
}  # fmt: skip
_PLAIN: dict[type[exp.Expr], str] = {
    exp.Subquery: "a subquery", exp.Select: "a subquery", exp.Exists: "a subquery",
    exp.Window: "a window (`over`)",
    exp.Star: "`*`", exp.Lambda: "a lambda (`->`)", exp.Bracket: "`[…]`", exp.Interval: "an interval",
    exp.NullSafeEQ: "`<=>`", exp.RegexpLike: "`rlike`", exp.ILike: "`ilike`", exp.IntDiv: "`div`",
    exp.Placeholder: "a placeholder", exp.Parameter: "a parameter", exp.Tuple: "a list in brackets",
    exp.Distinct: "`distinct`", exp.Filter: "`filter`", exp.AtTimeZone: "`at time zone`",
    exp.Escape: "`escape`", exp.Alias: "`as`", exp.Any: "`any`", exp.All: "`all`",
}  # fmt: skip
_INSTEAD: dict[type[exp.Expr], str] = {
    exp.Interval: "use date_add(date, days)",
    exp.NullSafeEQ: "use `=` with `is null`",
    exp.RegexpLike: "use regexp_extract(text, pattern) is not null",
    exp.ILike: "use lower(…) like",
    exp.IntDiv: "use floor(a / b)",
    exp.Concat: r"for a quote inside a text write \'",
}


_BRACKET = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


class Lowering:
    """Takes the allowed nodes over, one method per kind; collects what is refused."""

    def __init__(self, text: str, place: Place, tokens: list[Token]) -> None:
        self.text, self.place, self.tokens = text, place, tokens
        self.starts = [t.start for t in tokens]
        self.problems: list[Problem] = []
        self.kinds: dict[type[exp.Expr], Callable[[Any], Node]] = {
            exp.Paren: self._paren, exp.Column: self._column, exp.Literal: self._literal,
            exp.RawString: self._literal, exp.Boolean: self._constant, exp.Null: self._constant,
            exp.Not: self._negation, exp.Neg: self._minus,
            exp.Between: self._between, exp.In: self._in_list, exp.Is: self._is_, exp.Like: self._like,
            exp.Case: self._case, exp.Cast: self._cast, exp.TryCast: self._cast, exp.Anonymous: self._call,
            exp.Kwarg: self._named,
            **dict.fromkeys(_BINARY, self._binary),
        }  # fmt: skip

    def node(self, e: exp.Expr) -> Node:
        """Return our node for one of the parser's; `problems` says what was refused on the way."""
        return self.kinds.get(type(e), self._refuse)(e)

    def _refuse(self, e: exp.Expr, what: str = "") -> Node:
        span = self._balanced(self._extent(e))
        if e.find(exp.Select):
            opens = next(t.start for t in self.tokens if t.token_type == TokenType.SELECT)
            span = Span(opens, max(opens + len("select"), span.end))
        what = what or _PLAIN.get(type(e), f"`{span.of(self.text)}`")
        if isinstance(e, exp.Concat):
            what = "two texts side by side"
        found = f"{what} is not part of this language"
        self.problems.append(problem(self.text, self.place, span, found, _INSTEAD.get(type(e), "")))
        return Literal(None, "void", span)

    def _only(self, e: exp.Expr, *allowed: str) -> bool:
        """Tell whether the node holds nothing but `allowed`: an argument we don't know would be lost."""
        return not any(value for key, value in e.args.items() if key not in allowed)

    def _extent(self, e: exp.Expr) -> Span:
        """Return the span of all leaves below a node of the parser."""
        spots = [(m["start"], m["end"] + 1) for m in (n.meta for n in e.walk()) if m.get("start") is not None]
        if not spots:
            return Span(0, len(self.text.rstrip()))
        return Span(min(s for s, _ in spots), max(t for _, t in spots))

    def _paren(self, e: exp.Paren) -> Node:
        return self.node(e.this)

    def _column(self, e: exp.Column) -> Node:
        if any(isinstance(p, exp.Star) for p in e.parts):
            return self._refuse(e, "`*`")
        if not all(isinstance(p, exp.Identifier) for p in e.parts):
            return self._refuse(e)
        return Name(".".join(p.name for p in e.parts), self._extent(e))

    def _literal(self, e: exp.Literal | exp.RawString) -> Node:
        span, words = self._extent(e), str(e.this)
        if isinstance(e, exp.RawString) or e.is_string:
            return Literal(words, "string", span)
        if re.fullmatch(r"\d+", words):
            value = int(words)
            digits = len(str(value))
            type_ = "int" if value < 2**31 else "bigint" if value < 2**63 else decimal(digits, 0)
            return self._sized(
                Literal(value if digits < 19 or value < 2**63 else Decimal(value), type_, span), digits
            )
        if re.fullmatch(r"\d*\.\d*", words) and len(words) > 1:
            exact = Decimal(words)
            scale = -int(exact.as_tuple().exponent)
            digits = max(len(exact.as_tuple().digits), scale, 1)
            return self._sized(Literal(exact, decimal(digits, scale), span), digits)
        try:
            number = float(words)
        except ValueError:
            return self._refuse(e)
        if number in (float("inf"), float("-inf")):
            return self._refuse(e, f"`{words}`, a number without end,")
        return Literal(number, "double", span)

    def _sized(self, node: Literal, digits: int) -> Node:
        if digits > 38:
            self.problems.append(
                problem(self.text, self.place, node.span, f"a number of {digits} digits; at most 38")
            )
        return node

    def _constant(self, e: exp.Boolean | exp.Null) -> Node:
        value = bool(e.this) if isinstance(e, exp.Boolean) else None
        return Literal(value, "void" if value is None else "boolean", Span(0, 0))

    def _binary(self, e: exp.Binary) -> Node:
        if not self._only(e, "this", "expression", "safe", "typed"):
            return self._refuse(e)
        op = _BINARY[type(e)]
        if op in ("and", "or"):
            return self._joined(op, [self.node(p) for p in _chain(e)])
        return self._joined(op, [self.node(e.this), self.node(e.expression)])

    def _joined(self, op: str, args: list[Node], type_: str = "") -> Call:
        spans = [a.span for a in args if a.span.end]
        span = Span(min((s.start for s in spans), default=0), max((s.end for s in spans), default=1))
        return Call(op, tuple(args), self._balanced(span), type_)

    def _balanced(self, span: Span) -> Span:
        """Return the span widened until every bracket in it has its partner."""
        first = bisect.bisect_left(self.starts, span.start)
        last = max(first, bisect.bisect_left(self.starts, span.end) - 1)
        depth = lowest = 0
        for token in self.tokens[first : last + 1]:
            depth += _BRACKET.get(token.token_type, 0)
            lowest = min(lowest, depth)
        opened, first = -lowest, first - 1
        while opened and first >= 0:
            opened -= _BRACKET.get(self.tokens[first].token_type, 0)
            first -= 1
        closed, last = depth - lowest, last + 1
        while closed and last < len(self.tokens):
            closed += _BRACKET.get(self.tokens[last].token_type, 0)
            last += 1
        return Span(min(span.start, self.starts[first + 1]), max(span.end, self.tokens[last - 1].end + 1))

    def _negation(self, e: exp.Not) -> Node:
        return self._joined("not", [self.node(e.this)])

    def _minus(self, e: exp.Neg) -> Node:
        return self._joined("neg", [self.node(e.this)])

    def _between(self, e: exp.Between) -> Node:
        if not self._only(e, "this", "low", "high"):
            return self._refuse(e, "`between symmetric`")
        return self._joined(
            "between", [self.node(e.this), self.node(e.args["low"]), self.node(e.args["high"])]
        )

    def _in_list(self, e: exp.In) -> Node:
        if not self._only(e, "this", "expressions"):
            return self._refuse(e, "a subquery")
        return self._joined("in", [self.node(e.this), *(self.node(x) for x in e.expressions)])

    def _is_(self, e: exp.Is) -> Node:
        what = e.expression
        if isinstance(what, exp.Null):
            return self._joined("is_null", [self.node(e.this)])
        if isinstance(what, exp.Boolean):
            return self._joined("is_true" if what.this else "is_false", [self.node(e.this)])
        return self._refuse(e)

    def _like(self, e: exp.Like) -> Node:
        if not self._only(e, "this", "expression", "negate"):
            return self._refuse(e)
        if isinstance(e.expression, exp.Any | exp.All):
            return self._refuse(e.expression)
        found = self._joined("like", [self.node(e.this), self.node(e.expression)])
        return self._joined("not", [found]) if e.args.get("negate") else found

    def _case(self, e: exp.Case) -> Node:
        args: list[Node] = []
        for branch in e.args["ifs"]:
            condition = self.node(branch.this)
            if e.this is not None:
                condition = self._joined("=", [self.node(e.this), condition])
            args += [condition, self.node(branch.args["true"])]
        if e.args.get("default") is not None:
            args.append(self.node(e.args["default"]))
        span = self._joined("case", args).span
        at = bisect.bisect_left(self.starts, span.start)
        opens = next(
            (t.start for t in reversed(self.tokens[:at]) if t.token_type == TokenType.CASE), span.start
        )
        at = bisect.bisect_left(self.starts, span.end)
        closes = next((t.end + 1 for t in self.tokens[at:] if t.token_type == TokenType.END), span.end)
        return Call("case", tuple(args), Span(opens, closes))

    def _cast(self, e: exp.Cast) -> Node:
        if not self._only(e, "this", "to"):
            return self._refuse(e)
        arg = self.node(e.this)
        span = self._cast_span(self._joined("cast", [arg]).span)
        target = _target(e.to)
        if target is None:
            found = f"cast to `{e.to.sql(dialect='spark').lower()}` is not part of this language"
            hint = "types: bigint, int, decimal(p,s), double, string, date, timestamp, boolean"
            self.problems.append(problem(self.text, self.place, span, found, hint))
        return Call("cast", (arg,), span, target or "")

    def _cast_span(self, inner: Span) -> Span:
        """Return the span of `cast( … )` around its argument; of the argument for `DATE '…'` and `x::int`."""
        at = bisect.bisect_left(self.starts, inner.start) - 1
        while at >= 0 and self.tokens[at].token_type == TokenType.L_PAREN:
            at -= 1
        if at >= 0 and self.tokens[at].text.lower() == "cast":
            return self._closed(self.starts[at])
        return inner

    def _call(self, e: exp.Anonymous) -> Node:
        if not isinstance(e.this, str):
            return self._refuse(e, f"`{e.name}` in quotes as a function")
        name, start = e.this.lower(), e.meta["start"]
        args = tuple(self.node(a) for a in e.expressions)
        if name in OPERATORS:
            hint = f"write {INSTEAD[name]}" if name in INSTEAD else ""
            span = Span(start, start + len(name))
            self.problems.append(problem(self.text, self.place, span, f"unknown function `{name}`", hint))
        return Call(name, args, self._closed(start))

    def _named(self, e: exp.Kwarg) -> Node:
        """Keep a named argument, so that an unknown function with some is answered as one mistake."""
        return self._joined("=>", [self.node(e.expression)])

    def _closed(self, start: int) -> Span:
        """Return the span from a function's name to its closing bracket."""
        depth, at = 0, bisect.bisect_left(self.starts, start)
        for token in self.tokens[at:]:
            depth += _BRACKET.get(token.token_type, 0)
            if depth == 0 and token.token_type == TokenType.R_PAREN:
                return Span(start, token.end + 1)
        return Span(start, len(self.text))


def _chain(e: exp.Expr) -> list[exp.Expr]:
    """Return the members of `a and b and c` in order, however long."""
    members, waiting = [], [e]
    while waiting:
        here = waiting.pop()
        inner = here
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if type(inner) is type(e):
            waiting += [inner.args["expression"], inner.this]
        else:
            members.append(here)
    return members


def _target(to: exp.DataType) -> str | None:
    kind = getattr(to.this, "name", str(to.this))
    if kind == "DECIMAL":
        sizes = [p.name for p in to.expressions]
        if len(sizes) != 2 or not all(s.isdigit() for s in sizes):
            return None
        precision, scale = int(sizes[0]), int(sizes[1])
        return decimal(precision, scale) if 1 <= precision <= 38 and scale <= precision else None
    return None if to.expressions else _CASTS.get(kind)

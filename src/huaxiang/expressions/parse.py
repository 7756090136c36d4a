"""Text to tree: sqlglot parses (Spark dialect), an allow-list of its nodes is taken over, all else is refused by name.

The parser knows no functions here: every call arrives as a bare name with arguments, and only
`functions.py` gives it a meaning.
"""

from __future__ import annotations

import bisect
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokenizer_core import TokenType

from huaxiang.errors import ConfigurationError
from huaxiang.expressions.families import decimal
from huaxiang.expressions.place import Place, Span, problem
from huaxiang.expressions.scan import scan
from huaxiang.expressions.functions import INSTEAD
from huaxiang.expressions.tree import OPERATORS, Call, Literal, Name, Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot.tokenizer_core import Token

    from huaxiang.errors import Problem

DEEPEST_TREE = 60
_CASE = SparkParser.NO_PAREN_FUNCTION_PARSERS["CASE"]
_CAST = SparkParser.FUNCTION_PARSERS["CAST"]

_BINARY: dict[type[exp.Expr], str] = {
    exp.And: "and", exp.Or: "or",
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||",
}  # fmt: skip
_CASTS = {
    "BIGINT": "bigint", "INT": "int", "DOUBLE": "double", "TEXT": "string", "VARCHAR": "string", "DATE": "date",
    "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamp", "TIMESTAMPLTZ": "timestamp", "BOOLEAN": "boolean",
}  # fmt: skip
_PLAIN: dict[type[exp.Expr], str] = {
    exp.Subquery: "a subquery", exp.Select: "a subquery", exp.Exists: "a subquery", exp.Window: "a window (`over`)",
    exp.Star: "`*`", exp.Lambda: "a lambda (`->`)", exp.Bracket: "`[…]`", exp.Interval: "an interval",
    exp.NullSafeEQ: "`<=>`", exp.RegexpLike: "`rlike`", exp.ILike: "`ilike`", exp.IntDiv: "`div`",
    exp.Placeholder: "a placeholder", exp.Parameter: "a parameter", exp.Tuple: "a list in brackets",
    exp.Distinct: "`distinct`", exp.Filter: "`filter`", exp.AtTimeZone: "`at time zone`", exp.Escape: "`escape`",
    exp.Kwarg: "a named argument (`=>`)", exp.Alias: "`as`", exp.Any: "`any`", exp.All: "`all`",
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


class _Parser(SparkParser):
    """Spark's grammar with no function of its own but `case` and `cast`."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": _CAST}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CASE": _CASE}


def parse(text: str, place: Place) -> Node:
    """Return the expression as a tree without types; ConfigurationError with every problem found."""
    problems = scan(text, place)
    if problems:
        raise ConfigurationError(problems)
    dialect = Spark()
    try:
        tokens = dialect.tokenize(text)
        found = _Parser(dialect=dialect).parse_into(exp.Condition, tokens, text)
        root = found[0] if found else None
        if root is None or len(found) > 1:
            raise ConfigurationError(problem(text, place, Span(0, len(text)), "not one expression"))
        if _depth(root) > DEEPEST_TREE:
            raise RecursionError
        lowering = _Lowering(text, place, tokens)
        node = lowering.node(root)
    except TokenError as error:
        raise ConfigurationError(
            problem(text, place, Span(error.start or 0, len(text)), "cannot be read")
        ) from None
    except ParseError as error:
        raise ConfigurationError(_syntax(text, place, error)) from None
    except RecursionError:
        too_deep = f"nested too deeply; at most {DEEPEST_TREE} levels are read"
        raise ConfigurationError(problem(text, place, Span(0, 1), too_deep)) from None
    if lowering.problems:
        raise ConfigurationError(lowering.problems)
    return node


def _syntax(text: str, place: Place, error: ParseError) -> Problem:
    """Return the parser's complaint at its place, in our words."""
    first = error.errors[0] if error.errors else {}
    word = str(first.get("highlight") or "")
    start = len(text.rstrip()) - 1
    context = str(first.get("start_context") or "") + word
    where = text.find(context) if context.strip() else -1
    if where >= 0:
        start = where + len(context) - len(word)
    said = str(first.get("description") or "")
    if said.startswith("Expecting )"):
        found = f"`)` expected after `{word}`" if word else "`)` expected"
    elif said.startswith("Required keyword"):
        found = f"something is missing beside `{word}`"
    else:
        found = f"`{word}` was not expected here" if word else "cannot be read"
    return problem(text, place, Span(start, start + max(1, len(word))), found)


def _depth(root: exp.Expr) -> int:
    """Return how deep the tree is; chains of one `and` or `or`, and brackets, count once."""
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        here, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in here.iter_expressions():
            is_chain = isinstance(child, exp.Paren) or (
                isinstance(child, exp.And | exp.Or) and type(child) is type(here)
            )
            waiting.append((child, depth if is_chain else depth + 1))
    return deepest


class _Lowering:
    """Takes the allowed nodes over, one method per kind; collects what is refused."""

    def __init__(self, text: str, place: Place, tokens: list[Token]) -> None:
        self.text, self.place, self.tokens = text, place, tokens
        self.starts = [t.start for t in tokens]
        self.problems: list[Problem] = []
        self.kinds: dict[type[exp.Expr], Callable[[Any], Node]] = {
            exp.Paren: self.paren, exp.Column: self.column, exp.Literal: self.literal, exp.RawString: self.literal,
            exp.Boolean: self.constant, exp.Null: self.constant, exp.Not: self.negation, exp.Neg: self.minus,
            exp.Between: self.between, exp.In: self.in_list, exp.Is: self.is_, exp.Like: self.like,
            exp.Case: self.case, exp.Cast: self.cast, exp.TryCast: self.cast, exp.Anonymous: self.call,
            **dict.fromkeys(_BINARY, self.binary),
        }  # fmt: skip

    def node(self, e: exp.Expr) -> Node:
        return self.kinds.get(type(e), self.refuse)(e)

    def refuse(self, e: exp.Expr, what: str = "") -> Node:
        span = self.extent(e)
        if e.find(exp.Select):
            opens = next(t.start for t in self.tokens if t.token_type == TokenType.SELECT)
            span = Span(opens, max(opens + len("select"), span.end))
        what = what or _PLAIN.get(type(e), f"`{span.of(self.text)}`")
        if isinstance(e, exp.Concat):
            what = "two texts side by side"
        found = f"{what} is not part of this language"
        self.problems.append(problem(self.text, self.place, span, found, _INSTEAD.get(type(e), "")))
        return Literal(None, "void", span)

    def only(self, e: exp.Expr, *allowed: str) -> bool:
        """Tell whether the node holds nothing but `allowed`: an argument we don't know would be lost."""
        return not any(value for key, value in e.args.items() if key not in allowed)

    def extent(self, e: exp.Expr) -> Span:
        """Return the span of all leaves below a node of the parser."""
        spots = [(m["start"], m["end"] + 1) for m in (n.meta for n in e.walk()) if m.get("start") is not None]
        if not spots:
            return Span(0, len(self.text.rstrip()))
        return Span(min(s for s, _ in spots), max(t for _, t in spots))

    def paren(self, e: exp.Paren) -> Node:
        return self.node(e.this)

    def column(self, e: exp.Column) -> Node:
        if any(isinstance(p, exp.Star) for p in e.parts):
            return self.refuse(e, "`*`")
        if not all(isinstance(p, exp.Identifier) for p in e.parts):
            return self.refuse(e)
        return Name(".".join(p.name for p in e.parts), self.extent(e))

    def literal(self, e: exp.Literal | exp.RawString) -> Node:
        span, words = self.extent(e), str(e.this)
        if isinstance(e, exp.RawString) or e.is_string:
            return Literal(words, "string", span)
        if re.fullmatch(r"\d+", words):
            value = int(words)
            digits = len(str(value))
            type_ = "int" if value < 2**31 else "bigint" if value < 2**63 else decimal(digits, 0)
            return self.sized(
                Literal(value if digits < 19 or value < 2**63 else Decimal(value), type_, span), digits
            )
        if re.fullmatch(r"\d*\.\d*", words) and len(words) > 1:
            exact = Decimal(words)
            scale = -int(exact.as_tuple().exponent)
            digits = max(len(exact.as_tuple().digits), scale, 1)
            return self.sized(Literal(exact, decimal(digits, scale), span), digits)
        try:
            number = float(words)
        except ValueError:
            return self.refuse(e)
        if number in (float("inf"), float("-inf")):
            return self.refuse(e, f"`{words}`, a number without end,")
        return Literal(number, "double", span)

    def sized(self, node: Literal, digits: int) -> Node:
        if digits > 38:
            self.problems.append(
                problem(self.text, self.place, node.span, f"a number of {digits} digits; at most 38")
            )
        return node

    def constant(self, e: exp.Boolean | exp.Null) -> Node:
        value = bool(e.this) if isinstance(e, exp.Boolean) else None
        return Literal(value, "void" if value is None else "boolean", Span(0, 0))

    def binary(self, e: exp.Binary) -> Node:
        if not self.only(e, "this", "expression", "safe", "typed"):
            return self.refuse(e)
        op = _BINARY[type(e)]
        if op in ("and", "or"):
            return self.joined(op, [self.node(p) for p in _chain(e)])
        return self.joined(op, [self.node(e.this), self.node(e.expression)])

    def joined(self, op: str, args: list[Node], type_: str = "") -> Call:
        spans = [a.span for a in args if a.span.end]
        span = Span(min((s.start for s in spans), default=0), max((s.end for s in spans), default=1))
        return Call(op, tuple(args), self.balanced(span), type_)

    def balanced(self, span: Span) -> Span:
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

    def negation(self, e: exp.Not) -> Node:
        return self.joined("not", [self.node(e.this)])

    def minus(self, e: exp.Neg) -> Node:
        return self.joined("neg", [self.node(e.this)])

    def between(self, e: exp.Between) -> Node:
        if not self.only(e, "this", "low", "high"):
            return self.refuse(e, "`between symmetric`")
        return self.joined(
            "between", [self.node(e.this), self.node(e.args["low"]), self.node(e.args["high"])]
        )

    def in_list(self, e: exp.In) -> Node:
        if not self.only(e, "this", "expressions"):
            return self.refuse(e, "a subquery")
        return self.joined("in", [self.node(e.this), *(self.node(x) for x in e.expressions)])

    def is_(self, e: exp.Is) -> Node:
        what = e.expression
        if isinstance(what, exp.Null):
            return self.joined("is_null", [self.node(e.this)])
        if isinstance(what, exp.Boolean):
            return self.joined("is_true" if what.this else "is_false", [self.node(e.this)])
        return self.refuse(e)

    def like(self, e: exp.Like) -> Node:
        if not self.only(e, "this", "expression", "negate"):
            return self.refuse(e)
        if isinstance(e.expression, exp.Any | exp.All):
            return self.refuse(e.expression)
        found = self.joined("like", [self.node(e.this), self.node(e.expression)])
        return self.joined("not", [found]) if e.args.get("negate") else found

    def case(self, e: exp.Case) -> Node:
        args: list[Node] = []
        for branch in e.args["ifs"]:
            condition = self.node(branch.this)
            if e.this is not None:
                condition = self.joined("=", [self.node(e.this), condition])
            args += [condition, self.node(branch.args["true"])]
        if e.args.get("default") is not None:
            args.append(self.node(e.args["default"]))
        span = self.joined("case", args).span
        at = bisect.bisect_left(self.starts, span.start)
        opens = next(
            (t.start for t in reversed(self.tokens[:at]) if t.token_type == TokenType.CASE), span.start
        )
        at = bisect.bisect_left(self.starts, span.end)
        closes = next((t.end + 1 for t in self.tokens[at:] if t.token_type == TokenType.END), span.end)
        return Call("case", tuple(args), Span(opens, closes))

    def cast(self, e: exp.Cast) -> Node:
        if not self.only(e, "this", "to"):
            return self.refuse(e)
        target = _target(e.to)
        if target is None:
            found = f"cast to `{e.to.sql(dialect='spark').lower()}` is not part of this language"
            hint = "types: bigint, int, decimal(p,s), double, string, date, timestamp, boolean"
            self.problems.append(problem(self.text, self.place, self.extent(e), found, hint))
            target = ""
        return self.joined("cast", [self.node(e.this)], target)

    def call(self, e: exp.Anonymous) -> Node:
        if not isinstance(e.this, str):
            return self.refuse(e, f"`{e.name}` in quotes as a function")
        name, start = e.this.lower(), e.meta["start"]
        args = tuple(self.node(a) for a in e.expressions)
        if name in OPERATORS:
            hint = f"write {INSTEAD[name]}" if name in INSTEAD else ""
            span = Span(start, start + len(name))
            self.problems.append(problem(self.text, self.place, span, f"unknown function `{name}`", hint))
        return Call(name, args, self.closed(start))

    def closed(self, start: int) -> Span:
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

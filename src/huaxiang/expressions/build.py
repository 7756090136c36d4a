"""A checked tree as a Spark column, node by node; no text of a user is parsed by Spark.

Every operation is the one that gives null where Spark's ANSI mode would fail: the `try_` family, and
guards written so that an argument stands in the plan once, or plans would double at each level.
"""

from __future__ import annotations

import math
import re
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clock import clock_in
from huaxiang.expressions.calls import CALENDAR, CALLS, let, literal, sane_date, sane_instant
from huaxiang.expressions.families import common, decimal_of, element, family
from huaxiang.expressions.operators import operand_type, written
from huaxiang.expressions.tree import Call, Literal, Name, branches, conditions, walk, word
from huaxiang.frames import column_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

    from huaxiang.expressions.tree import Node

_DATED = r"^\s*(\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d.*)?)\s*$"  # not 'now', not '12:30' (which Spark dates tonight)
_ASCII = r"^[\x00-\x7f]*$"  # Java reads the digits of every script
READING = frozenset(["to_date", "to_timestamp", "cast"])
"""What reads a value from a text."""
_OFFSET = r":\d\d(?:\.\d*)?\s*(?:Z|UTC|[+-]\d{1,2}(?::?\d\d)?)\s*$"


def to_column(node: Node, resolve: Callable[[str], Column] | None = None, *, zone: str = "UTC") -> Column:
    """Return the column that a checked tree stands for."""
    return _Build(resolve or column_named, zone).node(node)


def unread(tree: Node, *, zone: str = "UTC") -> Column | None:
    """Return what `Compiled.unread` says."""
    build = _Build(column_named, zone)
    failed = [
        (F.trim(build.node(node.args[0])) != "") & build.node(node).isNull()
        for node in walk(tree)
        if isinstance(node, Call) and node.op in READING and node.args[0].type == "string"
    ]
    return build.node(tree).isNull() & F.coalesce(reduce(or_, failed), F.lit(False)) if failed else None


class _Build:
    def __init__(self, resolve: Callable[[str], Column], zone: str) -> None:
        self.resolve, self.zone = resolve, zone
        self.special: dict[str, Callable[[Call], Column]] = {
            "and": self.junction, "or": self.junction, "between": self.between, "in": self.in_list,
            "case": self.case, "cast": self.cast,
            "to_date": self.read, "to_timestamp": self.read, **dict.fromkeys("+-*/%", self.arithmetic),
            **dict.fromkeys(("coalesce", "least", "greatest", "array"), self.combined),
            **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), self.comparison),
        }  # fmt: skip

    def node(self, node: Node) -> Column:
        if isinstance(node, Name):
            return self.resolve(node.name)
        if isinstance(node, Literal):
            return literal(node.value, node.type)
        return self.call(node) if node.type != "void" else F.lit(None)

    def call(self, call: Call) -> Column:
        if call.op in self.special:
            return self.special[call.op](call)
        if call.op in CALENDAR:
            return CALENDAR[call.op]([self.local(a) for a in call.args])
        return CALLS[call.op]([self.node(a) for a in call.args], call)

    def as_type(self, node: Node, type_: str) -> Column:
        """Return the column in a type that is known to hold it."""
        column = self.node(node)
        return column if type_ in {node.type, "void"} else column.cast(type_)

    def local(self, node: Node) -> Column:
        """Return an instant as the clock of the zone shows it; anything else as it is."""
        if family(node.type) == "instant" and self.zone != "UTC":
            return self.twice(node, lambda instant: clock_in(instant, self.zone))
        return self.node(node)

    def to_utc(self, column: Column) -> Column:
        """Return the instant at which the zone's clock shows what UTC's would in `column`.

        Null outside our years: at the edge of 64 bits Spark's shift would end the query.
        """
        return column if self.zone == "UTC" else F.to_utc_timestamp(sane_instant(column), self.zone)

    def twice(self, node: Node, use: Callable[[Column], Column]) -> Column:
        """Return `use` of the value, which may mention it more than once."""
        column = self.node(node)
        return use(column) if not isinstance(node, Call) else let(column, use)

    def junction(self, call: Call) -> Column:
        """Join the members as a balanced tree: a long list of conditions stays shallow in the plan."""
        parts = [self.as_type(a, "boolean") for a in call.args]
        while len(parts) > 1:
            pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
            parts = [
                p[0] if len(p) == 1 else (p[0] & p[1] if call.op == "and" else p[0] | p[1]) for p in pairs
            ]
        return parts[0]

    def comparison(self, call: Call) -> Column:
        kind = common(a.type for a in call.args)
        left, right = (self.as_type(a, kind) for a in call.args)
        return {
            "=": left == right, "<>": left != right, "<": left < right,
            "<=": left <= right, ">": left > right, ">=": left >= right,
        }[call.op]  # fmt: skip

    def between(self, call: Call) -> Column:
        kind = common(a.type for a in call.args)
        low, high = (self.as_type(a, kind) for a in call.args[1:])
        return self.twice(call.args[0], lambda c: (c.cast(kind) >= low) & (c.cast(kind) <= high))

    def in_list(self, call: Call) -> Column:
        kind = common(a.type for a in call.args)
        subject, *members = (self.as_type(a, kind) for a in call.args)
        return subject.isin(*members)

    def combined(self, call: Call) -> Column:
        kind = element(call.type) if call.op == "array" else call.type
        args = [self.as_type(a, kind) for a in call.args]
        if call.op == "array":
            return F.array(*args)
        if len(args) == 1:
            return args[0]
        return {"coalesce": F.coalesce, "least": F.least, "greatest": F.greatest}[call.op](*args)

    def case(self, call: Call) -> Column:
        values = [self.as_type(value, call.type) for value in branches(call)]
        asked = [self.as_type(condition, "boolean") for condition in conditions(call)]
        built = list(zip(asked, values, strict=False))
        column = reduce(lambda chain, pair: chain.when(*pair), built[1:], F.when(*built[0]))
        return column.otherwise(values[-1]) if len(values) > len(asked) else column

    def arithmetic(self, call: Call) -> Column:
        left, right = call.args
        a, b = self.operand(left, right, call.type), self.operand(right, left, call.type)
        return {
            "+": F.try_add, "-": F.try_subtract, "*": F.try_multiply, "/": F.try_divide, "%": F.try_mod,
        }[call.op](a, b).cast(call.type)  # fmt: skip

    def operand(self, arg: Node, other: Node, result: str) -> Column:
        """Return an operand in the type it counts as, so that Spark's result is the one that was checked."""
        kind = operand_type(arg, other)
        exact = decimal_of(kind)
        if result in ("bigint", "double") or exact is None:
            return self.as_type(arg, result)
        return self.as_type(arg, f"decimal({exact[0]},{exact[1]})")

    def cast(self, call: Call) -> Column:
        arg, target = call.args[0], call.type
        source, into = family(arg.type), family(target)
        if into in ("date", "instant"):
            return self.date_cast(arg, target)
        column = self.node(arg)
        if source == "text" and into == "number":
            column = F.regexp_extract(column, _ASCII, 0)
        if source == "text" and target == "double":
            return let(column.try_cast("double"), lambda c: F.when(F.abs(c) < math.inf, c))
        return column.try_cast(target)

    def date_cast(self, arg: Node, target: str) -> Column:
        """Return a date or instant from text or from the other; only the whole, dated forms are read."""
        source, column = family(arg.type), self.node(arg)
        if isinstance(arg, Literal) and isinstance(arg.value, str):
            column = literal(written(arg.value, target), target)
        elif source == "text" and target == "date":
            column = sane_date(F.regexp_extract(column, _DATED, 1).try_cast("date"))
        elif source == "text":
            column = sane_instant(self.instant(arg))
        elif source == "instant" and target == "date":
            column = sane_date(self.local(arg).cast("date"))
        elif source == "date" and target == "timestamp":
            column = sane_instant(self.to_utc(sane_date(column).cast("timestamp")))
        return column.cast(target)

    def read(self, call: Call) -> Column:
        """Return the date or instant read by a format; without an offset in it, on the clock of the zone."""
        pattern = word(call, 1)
        found = F.try_to_timestamp(self.node(call.args[0]), F.lit(pattern))
        has_offset = bool(set("Xx") & set(re.sub("'[^']*'", "", pattern)))
        if self.zone != "UTC" and has_offset and call.op == "to_date":
            found = F.from_utc_timestamp(sane_instant(found), self.zone)
        if call.op == "to_date":
            return sane_date(found.cast("date"))
        return sane_instant(found if has_offset else self.to_utc(found))

    def instant(self, arg: Node) -> Column:
        """Return the instant a text names; one without an offset is on the clock of the zone."""
        if self.zone == "UTC":
            return F.regexp_extract(self.node(arg), _DATED, 1).try_cast("timestamp")

        def read(text: Column) -> Column:
            instant = F.regexp_extract(text, _DATED, 1).try_cast("timestamp")
            return F.when(text.rlike(_OFFSET), instant).otherwise(self.to_utc(instant))

        return self.twice(arg, read)

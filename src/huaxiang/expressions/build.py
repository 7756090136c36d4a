"""A checked tree as a Spark column, node by node; no text of a user is parsed by Spark.

Every operation is the one that gives null where Spark's ANSI mode would fail: the `try_` family, and
guards written so that an argument stands in the plan once, or plans would double at each level.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.expressions.check import written
from huaxiang.expressions.families import common, decimal_of, element, family, is_whole
from huaxiang.expressions.patterns import regex_groups
from huaxiang.expressions.tree import Call, Literal, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

    from huaxiang.expressions.tree import Node

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_MOST = 2**63 - 1
_DAYS = (-719162, 2932896)  # 0001-01-01 to 9999-12-31, what Python and Parquet readers can hold
_SECONDS = (_DAYS[0] * 86400, _DAYS[1] * 86400 + 86399)
_DATED = r"^\s*(\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d.*)?)\s*$"  # not 'now', not '12:30' (which Spark dates tonight)
_OFFSET = r":\d\d(?:\.\d*)?\s*(?:Z|UTC|[+-]\d{1,2}(?::?\d\d)?)\s*$"


def to_column(node: Node, resolve: Callable[[str], Column] | None = None, *, zone: str = "UTC") -> Column:
    """Return the column that a checked tree stands for."""
    return _Build(resolve or _frame_column, zone).node(node)


def _frame_column(name: str) -> Column:
    return F.col(name if _PLAIN_NAME.fullmatch(name) else "`" + name.replace("`", "``") + "`")


class _Build:
    def __init__(self, resolve: Callable[[str], Column], zone: str) -> None:
        self.resolve, self.zone = resolve, zone
        self.special: dict[str, Callable[[Call], Column]] = {
            "and": self.junction, "or": self.junction, "between": self.between, "in": self.in_list,
            "case": self.case, "cast": self.cast, "to_date": self.read, "to_timestamp": self.read, **dict.fromkeys("+-*/%", self.arithmetic),
            **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), self.comparison),
        }  # fmt: skip

    def node(self, node: Node) -> Column:
        if isinstance(node, Name):
            return self.resolve(node.name)
        if isinstance(node, Literal):
            return literal(node.value, node.type)
        if node.op in self.special:
            return self.special[node.op](node)
        if node.op in ("coalesce", "least", "greatest", "array"):
            return self.combined(node)
        if node.op in ("year", "month", "day", "hour", "weekday", "date_add", "date_diff"):
            return _CALENDAR[node.op]([self.local(a) for a in node.args])
        return _CALLS[node.op]([self.node(a) for a in node.args], node)

    def as_type(self, node: Node, type_: str) -> Column:
        """Return the column in a type that is known to hold it."""
        column = self.node(node)
        return column if type_ in {node.type, "void"} else column.cast(type_)

    def local(self, node: Node) -> Column:
        """Return an instant as the clock of the zone shows it; anything else as it is."""
        column = self.node(node)
        if family(node.type) == "instant" and self.zone != "UTC":
            return F.from_utc_timestamp(column, self.zone)
        return column

    def twice(self, node: Node, use: Callable[[Column], Column]) -> Column:
        """Return `use` of the value, which may mention it more than once."""
        column = self.node(node)
        return use(column) if not isinstance(node, Call) else _let(column, use)

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
        odd = len(call.args) % 2
        pairs = [(call.args[i], call.args[i + 1]) for i in range(0, len(call.args) - odd, 2)]
        built = [(self.as_type(c, "boolean"), self.as_type(v, call.type)) for c, v in pairs]
        column = reduce(lambda chain, pair: chain.when(*pair), built[1:], F.when(*built[0]))
        return column.otherwise(self.as_type(call.args[-1], call.type)) if odd else column

    def arithmetic(self, call: Call) -> Column:
        kinds = [a.type for a in call.args]
        left, right = (self.operand(a, call, kinds) for a in call.args)
        return {
            "+": F.try_add, "-": F.try_subtract, "*": F.try_multiply, "/": F.try_divide, "%": F.try_mod,
        }[call.op](left, right).cast(call.type)  # fmt: skip

    def operand(self, arg: Node, call: Call, kinds: list[str]) -> Column:
        exact = decimal_of(arg.type)
        if call.type in ("bigint", "double") or exact is None:
            return self.as_type(arg, call.type)
        if is_whole(arg.type) and not all(is_whole(k) for k in kinds):
            return self.node(arg).cast(f"decimal({exact[0]},0)")
        return self.node(arg)

    def cast(self, call: Call) -> Column:
        arg, target = call.args[0], call.type
        source, into = family(arg.type), family(target)
        if isinstance(arg, Literal) and source == "text" and into in ("date", "instant"):
            return literal(written(str(arg.value), target), target)
        if source == "text" and into == "date":
            return _sane_date(F.regexp_extract(self.node(arg), _DATED, 1).try_cast("date"))
        if source == "text" and into == "instant":
            return _sane_instant(self.instant(arg))
        if source == "text" and target == "double":
            return _let(self.node(arg).try_cast("double"), lambda c: F.when(F.abs(c) < math.inf, c))
        if source == "instant" and into == "date":
            return self.local(arg).cast("date")
        if source == "date" and into == "instant" and self.zone != "UTC":
            return F.to_utc_timestamp(self.node(arg).cast("timestamp"), self.zone)
        return self.node(arg).try_cast(target)

    def read(self, call: Call) -> Column:
        """Return the date or instant read by a format; without an offset in it, on the clock of the zone."""
        pattern = _word(call, 1)
        found = F.try_to_timestamp(self.node(call.args[0]), F.lit(pattern))
        has_offset = bool(set("Xx") & set(re.sub("'[^']*'", "", pattern)))
        if self.zone != "UTC" and has_offset and call.op == "to_date":
            found = F.from_utc_timestamp(found, self.zone)
        if call.op == "to_date":
            return _sane_date(found.cast("date"))
        if self.zone != "UTC" and not has_offset:
            found = F.to_utc_timestamp(found, self.zone)
        return _sane_instant(found)

    def instant(self, arg: Node) -> Column:
        """Return the instant a text names; one without an offset is on the clock of the zone."""
        if self.zone == "UTC":
            return F.regexp_extract(self.node(arg), _DATED, 1).try_cast("timestamp")

        def read(text: Column) -> Column:
            instant = F.regexp_extract(text, _DATED, 1).try_cast("timestamp")
            return F.when(text.rlike(_OFFSET), instant).otherwise(F.to_utc_timestamp(instant, self.zone))

        return self.twice(arg, read)


def literal(value: object, type_: str) -> Column:
    """Return a constant in exactly its type."""
    if value is None:
        return F.lit(None)
    if isinstance(value, Decimal) or type_ == "bigint" or type_.startswith("decimal"):
        return F.lit(str(value)).cast(type_)
    return F.lit(value)


def _let(column: Column, use: Callable[[Column], Column]) -> Column:
    """Return `use(column)` with the column evaluated once, however often `use` mentions it."""
    return F.try_element_at(F.transform(F.array(column), use), F.lit(1))


def _within(column: Column, low: int, high: int) -> Column:
    """Return a bigint, null outside the bounds: pushed over the edge of 64 bits and back, mentioned once."""
    up, down = F.lit(_MOST - high), F.lit(_MOST + low)
    below = F.try_subtract(F.try_add(column, up), up)
    return F.try_add(F.try_subtract(below, down), down)


def _sane_date(column: Column) -> Column:
    """Return the date, null when its year has not four digits: others break readers."""
    return F.date_from_unix_date(_within(F.unix_date(column).cast("bigint"), *_DAYS).cast("int"))


def _sane_instant(column: Column) -> Column:
    low, high = _SECONDS
    return F.timestamp_micros(_within(F.unix_micros(column), low * 1_000_000, high * 1_000_000 + 999_999))


def _date_add(args: list[Column]) -> Column:
    days = F.try_add(F.unix_date(args[0].cast("date")).cast("bigint"), args[1].cast("bigint"))
    return F.date_from_unix_date(_within(days, *_DAYS).cast("int"))


_CALENDAR: Mapping[str, Callable[[list[Column]], Column]] = {
    "year": lambda a: F.year(a[0]),
    "month": lambda a: F.month(a[0]),
    "day": lambda a: F.dayofmonth(a[0]),
    "hour": lambda a: F.hour(a[0]),
    "weekday": lambda a: F.weekday(a[0]) + 1,
    "date_add": _date_add,
    "date_diff": lambda a: F.date_diff(a[0].cast("date"), a[1].cast("date")),
}


def _word(call: Call, position: int) -> str:
    found = call.args[position]
    return str(found.value) if isinstance(found, Literal) else ""


def _whole(call: Call, position: int, default: int) -> int:
    found = call.args[position] if position < len(call.args) else None
    if isinstance(found, Call):  # a negative number
        return -_whole(found, 0, default)
    return int(str(found.value)) if isinstance(found, Literal) else default


def _abs(args: list[Column], call: Call) -> Column:
    if call.type != "bigint":
        return F.abs(args[0].cast("bigint")).cast(call.type) if is_whole(call.type) else F.abs(args[0])
    return F.abs(args[0].cast("decimal(20,0)")).try_cast("bigint")


def _stepped(step: Callable[[Column], Column]) -> Callable[[list[Column], Call], Column]:
    def build(args: list[Column], call: Call) -> Column:
        kind = call.args[0].type
        if is_whole(kind):
            return args[0]
        if decimal_of(kind):
            return step(args[0]).cast(call.type)
        return _let(args[0].cast("double"), lambda c: F.when(F.abs(c) < 9.2e18, step(c)))

    return build


def _round(args: list[Column], call: Call) -> Column:
    if is_whole(call.type):
        return args[0]
    return F.round(args[0], _whole(call, 1, 0)).cast(call.type)


def _regexp_extract(args: list[Column], call: Call) -> Column:
    pattern = _word(call, 1)
    group = _whole(call, 2, min(1, regex_groups(pattern)))
    return _let(F.regexp_extract(args[0], pattern, group), lambda c: F.when(c != "", c))


def _split(args: list[Column], call: Call) -> Column:
    return F.split(args[0], "".join(c if c.isalnum() else "\\" + c for c in _word(call, 1)))


def _seconds(args: list[Column], _: Call) -> Column:
    return F.timestamp_seconds(_within(args[0].cast("bigint"), *_SECONDS))


def _millis(args: list[Column], _: Call) -> Column:
    low, high = _SECONDS
    return F.timestamp_millis(_within(args[0].cast("bigint"), low * 1000, high * 1000 + 999))


_CALLS: Mapping[str, Callable[[list[Column], Call], Column]] = {
    "not": lambda a, _: ~a[0].cast("boolean"),
    "is_null": lambda a, _: a[0].isNull(),
    "is_true": lambda a, _: a[0].eqNullSafe(F.lit(True)),
    "is_false": lambda a, _: a[0].eqNullSafe(F.lit(False)),
    "neg": lambda a, c: F.try_subtract(F.lit(0).cast(c.type), a[0].cast(c.type)).cast(c.type),
    "||": lambda a, _: F.concat(*a),
    "like": lambda a, c: a[0].like(_word(c, 1)),
    "nullif": lambda a, c: F.nullif(a[0], a[1].cast(common(x.type for x in c.args))),
    "abs": _abs,
    "round": _round,
    "floor": _stepped(F.floor),
    "ceil": _stepped(F.ceil),
    "concat": lambda a, _: F.concat(*a),
    "concat_ws": lambda a, c: F.concat_ws(_word(c, 0), *a[1:]),
    "length": lambda a, _: F.char_length(a[0]),
    "upper": lambda a, _: F.upper(a[0]),
    "lower": lambda a, _: F.lower(a[0]),
    "trim": lambda a, _: F.trim(a[0]),
    "substring": lambda a, _: F.substr(a[0], *(n.try_cast("int") for n in a[1:])),
    "left": lambda a, _: F.left(a[0], a[1]),
    "right": lambda a, _: F.right(a[0], a[1]),
    "lpad": lambda a, c: F.lpad(a[0], _whole(c, 1, 0), _word(c, 2)),
    "replace": lambda a, _: F.replace(a[0], a[1], a[2]),
    "split_part": lambda a, c: F.split_part(a[0], a[1], F.lit(_whole(c, 2, 1))),
    "regexp_extract": _regexp_extract,
    "regexp_replace": lambda a, c: F.regexp_replace(a[0], _word(c, 1), _word(c, 2)),
    "starts_with": lambda a, _: F.startswith(a[0], a[1]),
    "contains": lambda a, _: F.contains(a[0], a[1]),
    "sha256": lambda a, _: F.sha2(a[0], 256),
    "from_unix_seconds": _seconds,
    "from_unix_millis": _millis,
    "split": _split,
    "size": lambda a, _: F.array_size(a[0]),
    "array_contains": lambda a, c: F.array_contains(a[0], a[1].cast(element(c.args[0].type))),
}

"""How each function is computed by Spark so that it never fails, and constants in exactly their type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.expressions.families import EXACT_DIGITS, common, decimal_of, element, is_whole
from huaxiang.expressions.patterns import regex_groups
from huaxiang.expressions.tree import Call, Literal, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 2**63 - 1
_DAYS = (-719162, 2932896)  # 0001-01-01 to 9999-12-31, what Python and Parquet readers can hold
_SECONDS = (_DAYS[0] * 86400 + 86400, _DAYS[1] * 86400 + 86399)  # Python cannot read year 1's first day


def literal(value: object, type_: str) -> Column:
    """Return a constant in exactly its type; a date or instant by its number, which no old calendar shifts."""
    if value is None:
        return F.lit(None)
    if isinstance(value, datetime):
        return F.timestamp_micros(F.lit((value - _EPOCH) // timedelta(microseconds=1)).cast("bigint"))
    if isinstance(value, date):
        return F.date_from_unix_date(F.lit((value - _EPOCH.date()).days))
    if isinstance(value, Decimal) or type_ == "bigint" or type_.startswith("decimal"):
        return F.lit(str(value)).cast(type_)
    return F.lit(value)


def let(column: Column, use: Callable[[Column], Column]) -> Column:
    """Return `use(column)` with the column evaluated once, however often `use` mentions it."""
    return F.try_element_at(F.transform(F.array(column), use), F.lit(1))


def _within(column: Column, low: int, high: int) -> Column:
    """Return a bigint, null outside the bounds: pushed over the edge of 64 bits and back, mentioned once."""
    up, down = F.lit(_MOST - high), F.lit(_MOST + low)
    below = F.try_subtract(F.try_add(column, up), up)
    return F.try_add(F.try_subtract(below, down), down)


def sane_date(column: Column) -> Column:
    """Return the date, null when its year has not four digits: others break readers."""
    return F.date_from_unix_date(_within(F.unix_date(column).cast("bigint"), *_DAYS).cast("int"))


def sane_instant(column: Column) -> Column:
    """Return the instant, null when its year has not four digits."""
    low, high = _SECONDS
    return F.timestamp_micros(_within(F.unix_micros(column), low * 1_000_000, high * 1_000_000 + 999_999))


def _date_add(args: list[Column]) -> Column:
    days = F.try_add(F.unix_date(args[0].cast("date")).cast("bigint"), args[1].cast("bigint"))
    return F.date_from_unix_date(_within(days, *_DAYS).cast("int"))


CALENDAR: Mapping[str, Callable[[list[Column]], Column]] = {
    "year": lambda a: F.year(a[0]),
    "month": lambda a: F.month(a[0]),
    "day": lambda a: F.dayofmonth(a[0]),
    "hour": lambda a: F.hour(a[0]),
    "weekday": lambda a: F.weekday(a[0]) + 1,
    "date_add": _date_add,
    "date_diff": lambda a: F.date_diff(a[0].cast("date"), a[1].cast("date")),
    "hours_diff": lambda a: (F.unix_micros(a[0]) - F.unix_micros(a[1])) / 3_600_000_000,
}


def _whole(call: Call, position: int, default: int) -> int:
    found = call.args[position] if position < len(call.args) else None
    if isinstance(found, Call):  # a negative number
        return -_whole(found, 0, default)
    return int(str(found.value)) if isinstance(found, Literal) else default


def _mirrored(column: Column, type_: str) -> Column:
    """Return a decimal that may be negated: beyond 34 digits Spark would round it, so those are null."""
    exact = decimal_of(type_)
    return column.try_cast(f"decimal(34,{exact[1]})") if exact and exact[0] > EXACT_DIGITS else column


def _abs(args: list[Column], call: Call) -> Column:
    if is_whole(call.type):
        return F.abs(args[0].cast("decimal(20,0)")).try_cast(call.type)
    return F.abs(_mirrored(args[0], call.type)).cast(call.type)


def _negated(args: list[Column], call: Call) -> Column:
    if not is_whole(call.type):
        return (-_mirrored(args[0], call.type)).cast(call.type)
    return F.try_subtract(F.lit(0).cast(call.type), args[0].cast(call.type))


def _contained(args: list[Column], call: Call) -> Column:
    kind = common((element(call.args[0].type), call.args[1].type))
    return F.array_contains(args[0].cast(f"array<{kind}>"), args[1].cast(kind))


def _stepped(step: Callable[[Column], Column]) -> Callable[[list[Column], Call], Column]:
    def build(args: list[Column], call: Call) -> Column:
        kind = call.args[0].type
        if is_whole(kind):
            return args[0]
        if decimal_of(kind):
            return step(args[0]).cast(call.type)
        return let(args[0].cast("double"), lambda c: F.when(F.abs(c) < 9.2e18, step(c)))

    return build


def _round(args: list[Column], call: Call) -> Column:
    if is_whole(call.type):
        return args[0]
    return F.round(args[0], _whole(call, 1, 0)).cast(call.type)


def _regexp_extract(args: list[Column], call: Call) -> Column:
    pattern = word(call, 1)
    group = _whole(call, 2, min(1, regex_groups(pattern)))
    return let(F.regexp_extract(args[0], pattern, group), lambda c: F.when(c != "", c))


def _split(args: list[Column], call: Call) -> Column:
    return F.split(args[0], "".join(c if c.isalnum() else "\\" + c for c in word(call, 1)))


def _seconds(args: list[Column], _: Call) -> Column:
    return F.timestamp_seconds(_within(args[0].cast("bigint"), *_SECONDS))


def _millis(args: list[Column], _: Call) -> Column:
    low, high = _SECONDS
    return F.timestamp_millis(_within(args[0].cast("bigint"), low * 1000, high * 1000 + 999))


CALLS: Mapping[str, Callable[[list[Column], Call], Column]] = {
    "not": lambda a, _: ~a[0].cast("boolean"),
    "is_null": lambda a, _: a[0].isNull(),
    "is_true": lambda a, _: a[0].eqNullSafe(F.lit(True)),
    "is_false": lambda a, _: a[0].eqNullSafe(F.lit(False)),
    "neg": _negated,
    "||": lambda a, _: F.concat(*a),
    "like": lambda a, c: a[0].like(word(c, 1)),
    "nullif": lambda a, c: F.nullif(a[0], a[1].cast(common(x.type for x in c.args))),
    "abs": _abs,
    "round": _round,
    "floor": _stepped(F.floor),
    "ceil": _stepped(F.ceil),
    "concat": lambda a, _: F.concat(*a),
    "concat_ws": lambda a, c: F.concat_ws(word(c, 0), *a[1:]),
    "length": lambda a, _: F.char_length(a[0]),
    "upper": lambda a, _: F.upper(a[0]),
    "lower": lambda a, _: F.lower(a[0]),
    "trim": lambda a, _: F.trim(a[0]),
    "substring": lambda a, _: F.substr(a[0], *(n.try_cast("int") for n in a[1:])),
    "left": lambda a, _: F.left(a[0], a[1]),
    "right": lambda a, _: F.right(a[0], a[1]),
    "lpad": lambda a, c: F.lpad(a[0], _whole(c, 1, 0), word(c, 2)),
    "replace": lambda a, _: F.replace(a[0], a[1], a[2]),
    "split_part": lambda a, c: F.split_part(a[0], a[1], F.lit(_whole(c, 2, 1))),
    "regexp_extract": _regexp_extract,
    "regexp_replace": lambda a, c: F.regexp_replace(a[0], word(c, 1), word(c, 2)),
    "starts_with": lambda a, _: F.startswith(a[0], a[1]),
    "contains": lambda a, _: F.contains(a[0], a[1]),
    "sha256": lambda a, _: F.sha2(a[0], 256),
    "from_unix_seconds": _seconds,
    "from_unix_millis": _millis,
    "split": _split,
    "size": lambda a, _: F.array_size(a[0]),
    "array_contains": _contained,
}

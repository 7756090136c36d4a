"""How a value as found is read as its contract's type: strictly, and never changed in silence.

A `Reading` is the typed value and the condition under which it could not be read. Text formats bring
strings; Parquet and source maps bring any type. Numbers are plain ASCII digits; a date is `yyyy-MM-dd`;
an instant is a date and a clock time, with an offset or else in the source's zone. A number is never
an instant: seconds and milliseconds look alike. Texts come normalised (`clean.text`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from huaxiang.clean.text import trimmed
from huaxiang.clock import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

NUMBER = r"^ *[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})? *$"
ZONELESS_TAIL = r"^(:[0-9]{2}([.][0-9]*)?)? *$"  # what may follow HH:mm when no offset does
ZONED_TAIL = (
    r"^(:[0-9]{2}([.][0-9]*)?)? *([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2})?) *$"  # CST is China's, Chicago's, Cuba's
)
NO_SECONDS = r"^ *[Zz+-]"
HOURS_ONLY_OFFSET = r"[+-][0-9]{2}$"
INTEGRAL = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
FRACTIONAL = (T.FloatType, T.DoubleType)
NUMERIC = (*INTEGRAL, *FRACTIONAL, T.DecimalType)
ARRAY_OF_TEXT = "array<string>"


@dataclass(frozen=True)
class Reading:
    """A typed value (null where it could not be read) and when that happened."""

    value: Column
    is_bad: Column


def read(raw: Column, found: T.DataType, wanted: str, *, zone: str) -> Reading:
    """Read `raw` (of Spark type `found`) as the contract type `wanted`; `zone` is for instants without one.

    The value is null where `raw` is null, is blank text of what is no text, or is bad.
    """
    readers: dict[str, Callable[[Column, T.DataType], Column]] = {
        "bigint": lambda r, f: _whole(r, f, "bigint"),
        "int": lambda r, f: _whole(r, f, "int"),
        "boolean": _boolean,
        "date": _date,
        "timestamp": lambda r, f: _instant(r, f, zone),
        ARRAY_OF_TEXT: _list,
    }
    if wanted == "string":
        value = _text(raw, found)
        return Reading(value, F.isnotnull(raw) & F.isnull(value))
    is_decimal = wanted.startswith("decimal")
    value = _exact_decimal(raw, found, wanted) if is_decimal else readers[wanted](raw, found)
    return Reading(value, is_given(raw, found) & F.isnull(value))


def is_given(raw: Column, found: T.DataType) -> Column:
    """Whether there is something to read: not null and, for text, not blank."""
    if isinstance(found, T.StringType):
        return F.coalesce(F.trim(raw) != "", F.lit(False))
    return F.isnotnull(raw)


def as_number(raw: Column, found: T.DataType, decimal: str) -> Column:
    """Return `raw` as `decimal`, rounded half up to its scale; null when it is no number or too large."""
    if isinstance(found, T.StringType):
        return F.when(raw.rlike(NUMBER), raw.try_cast(decimal))
    if isinstance(found, NUMERIC):
        return raw.try_cast(decimal)
    return F.lit(None).cast(decimal)


def is_number(raw: Column, found: T.DataType) -> Column:
    """Whether `raw` is written as a number, of whatever size; NaN and infinities are not numbers."""
    if isinstance(found, T.StringType):
        return raw.rlike(NUMBER)
    if isinstance(found, FRACTIONAL):
        return ~F.isnan(raw) & (F.abs(raw) != float("inf"))
    return F.lit(isinstance(found, NUMERIC))


def _text(raw: Column, found: T.DataType) -> Column:
    if isinstance(found, T.StringType):
        return raw
    if isinstance(found, FRACTIONAL):  # whole numbers beside nulls come as floats from pandas: 12.0 is 12
        whole = (F.floor(raw) == raw) & (F.abs(raw) < 1e15)
        return F.when(whole, raw.try_cast("bigint").cast("string")).otherwise(raw.cast("string"))
    if isinstance(found, (T.ArrayType, T.MapType, T.StructType, T.BinaryType)):
        return F.lit(None).cast("string")
    return raw.cast("string")


def _whole(raw: Column, found: T.DataType, wanted: str) -> Column:
    if isinstance(found, (T.StringType, *INTEGRAL)):
        return raw.try_cast(wanted)
    if isinstance(found, NUMERIC):
        cast = raw.try_cast(wanted)
        return F.when(cast == raw, cast)
    return F.lit(None).cast(wanted)


def _boolean(raw: Column, found: T.DataType) -> Column:
    if isinstance(found, (T.StringType, T.BooleanType)):
        return raw.try_cast("boolean")
    if isinstance(found, NUMERIC):
        return F.when(raw == 1, F.lit(True)).when(raw == 0, F.lit(False))
    return F.lit(None).cast("boolean")


def _date(raw: Column, found: T.DataType) -> Column:
    if isinstance(found, T.StringType):
        text = F.trim(raw)
        return F.when(text.like("____-__-__"), text.try_cast("date"))
    if isinstance(found, T.DateType):
        return raw
    if isinstance(found, (T.TimestampNTZType, T.TimestampType)):  # pandas writes dates as midnights
        return F.when(F.date_trunc("day", raw) == raw, raw.cast("date"))
    return F.lit(None).cast("date")


def _instant(raw: Column, found: T.DataType, zone: str) -> Column:
    if isinstance(found, T.TimestampType):
        return raw
    if isinstance(found, T.TimestampNTZType):
        return instant_of(raw.cast("timestamp"), zone)
    if not isinstance(found, T.StringType):
        return F.lit(None).cast("timestamp")
    text = F.trim(raw)
    is_clocked = F.substring(text, 11, 1).isin("T", " ") & (F.substring(text, 14, 1) == ":")
    tail = F.substring(text, 17, 40)
    # what ISO 8601 allows and Spark does not read: an offset right after the minutes, an offset of hours only
    timed = F.when(tail.rlike(NO_SECONDS), F.concat(F.left(text, F.lit(16)), F.lit(":00"), tail)).otherwise(
        text
    )
    completed = F.when(tail.rlike(HOURS_ONLY_OFFSET), F.concat(timed, F.lit(":00"))).otherwise(timed)
    zoneless = F.to_utc_timestamp(text.try_cast("timestamp"), zone)
    zoned = completed.try_cast("timestamp")
    return F.when(is_clocked & tail.rlike(ZONELESS_TAIL), zoneless).when(
        is_clocked & tail.rlike(ZONED_TAIL), zoned
    )


def _exact_decimal(raw: Column, found: T.DataType, wanted: str) -> Column:
    """Return a decimal that needs no rounding; a float counts at ten digits: 0.30000000000000004 is 0.3."""
    wide = as_number(raw, found, "decimal(38,10)")
    cast = wide.try_cast(wanted)
    return F.when(cast == wide, cast)


def _list(raw: Column, found: T.DataType) -> Column:
    if isinstance(found, T.ArrayType):
        return F.filter(F.transform(raw, lambda x: trimmed(x.cast("string"))), F.isnotnull)
    if not isinstance(found, T.StringType):
        return F.lit(None).cast(ARRAY_OF_TEXT)
    text = F.trim(raw)
    as_json, as_words = F.from_json(text, ARRAY_OF_TEXT), F.split(text, r"\|")
    items = F.when(text.startswith("["), F.when(text.endswith("]"), as_json)).when(text != "", as_words)
    return F.filter(F.transform(items, trimmed), F.isnotnull)

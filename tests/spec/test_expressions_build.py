"""Every expression of the language on three rows: usual values, values at the edge, nulls.

All cases are columns of one frame, computed in one action and compared with plain Python values.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.expressions import NameInfo, compile_expression

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST = 2**63 - 1
TYPES = {
    "n": "bigint", "i": "int", "m": "decimal(18,2)", "wide": "decimal(38,2)", "x": "double", "s": "string",
    "number": "string", "day_text": "string", "at_text": "string", "is_on": "boolean", "on_date": "date",
    "at": "timestamp", "tags": "array<string>", "seconds": "bigint",
}  # fmt: skip
AT_NOON = datetime(2026, 1, 31, 12, 15, 30, tzinfo=UTC)
AT = datetime(2026, 1, 31, 20, 15, 30, tzinfo=UTC)
USUAL = (
    7, 3, Decimal("12.34"), Decimal("1.50"), 2.5, " Ab-Cd ", "42", "2026-01-31", "2026-01-31T20:15:30+08:00",
    True, date(2026, 1, 31), AT, ["a", "b"], 1769890530,
)  # fmt: skip
EDGE = (
    MOST, 2**31 - 1, Decimal("9999999999999999.99"), Decimal("9" * 36 + ".99"), float("nan"), "", "x1", "now",
    "12:30:00", False, date(9999, 12, 31), datetime(1970, 1, 1, tzinfo=UTC), [], 1769890530000,
)  # fmt: skip
NULLS = (None,) * len(USUAL)
N = None
NAN = "nan"

CASES: dict[str, tuple[Any, Any, Any]] = {
    # arithmetic: overflow and division by zero are null
    "n + 1": (8, N, N),
    "n * n": (49, N, N),
    "i + i": (6, 2 * (2**31 - 1), N),
    "-n": (-7, -MOST, N),
    "-n - 2": (-9, N, N),
    "n - 10": (-3, MOST - 10, N),
    "n / 2": (3.5, MOST / 2, N),
    "n / 0": (N, N, N),
    "n % 4": (3, 3, N),
    "n % 0": (N, N, N),
    "-n % 4": (-3, -3, N),
    "m + 0.01": (Decimal("12.35"), Decimal("10000000000000000.00"), N),
    "m * m": (Decimal("152.2756"), Decimal("99999999999999999800000000000000.0001"), N),
    "m * 2": (Decimal("24.68"), Decimal("19999999999999999.98"), N),
    "100 - m": (Decimal("87.66"), Decimal("-9999999999999899.99"), N),
    "m / 0": (N, N, N),
    "m % 5": (Decimal("2.34"), Decimal("4.99"), N),
    "wide + wide": (Decimal("3.00"), N, N),
    "wide * 10": (Decimal("15.00"), N, N),
    "wide - n": (Decimal("-5.50"), Decimal("999999999999999990776627963145224192.99"), N),
    "m / 8": (Decimal("1.54250000"), Decimal("1249999999999999.99875"), N),
    "x * 2": (5.0, NAN, N),
    "x + n": (9.5, NAN, N),
    "0.1 + 0.2": (Decimal("0.3"), Decimal("0.3"), Decimal("0.3")),
    "n + null": (N, N, N),
    "abs(-n)": (7, MOST, N),
    "abs(i - 5)": (2, 2**31 - 6, N),
    "abs(-m)": (Decimal("12.34"), Decimal("9999999999999999.99"), N),
    "-wide": (Decimal("-1.50"), N, N),  # beyond 34 digits Spark would round it
    "abs(-wide)": (Decimal("1.50"), N, N),
    "abs(cast(-i - 1 as int))": (4, N, N),
    "round(null)": (N, N, N),
    "round(m, 1)": (Decimal("12.3"), Decimal("10000000000000000.0"), N),
    "round(x)": (3.0, NAN, N),
    "round(n, 2)": (7, MOST, N),
    "floor(x)": (2, N, N),
    "ceil(x)": (3, N, N),
    "floor(m)": (Decimal(12), Decimal(9999999999999999), N),
    "ceil(m)": (Decimal(13), Decimal(10000000000000000), N),
    "floor(-m)": (Decimal(-13), Decimal(-10000000000000000), N),
    "least(n, i, 5)": (3, 5, 5),
    "greatest(m, 20)": (Decimal("20.00"), Decimal("9999999999999999.99"), Decimal("20.00")),
    # comparison and logic: null is unknown
    "n > 6.5": (True, True, N),
    "n = 7 and is_on": (True, False, N),
    "n = 7 or is_on": (True, False, N),
    "n is null or n > 0": (True, True, True),
    "not is_on": (False, True, N),
    "is_on is not true": (False, True, True),
    "is_on is false": (False, True, False),
    "is_on is not null": (True, True, False),
    "n between 1 and 7": (True, False, N),
    "n + 0 not between 1 and 7": (False, True, N),
    "i in (1, 3, 2147483648)": (True, False, N),
    "s in ('a', '')": (False, True, N),
    "s not in ('a', '')": (True, False, N),
    "m = 12.340": (True, False, N),
    "on_date >= DATE '2026-01-31'": (True, True, N),
    "at < TIMESTAMP '2026-01-31 20:15:30.5Z'": (True, True, N),
    "case when n > 100 then 'many' when n > 5 then 'some' end": ("some", "many", N),
    "case when n > 100 then 1 else 2.5 end": (Decimal("2.5"), Decimal("1.0"), Decimal("2.5")),
    "case i when 3 then 'three' else 'other' end": ("three", "other", "other"),
    "coalesce(n, i, 0)": (7, MOST, 0),
    "coalesce(m, 0)": (Decimal("12.34"), Decimal("9999999999999999.99"), Decimal("0.00")),
    "coalesce(n, 0.5)": (Decimal("7.0"), Decimal("9223372036854775807.0"), Decimal("0.5")),
    "nullif(n, 7)": (N, MOST, N),
    "nullif(s, '')": (" Ab-Cd ", N, N),
    "null": (N, N, N),
    "coalesce(null, 1)": (1, 1, 1),
    # casts: what doesn't fit is null
    "cast(number as int)": (42, N, N),
    "cast(number as decimal(4,2))": (Decimal("42.00"), N, N),
    "cast(n as int)": (7, N, N),
    "cast(m as decimal(4,1))": (Decimal("12.3"), N, N),
    "cast(x as bigint)": (2, N, N),
    "cast(number as double)": (42.0, N, N),
    "cast('NaN' as double)": (N, N, N),
    "cast(concat('in', 'finity') as double)": (N, N, N),
    "cast(number || '.5' as bigint)": (N, N, N),
    "cast(n as string)": ("7", str(MOST), N),
    "cast(m as string)": ("12.34", "9999999999999999.99", N),
    "cast(is_on as int)": (1, 0, N),
    "cast('１２.00' as decimal(18,2))": (N, N, N),  # a number is plain ASCII digits, as in files of our own
    "cast('１２' as double)": (N, N, N),
    "cast('１２' as int)": (N, N, N),
    "cast('yes' as boolean)": (True, True, True),
    "cast(number as boolean)": (N, N, N),
    "cast(day_text as date)": (date(2026, 1, 31), N, N),
    "cast(at_text as timestamp)": (AT_NOON, N, N),
    "cast(at_text as date)": (date(2026, 1, 31), N, N),
    "cast(number as date)": (N, N, N),
    "cast('0000-01-' || '01' || s as date)": (N, N, N),
    "cast(at as date)": (date(2026, 1, 31), date(1970, 1, 1), N),
    "cast(on_date as timestamp)": (datetime(2026, 1, 31, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), N),
    "cast(on_date as string)": ("2026-01-31", "9999-12-31", N),
    # text
    "s || '!'": (" Ab-Cd !", "!", N),
    "concat(trim(s), number)": ("Ab-Cd42", "x1", N),
    "concat_ws('/', number, tags, s)": ("42/a/b/ Ab-Cd ", "x1/", ""),
    "length(s)": (7, 0, N),
    "length('画像')": (2, 2, 2),
    "upper(trim(s))": ("AB-CD", "", N),
    "lower(s)": (" ab-cd ", "", N),
    "substring(s, 2, 2)": ("Ab", "", N),
    "substring(s, -3)": ("Cd ", "", N),
    "substring(s, n)": (" ", N, N),
    "left(s, 3)": (" Ab", "", N),
    "right(s, 2)": ("d ", "", N),
    "lpad(number, 4, '0')": ("0042", "00x1", N),
    "replace(s, '-', '+')": (" Ab+Cd ", "", N),
    "split_part(trim(s), '-', 2)": ("Cd", "", N),
    "split_part(trim(s), '-', -1)": ("Cd", "", N),
    "split_part(trim(s), '-', 9)": ("", "", N),
    r"regexp_extract(s, r'([A-Z])\w-', 1)": ("A", N, N),
    r"regexp_extract(number, '^[0-9]+$')": ("42", N, N),
    r"regexp_replace(s, r'(\w)-(\w)', '$2$1')": (" ACbd ", "", N),
    "starts_with(number, '4')": (True, False, N),
    "contains(s, 'b-C')": (True, False, N),
    "trim(s) like 'A_-%'": (True, False, N),
    "trim(s) not like 'A_-%'": (False, True, N),
    r"'50%' like '50\%'": (True, True, True),
    r"'it\'s'": ("it's",) * 3,
    "'; drop table x --'": ("; drop table x --",) * 3,
    "sha256(number)": (hashlib.sha256(b"42").hexdigest(), hashlib.sha256(b"x1").hexdigest(), N),
    # time
    "to_date(day_text, 'yyyy-MM-dd')": (date(2026, 1, 31), N, N),
    "to_date(replace(day_text, '-', ''), 'yyyyMMdd')": (date(2026, 1, 31), N, N),
    "to_timestamp(day_text || ' 08', 'yyyy-MM-dd HH')": (datetime(2026, 1, 31, 8, tzinfo=UTC), N, N),
    "to_timestamp(at_text, \"yyyy-MM-dd'T'HH:mm:ssXXX\")": (AT_NOON, N, N),
    "to_date(day_text, 'yyyy yyyy')": (N, N, N),
    "from_unix_seconds(seconds)": (datetime(2026, 1, 31, 20, 15, 30, tzinfo=UTC), N, N),
    "from_unix_millis(seconds)": (
        datetime(1970, 1, 21, 11, 38, 10, 530000, tzinfo=UTC),
        datetime(2026, 1, 31, 20, 15, 30, tzinfo=UTC), N,
    ),
    "from_unix_seconds(n)": (datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC), N, N),
    "year(on_date)": (2026, 9999, N),
    "month(at)": (1, 1, N),
    "day(on_date)": (31, 31, N),
    "hour(at)": (20, 0, N),
    "weekday(on_date)": (6, 5, N),
    "weekday(at)": (6, 4, N),
    "date_add(on_date, 1)": (date(2026, 2, 1), N, N),
    "date_add(on_date, -i)": (date(2026, 1, 28), N, N),
    "date_add(on_date, n)": (date(2026, 2, 7), N, N),
    "date_diff(on_date, DATE '2026-01-01')": (30, 2912442, N),
    "date_diff(at, on_date)": (0, -2932896, N),
    "hours_diff(at, TIMESTAMP '2026-01-31 18:00:00+00:00')": (8130 / 3600, -491634.0, N),
    "DATE '0001-01-01'": (date(1, 1, 1),) * 3,
    "DATE '9999-12-31' = on_date": (False, True, N),
    "TIMESTAMP '0001-01-02 00:00:00'": (datetime(1, 1, 2, tzinfo=UTC),) * 3,
    "TIMESTAMP '9999-12-31 23:59:59.999999'": (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),) * 3,
    "TIMESTAMP '1582-10-10 00:00:00+08:00'": (datetime(1582, 10, 9, 16, tzinfo=UTC),) * 3,
    # lists
    "size(tags)": (2, 0, N),
    "array_contains(tags, 'b')": (True, False, N),
    "array(n, i)": ([7, 3], [MOST, 2**31 - 1], [N, N]),
    "split(trim(s), '-')": (["Ab", "Cd"], [""], N),
    "split('a.b|c', '.')": (["a", "b|c"],) * 3,
    "size(split('a|b', '|'))": (2, 2, 2),
    "array_contains(array(n), 1e20)": (False, False, N),
    "array_contains(array(1, 2), 2.0)": (True, True, True),
}  # fmt: skip

IN_SHANGHAI: dict[str, tuple[Any, Any, Any]] = {
    "hour(at)": (4, 8, N),
    "cast(at as date)": (date(2026, 2, 1), date(1970, 1, 1), N),
    "weekday(at)": (7, 4, N),
    "cast(day_text as timestamp)": (datetime(2026, 1, 30, 16, tzinfo=UTC), N, N),
    "cast(at_text as timestamp)": (AT_NOON, N, N),
    "cast(day_text || ' 08:00:00.5' as timestamp)": (
        datetime(2026, 1, 31, 0, 0, 0, 500000, tzinfo=UTC),
        N,
        N,
    ),
    "to_timestamp(day_text || ' 08', 'yyyy-MM-dd HH')": (datetime(2026, 1, 31, tzinfo=UTC), N, N),
    "to_timestamp(at_text, \"yyyy-MM-dd'T'HH:mm:ssXXX\")": (
        datetime(2026, 1, 31, 12, 15, 30, tzinfo=UTC),
        N,
        N,
    ),
    "to_date(at_text, \"yyyy-MM-dd'T'HH:mm:ssXXX\")": (date(2026, 1, 31), N, N),
    "to_date('2026-01-31 20Z', 'yyyy-MM-dd HHX')": (date(2026, 2, 1),) * 3,
    "cast(on_date as timestamp)": (
        datetime(2026, 1, 30, 16, tzinfo=UTC),
        datetime(9999, 12, 30, 16, tzinfo=UTC),
        N,
    ),
    "date_diff(at, on_date)": (1, -2932896, N),
    "to_timestamp('294247-01-10 04:00:54', 'y-MM-dd HH:mm:ss')": (N, N, N),
    "to_date('294247-01-10 04Z', 'y-MM-dd HHX')": (N, N, N),
}


def test_expressions_give_what_plain_python_gives(spark: SparkSession) -> None:
    schema = ", ".join(f"{name} {type_}" for name, type_ in TYPES.items())
    rows = [(k, *r) for k, r in enumerate((USUAL, EDGE, NULLS))]
    frame = spark.createDataFrame(rows, f"row int, {schema}")
    names = {name: NameInfo(type_) for name, type_ in TYPES.items()}
    utc = [(text, compile_expression(text, names), want) for text, want in CASES.items()]
    there = [(text, compile_expression(text, names), want) for text, want in IN_SHANGHAI.items()]
    columns = [c.column() for _, c, _ in utc] + [c.column(zone="Asia/Shanghai") for _, c, _ in there]
    found = frame.select("row", *(c.alias(f"c{k}") for k, c in enumerate(columns)))

    said = [f.dataType.simpleString() for f in found.schema.fields[1:]]
    cases = utc + there
    assert {t: s for (t, _, _), s in zip(cases, said, strict=True)} == {t: c.type for t, c, _ in cases}

    got = sorted(found.collect(), key=lambda r: r["row"])
    wrong = []
    for k, (text, _, wanted) in enumerate(cases):
        values = tuple(_plain(row[f"c{k}"]) for row in got)
        if values != wanted or [type(v) for v in values] != [type(w) for w in wanted]:
            wrong.append(f"{text}: {values}, wanted {wanted}")
    assert not wrong, "\n".join(wrong)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return NAN if isinstance(value, float) and value != value else value  # noqa: PLR0124


def test_dates_and_instants_at_the_edge_of_what_spark_holds_are_null_elsewhere(spark: SparkSession) -> None:
    """A Parquet file may hold them; the shift to another clock must not end the query."""
    days = F.lit(2**31 - 1), F.lit(-(2**31))
    edges = F.array(*(F.date_from_unix_date(d) for d in days))
    frame = spark.range(1).select(F.explode(edges).alias("on_date"))
    column = compile_expression("cast(on_date as timestamp)", {"on_date": NameInfo("date")})
    for zone in ("UTC", "America/New_York"):
        assert [tuple(r) for r in frame.select(column.column(zone=zone)).collect()] == [(None,), (None,)]


def test_names_are_resolved_by_the_caller(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(3, 4)], "here int, there int").select(
        F.col("here").alias("portrait.here"), "there"
    )
    names = {"portrait.here": NameInfo("int"), "there": NameInfo("int"), "odd name": NameInfo("int")}
    one = compile_expression("portrait.here + there", names).column()
    two = compile_expression("`odd name` * 10", names).column(lambda _: F.col("there"))
    row = frame.select(one.alias("one"), two.alias("two")).first()
    assert row is not None
    assert tuple(row) == (7, 40)

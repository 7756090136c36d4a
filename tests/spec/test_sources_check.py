"""`sources check` counts what a night would refuse: through the same casts and rules, on a sample of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huaxiang.clean.trial import refused_by_reason
from huaxiang.config import Config
from huaxiang.sources import check
from huaxiang.sources.check import check_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

MAP = """\
source: shop
about: {en: A shop, zh: 商店}
zone: UTC
business_zone: UTC
currency: CNY
covers: everybody
files:
  lines: {path: "lines.*", format: FORMAT, arrived: 2026-03-01}
feeds:
  order_line:
    from: lines
    key: none
    where: order <> 'no'
    columns:
      platform: "'shop'"
      order_id: order
      account_id: who
      paid: cast(cents as decimal(18,2))
      quantity: n
      op: case when order = '4' then 'drop' else 'upsert' end
      on_date: to_date(day, 'dd/MM/yyyy')
"""
LINES = [
    ("1", "u", "1.00", "1", "01/03/2026"),
    ("2", "u", "1,00", "1", "01/03/2026"),
    ("3", "u", "1.00", "one", "2026-03-01"),  # two reasons
    ("4", "u", "1.00", "two", "01/03/2026"),
    ("5", "", "1.00", "1", "09/03/2026"),
    ("no", "u", "x", "x", "x"),  # filtered
]
NAMES = ("order", "who", "cents", "n", "day")


def checked(
    spark: SparkSession, tmp_path: Path, kind: str, where: str = "order <> 'no'", key: str = "none",
    rows: Sequence[tuple[str, ...]] = LINES,
) -> Any:  # fmt: skip
    said = MAP.replace("FORMAT", kind).replace("order <> 'no'", where).replace("key: none", f"key: {key}")
    (tmp_path / "shop.yaml").write_text(said, encoding="utf-8")
    landing = tmp_path / "landing"
    landing.mkdir()
    if kind == "csv":
        text = "\n".join(",".join(f'"{value}"' for value in row) for row in (NAMES, *rows))
        (landing / "lines.csv").write_text(text + "\n", encoding="utf-8")
    else:
        columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
        pq.write_table(
            pa.table({name: list(values) for name, values in columns.items()}), landing / "lines.parquet"
        )

    def trial(*of: Any) -> Any:
        return refused_by_reason(spark, *of, Config())

    return check_source(str(tmp_path / "shop.yaml"), landing, trial=trial)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_would_be_refused_is_counted_by_column_and_reason(
    spark: SparkSession, tmp_path: Path, kind: str
) -> None:
    report = checked(spark, tmp_path, kind)
    (orders,) = report.feeds
    assert (orders.tried, orders.refused) == (
        6,
        {
            "bad_type:paid": 1,
            "bad_type:quantity": 2,
            "bad_type:on_date": 1,
            "not_allowed:op": 1,
            "missing:account_id": 1,
            "future_dated": 1,
        },
    )
    lines = [line.strip() for line in str(report).splitlines()]
    line = next(line for line in lines if line.startswith("to quarantine"))
    assert line.startswith("to quarantine, of 6 rows: 4 (1 bad_type:on_date, 1 bad_type:paid, ")
    assert "not_allowed:op: one of upsert, delete" in lines
    assert "To quarantine in all: 4 of 6 rows whose values were read." in lines
    assert (orders.filtered, report.ok) == (1, True)
    assert "left out by `where`, of 6 rows: 1" in str(report)


def test_rows_of_one_key_that_say_two_things_are_told(spark: SparkSession, tmp_path: Path) -> None:
    """By order and buyer, two lines are one line with two amounts, and of one amount a line and its repeat."""
    rows = [
        ("1", "u", "1.00", "1", "01/03/2026"),
        ("1", "u", "2.00", "1", "01/03/2026"),
        ("3", "v", "1.00", "1", "01/03/2026"),
    ]
    report = checked(spark, tmp_path, "csv", key="[who]", rows=[*rows, rows[2]])
    assert report.feeds[0].refused == {"conflicting_revision": 2}


def test_a_map_that_leaves_everything_out_is_told(spark: SparkSession, tmp_path: Path) -> None:
    report = checked(spark, tmp_path, "csv", "order = 'none of them'")
    assert (report.ok, report.feeds[0].filtered, report.feeds[0].refused) == (False, 6, {})
    assert "order_line  `where` leaves out each of 6 rows" in str(report)


def test_of_many_rows_some_are_read(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "SAMPLE", 3)
    report = checked(spark, tmp_path, "csv")
    (orders,) = report.feeds
    assert (orders.rows, orders.tried, orders.refused) == (
        6,
        3,
        {"bad_type:on_date": 1, "bad_type:quantity": 1, "missing:account_id": 1, "future_dated": 1},
    )
    assert "to quarantine, of 3 rows sampled: 2 (" in str(report)

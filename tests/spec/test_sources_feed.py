"""Staged files as a Spark frame: types kept or made text, expressions applied, keys completed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.errors import ConfigurationError
from huaxiang.sources.feed import feed_frame
from huaxiang.sources.files import list_landing
from huaxiang.sources.map import load_source
from huaxiang.sources.stage import stage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

ORDERS = load_contracts()["order_line"]
NIGHT = date(2026, 1, 2)
INSTANT = datetime(2026, 1, 1, 12, tzinfo=UTC)
TYPED = {
    "platform": ["shop"],
    "order_id": [7],
    "line_id": ["1"],
    "account_id": ["a"],
    "paid": pa.array([Decimal("2.50")], pa.decimal128(18, 2)),
    "quantity": [2],
    "at": pa.array([INSTANT], pa.timestamp("us", "Asia/Shanghai")),
    "has_gift_wrap": [True],
}
CSV = "platform,order_id,line_id,account_id,paid\nshop,8,1,b,3.5\nshop,8,2\n"


def landed(spark: SparkSession, tmp_path: Path, files: dict[str, dict[str, Any] | str]) -> DataFrame:
    folder = tmp_path / "landing" / "order_line" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    for name, content in files.items():
        if isinstance(content, str):
            (folder / name).write_text(content, encoding="utf-8")
        else:
            pq.write_table(pa.table(content), folder / name)
    staged = stage(
        list_landing(tmp_path / "landing", ["order_line"], NIGHT).files, ORDERS, tmp_path / "staged"
    )
    assert staged.refused == ()
    return feed_frame(spark, staged, ORDERS)


def test_parquet_keeps_its_types_and_what_nobody_brought_is_null_text(
    spark: SparkSession, tmp_path: Path
) -> None:
    clocked = {**TYPED, "at": pa.array([datetime.fromisoformat("2026-01-01")], pa.timestamp("ns"))}
    frame = landed(spark, tmp_path, {"a.parquet": clocked})
    types = dict(frame.dtypes)
    assert tuple(frame.columns) == (
        *ORDERS.names,
        "_path",
        "_arrival",
        "_record",
        "_damage",
        "_filtered",
    )
    assert [types[c] for c in ("order_id", "paid", "quantity", "at", "has_gift_wrap", "discount")] == [
        "bigint",
        "decimal(18,2)",
        "bigint",
        "timestamp_ntz",
        "boolean",
        "string",
    ]


def test_a_feed_in_pieces_of_several_formats_is_one_frame_of_text(
    spark: SparkSession, tmp_path: Path
) -> None:
    narrower = {**{k: v for k, v in TYPED.items() if k != "has_gift_wrap"}, "order_id": ["9"]}
    frame = landed(spark, tmp_path, {"a.parquet": TYPED, "b.parquet": narrower, "c.csv": CSV})
    columns = (
        "order_id",
        "account_id",
        "paid",
        "quantity",
        "at",
        "has_gift_wrap",
        "_record",
        "_damage",
        "_filtered",
    )
    rows = sorted((tuple(row) for row in frame.select(*columns).collect()), key=str)
    at = "2026-01-01T12:00:00.000000Z"
    assert rows == [
        ("7", "a", "2.50", "2", at, "true", 1, None, False),
        ("8", "b", "3.5", None, None, None, 1, None, False),
        ("9", "a", "2.50", "2", at, None, 1, None, False),
        (None, None, None, None, None, None, 2, "wrong_field_count", False),
    ]


def test_no_file_is_an_empty_frame(spark: SparkSession, tmp_path: Path) -> None:
    frame = feed_frame(spark, stage([], ORDERS, tmp_path), ORDERS)
    assert frame.columns[: len(ORDERS.names)] == list(ORDERS.names)
    assert dict(frame.dtypes)["_arrival"] == "date"


MAP = """\
source: shop
about: {{en: A shop, zh: 商店}}
zone: America/New_York
business_zone: America/New_York
currency: USD
covers: everybody
files:
  lines: {{path: "*.{kind}", arrives: once, arrived: 2026-01-02}}
feeds:
  order_line:
    from: lines
    key: {key}
    where: cast(cents as bigint) > 0
    columns:
      platform: "'shop'"
      order_id: order
      account_id: who
      paid: cast(cents as decimal(18,2)) / 100
      at: {at}
"""


def mapped(
    spark: SparkSession,
    tmp_path: Path,
    parts: list[str],
    key: str,
    at: str = "cast(null as timestamp)",
) -> DataFrame:
    (tmp_path / "landing").mkdir(parents=True)
    (tmp_path / "shop.yaml").write_text(MAP.format(key=key, kind="csv", at=at), encoding="utf-8")
    source = load_source(str(tmp_path / "shop.yaml"))
    for i, part in enumerate(parts):
        (tmp_path / "landing" / f"{i}.csv").write_text("order,who,cents\n" + part, encoding="utf-8")
    files = list_landing(tmp_path / "landing", (), NIGHT, source).of("order_line")
    return feed_frame(spark, stage(files, ORDERS, tmp_path / "staged", source), ORDERS, source)


def test_a_text_that_an_expression_cannot_read_is_damage_and_a_blank_is_not(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Only where nothing else gave the value, and never on a row that is left out anyway."""
    at = "coalesce(to_timestamp(order, 'yyyy-MM-dd'), to_timestamp(order, 'dd/MM/yyyy'))"
    lines = [
        "2026-01-02,a,5\n",
        "03/01/2026,b,5\n",
        "01/31/2026,c,5\n",
        " ,d,5\n",
        "4 May,e,0\n",
        "2026-01-02,f,few\n",
    ]
    frame = mapped(spark, tmp_path, lines, "none", at)
    found = {row["account_id"]: (row["_damage"], row["_filtered"]) for row in frame.collect()}
    assert found == {
        "a": (None, False),
        "b": (None, False),
        "c": ("bad_type:at", False),
        "d": (None, False),
        "e": ("bad_type:at", True),
        "f": ("bad_type:paid", False),  # nobody can tell whether it is left out
    }


LINES = [
    "1,a,250\n",
    "1,a,100\n",
    "1,a,250\n",
    "2,b,0\n",
    "2,b,7\n",
    "3,c\n",
    ",d,5\n",
    ",d,5\n",
    "a:b,e,5\n",
]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "[order, who]",
            ["1:a", "1:a#2", "1:a#3", "2:b", "2:b", "a\\:b:e", None, None, None],
        ),
        ("none", None),
    ],
)
def test_keys_are_completed_the_same_in_any_order_and_split(
    spark: SparkSession, tmp_path: Path, key: str, expected: list[str | None] | None
) -> None:
    one = mapped(spark, tmp_path / "one", ["".join(LINES)], key)
    many = mapped(spark, tmp_path / "many", ["".join(LINES[5:]), "".join(reversed(LINES[:5]))], key)
    columns = ("line_id", "account_id", "paid", "currency", "_damage", "_filtered")
    found = [sorted((tuple(r) for r in f.select(*columns).collect()), key=str) for f in (one, many)]
    assert found[0] == found[1]
    ids = [row[0] for row in found[0]]
    if expected:
        assert sorted(map(str, ids)) == sorted(map(str, expected))
    else:  # of nine rows one is damaged and has no content; two pairs are equal
        assert sum(1 for i in ids if i and i.endswith("#2")) == 2
        assert len({i for i in ids if i}) == 8
    assert [row[1:4] for row in found[0] if row[5]] == [("b", Decimal("0.000000"), "USD")]
    assert [row[4] for row in found[0] if row[4]] == ["wrong_field_count"]


def test_clock_times_are_on_the_clock_of_the_source(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "landing"
    folder.mkdir()
    clock = pa.array([datetime.fromisoformat("2026-01-01T07:00:00")])
    pq.write_table(
        pa.table({"order": [1], "who": ["a"], "cents": [250], "since": clock}), folder / "a.parquet"
    )
    (tmp_path / "shop.yaml").write_text(
        MAP.format(key="[order]", kind="parquet", at="since"), encoding="utf-8"
    )
    source = load_source(str(tmp_path / "shop.yaml"))
    files = list_landing(folder, (), NIGHT, source).of("order_line")
    frame = feed_frame(spark, stage(files, ORDERS, tmp_path / "staged", source), ORDERS, source)
    (row,) = frame.selectExpr("cast(at as string) as at", "line_id").collect()
    assert (row.at, row.line_id) == ("2026-01-01 12:00:00", "1")
    wrong = MAP.format(key="[order]", kind="parquet", at="cents")
    (tmp_path / "shop.yaml").write_text(wrong, encoding="utf-8")
    source = load_source(str(tmp_path / "shop.yaml"))
    with pytest.raises(ConfigurationError, match="a number for `at`"):
        feed_frame(spark, stage(files, ORDERS, tmp_path / "staged", source), ORDERS, source)


def test_a_header_may_have_dots_blanks_and_backticks(spark: SparkSession, tmp_path: Path) -> None:
    words = {"order": "order.no", "who": "the who", "cents": "`cents`"}
    text = MAP.format(key="[order.no]", kind="csv", at="cast(null as timestamp)")
    text = text.replace("order_id: order", "order_id: order.no").replace(": who", ": '`the who`'")
    (tmp_path / "shop.yaml").write_text(text.replace("cents as", "```cents``` as"), encoding="utf-8")
    source = load_source(str(tmp_path / "shop.yaml"))
    (tmp_path / "landing").mkdir()
    lines = ",".join(words.values()) + "\n1,a,250\n1,b,100\n"
    (tmp_path / "landing/0.csv").write_text(lines, encoding="utf-8")
    files = list_landing(tmp_path / "landing", (), NIGHT, source).of("order_line")
    frame = feed_frame(spark, stage(files, ORDERS, tmp_path / "staged", source), ORDERS, source)
    found = sorted(tuple(row) for row in frame.select("order_id", "line_id", "account_id", "paid").collect())
    assert [row[:3] for row in found] == [("1", "1", "a"), ("1", "1#2", "b")]
    assert [float(row[3]) for row in found] == [2.5, 1.0]

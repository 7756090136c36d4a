"""A table written by Spark and committed by deltalake: what every Delta reader finds in it, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from huaxiang.errors import HuaxiangError
from huaxiang.tables.local_write import DRAFTS, Change, TakenError, write_locally

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

PATH = "tables/clean/event"
PROPERTIES = {"delta.dataSkippingStatsColumns": "day,release", "delta.enableDeletionVectors": "false"}
ODD = "订单 a=b:c/d%20'e'#{f}"


def frame(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), "key string, day date, release long, part string").coalesce(1)


def made(lake: Path, rows: DataFrame) -> None:
    write_locally(lake, PATH, rows, Change(None, "s:1", partitions=["part"], properties=PROPERTIES))


def held(lake: Path, version: int | None = None) -> list[tuple[Any, ...]]:
    found = DeltaTable(str(lake / PATH), version=version).to_pyarrow_table().to_pylist()
    return sorted((tuple(row.values()) for row in found), key=str)


def adds(lake: Path, version: int) -> list[dict[str, Any]]:
    log = (lake / PATH / f"_delta_log/{version:020}.json").read_text("utf-8")
    return [action["add"] for action in map(json.loads, log.splitlines()) if "add" in action]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "湖 #1 {a}"


def test_spark_and_deltalake_find_the_rows_whatever_a_partition_is_called(
    lake: Path, spark: SparkSession
) -> None:
    rows = [
        ("a", date(2026, 3, 2), 1, ODD),
        ("b", None, 2, ODD),
        ("c", None, 3, None),
        ("d", date(1969, 1, 1), 4, "x"),
    ]
    made(lake, frame(spark, *rows))
    assert held(lake) == rows
    by_spark = spark.read.format("delta").load(str(lake / PATH))
    assert sorted((tuple(row) for row in by_spark.collect()), key=str) == rows
    told = {add["partitionValues"]["part"]: json.loads(add["stats"]) for add in adds(lake, 0)}
    assert told == {
        ODD: {
            "numRecords": 2,
            "minValues": {"day": "2026-03-02", "release": 1},
            "maxValues": {"day": "2026-03-02", "release": 2},
            "nullCount": {"day": 1, "release": 0},
        },
        None: {
            "numRecords": 1,
            "minValues": {"release": 3},
            "maxValues": {"release": 3},
            "nullCount": {"day": 1, "release": 0},
        },
        "x": {
            "numRecords": 1,
            "minValues": {"day": "1969-01-01", "release": 4},
            "maxValues": {"day": "1969-01-01", "release": 4},
            "nullCount": {"day": 0, "release": 0},
        },
    }
    assert list((lake / DRAFTS).iterdir()) == []


def test_rows_are_added_or_take_the_place_of_all_or_of_partitions(lake: Path, spark: SparkSession) -> None:
    made(lake, frame(spark, ("a", None, 1, "x"), ("b", None, 1, ODD)))
    one = frame(spark, ("c", None, 2, ODD))
    nothing = frame(spark).where("key = 'none'")
    write_locally(lake, PATH, nothing, Change(0, "s:2"))
    assert DeltaTable(str(lake / PATH)).version() == 0  # nothing came
    write_locally(lake, PATH, one, Change(0, "s:2"))
    assert held(lake) == [("a", None, 1, "x"), ("b", None, 1, ODD), ("c", None, 2, ODD)]
    write_locally(lake, PATH, one, Change(1, "s:3", "overwrite", [ODD, "nowhere"]))
    assert held(lake) == [("a", None, 1, "x"), ("c", None, 2, ODD)]
    write_locally(lake, PATH, nothing, Change(2, "s:4", "overwrite", ["x"]))
    assert held(lake) == [("c", None, 2, ODD)]
    write_locally(lake, PATH, nothing, Change(3, "s:5", "overwrite"))
    assert held(lake) == []
    assert held(lake, 1) == [("a", None, 1, "x"), ("b", None, 1, ODD), ("c", None, 2, ODD)]


@pytest.mark.parametrize(
    "change", [{}, {"mode": "overwrite", "parts": ["x"]}], ids=["added", "of a partition"]
)
def test_a_frame_may_bring_columns_where_it_is_told_to(
    lake: Path, spark: SparkSession, change: dict[str, Any]
) -> None:
    made(lake, frame(spark, ("a", None, 1, "y")))
    more = frame(spark, ("b", None, 2, "x")).withColumn("spend", F.lit(5))
    with pytest.raises(HuaxiangError, match=r"event.spend  no column of the table"):
        write_locally(lake, PATH, more, Change(0, "s:2", **change))
    write_locally(lake, PATH, more.drop("release"), Change(0, "s:2", evolve=True, **change))
    assert held(lake) == [("a", None, 1, "y", None), ("b", None, None, "x", 5)]
    other = frame(spark, ("c", None, 3, "x")).withColumn("spend", F.lit("5"))
    with pytest.raises(HuaxiangError, match=r"event.spend  string; expected int"):
        write_locally(lake, PATH, other, Change(1, "s:3", evolve=True, **change))


def test_only_the_next_version_is_made_and_what_is_refused_leaves_no_file(
    lake: Path, spark: SparkSession
) -> None:
    rows = frame(spark, ("a", None, 1, "x"))
    made(lake, rows)
    with pytest.raises(TakenError):
        made(lake, rows)
    write_locally(lake, PATH, rows, Change(0, "s:2"))
    with pytest.raises(TakenError):
        write_locally(lake, PATH, rows, Change(0, "t:2"))
    assert len(held(lake)) == 2
    (lake / PATH / "_delta_log" / f"{1:020}.json").write_text("{", "utf-8")
    with pytest.raises(HuaxiangError, match="tables/clean/event  the table could not be written\n"):
        write_locally(lake, PATH, rows, Change(1, "s:3"))
    assert list((lake / DRAFTS).iterdir()) == []

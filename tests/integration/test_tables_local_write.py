"""A table written by Spark and committed by deltalake: what every Delta reader finds in it, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from huaxiang.errors import HuaxiangError
from huaxiang.tables import delta, local_write
from huaxiang.tables.local_write import DRAFTS, Change, TakenError, write_locally
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

PATH = "tables/clean/event"
PROPERTIES = {"delta.dataSkippingStatsColumns": "day,release", "delta.enableDeletionVectors": "false"}
ODD = "订单 a=b:c/d%20'e'#{f}"


def frame(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), "key string, day date, release long, part string").coalesce(1)


def write(lake: Path, rows: DataFrame, head: int | None, stamp: str, **how: Any) -> None:
    write_locally(LocalStorage(lake), PATH, rows, Change(head, stamp, rows.count, **how))


def made(lake: Path, rows: DataFrame, properties: dict[str, str] = PROPERTIES) -> None:
    write(lake, rows, None, "s:1", partitions=["part"], properties=properties)


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
    write(lake, nothing, 0, "s:2")
    assert DeltaTable(str(lake / PATH)).version() == 0  # nothing came
    write(lake, one, 0, "s:2")
    assert held(lake) == [("a", None, 1, "x"), ("b", None, 1, ODD), ("c", None, 2, ODD)]
    write(lake, one, 1, "s:3", mode="overwrite", parts=[ODD, "nowhere"])
    assert held(lake) == [("a", None, 1, "x"), ("c", None, 2, ODD)]
    write(lake, nothing, 2, "s:4", mode="overwrite", parts=["x"])
    assert held(lake) == [("c", None, 2, ODD)]
    write(lake, nothing, 3, "s:5", mode="overwrite")
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
    with pytest.raises(HuaxiangError, match=r"clean/event.spend  no column of the table"):
        write(lake, more, 0, "s:2", **change)
    write(lake, more.drop("release"), 0, "s:2", evolve=True, **change)
    assert held(lake) == [("a", None, 1, "y", None), ("b", None, None, "x", 5)]
    other = frame(spark, ("c", None, 3, "x")).withColumn("spend", F.lit("5"))
    with pytest.raises(HuaxiangError, match=r"clean/event.spend  string; expected spend int"):
        write(lake, other, 1, "s:3", evolve=True, **change)


def files(lake: Path) -> set[Path]:
    return set((lake / PATH).rglob("*.parquet"))


def test_only_the_next_version_is_made_and_what_is_refused_leaves_no_file(
    lake: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = frame(spark, ("a", None, 1, "x"))
    made(lake, rows)
    with pytest.raises(TakenError):
        made(lake, rows)
    write(lake, rows, 0, "s:2")
    with pytest.raises(TakenError):
        write(lake, rows, 0, "t:2")
    with pytest.raises(HuaxiangError, match=r"1 rows; expected the 2 that were written"):
        write_locally(LocalStorage(lake), PATH, rows, Change(1, "s:3", lambda: 2))
    with monkeypatch.context() as patch:
        patch.setattr(local_write, "_stamped", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(lake, rows, 1, "s:3")
    assert len(held(lake)) == len(files(lake)) == 2
    (lake / PATH / "_delta_log" / f"{1:020}.json").write_text("{", "utf-8")
    with pytest.raises(HuaxiangError, match=r"^clean/event  the table could not be written\n    → \w"):
        write(lake, rows, 1, "s:3")
    assert len(files(lake)) == 2
    assert list((lake / DRAFTS).iterdir()) == []


def test_what_fails_after_the_commit_has_not_failed(lake: Path, spark: SparkSession) -> None:
    rows = frame(spark, ("a", None, 1, "x"))
    made(lake, rows, PROPERTIES | {"delta.checkpointInterval": "1"})
    (lake / PATH / "_delta_log/_last_checkpoint").unlink(missing_ok=True)
    (lake / PATH / "_delta_log/_last_checkpoint").mkdir()  # no checkpoint can be named any more
    write(lake, rows, 0, "s:2")
    assert len(held(lake)) == 2


def test_a_first_write_that_died_is_known_by_its_log_folder(lake: Path, spark: SparkSession) -> None:
    """So that the next attempt takes its files away."""
    rows = frame(spark, ("a", None, 1, "x"))
    made(lake, rows)
    for file in (lake / PATH / "_delta_log").iterdir():
        file.unlink()
    assert list(delta.tables_in(LocalStorage(lake))) == ["clean/event"]
    made(lake, rows)
    assert len(held(lake)) == 1


def test_a_date_that_no_calendar_has_and_a_column_that_a_file_lacks_are_told_of(
    lake: Path, spark: SparkSession
) -> None:
    far = frame(spark, ("a", None, 1, "x")).withColumn(
        "day", F.date_add(F.lit("9999-01-01").cast("date"), 1000)
    )
    made(lake, far)
    write(lake, frame(spark, ("b", None, 2, "x")).drop("release"), 0, "s:2")
    told = [json.loads(adds(lake, version)[0]["stats"]) for version in (0, 1)]
    assert told[0]["maxValues"] == {"day": "9999-12-31", "release": 1}
    assert told[1]["nullCount"] == {"day": 1, "release": 1}
    assert DeltaTable(str(lake / PATH)).to_pyarrow_table(columns=["release"])["release"].null_count == 1


def test_a_table_whose_properties_name_no_columns_has_statistics_of_all(
    lake: Path, spark: SparkSession
) -> None:
    """As Delta's own writer leaves them: a reader that filters by a column passes over files that lack its bounds."""
    at = F.timestamp_micros(F.lit(1_790_000_000_123_456))
    rows = (
        frame(spark, ("a", date(2026, 3, 1), 1, "x"))
        .withColumn("at", at)
        .withColumn("tables", F.array("key"))
    )
    rows.write.format("delta").save(str(lake / PATH))
    write(lake, rows.withColumn("key", F.lit("b")), 0, "s:2")
    bounds = {"key": "b", "day": "2026-03-01", "release": 1, "part": "x", "at": "2026-09-21T14:13:20.123456Z"}
    told = json.loads(adds(lake, 1)[0]["stats"])
    assert told["minValues"] == told["maxValues"] == bounds
    table = DeltaTable(str(lake / PATH))
    for key in ("a", "b"):
        found = table.to_pyarrow_table(filters=[("key", "=", key), ("release", "=", 1)])
        assert found["key"].to_pylist() == [key]
    by_spark = spark.read.format("delta").load(str(lake / PATH)).where(F.col("at") == at)
    assert by_spark.count() == 2

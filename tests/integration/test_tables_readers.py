"""What readers see: one release at a time, and the same rows whatever they read with."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from pyspark.sql import functions as F

from huaxiang.contracts.load import load_contracts
from huaxiang.tables.attempt import begin
from huaxiang.tables.lake import Lake
from huaxiang.tables.publish import publish
from huaxiang.tables.reader import query, read_light, release_light, releases_light

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

DAY = date(2024, 3, 1)
NAMES = ("clean/one", "two", "three")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path / "lake"), load_contracts())


def test_a_reader_in_a_loop_never_sees_two_releases_mixed(lake: Lake, spark: SparkSession) -> None:
    seen: set[tuple[int, ...]] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            if not releases_light(lake.root):
                continue
            number = release_light(lake.root).release
            tables = (read_light(lake.root, name, number).to_table() for name in NAMES)
            seen.add((number, *(v for table in tables for v in table.column("night").unique().to_pylist())))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in (1, 2, 3):
            attempt = begin(lake, DAY)
            frame = spark.range(5).select("id", F.lit(number).alias("night"))
            threads = [threading.Thread(target=attempt.replace, args=(name, frame)) for name in NAMES]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            publish(attempt)
    finally:
        done.set()
        reader.join()
    assert seen <= {(n, n, n, n) for n in (1, 2, 3)}
    assert len(seen) >= 2


def test_all_readers_get_the_same_rows(lake: Lake, spark: SparkSession) -> None:
    frame = spark.range(50, numPartitions=2).select(
        "id",
        F.when(F.col("id") % 3 > 0, F.concat(F.lit("人"), "id")).alias("person"),
        (F.col("id") * F.lit("1.25").cast("decimal(18,2)")).cast("decimal(18,2)").alias("spend"),
        F.timestamp_seconds(F.col("id") * 100000).alias("at"),
        F.date_add(F.lit("2024-01-01").cast("date"), F.col("id").cast("int")).alias("business_date"),
        F.array(F.lit("a"), F.col("id").cast("string")).alias("tags"),
        (F.col("id") / 3).alias("ratio"),
        F.concat(F.lit("2024-0"), F.col("id") % 2 + 1).alias("part"),
    )
    attempt = begin(lake, DAY)
    attempt.append("portrait", frame)
    publish(attempt)
    begin(lake, DAY).append("portrait", frame)  # written, not published

    pin = release_light(lake.root).pin("portrait")
    columns = frame.columns
    by_spark = lake.read_release("portrait").orderBy("id").toArrow().to_pylist()
    by_delta = read_light(lake.root, "portrait").to_table().select(columns).sort_by("id").to_pylist()
    by_duck = query(
        lake.root,
        f"SELECT {', '.join(map(repr, columns)).replace(chr(39), chr(34))} FROM portrait ORDER BY id",
    )
    polar = pl.read_delta(lake.storage.uri(pin.path), version=pin.version).select(columns).sort("id")
    assert len(by_spark) == 50
    assert by_delta == by_spark
    assert by_duck.to_pylist() == by_spark
    assert polar.to_dicts() == by_spark

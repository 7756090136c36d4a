"""The three real data sets through their shipped source maps: nothing lost, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
from pyspark.sql import functions as F
from tests.realdata import needed

from huaxiang.contracts.load import load_contracts
from huaxiang.sources.check import check_source
from huaxiang.sources.feed import feed_frame
from huaxiang.sources.files import list_landing
from huaxiang.sources.map import load_source
from huaxiang.sources.stage import Staged, stage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

CONTRACTS = load_contracts()


def staged(name: str, feed: str, into: Path) -> Staged:
    source = load_source(name)
    files = list_landing(needed(name), (), date(2026, 1, 1), source).of(feed)
    return stage(files, CONTRACTS[feed], into, source)


def frame(spark: SparkSession, name: str, feed: str, into: Path) -> DataFrame:
    return feed_frame(spark, staged(name, feed, into), CONTRACTS[feed], load_source(name))


def test_complete_journey_is_whole_and_checked() -> None:
    report = check_source("completejourney", needed("completejourney"))
    orders, products, accounts = report.feeds
    assert (orders.rows, products.rows, accounts.rows) == (1_469_307, 92_331, 801)
    assert orders.facts == (
        "key unique",
        "8,869 lines of quantity 0 (kept)",
        "4,836 rows name a product that is not there (kept: brand and category unknown)",
    )
    assert "everything social" in report.empty
    assert report.as_of == date(2017, 12, 31)


def test_complete_journey_sales_to_the_cent(tmp_path: Path) -> None:
    (folder,) = staged("completejourney", "order_line", tmp_path).typed
    with duckdb.connect() as connection:
        found = connection.execute(
            "select sum(cast(sales_value as decimal(18,2))), count(distinct household_id)"
            " from read_parquet(?)",
            [f"{folder}/*.parquet"],
        ).fetchone()
    assert found == (Decimal("4596039.58"), 2469)


def test_cdnow_repeated_lines_are_all_there(spark: SparkSession, tmp_path: Path) -> None:
    lines = frame(spark, "cdnow", "order_line", tmp_path)
    (row,) = lines.agg(
        F.count("*").alias("lines"),
        F.countDistinct("line_id").alias("keys"),
        F.sum(F.col("line_id").contains("#").cast("int")).alias("repeats"),
        F.countDistinct("account_id").alias("customers"),
        F.min("on_date").alias("first"),
        F.max("on_date").alias("last"),
    ).collect()
    assert (row.lines, row.keys, row.repeats, row.customers) == (6919, 6919, 21, 2357)
    assert (row.first, row.last) == (date(1997, 1, 1), date(1998, 6, 30))


def test_filmtrust_people_of_one_side_and_of_both(spark: SparkSession, tmp_path: Path) -> None:
    follows = frame(spark, "filmtrust", "social_follow", tmp_path)
    reviews = frame(spark, "filmtrust", "review", tmp_path)
    pairs = follows.select("follow_id", F.explode(F.array("account_id", "followee_id")).alias("who"))
    raters = reviews.select("review_id", F.col("account_id").alias("who"), F.lit(True).alias("rates"))
    people = (
        pairs.withColumn("rates", F.lit(False))
        .unionByName(raters, allowMissingColumns=True)
        .groupBy("who")
        .agg(
            F.bool_or("rates").alias("rates"),
            F.bool_or(~F.col("rates")).alias("trusts"),
            F.count_distinct("follow_id").alias("follows"),
            F.count_distinct("review_id").alias("reviews"),
        )
    )
    (row,) = people.agg(
        F.sum(F.col("rates").cast("int")).alias("raters"),
        F.sum((F.col("rates") & F.col("trusts")).cast("int")).alias("both"),
        F.sum("reviews").alias("reviews"),
    ).collect()
    assert (row.raters, row.both, row.reviews) == (1508, 740, 35_497)

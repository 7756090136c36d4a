"""The law of content hashes: only what a table holds counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.tables.content import Content, content_of, measure, observed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def frame(spark: SparkSession) -> DataFrame:
    return spark.range(200, numPartitions=2).select(
        "id",
        F.when(F.col("id") % 3 > 0, F.concat(F.lit("a"), F.col("id") % 11)).alias("a"),
        F.when(F.col("id") % 4 > 0, F.concat(F.lit("b"), F.col("id") % 7)).alias("b"),
        (F.col("id") * F.lit(1.5).cast("decimal(10,2)")).alias("money"),
        F.array("id", F.lit(None).cast("bigint")).alias("list"),
        F.rand().alias("noise"),
        F.timestamp_seconds("id").alias("at"),
    )


def test_order_splits_columns_and_floats_do_not_change_it(spark: SparkSession) -> None:
    rows = frame(spark)
    whole = measure(rows)
    assert whole.rows == 200
    assert measure(rows.repartition(3, "a").sortWithinPartitions("b")) == whole
    assert measure(rows.select(*reversed(rows.columns))) == whole
    assert measure(rows.withColumn("new", F.lit(None).cast("string"))) == whole
    parts = [measure(rows.where(F.col("id") % 2 == n)) for n in (0, 1)]
    assert parts[0] + parts[1] == whole
    assert whole - parts[1] == parts[0]
    assert Content.parse(whole.rows, whole.hex) == whole
    counted, seen = observed(rows, None)
    assert counted.columns == rows.columns
    counted.write.format("noop").mode("overwrite").save()
    assert content_of(seen.get) == whole


def test_every_change_of_a_row_changes_it(spark: SparkSession) -> None:
    rows = frame(spark)
    whole = measure(rows)
    one = F.col("id") == 42
    changes = [
        rows.withColumn("a", F.col("b")).withColumn("b", F.lit(None).cast("string")),
        rows.withColumn("a", F.when(one, "x").otherwise(F.col("a"))),
        rows.withColumn("money", F.when(one, F.lit(None)).otherwise(F.col("money"))),
        rows.withColumn("at", F.col("at") + F.expr("interval 1 microsecond")),
        rows.union(rows.where(one)),
    ]
    assert len({measure(changed).hex for changed in changes} | {whole.hex}) == 6
    assert measure(rows.limit(0)) == Content()

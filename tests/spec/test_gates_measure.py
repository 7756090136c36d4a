"""One row of numbers about a table: each metric counts what it says, on full, empty and misshapen frames."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.contracts.model import Column, Contract, Gate, Rule, Text
from huaxiang.gates.measure import table_metrics
from huaxiang.gates.rules import implied_gates

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WORDS = Text("A word", "词")
SCHEMA = "person string, score int, tags array<string>, sex string"
ROWS = [
    ("P1", 1, ["a"], "f"),
    ("P1", 6, ["a", "c"], "x"),  # a repeated key, a score, a tag and a sex outside their limits
    (None, None, None, None),  # an unknown key; unknown is inside every limit
    ("P22", 0, [], "m"),  # a person of another pattern, a score below
]


def column(name: str, kind: str, **more: Any) -> Column:
    return Column(name, kind, WORDS, WORDS, **more)


PORTRAIT = Contract(
    name="portrait",
    layer="published",
    version="1.0.0",
    title=WORDS,
    description=WORDS,
    key=("person",),
    columns=(
        column("person", "string", required=True, pattern="^P[0-9]$"),
        column("score", "int", minimum=Decimal(1), maximum=Decimal(5)),
        column("tags", "array<string>", allowed=("a", "b")),
        column("sex", "string", allowed=("f", "m")),
    ),
    gates=(Gate("null_share:sex", maximum=0.5),),
    rules=(Rule("scored", "score > 0", WORDS),),
)


def test_every_metric_counts_what_it_says(spark: SparkSession) -> None:
    frame = spark.createDataFrame(ROWS, SCHEMA)
    measured = table_metrics(frame, PORTRAIT).collect()
    assert [row.asDict() for row in measured] == [
        {
            "rows": 4,
            "duplicate_keys": 1,
            "shape_differences": 0,
            "broken:missing:person": 1,
            "broken:bad_pattern:person": 1,
            "broken:out_of_range:score": 2,
            "broken:not_allowed:tags": 1,
            "broken:not_allowed:sex": 1,
            "broken:scored": 1,
            "null_share:sex": 0.25,
        }
    ]


def test_an_empty_table_has_no_rows_and_breaks_nothing_else(spark: SparkSession) -> None:
    found = table_metrics(spark.createDataFrame([], SCHEMA), PORTRAIT).collect()[0].asDict()
    assert set(found.values()) == {0}


def test_a_missing_and_a_retyped_column_are_two_differences(spark: SparkSession) -> None:
    frame = spark.createDataFrame(ROWS, SCHEMA).drop("sex").withColumn("score", F.col("score").cast("bigint"))
    found = table_metrics(frame, PORTRAIT).collect()[0].asDict()
    assert found["shape_differences"] == 2
    assert "broken:scored" not in found  # not measured: the gate on it fails as one that can't be evaluated


def test_what_is_measured_is_what_is_implied(spark: SparkSession) -> None:
    measured = table_metrics(spark.createDataFrame([], SCHEMA), PORTRAIT).columns
    assert {gate.metric for gate in implied_gates(PORTRAIT)} == set(measured) - {"rows", "null_share:sex"}

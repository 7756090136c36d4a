"""One row of numbers about a table: each metric counts what it says, on full, empty and misshapen frames."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.contracts.model import Column, Contract, Gate, Rule, Text
from huaxiang.gates.measure import table_metrics
from huaxiang.gates.report import GateResult
from huaxiang.gates.rules import implied_gates
from huaxiang.publish import HELD, still_failing
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path

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


def test_what_held_a_night_back_holds_until_something_better_comes(tmp_path: Path) -> None:
    """Running the night again mends nothing; new files are judged by themselves, a clean replay is enough."""
    failure = GateResult("order_line", "rows", 0, "≥ 1", "critical", False, False, Text("Not empty", "非空"))

    def failing(status: str, measured: dict[str, object], **counts: int) -> list[GateResult]:
        night: Any = SimpleNamespace(
            lake=SimpleNamespace(
                newest=SimpleNamespace(release=3, status=status), storage=LocalStorage(tmp_path)
            ),
            told={"ingest": {"feeds": [{"feed": "order_line", **counts}] if counts else []}},
        )
        return still_failing(night, measured)

    assert failing("held", {}) == []
    (tmp_path / HELD).write_text(json.dumps({"release": 3, "failures": [asdict(failure)]}), encoding="utf-8")
    assert failing("held", {}) == [failure]
    assert failing("held", {"review": {}}) == [failure]
    assert failing("held", {"order_line": {}}) == []
    assert failing("held", {}, loaded=2, quarantined=0) == []
    assert failing("held", {}, loaded=1, quarantined=1) == [failure]
    assert failing("published", {}) == []
    (tmp_path / HELD).write_text(json.dumps({"release": 2, "failures": [asdict(failure)]}), encoding="utf-8")
    assert failing("held", {}) == []

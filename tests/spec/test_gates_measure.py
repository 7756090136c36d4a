"""One row of numbers about a table: each metric counts what it says, on full, empty and misshapen frames."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from feeds import CONTRACTS
from pyspark.sql import functions as F

from huaxiang.config import Config
from huaxiang.contracts.model import Column, Contract, Gate, Rule, Text
from huaxiang.contracts.spark import struct_type
from huaxiang.gates.measure import table_metrics
from huaxiang.gates.rules import bound_gates, implied_gates
from huaxiang.publish import askable, feed_metrics, published_metrics
from huaxiang.tables.release import Pin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

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


AS_OF = date(2026, 3, 20)


class Known:
    """What a night asks of a lake: what clean feeds hold, what tonight wrote, and what the release before holds."""

    def __init__(
        self,
        tables: Mapping[str, DataFrame],
        came: Mapping[str, date | None] | None = None,
        before: Mapping[str, int] | None = None,
        required: tuple[str, ...] = ("order_line",),
    ) -> None:
        self.lake, self.attempt, self.source, self.source_name = self, self, None, ""
        self.tables, self.number, self.as_of, self.contracts = tables, 3, AS_OF, CONTRACTS
        self.feeds = tuple(c.name for c in CONTRACTS.landing)
        self.config = Config(required=required)
        fine = {"rows": 5, "quarantined_share": 0.0, "duplicate": 0}
        newest = {feed: str(day) for feed, day in (came or {}).items() if day}
        self.told = {"ingest": {"metrics": dict.fromkeys(came or {}, fine), "newest": newest}}
        pins = {name: Pin(name, name, 0, rows, "0") for name, rows in (before or {}).items()}
        self._releases = [
            SimpleNamespace(release=1, status="published", tables=pins),
            SimpleNamespace(release=2, status="held", tables={}),
        ]

    def read(self, name: str) -> DataFrame:
        return self.tables[name]

    def exists(self, name: str) -> bool:
        return name in self.tables and name != "file_ledger"

    def releases(self) -> list[Any]:
        return self._releases


def fresh(spark: SparkSession, came: dict[str, date | None], **loaded: list[date | None]) -> dict[str, Any]:
    """Of each feed its age, and how severely it is judged; `came` are the newest dates of tonight's rows."""
    night: Any = Known(
        {
            "file_ledger": spark.createDataFrame([], "source string, feed string, path string, content_hash string, arrival_date date, rows bigint, status string, problem string, release bigint"),
            **{
                f"clean/{feed}": spark.createDataFrame([(day,) for day in days], "business_date date")
                for feed, days in loaded.items()
            },
        },
        came,
    )  # fmt: skip
    measured = feed_metrics(night)
    contracts = askable(night, measured)
    return {
        feed: (found.get("age_days"), [(g.metric, g.severity) for g in bound_gates(contracts[feed], found)])
        for feed, found in measured.items()
    }


DAY = timedelta(days=1)
AGED = ("age_days", "warning")


@pytest.mark.parametrize(
    ("came", "loaded", "age"),
    [
        (AS_OF - DAY, [AS_OF - 9 * DAY], 1),
        (AS_OF - 9 * DAY, [AS_OF - DAY], 9),
        (
            None,
            [None, AS_OF - 2 * DAY, AS_OF - 5 * DAY],
            None,
        ),  # tonight's are undated: what came before is older
        (None, [None, None], None),
        (None, [], None),  # all refused
    ],
)
def test_a_feed_is_as_old_as_its_newest_event_and_without_a_date_it_is_asked_in_vain(
    spark: SparkSession, came: date | None, loaded: list[date | None], age: int | None
) -> None:
    found = fresh(spark, {"order_line": came}, order_line=loaded)
    assert found.keys() == {"order_line"}
    measured, asked = found["order_line"]
    assert measured == age
    assert AGED in asked  # what can't be measured fails
    assert {("rows", "critical"), ("quarantined_share", "critical")} <= set(asked)


def test_a_feed_that_fell_silent_grows_old_and_is_asked_nothing_else(spark: SparkSession) -> None:
    undated: list[date | None] = [None]
    loaded = {"review": [AS_OF - 30 * DAY, None], "social_post": undated, "brand": [AS_OF - 90 * DAY]}
    found = fresh(spark, {"order_line": AS_OF}, order_line=undated, **loaded)
    assert found.pop("order_line")[0] == 0
    assert found == {
        "review": (30, [AGED])
    }  # a brand's contract asks for no age, and an undated post has none


@pytest.mark.parametrize(("required", "severity"), [(("review",), "critical"), ((), "warning")])
def test_silence_holds_a_release_back_only_of_a_required_feed(
    spark: SparkSession, required: tuple[str, ...], severity: str
) -> None:
    night: Any = Known({}, required=required)
    gates = tuple(replace(gate, severity="critical") for gate in CONTRACTS["review"].gates)
    night.contracts = {"review": replace(CONTRACTS["review"], gates=gates)}
    asked = askable(night, {"review": {"age_days": 30}})["review"].gates
    assert [(gate.metric, gate.severity) for gate in asked] == [("age_days", severity)]


def test_tables_that_tonight_wrote_are_measured_against_what_readers_have(spark: SparkSession) -> None:
    persons = [(f"m:{n}", f"P{n:015x}", "m", [], 1) for n in range(10)]
    change = "segment string, brand_id string, person string, change string, as_of date, release bigint"
    moved = [
        ("s", None, "P1", said, AS_OF, release) for said, release in (("gone", 2), ("left", 3), ("left", 3))
    ]
    tables = {
        "person_account": spark.createDataFrame(persons, struct_type(CONTRACTS["person_account"])),
        "segment_change": spark.createDataFrame(moved, change),
    }  # fmt: skip
    before = {"person_account": 40, "segment_change": 30, "stage": 7}
    found = published_metrics(cast("Any", Known(tables, before=before)))
    assert found.keys() == tables.keys()
    assert (found["person_account"]["rows"], found["person_account"]["rows_against_past"]) == (10, 0.25)
    assert ("rows_against_past", 0.5) in {(g.metric, g.minimum) for g in bound_gates(CONTRACTS["person_account"], found["person_account"])}  # fmt: skip
    told = found["segment_change"]  # of tonight's rows alone: what was there was judged then
    assert (told["rows"], told["duplicate_keys"], told["broken:not_allowed:change"]) == (2, 1, 0)
    assert "rows_against_past" not in told

"""Every contract as Spark sees it: schema, empty and sample frames, and rules that good rows pass."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.sample import sample_rows
from huaxiang.contracts.spark import empty_frame, row_rules, same_shape, sample_frame, struct_type
from huaxiang.expressions import NameInfo, compile_expression

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.contracts.load import Contracts
    from huaxiang.contracts.model import Contract


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


def broken_rules(frame: DataFrame, contract: Contract) -> DataFrame:
    """Return one row per input row: which it was, and the reasons it breaks."""
    reasons = [F.when(broken, F.lit(reason)) for reason, broken in row_rules(contract)]
    return frame.select(
        F.lit(contract.name).alias("name"), F.array_compact(F.array(*reasons)).alias("reasons")
    )


def test_the_schema_says_what_the_contract_says(contracts: Contracts) -> None:
    for contract in contracts.values():
        schema = struct_type(contract)
        assert tuple(schema.names) == contract.names
        for column, field in zip(contract.columns, schema.fields, strict=True):
            assert field.dataType.simpleString() == column.type
            assert field.metadata == {"comment": column.description.en}
            assert field.nullable


def test_empty_frames_have_the_shape_of_their_contracts(spark: SparkSession, contracts: Contracts) -> None:
    for contract in (*contracts.values(), *map(clean_contract, contracts.landing)):
        assert same_shape(empty_frame(spark, contract), contract) == []


def test_sample_rows_break_no_row_rule(spark: SparkSession, contracts: Contracts) -> None:
    """As literals of one row; limits and allowed values of samples are checked in tests/unit."""
    holds = {}
    for contract in contracts.values():
        names = {column.name: NameInfo(column.type) for column in contract.columns}
        for i, row in enumerate(sample_rows(contract, 3)):
            values = {
                column.name: F.lit(value).cast(column.type)
                for column, value in zip(contract.columns, row, strict=True)
                if not isinstance(value, list)
            }
            for rule in contract.rules:
                column = compile_expression(rule.holds, names).column(values.__getitem__)
                holds[f"{contract.name} {rule.name} {i}"] = F.coalesce(column, F.lit(True))
    found = spark.range(1).select(*(column.alias(name) for name, column in holds.items())).first()
    assert found is not None
    assert [name for name, held in found.asDict().items() if not held] == []


GOOD: dict[str, Any] = {
    "platform": "jd",
    "order_id": "o1",
    "kind": "question",
    "ticket_id": "t1",
    "account_id": "a1",
    "at": datetime(2026, 1, 2, tzinfo=UTC),
}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"ticket_id": None}, ["missing:ticket_id"]),
    ({"ticket_id": "  "}, ["missing:ticket_id"]),
    ({"kind": "praise"}, ["not_allowed:kind"]),
    ({"kind": None}, ["missing:kind"]),
    ({"platform": "JD mall"}, ["bad_pattern:platform"]),
    ({"revision": -1}, ["out_of_range:revision"]),
    ({"closed_at": datetime(2026, 1, 1, tzinfo=UTC)}, ["closed_after_opened"]),
    ({"closed_at": datetime(2026, 1, 1, tzinfo=UTC), "at": None}, []),  # a rule that is null holds
    (
        {"platform": "!", "kind": "x", "op": "drop", "closed_at": datetime(2026, 1, 1, tzinfo=UTC)},
        ["bad_pattern:platform", "not_allowed:kind", "not_allowed:op", "closed_after_opened"],
    ),
]


def test_a_sample_frame_is_the_sample_rows(spark: SparkSession, contracts: Contracts) -> None:
    release = contracts["release"]
    frame = sample_frame(spark, release, 2)
    assert same_shape(frame, release) == []
    rows = frame.collect()
    assert [row["release"] for row in rows] == [1, 2]
    assert rows[0]["tables"][0]["name"] == "name-1"


def test_each_broken_rule_has_its_reason(spark: SparkSession, contracts: Contracts) -> None:
    ticket = contracts["service_ticket"]
    rows = [tuple({**GOOD, **case}.get(name) for name in ticket.names) for case, _ in CASES]
    frame = spark.createDataFrame(rows, struct_type(ticket)).coalesce(1)
    found = [row["reasons"] for row in broken_rules(frame, ticket).collect()]
    assert found == [reasons for _, reasons in CASES]


def test_limits_of_numbers(spark: SparkSession, contracts: Contracts) -> None:
    reasons = dict(row_rules(contracts["review"]))
    ratings = [Decimal("-0.1"), Decimal(0), Decimal(5), Decimal("5.1"), None]
    frame = spark.createDataFrame([(rating,) for rating in ratings], "rating decimal(3,1)").coalesce(1)
    found = frame.select(reasons["out_of_range:rating"].alias("broken")).collect()
    assert [row["broken"] for row in found] == [True, False, False, True, False]


def test_another_shape_is_described(spark: SparkSession, contracts: Contracts) -> None:
    region = contracts["region"]
    frame = spark.createDataFrame(
        [("r", "n", "n", 1.0, 0, "o", date(2026, 1, 1))],
        "region_code string, name_zh string, name_en string, city_tier double, revision bigint, op string, "
        "provinces date",
    )
    assert [str(problem) for problem in same_shape(frame, region)] == [
        (
            "table region  column `province` is missing; expected type string\n"
            "    → is `provinces` the same, renamed?"
        ),
        "table region  column `provinces` is not in the contract\n    → did you mean `province`?",
        "table region  column `city_tier` has type double; expected type int",
    ]
    turned = empty_frame(spark, region).select(*reversed(region.names))
    (problem,) = same_shape(turned, region)
    assert str(problem) == (
        "table region  the columns stand as op, revision, province, city_tier, name_en, name_zh, "
        "region_code; expected the order region_code, name_zh, name_en, city_tier, province, revision, op"
    )
    twice = empty_frame(spark, region).select("*", "op")
    assert "a column name appears twice" in str(same_shape(twice, region)[-1])

"""Frames as the sources room hands them over, written as text tables: what tests of cleaning begin with."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.contracts.load import load_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.contracts.model import Contract

PEPPER = b"a pepper for tests only"
ARRIVAL = date(2026, 3, 2)
PLACE = "_path string, _record bigint, _arrival date, _filtered boolean, _damage string"


@cache
def contract_of(feed: str) -> Contract:
    return load_contracts()[feed]


def landed(spark: SparkSession, feed: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Rows of text, numbered from record 1; keys with an underscore give the place, None is absent."""
    names = contract_of(feed).names
    values = []
    for record, row in enumerate(rows, start=1):
        place = (row.get("_path", "a.csv"), row.get("_record", record), row.get("_arrival", ARRIVAL))
        values.append((*(row.get(n) for n in names), *place, row.get("_filtered", False), row.get("_damage")))
    schema = ", ".join(f"{n} string" for n in names) + ", " + PLACE
    return spark.createDataFrame(values, schema)


def pepper(spark: SparkSession) -> DataFrame:
    return pepper_frame(spark, PEPPER)

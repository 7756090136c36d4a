"""Conformed rows of every feed have their clean contract's columns, whatever was found; no job is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.clean.conform import conform
from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.config import Config
from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.spark import struct_type

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONTRACTS = load_contracts()
PLACE = "_path string, _record bigint, _arrival date, _filtered boolean, _damage string"


@pytest.mark.parametrize("feed", [c.name for c in CONTRACTS.landing])
@pytest.mark.parametrize("found", ["text", "typed"])
def test_the_shape_is_the_contracts(spark: SparkSession, feed: str, found: str) -> None:
    contract = CONTRACTS[feed]
    columns = [f"{c.name} {'string' if found == 'text' else c.type}" for c in contract.columns]
    frame = spark.createDataFrame([], ", ".join([*columns, PLACE]))
    conformed = conform(frame, contract, Config(), pepper_frame(spark, b"x"))
    wanted = {f.name: f.dataType for f in struct_type(clean_contract(contract)).fields if f.name != "release"}
    assert {f.name: f.dataType for f in conformed.schema.fields if f.name in wanted} == wanted
    raw = {c.name for c in contract.columns if c.contact}
    assert not raw & set(conformed.columns)

"""What Python says to the JVM in fewer words says the same."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest
from py4j.java_gateway import JavaObject
from py4j.protocol import GATEWAY_SERVER_OBJECT_ID
from pyspark.sql import functions as F

from huaxiang.errors import ConfigurationError
from huaxiang.gateway import PAUSE
from huaxiang.session import spark_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
def test_a_list_arrives_whole_and_in_order(spark: SparkSession, count: int) -> None:
    sent = [f"t{n}" for n in range(count)]
    assert spark.range(1).select(F.array(*map(F.lit, sent)).cast("array<string>")).first() == (sent,)
    assert spark.createDataFrame([(one,) for one in [*sent, None]], "t string").collect() == [
        (one,) for one in [*sent, None]
    ]


def test_constants_that_are_equal_in_python_stay_apart(spark: SparkSession) -> None:
    values = [1, True, "1", 1.0, None, 0, False, "", 1]
    told = spark.range(1).select(*(F.lit(value).alias(f"c{n}") for n, value in enumerate(values)))
    types = ["int", "boolean", "string", "double", "void", "int", "boolean", "string", "int"]
    assert [kind for _, kind in told.dtypes] == types
    assert list(told.first() or ()) == values


def test_what_python_lets_go_the_jvm_lets_go(spark: SparkSession) -> None:
    gateway: Any = spark.sparkContext._gateway
    held = JavaObject(GATEWAY_SERVER_OBJECT_ID, gateway._gateway_client).getGateway().getBindings()
    columns = [F.col("id") + F.lit(n) for n in range(1000)]
    before = held.size()
    assert before > 1000
    del columns
    gc.collect()
    until = time.monotonic() + 50 * PAUSE
    while held.size() > before - 900 and time.monotonic() < until:
        time.sleep(PAUSE)
    assert held.size() <= before - 900
    assert spark.range(3).select(F.col("id") + F.lit(1)).collect() == [(1,), (2,), (3,)]  # kept ones live on


def test_a_setting_of_spark_that_cannot_be_read_is_refused_by_name(spark: SparkSession) -> None:
    bad = {
        "spark.sql.shuffle.partitions": "abc",
        "spark.sql.ansi.enabled": "true",
        "spark.driver.memory": "2g",
    }
    with pytest.raises(
        ConfigurationError, match=r"--set spark.sql.shuffle.partitions  `abc`(.|\n)*int"
    ) as said:
        spark_session(bad)
    assert len(said.value.problems) == 1
    assert spark.conf.get("spark.sql.shuffle.partitions") == "1"

"""One Spark session for the whole suite: small, quiet, and the same settings as a night."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
pytest.register_assert_rewrite("tests.integration.recounts")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    from huaxiang.run import SMALL, UNPROVEN  # noqa: PLC0415
    from huaxiang.session import spark_session  # noqa: PLC0415  (unit tests never import Spark)

    warehouse = tmp_path_factory.mktemp("warehouse")
    spark = spark_session(
        {
            "spark.sql.shuffle.partitions": "1",  # frames here are tiny: one task, one file
            "spark.sql.adaptive.enabled": "false",  # nothing to adapt to
            "spark.sql.codegen.wholeStage": "false",  # compiling a plan takes longer than running it here
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.driver.extraJavaOptions": UNPROVEN,
            "spark.sql.constraintPropagation.enabled": SMALL["spark.sql.constraintPropagation.enabled"],
            "spark.driver.memory": "2g",
            "spark.buffer.pageSize": "1m",
            "spark.sql.warehouse.dir": str(warehouse),
        },
        master="local[2]",
    )
    yield spark
    spark.stop()
    shutil.rmtree(warehouse, ignore_errors=True)


@pytest.fixture
def spark(request: pytest.FixtureRequest, _session: SparkSession) -> Iterator[SparkSession]:
    """Return the shared session; forbidden in tests/unit, which must run without Java."""
    path: Path = request.path
    if "unit" in path.parts:
        pytest.fail("tests/unit may not use Spark: move this test to tests/spec")
    yield _session
    _session.catalog.clearCache()

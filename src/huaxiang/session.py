"""The one place that makes Spark sessions: the same settings for a laptop, a test and a cluster."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.jars import delta_package, explain_start_failure, probe_maven, remember_jars, resolved_jars
from huaxiang.java import find_java, trust_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
_CONF = f"spark.sql.extensions={EXTENSION}"

# What results depend on: these hold in every session, also one that somebody else made.
MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 has no statistics and loses its zone
}
# What only speed depends on: what somebody set stays.
PACE = {
    "spark.databricks.delta.snapshotPartitions": "2",  # 50 by default: elsewhere than on this machine a commit costs three times as much
    "spark.databricks.delta.allFilesInCrc.enabled": "false",  # a job a commit, and nothing of ours reads it
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",  # listing 33 files is no work for a job
    "spark.sql.maxConcurrentOutputFileWriters": "48",  # a wide row is not sorted by partition to be written
    # A backfill writes a hundred files at once. Parquet would take 0.95 of the heap for them, and counts a
    # dictionary's bytes, not its objects: keys that never repeat took 2 GiB before each chunk gave up at 1 MiB.
    "spark.hadoop.parquet.memory.pool.ratio": "0.2",
    "spark.hadoop.parquet.dictionary.page.size": "131072",
    "spark.sql.inMemoryColumnarStorage.batchSize": "1000",  # what is held is read so many rows at once, and they are long
    # What Python hands over stands in the plan row by row up to so many bytes, and takes ten times as many there.
    "spark.sql.execution.arrow.localRelationThreshold": "4m",
    "spark.sql.codegen.maxFields": "2000",  # portraits are wide; beyond 100 columns code generation stops
    # The JVM never compiles a longer method: whole stages over wide rows were interpreted, row by row.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # What lies by person is not moved to be joined by person and brand: no person has many of all rows.
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "100000",
}
# Held by the context: given at the start, or by the cluster's administrator.
STATIC = {
    "spark.sql.extensions": EXTENSION,
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",  # one flipped bit is silent without it
    "spark.hadoop.parquet.page.write-checksum.enabled": "true",
    "spark.sql.codegen.cache.maxEntries": "5000",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ui.retainedExecutions": "10",  # each keeps its whole plan, for pages that nobody opens
    "spark.ui.retainedJobs": "100",
    "spark.ui.retainedStages": "100",
    "spark.ui.retainedTasks": "1000",
    "spark.sql.maxPlanStringLength": "10000",
    "spark.python.sql.dataFrameDebugging.enabled": "false",  # it walks the stack for every column
    "spark.sql.dataFrameQueryContext.enabled": "false",  # and so does this
    "spark.log.level": "ERROR",
}
# For one machine.
LOCAL = {
    "spark.app.name": "huaxiang",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "3584m",  # for nights of 200,000 people, whose weekly tables 3g does not surely hold
    "spark.ui.enabled": "false",
    "spark.sql.adaptive.enabled": "true",
    # What a core adds up at once then fits into its memory: sizes are of packed rows, and wide ones unpack to
    # ten times as much. Few rows still come together.
    "spark.sql.shuffle.partitions": "64",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m",
    # Each aggregate, sort and join of a task takes its memory by such pages; Spark's own choice is a 32nd of the heap
    # and more, which a collection then has to find room for again and again.
    "spark.buffer.pageSize": "4m",
    "spark.sql.parquet.columnarReaderBatchSize": "4096",
    "spark.sql.catalogImplementation": "in-memory",  # tables are paths: no metastore, no Derby files
}
JVM_OPTIONS = (
    "-XX:+UseParallelGC",
    "-XX:ReservedCodeCacheSize=256m",
    "-XX:MetaspaceSize=256m",  # Spark's classes: a full collection at each step up to them else
    "-XX:InitialRAMPercentage=6",  # and a heap that grows is collected at each step too
    f"-XX:ErrorFile={tempfile.gettempdir()}/huaxiang-jvm-%p.err",
)
COMPILED = {
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.subexpressionElimination.enabled": "true",
}
INTERPRETED = {
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    # What is not compiled keeps what expressions share in a cache that it empties at every row: that costs more than it saves.
    "spark.sql.subexpressionElimination.enabled": "false",
}
"""How Spark evaluates expressions: a few rows are read sooner than code for them is compiled."""
_JVM_LOGS: list[Path] = []


def spark_session(settings: Mapping[str, str] | None = None, *, master: str | None = None) -> SparkSession:
    """Return the Spark session of this process, with Delta and the settings that results depend on.

    An active session is respected, and so is `spark-submit`: there only what it did not set is
    added. Otherwise a JVM is started for `master`, by default `local[*]`. `settings` (the user's
    `--set spark.*`) win over everything here.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415  (doctor must work without it)

    chosen = dict(settings or {})
    _quiet()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    active = SparkSession.getActiveSession()
    if active is not None:
        _check_settings(active.sparkContext._jvm, chosen)  # noqa: SLF001
        for key, value in {**MEANING, **_changeable(active, chosen)}.items():
            active.conf.set(key, value)
        return _with_delta(active)
    if is_submitted():
        return _with_delta(_submitted(chosen, master))
    started = _with_delta(_started(chosen, master or chosen.get("spark.master") or "local[*]"))
    from huaxiang.gateway import with_few_calls  # noqa: PLC0415

    return with_few_calls(started)


def _quiet() -> None:
    """Keep PySpark from writing plans and traces to the terminal when a query fails: `failure` says what is to be said."""
    from pyspark.logger import PySparkLogger  # noqa: PLC0415

    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def is_submitted() -> bool:
    """Whether `spark-submit` started this process, as a child of its JVM."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _changeable(spark: SparkSession, settings: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in settings.items() if spark.conf.isModifiable(key)}


def _submitted(settings: Mapping[str, str], master: str | None) -> SparkSession:
    """Make the session inside `spark-submit`, whose own --conf and --master stay as they are."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    given = dict(SparkConf().getAll())
    SparkContext._ensure_initialized()  # noqa: SLF001
    _check_settings(SparkContext._jvm, settings)  # noqa: SLF001
    conf = SparkConf().setAll(list({**STATIC, **PACE, **given, **MEANING, **settings}.items()))
    builder = SparkSession.builder.config(conf=conf)
    if master and "spark.master" not in given:
        builder = builder.master(master)
    return builder.getOrCreate()


def _started(settings: Mapping[str, str], master: str) -> SparkSession:
    """Start a JVM and a context; what the JVM prints goes to a file, and into the error if it dies."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415
    from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    java = find_java()
    os.environ["JAVA_HOME"] = str(java.home)
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # the JVM's threads else hoard native memory, each its own
    local = LOCAL if master.startswith("local") else {"spark.app.name": "huaxiang"}
    merged = {**MEANING, **PACE, **STATIC, **local, **settings, "spark.master": master}
    options = [*JVM_OPTIONS, settings.get("spark.driver.extraJavaOptions", "")]
    jars = None if "spark.jars.packages" in settings else resolved_jars()
    if jars is not None:
        own = [merged["spark.jars"]] if merged.get("spark.jars") else []
        merged["spark.jars"] = ",".join([*own, *map(str, jars.paths)])
    else:
        probe_maven(settings)
        others = settings.get("spark.jars.packages", "").split(",")
        merged["spark.jars.packages"] = ",".join([delta_package(), *(p for p in others if p)])
        options += trust_options(java) if "trustStore" not in options[-1] else []
    merged["spark.driver.extraJavaOptions"] = " ".join(option for option in options if option)
    if "spark.sql.warehouse.dir" not in merged and master.startswith("local"):
        merged["spark.sql.warehouse.dir"] = str(Path(tempfile.gettempdir()) / "huaxiang-warehouse")

    conf = SparkConf(loadDefaults=False).setAll(list(merged.items()))
    if SparkContext._gateway is None:  # noqa: SLF001  (a stopped context leaves its JVM to the next)
        said = _jvm_log()
        try:
            with said.open("ab") as log:
                gateway = launch_gateway(conf, {"stdout": log, "stderr": log})  # type: ignore[no-untyped-call]
                SparkContext._ensure_initialized(gateway=gateway, conf=conf)  # noqa: SLF001
            _check_settings(gateway.jvm, settings)
        except PySparkRuntimeError as cause:
            raise ConfigurationError(explain_start_failure(said.read_text("utf-8", "replace"))) from cause
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    if jars is None and not settings.get("spark.jars.packages") and not settings.get("spark.jars"):
        found = spark.sparkContext.getConf().get("spark.jars") or ""
        remember_jars(uri for uri in found.split(",") if uri)
    return spark


def _check_settings(jvm: Any, settings: Mapping[str, str]) -> None:
    """Refuse settings of Spark SQL whose values it can't read: a session that has one fails at telling so, without end."""
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415

    problems = []
    for key, value in settings.items():
        try:
            jvm.org.apache.spark.sql.internal.SQLConf().setConfString(key, value)
        except (Py4JJavaError, PySparkException) as cause:
            said = cause.java_exception.getMessage() if isinstance(cause, Py4JJavaError) else cause
            problems.append(Problem(f"--set {key}", f"`{value}`", hint=str(said).splitlines()[0]))
    if problems:
        raise ConfigurationError(problems)


def _jvm_log() -> Path:
    """Return a new file for what the JVM prints; it goes away with the process."""
    handle, name = tempfile.mkstemp(prefix="huaxiang-jvm-", suffix=".log")
    os.close(handle)
    path = Path(name)
    _JVM_LOGS.append(path)
    atexit.register(path.unlink, missing_ok=True)
    return path


def said_by_the_jvm() -> str:
    """Return what the JVM of this process printed so far; nothing when somebody else started it."""
    return "".join(log.read_text("utf-8", "replace") for log in _JVM_LOGS[-1:])


def _with_delta(spark: SparkSession) -> SparkSession:
    """Return `spark`, or name what a session that others configured lacks."""
    told = EXTENSION in (spark.conf.get("spark.sql.extensions", "") or "")
    if told and _has_class(spark, EXTENSION):
        return spark
    found = "the session has no Delta JARs" if told else "the active session does not know Delta"
    hint = f"submit with --packages {delta_package()}" + ("" if told else f" --conf {_CONF}")
    raise ConfigurationError(Problem("Spark session", found, "" if told else _CONF, hint))


def _has_class(spark: SparkSession, name: str) -> bool:
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415

    context: Any = spark.sparkContext
    try:
        context._jvm.java.lang.Thread.currentThread().getContextClassLoader().loadClass(name)  # noqa: SLF001
    except Py4JJavaError:
        return False
    return True

"""Delta's log as a lake needs it: which version is the newest, whose commit it is, and going back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from pyspark.sql.types import StructType

from huaxiang.errors import HuaxiangError, Problem
from huaxiang.frames import local_frame, parquet_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.contracts.model import Contract
    from huaxiang.tables.storage import Storage

LOG = "_delta_log"
READER, WRITER = 1, 2  # what deltalake, DuckDB and Polars read without extras
INDEXED, HOW_MANY_INDEXED = "delta.dataSkippingStatsColumns", "delta.dataSkippingNumIndexedCols"
"""Which columns' least and greatest values the log holds, by name or by number; where neither is set, all that are flat."""
STATISTICS_NAMES = {"business_date", "release", "as_of", "known_to"}
# VACUUM knows no pins: nothing a release may still name is let go by age.
KEEP = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 3650 days",
    "delta.enableDeletionVectors": "false",
    "delta.checkpointInterval": "10",
}


def tables_in(store: Storage, folder: str = "tables") -> Iterator[str]:
    """Yield the names of the Delta tables below `folder`, also those one folder deeper."""
    for entry in store.list(folder):
        path = f"{folder}/{entry.name}"
        if not entry.is_folder:
            continue
        if store.exists(f"{path}/{LOG}"):
            yield path.removeprefix("tables/")
        elif folder == "tables":
            yield from tables_in(store, path)


def head_version(store: Storage, path: str) -> int | None:
    """Return the newest version of the table at `path`; None when there is no table."""
    commits = (re.fullmatch(r"(\d{20})\.json", e.name) for e in store.list(f"{path}/{LOG}"))
    return max((int(match.group(1)) for match in commits if match), default=None)


def commit(store: Storage, path: str, version: int) -> dict[str, Any] | None:
    """Return `commitInfo` and, where it is set, `protocol` of one commit; None when there is none."""
    text = store.read_text(f"{path}/{LOG}/{version:020}.json")
    if text is None:
        return None
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith(('{"commitInfo"', '{"protocol"')):
            found.update(json.loads(line))
    return found


def assert_protocol(path: str, actions: dict[str, Any]) -> None:
    """Refuse a commit that only newer readers than version 1 would understand."""
    protocol = actions.get("protocol")
    if protocol and (protocol["minReaderVersion"] > READER or protocol["minWriterVersion"] > WRITER):
        found = f"reader {protocol['minReaderVersion']}, writer {protocol['minWriterVersion']}"
        hint = "a column's type, or a spark.databricks.delta.properties.defaults.* setting, turns a table feature on"
        raise HuaxiangError(Problem(path, found, f"reader {READER}, writer {WRITER}", hint))


def is_restore_to(store: Storage, path: str, head: int, version: int) -> bool:
    """Whether the newest commit did nothing but go back to `version`."""
    info = (commit(store, path, head) or {}).get("commitInfo", {})
    return info.get("operation") == "RESTORE" and str(info["operationParameters"].get("version")) == str(
        version
    )


def restore(store: Storage, path: str, version: int, spark: SparkSession) -> None:
    """Make `version` the newest content again, by a commit; all later versions stay readable."""
    from huaxiang.tables.storage import LocalStorage  # noqa: PLC0415

    if isinstance(store, LocalStorage):  # the same commit in milliseconds instead of seconds
        from deltalake import DeltaTable as LightTable  # noqa: PLC0415

        LightTable(store.uri(path)).restore(version)
        return
    from delta.tables import DeltaTable  # noqa: PLC0415

    DeltaTable.forPath(spark, store.uri(path)).restoreToVersion(version)


def pinned_frame(spark: SparkSession, uri: str, version: int) -> DataFrame:
    """Return one version of a table on this machine: its Parquet files, as the log lists them.

    What reader version 1 means, without the Spark jobs that Delta's own reader needs for each scan: they
    are most of a small night.
    """
    from deltalake import DeltaTable as LightTable  # noqa: PLC0415

    table = LightTable(uri, version=version)
    schema = StructType.fromJson(json.loads(table.schema().to_json()))
    actions: Any = pa.table(table.get_add_actions(flatten=True))
    inside = [unquote(path) for path in actions["path"].to_pylist()]  # the log writes paths as URLs
    if not inside:
        return local_frame(spark, [], schema)
    return parquet_frame(spark, [f"{uri}/{path}" for path in inside], schema, base=uri)


def forget_logs(spark: SparkSession) -> None:
    """Make this session read all logs anew, after folders were deleted below it."""
    context: Any = spark.sparkContext
    context._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # noqa: SLF001


def properties(
    contract: Contract | None, columns: list[tuple[str, str]], partitions: list[str]
) -> dict[str, str]:
    """Return the table properties of a new table with these (name, type) columns.

    Statistics outlive deleted rows in the log, so they are kept for dates and release numbers only, and
    never for a column that the contract calls anything but free.
    """
    private = {c.name for c in contract.columns if c.privacy != "free"} if contract else set()
    kept = [
        name
        for name, kind in columns
        if (name in STATISTICS_NAMES or kind == "date") and name not in private and name not in partitions
    ]
    indexed = {INDEXED: ",".join(kept)} if kept else {HOW_MANY_INDEXED: "0"}
    return {**KEEP, **indexed}

"""A write on this machine: Spark writes Parquet files, and deltalake adds them to the table's log.

Delta's own commit has Spark work out which files the table holds, in jobs that take longer than a small night's rows:
1.8 CPU seconds to replace a table of a few rows, of which writing its files is 0.2.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql.types import StructType

from huaxiang.errors import HuaxiangError, Problem
from huaxiang.tables.delta import LOG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

DRAFTS = "_drafts"
"""The folder of a lake for files that no table holds yet; what a dead attempt left there goes away with the next one."""
NOBODYS = "__HIVE_DEFAULT_PARTITION__"
"""How Spark names the folder of rows without a partition."""


class TakenError(Exception):
    """Somebody else made the version that was to be made."""


@dataclass(frozen=True)
class Change:
    """What a write does to a table: `append` rows, or `overwrite` all of them, or the partitions `parts`.

    `head` is the version that it follows; None makes the table, with `properties` and by `partitions`. `stamp` goes
    into the commit. With `evolve` the frame may have new columns.
    """

    head: int | None
    stamp: str
    mode: str = "append"
    parts: Sequence[str] | None = None
    evolve: bool = False
    partitions: Sequence[str] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The version that it makes."""
        return 0 if self.head is None else self.head + 1

    @property
    def replaces_all(self) -> bool:
        """Whether no row of before stays."""
        return self.mode == "overwrite" and self.parts is None


def write_locally(lake: Path, path: str, frame: DataFrame, change: Change) -> None:
    """Write `frame` as the version after `change.head`; nothing is committed where nothing is added or replaced.

    TakenError when there is such a version already, HuaxiangError when the columns are not the table's.
    """
    folder, draft = lake / path, lake / DRAFTS / uuid.uuid4().hex
    try:
        if change.head is None:
            _create(folder, frame, draft, change)
        else:
            _follow(folder, frame, draft, change)
    except (DeltaError, OSError) as cause:
        if (folder / LOG / f"{change.version:020}.json").exists():
            raise TakenError(path) from cause
        found, hint = "the table could not be written", str(cause).splitlines()[0]
        raise HuaxiangError(Problem(path, found, hint=hint)) from cause
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _create(folder: Path, frame: DataFrame, draft: Path, change: Change) -> None:
    frame.write.partitionBy(*change.partitions).parquet(str(draft))
    files = list(_placed(draft, folder, _indexed(change.properties)))
    create_table_with_add_actions(
        str(folder), _delta_schema(frame.schema), files, "error", list(change.partitions),
        configuration=dict(change.properties), commit_properties=_stamped(change),
    )  # fmt: skip


def _follow(folder: Path, frame: DataFrame, draft: Path, change: Change) -> None:
    table = DeltaTable(str(folder), version=change.head)
    known, schema, mode, replaced = table.metadata(), frame.schema, change.mode, None
    by = known.partition_columns
    if not change.replaces_all:
        before = StructType.fromJson(json.loads(table.schema().to_json()))
        schema = _widened(folder.name, before, schema, evolve=change.evolve and bool(by))
        if len(schema) > len(before):  # which only an overwrite may bring, be it of no partition
            mode = "overwrite"
        if mode == "overwrite":
            replaced = [(name, "in", sorted(set(change.parts or ()))) for name in by]
    frame.write.partitionBy(*by).parquet(str(draft))
    files: list[Any] = list(_placed(draft, folder, _indexed(known.configuration)))
    if files or change.mode == "overwrite":
        stamped = _stamped(change)
        table.create_write_transaction(
            files, mode, _delta_schema(schema), by, replaced, commit_properties=stamped
        )


def _stamped(change: Change) -> CommitProperties:
    return CommitProperties(custom_metadata={"userMetadata": change.stamp}, max_commit_retries=0)


def _delta_schema(schema: StructType) -> Schema:
    """Return the schema in which any column may be null, as Delta keeps them."""
    may_be_null = {"nullable", "containsNull", "valueContainsNull"}
    known = json.loads(
        schema.json(), object_hook=lambda one: one | dict.fromkeys(may_be_null & one.keys(), True)
    )
    return Schema.from_json(json.dumps(known))


def _widened(path: str, before: StructType, frame: StructType, *, evolve: bool) -> StructType:
    """Return the table's columns and those that the frame adds; HuaxiangError where it may not."""
    held = {field.name: field.dataType for field in before}
    new = [field for field in frame if field.name not in held]
    problems = [
        Problem(f"{path}.{field.name}", field.dataType.simpleString(), held[field.name].simpleString())
        for field in frame
        if field.name in held and field.dataType.simpleString() != held[field.name].simpleString()
    ]
    problems += [] if evolve else [Problem(f"{path}.{field.name}", "no column of the table") for field in new]
    if problems:
        raise HuaxiangError(problems, f"the frame for `{path}` is not as the table is")
    return StructType([*before, *new])


def _indexed(properties: Mapping[str, str | None]) -> set[str]:
    """Return the columns of which the log may keep the least and the greatest value."""
    listed = properties.get("delta.dataSkippingStatsColumns")
    return set(listed.split(",")) if listed else set()


def _placed(draft: Path, folder: Path, indexed: Collection[str]) -> Iterator[AddAction]:
    """Move the files that have rows into the table's folder, and yield what the log says of each."""
    for file in sorted(draft.rglob("*.parquet")):
        footer: Any = pq.read_metadata(file)
        if not footer.num_rows:
            continue
        inside = file.relative_to(draft)
        named = (name.partition("=") for name in inside.parent.parts)
        values = {key: None if value == NOBODYS else unquote(value) for key, _, value in named}
        (folder / inside).parent.mkdir(parents=True, exist_ok=True)
        found = Path(shutil.move(file, folder / inside)).stat()
        told = json.dumps(_statistics(footer, indexed))
        yield AddAction(str(inside), found.st_size, values, int(found.st_mtime * 1000), True, told)


def _statistics(footer: Any, indexed: Collection[str]) -> dict[str, Any]:
    """Return a file's rows, and of dates and numbers of `indexed` the least, the greatest and the nulls."""
    told: dict[str, Any] = {"numRecords": footer.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    for place in range(footer.num_columns):
        name = footer.schema.column(place).path
        if name not in indexed:
            continue
        groups = [footer.row_group(n).column(place).statistics for n in range(footer.num_row_groups)]
        if not all(one is not None and one.has_null_count for one in groups):
            continue
        told["nullCount"][name] = sum(one.null_count for one in groups)
        known = [one for one in groups if one.has_min_max]
        if known:
            told["minValues"][name] = _plain(min(one.min for one in known))
            told["maxValues"][name] = _plain(max(one.max for one in known))
    return told


def _plain(value: int | date) -> int | str:
    return value if isinstance(value, int) else value.isoformat()

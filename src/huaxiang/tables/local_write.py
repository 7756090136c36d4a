"""A write on this machine: Spark writes Parquet files, and deltalake adds them to the table's log.

Delta's own commit has Spark work out which files the table holds, in jobs that take longer than a small night's rows:
1.8 CPU seconds to replace a table of a few rows, of which writing its files is 0.2. The files have no Hadoop checksums
beside them: Parquet's own stand in their pages.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql.types import StructType

from huaxiang.errors import HuaxiangError, Problem, words_of
from huaxiang.tables import delta

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import DataFrame

    from huaxiang.tables.storage import LocalStorage

DRAFTS = "_drafts"
"""The folder of a lake for files that no table holds yet; what a dead attempt left there goes away with the next lock."""
WRITE = "huaxiangWrite"
"""By what a commit says which write it is of."""
NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""How Spark names the folder of rows without a partition."""
EPOCH = date(1970, 1, 1).toordinal()


class TakenError(Exception):
    """Somebody else made the version that was to be made."""


@dataclass(frozen=True)
class Change:
    """What a write does to a table: `append` rows, or `overwrite` all of them, or the partitions `parts`.

    `head` is the version that it follows; None makes the table, with `properties` and by `partitions`. `stamp` goes
    into the commit. With `evolve` the frame may have new columns, if the table has partitions. `rows` says, when
    they are written, how many rows there were.
    """

    head: int | None
    stamp: str
    rows: Callable[[], int]
    mode: Literal["append", "overwrite"] = "append"
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


def write_locally(store: LocalStorage, path: str, frame: DataFrame, change: Change) -> None:
    """Write `frame` as the version after `change.head`; nothing is committed where nothing is added or replaced.

    TakenError when there is such a version already, HuaxiangError when the columns are not the table's, or when
    other rows lie there than Spark says it wrote. What is refused leaves no file.
    """
    folder, draft, placed = store.path / path, store.path / DRAFTS / uuid.uuid4().hex, list[Path]()
    try:
        if change.head is None:
            _create(folder, frame, draft, placed, change)
        else:
            _follow(folder, frame, draft, placed, change)
    except BaseException as cause:
        made = delta.commit(store, path, change.version)
        is_ours = (made or {}).get("commitInfo", {}).get(WRITE) == draft.name
        told = isinstance(cause, DeltaError | OSError)
        if is_ours and told:  # it came after the commit, which stands
            return
        if not is_ours:
            for file in placed:
                file.unlink(missing_ok=True)
        if not told:
            raise
        if made is not None:
            raise TakenError(path) from cause
        problem = Problem(_named(path), "the table could not be written", hint=words_of(cause))
        raise HuaxiangError(problem) from cause
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _create(folder: Path, frame: DataFrame, draft: Path, placed: list[Path], change: Change) -> None:
    by = list(change.partitions)
    (folder / delta.LOG).mkdir(parents=True, exist_ok=True)  # a dead attempt's table is known by it
    files = _moved(_drafted(frame, draft, by, change), draft, folder, placed, change.properties)
    create_table_with_add_actions(
        str(folder), _delta_schema(frame.schema), files, "error", by,
        configuration=dict(change.properties), commit_properties=_stamped(change, draft),
    )  # fmt: skip


def _follow(folder: Path, frame: DataFrame, draft: Path, placed: list[Path], change: Change) -> None:
    table = DeltaTable(str(folder), version=change.head)
    known, before = table.metadata(), StructType.fromJson(json.loads(table.schema().to_json()))
    by, schema = known.partition_columns, frame.schema
    if not change.replaces_all:
        schema = _checked(_named(f"{folder.parent.name}/{folder.name}"), before, schema, change, by)
    drafted = _drafted(frame, draft, by, change)
    if not drafted and change.mode == "append":
        return
    # only an overwrite may bring columns, be it of no partition
    mode = "append" if change.mode == "append" and len(schema) == len(before) else "overwrite"
    replaced = None
    if mode == "overwrite" and not change.replaces_all:
        replaced = [(name, "in", sorted(set(change.parts or ()))) for name in by]
    files = _moved(drafted, draft, folder, placed, known.configuration)
    table.create_write_transaction(
        files, mode, _delta_schema(schema), by, replaced, commit_properties=_stamped(change, draft)
    )


def _named(path: str) -> str:
    """Return what a table is called, by its path."""
    return path.removeprefix("tables/")


def _stamped(change: Change, draft: Path) -> CommitProperties:
    told = {"userMetadata": change.stamp, WRITE: draft.name}
    return CommitProperties(custom_metadata=told, max_commit_retries=0)


def _delta_schema(schema: StructType) -> Schema:
    """Return the schema in which any column may be null, as Delta keeps them."""
    may_be_null = {"nullable", "containsNull", "valueContainsNull"}
    known = json.loads(
        schema.json(), object_hook=lambda one: one | dict.fromkeys(may_be_null & one.keys(), True)
    )
    return Schema.from_json(json.dumps(known))


def _checked(
    name: str, before: StructType, frame: StructType, change: Change, by: Sequence[str]
) -> StructType:
    """Return the table's columns and those that the frame adds; HuaxiangError where it may not."""
    held = {one.name.lower(): one for one in before}  # readers don't tell `Spend` from `spend`
    new = [one for one in frame if one.name.lower() not in held]
    problems = []
    for one in frame:
        known = held.get(one.name.lower(), one)
        if (known.name, known.dataType.simpleString()) != (one.name, one.dataType.simpleString()):
            wanted = f"{known.name} {known.dataType.simpleString()}"
            problems.append(Problem(f"{name}.{one.name}", one.dataType.simpleString(), wanted))
    if new and not (change.evolve and by):
        problems += [Problem(f"{name}.{one.name}", "no column of the table") for one in new]
    if change.parts is not None and not by:
        problems.append(Problem(name, "the table has no partitions", "one that has"))
    if problems:
        raise HuaxiangError(problems, f"the frame for `{name}` is not as the table is")
    return StructType([*before, *new])


def _drafted(frame: DataFrame, draft: Path, by: Sequence[str], change: Change) -> list[tuple[Path, Any]]:
    """Write the frame, and return the files that have rows, each with its footer; HuaxiangError when rows lack."""
    frame.write.partitionBy(*by).parquet(f"file:{draft}")
    found = [(file, pq.read_metadata(file)) for file in sorted(draft.rglob("*.parquet"))]
    rows, written = sum(footer.num_rows for _, footer in found), change.rows()
    if rows != written:
        hint = "each worker has to see the lake's folder; one that Spark alone sees is named by its scheme"
        raise HuaxiangError(Problem(str(draft), f"{rows:,} rows", f"the {written:,} that were written", hint))
    return [(file, footer) for file, footer in found if footer.num_rows]


def _moved(
    drafted: Sequence[tuple[Path, Any]],
    draft: Path,
    folder: Path,
    placed: list[Path],
    properties: Mapping[str, str | None],
) -> list[Any]:
    """Move files into the table's folder, tell so in `placed`, and return what the log says of each."""
    listed = properties.get(delta.INDEXED)
    none = properties.get(delta.HOW_MANY_INDEXED) == "0"
    indexed = listed.split(",") if listed else [] if none else None
    actions = []
    for file, footer in drafted:
        inside = file.relative_to(draft)
        parted = (name.partition("=") for name in inside.parent.parts)
        values = {key: None if value == NO_PARTITION else unquote(value) for key, _, value in parted}
        told = json.dumps(_statistics(footer, indexed))
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        placed.append(target)
        found = Path(shutil.move(file, target)).stat()
        actions.append(AddAction(str(inside), found.st_size, values, int(found.st_mtime * 1000), True, told))
    return actions


def _statistics(footer: Any, indexed: Sequence[str] | None) -> dict[str, Any]:
    """Return a file's rows, and of the `indexed` columns (None: all that are flat) the least, the greatest and the nulls.

    None is left out: of a column that some files' statistics name and others' don't, readers pass over the latter.
    """
    told: dict[str, Any] = {"numRecords": footer.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    places = {footer.schema.column(n).path: n for n in range(footer.num_columns)}
    for name in [path for path in places if "." not in path] if indexed is None else indexed:
        if name not in places:
            told["nullCount"][name] = footer.num_rows
            continue
        groups = [footer.row_group(n).column(places[name]).statistics for n in range(footer.num_row_groups)]
        told["nullCount"][name] = sum(one.null_count for one in groups)
        bounds = [(_plain(one, one.min_raw), _plain(one, one.max_raw)) for one in groups if one.num_values]
        if bounds:
            told["minValues"][name] = min(least for least, _ in bounds)
            told["maxValues"][name] = max(greatest for _, greatest in bounds)
    return told


def _plain(statistics: Any, raw: Any) -> Any:
    """Return a bound as JSON: a date as Python's calendar has it, up to its first and last."""
    kind = statistics.logical_type.type
    if kind == "DATE":
        return date.fromordinal(min(max(EPOCH + raw, 1), date.max.toordinal())).isoformat()
    if kind == "TIMESTAMP":
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=raw)
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return raw.decode() if isinstance(raw, bytes) else raw

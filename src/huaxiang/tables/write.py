"""One write to one Delta table: shaped by its contract, measured in the same job, and surely ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from delta.exceptions import DeltaConcurrentModificationException
from pyspark.sql import functions as F

from huaxiang.contracts.spark import struct_type
from huaxiang.errors import HuaxiangError, LostRaceError, Problem, did_you_mean
from huaxiang.tables import delta
from huaxiang.tables.content import ROW, WRITTEN, Content, content_of, observed
from huaxiang.tables.local_write import Change, TakenError, write_locally
from huaxiang.tables.release import table_path
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructField

    from huaxiang.contracts.model import Contract
    from huaxiang.tables.lake import Lake

PARTITION = "part"


@dataclass(frozen=True)
class Commit:
    """What a write brought; `version` is None when there was nothing to commit.

    `written` rows in all, with those that were only copied.
    """

    version: int | None
    content: Content
    written: int


def write(
    lake: Lake,
    name: str,
    frame: DataFrame,
    *,
    head: int | None,
    stamp: str,
    mode: Literal["append", "overwrite"],
    parts: Sequence[str] | None = None,
    evolve: bool = False,
) -> Commit:
    """Write `frame` on top of version `head`, and on no other; LostRaceError when somebody else wrote.

    `head` None is a table that is not there. `stamp` goes into the commit, by which it is known as ours.
    """
    contract = lake.contracts.get(name)
    shaped = _shaped(name, frame, contract, evolve=evolve)
    partitions = [PARTITION] if PARTITION in shaped.columns else []
    counted, seen = observed(shaped, contract)
    path = table_path(name)
    properties = delta.properties(contract, counted.dtypes, partitions) if head is None else {}
    change = Change(head, stamp, lambda: seen.get[WRITTEN], mode, parts, evolve, partitions, properties)
    try:
        if isinstance(lake.storage, LocalStorage):
            write_locally(lake.storage, path, counted, change)
        else:
            _write_by_spark(lake.storage.uri(path), counted, change)
    except (DeltaConcurrentModificationException, TakenError) as cause:
        raise _lost(name) from cause
    actions = delta.commit(lake.storage, path, change.version)
    content, written = content_of(seen.get), seen.get[WRITTEN]
    if actions is None and not content.rows:
        return Commit(None, content, 0)
    if actions is None or actions["commitInfo"].get("userMetadata") != stamp:
        raise _lost(name)
    delta.assert_protocol(path, actions)
    return Commit(change.version, content, written)


def _write_by_spark(uri: str, frame: DataFrame, change: Change) -> None:
    """Write to another filesystem, on the newest version there is."""
    options = {"userMetadata": change.stamp, **change.properties}
    if change.parts is not None:
        listed = ", ".join("'" + part.replace("'", "") + "'" for part in sorted(set(change.parts)))
        options["replaceWhere"] = f"{PARTITION} IN ({listed})"  # months or dates, never a person's value
    elif change.replaces_all and change.head is not None:
        options["overwriteSchema"] = "true"
    if change.evolve:
        options["mergeSchema"] = "true"
    mode = (
        "append" if change.head is None else change.mode
    )  # to overwrite nothing, Delta looks for what to remove
    writer = frame.write.format("delta").mode(mode).options(**options)
    if change.partitions and change.parts is None:
        writer = writer.partitionBy(*change.partitions)
    writer.save(uri)


def _lost(name: str) -> LostRaceError:
    return LostRaceError(
        Problem(name, "another night wrote this table at the same time", "", "retry when it is done")
    )


def _shaped(name: str, frame: DataFrame, contract: Contract | None, *, evolve: bool) -> DataFrame:
    """Return the columns in the contract's order with its comments; HuaxiangError when they differ from it.

    With `evolve` the frame may have fewer columns or more.
    """
    if contract is None:
        return frame
    declared = {f.name: f for f in struct_type(contract).fields}
    found = {f.name: f for f in frame.schema.fields if f.name != ROW}
    problems = [
        Problem(f"{name}.{column}", found[column].dataType.simpleString(), field.dataType.simpleString())
        for column, field in declared.items()
        if column in found and found[column].dataType.simpleString() != field.dataType.simpleString()
    ]
    if not evolve:
        problems += [
            Problem(f"{name}.{c}", "the frame lacks this column") for c in declared if c not in found
        ]
        problems += [
            Problem(
                f"{name}.{c}", "no column of the contract", "", did_you_mean(c, set(declared) - set(found))
            )
            for c in found
            if c not in declared
        ]
    if problems:
        raise HuaxiangError(problems, f"the frame for `{name}` is not what its contract says")
    order = [*(c for c in declared if c in found), *(c for c in found if c not in declared)]
    hashes = [ROW] if ROW in frame.columns else []
    return frame.select(*(F.col(c).alias(c, metadata=_comment(declared.get(c))) for c in order), *hashes)


def _comment(field: StructField | None) -> dict[str, str]:
    return {k: v for k, v in (field.metadata if field else {}).items() if k == "comment"}

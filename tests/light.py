"""Lakes by hand, without Spark: tables, and the releases that pin them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from huaxiang.tables import reader
from huaxiang.tables.release import Pin, Release, followed_by

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2024, 3, 2, 1, 0, tzinfo=UTC)
COLUMNS = {
    "as_of": date(2024, 3, 1),
    "published_at": AT,
    "code_version": "1",
    "config_hash": "c",
    "contracts_hash": "k",
}


def put(lake: Path, name: str, rows: dict[str, list[object]]) -> Pin:
    path = lake / "tables" / name
    write_deltalake(path, pa.table(rows), mode="overwrite", schema_mode="overwrite")
    count = len(next(iter(rows.values())))
    return Pin(name, f"tables/{name}", DeltaTable(path).version(), count, f"{count:016x}")


def release(
    lake: Path, before: Release | None, pins: list[Pin], status: str = "published", **columns: Any
) -> Release:
    told = {**COLUMNS, **columns}
    made = followed_by(before, tables={p.name: p for p in pins}, status=status, writer="w", **told)
    rows = pa.Table.from_pylist([r.row() for r in (*reader.releases_light(lake), made)])
    write_deltalake(lake / "tables" / "release", rows, mode="overwrite", schema_mode="overwrite")
    return made

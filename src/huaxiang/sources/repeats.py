"""Which staged records share a key that was declared unique: found once by DuckDB, on disk if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEMORY = "1GB"


def repeated_records(folders: Sequence[Path], key: Sequence[str], into: Path) -> Path | None:
    """Write `_path, _record` of every record whose key is there again in its delivery; None without any.

    A key with an empty part is no key and repeats nothing.
    """
    target = into / "repeats"
    names = ", ".join(quoted(name) for name in key)
    filled = " and ".join(f"{quoted(name)} is not null" for name in key)
    staged = union_of_texts(folders, key)
    again = f"select {names}, _arrival from staged where {filled} group by all having count(*) > 1"
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        connection.execute(f"set temp_directory = '{_literal(into)}/spilled'")
        connection.execute(
            f"create table repeats as with staged as ({staged}) select _path, _record from staged"
            f" semi join ({again}) as again using ({names}, _arrival)"
        )
        if connection.execute("select count(*) from repeats").fetchall() == [(0,)]:
            return None
        target.mkdir()
        connection.execute(f"copy repeats to '{_literal(target)}/part-00001.parquet' (format parquet)")
    return target


def union_of_texts(folders: Sequence[Path], names: Sequence[str]) -> str:
    """Return SQL for all records of staged folders: the named columns as text, and where each came from."""
    texts = "".join(f"cast({quoted(name)} as varchar) as {quoted(name)}, " for name in names)
    return " union all ".join(
        f"select {texts}_path, _record, _arrival, _damage from read_parquet([{_files(folder)}])"
        for folder in folders
    )


def quoted(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _files(folder: Path) -> str:
    return ", ".join(f"'{_literal(path)}'" for path in sorted(folder.glob("*.parquet")))


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")

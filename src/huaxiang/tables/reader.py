"""Reading a lake without Spark: releases, tables at a release's versions, and SQL over them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from huaxiang.errors import ConfigurationError, HuaxiangError, Problem, did_you_mean, words_of
from huaxiang.tables.release import TABLE, Pin, Release, choose, table_path
from huaxiang.tables.storage import LOCK, local_path

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow.dataset as ds


CATALOGUES = {"show", "information_schema", "pg_catalog", "duckdb_views", "duckdb_columns"}
"""Words of a statement that asks which tables and columns there are."""

MARKS = ("tables", "runs", LOCK)
"""What every lake holds, also one whose first night died."""


def check_folder(root: str | Path) -> None:
    """Refuse a lake whose folder is not there, or holds something else."""
    folder = _folder(root)
    if not folder.is_dir():
        found, hint = "no such folder", "`huaxiang nightly --lake …` makes one"
    elif any(folder.iterdir()) and not any((folder / name).exists() for name in MARKS):
        found, hint = "a folder that holds no lake", "perhaps one below it"
    else:
        return
    raise ConfigurationError(Problem(f"--lake {root}", found, "the folder of a lake", hint))


def releases_light(root: str | Path) -> list[Release]:
    """Return every release of a lake on this machine, oldest first; none when there is no lake."""
    try:
        rows = _opened(_folder(root) / table_path(TABLE), TABLE).to_table().to_pylist()
    except TableNotFoundError:  # no lake, or its first release is just being written
        return []
    return sorted((Release.from_row(row) for row in rows), key=lambda r: r.release)


def release_light(root: str | Path, number: int | None = None) -> Release:
    """Return a published release, by default the newest; ConfigurationError names those there are."""
    check_folder(root)
    return choose(releases_light(root), number)


def read_light(root: str | Path, table: str, release: int | None = None) -> ds.Dataset:
    """Return one table as a published release holds it; read lazily, later nights don't change it."""
    return read_pinned(root, release_light(root, release).pin(table))


def _folder(root: str | Path) -> Path:
    """Return the folder of a lake, also where it was written as `file:…`; ConfigurationError for one elsewhere."""
    found = local_path(str(root))
    if found is None:
        hint = "this reads a lake on this machine's own disks; elsewhere Spark reads its Delta tables"
        raise ConfigurationError(Problem(f"--lake {root}", "another filesystem", "a folder", hint))
    return found


def read_pinned(root: str | Path, pin: Pin) -> ds.Dataset:
    """Return a table at the version that some release holds, also one that gates hold back."""
    try:
        return _opened(_folder(root) / pin.path, pin.name, pin.version)
    except TableNotFoundError as cause:
        raise _damaged(pin.name, cause) from cause


def _opened(folder: Path, name: str, version: int | None = None) -> ds.Dataset:
    """Return a Delta table of this machine; TableNotFoundError without one, HuaxiangError for a damaged one.

    Read through Arrow's own filesystem: deltalake's calls back into Python from threads of its own, and one
    process in ten then dies on its way out.
    """
    files = SubTreeFileSystem(str(folder), LocalFileSystem())
    try:
        return DeltaTable(folder, version=version).to_pyarrow_dataset(filesystem=files)
    except TableNotFoundError:
        raise
    except DeltaError as cause:
        raise _damaged(name, cause) from cause


def _damaged(name: str, cause: Exception) -> HuaxiangError:
    hint = "bring the lake's files back from a copy; what was landed can also be read into a new lake"
    return HuaxiangError(
        Problem(f"table {name}", f"its files can't be read: {words_of(cause)}", "as they were written", hint)
    )


def view_name(table: str) -> str:
    """Return what a table is called in SQL: `clean/order_line` is `clean_order_line`."""
    return table.replace("/", "_")


def query(root: str | Path, sql: str, release: int | None = None) -> pa.Table:
    """Run one SELECT over the tables of a published release, and the table `release` itself.

    DuckDB runs it in memory with no way to files, network or settings; mistakes are ConfigurationErrors.
    """
    folder = _folder(root)
    chosen = release_light(folder, release)
    views = {view_name(name): name for name in chosen.tables}
    connection = duckdb.connect()
    try:
        _only_select(connection, sql)
        for view in sorted(_named(sql, {*views, TABLE})):
            data: Any = read_pinned(folder, chosen.pin(views[view])) if view in views else _releases(folder)
            connection.register(view, data)
        for setting in (
            "SET TimeZone = 'UTC'",
            "SET python_enable_replacements = false",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            connection.execute(setting)
        found: pa.Table = connection.sql(sql).to_arrow_table()
    except duckdb.Error as cause:
        if lost := re.search(r"reading the stream registered as \W*(\w+)", str(cause)):
            raise _damaged(views.get(lost[1], lost[1]), cause) from cause
        raise ConfigurationError(_explained(str(cause), views)) from cause
    else:
        return found
    finally:
        connection.close()


def as_python(column: pa.ChunkedArray[Any]) -> list[Any]:
    """Return a column's values; all as DuckDB writes them where one is a date that Python has not, as 12345-01-01."""
    try:
        return column.to_pylist()
    except (OverflowError, ValueError):
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("found", pa.Table.from_arrays([column], ["value"]))
            rows = connection.execute("SELECT CAST(value AS VARCHAR) FROM found").fetchall()
        return [value for (value,) in rows]


def _releases(root: Path) -> pa.Table:
    return _opened(root / table_path(TABLE), TABLE).to_table()


def _only_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        found = f"{len(kinds)} statements" if len(kinds) != 1 else f"a statement of the kind {kinds[0]}"
        raise ConfigurationError(Problem("query", found, "one SELECT", "the lake is read-only here"))


def _named(sql: str, views: set[str]) -> set[str]:
    """Return those of `views` that the statement may mean, so that only they are opened.

    By their words: DuckDB names the tables of a statement only after binding it, which fails at `USING`. A
    statement that asks which tables there are means all of them.
    """
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    if words & CATALOGUES:
        return views
    return {view for view in views if view.lower() in words}


OF_VALUES = ("Conversion Error", "Out of Range Error", "Invalid Input Error")
"""Kinds of DuckDB's errors that quote what stood in a row."""


def _explained(message: str, views: dict[str, str]) -> Problem:
    """Turn DuckDB's message into a problem: what is wrong, where, and the nearest name; never a value it met."""
    first, *rest = message.splitlines()
    if first.startswith(OF_VALUES):
        first = re.sub(r"'.*'|\d{3,}", "…", first)
    excerpt = "\n".join(line for line in rest if re.match(r"LINE |\s*\^+$", line))
    missing = re.search(r"Table with name (\S+) does not exist", first)
    if missing:
        return Problem(
            "query", f"no table `{missing.group(1)}`", "", did_you_mean(missing.group(1), views), excerpt
        )
    hint = next((line for line in rest if line.startswith(("Candidate bindings", "Did you mean"))), "")
    if "syntax error" in first and re.search(r"\bat\b", excerpt, re.IGNORECASE):
        hint = 'a column named like a word of SQL is quoted: "at"'
    return Problem("query", first, "", hint, excerpt)

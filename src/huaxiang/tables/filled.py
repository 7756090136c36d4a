"""How many rows of a table hold a value, column by column: from what its Parquet files say of themselves, without Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.tables.reader import read_pinned

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    from huaxiang.tables.release import Pin


def filled(root: str | Path, pin: Pin) -> dict[str, int]:
    """Return by column how many rows are not null, of a table as a release holds it.

    A flat column's nulls stand in the files' footers. A list's don't, since footers count what lies in lists: of
    those, and of a column without such a count, the values are read.
    """
    held = read_pinned(root, pin)
    found = dict.fromkeys(held.schema.names, 0)
    unsaid: set[str] = set()
    for fragment in held.get_fragments():
        counted = _nulls(fragment.metadata)
        unsaid |= found.keys() - counted.keys()
        for name in found.keys() - unsaid:
            found[name] += fragment.metadata.num_rows - counted[name]
    return {**found, **_read(held, sorted(unsaid))}


def _nulls(footer: pq.FileMetaData) -> dict[str, int]:
    """The nulls of every flat column that a footer counts."""
    found: dict[str, int] = {}
    unsaid = set()
    for group in range(footer.num_row_groups):
        row_group = footer.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            name, said = column.path_in_schema, column.statistics
            if said is None or said.null_count is None:
                unsaid.add(name)
            else:
                found[name] = found.get(name, 0) + said.null_count
    return {name: nulls for name, nulls in found.items() if name not in unsaid}


def _read(held: ds.Dataset, names: list[str]) -> dict[str, int]:
    found = dict.fromkeys(names, 0)
    for batch in held.to_batches(columns=names) if names else ():
        for name, column in zip(names, batch.columns, strict=True):
            found[name] += len(column) - column.null_count
    return found

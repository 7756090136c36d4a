"""Columns to Arrow tables: numbers as numpy holds them become a feed's own types, in bulk.

Money travels as int64 minor units, instants as epoch seconds, dates as epoch days; `NULL` in any of
them, and index −1 in `pick`, become null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from huaxiang.world.shape import shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

compute: Any = pyarrow.compute  # its stubs know no constants beside arrays
NULL = np.iinfo(np.int64).min


def table(feed: str, rows: int, columns: Mapping[str, Any]) -> pa.Table:
    """Return `rows` rows of `feed`: arrays or one constant per column, null where a column is not given."""
    schema = shapes()[feed].schema
    unknown = columns.keys() - set(schema.names)
    if unknown:
        raise KeyError(f"{feed} has no column {sorted(unknown)}")
    return pa.table([_cells(columns.get(f.name), f.type, rows) for f in schema], schema=schema)


def pick(words: pa.Array[Any], index: Any) -> pa.Array[Any]:
    """Return the word at each index; null at −1."""
    index = np.asarray(index)
    return words.take(pa.array(index, mask=index < 0) if (index < 0).any() else pa.array(index))


def words(texts: Sequence[str | None]) -> pa.Array[Any]:
    """Return a vocabulary for `pick`."""
    return pa.array(texts, pa.string())


def ids(numbers: Any, prefix: str = "") -> pa.Array[Any]:
    """Return `prefix` and the number as text; null where the number is negative."""
    numbers = np.asarray(numbers, dtype=np.int64)
    missing = numbers < 0
    text = compute.cast(pa.array(numbers, mask=missing) if missing.any() else pa.array(numbers), pa.string())
    return joined(prefix, text) if prefix else text


def joined(*parts: Any) -> pa.Array[Any]:
    """Return the parts (arrays or constants) of each row as one text; null where any is null."""
    scalars = [pa.scalar(p, pa.string()) if isinstance(p, str) else p for p in parts]
    result: pa.Array[Any] = compute.binary_join_element_wise(*scalars, "")
    return result


def lists(rows: int, mentioned: Any, words: pa.Array[Any]) -> pa.Array[Any]:
    """Return a list of at most one word per row: empty where `mentioned` is −1."""
    index = np.asarray(mentioned)
    some = index >= 0
    if len(index) != rows:
        raise ValueError(f"{len(index)} mentions for {rows} rows")
    return grouped(some, pick(words, index[some]))


def grouped(many: Any, values: pa.Array[Any]) -> pa.Array[Any]:
    """Return a list per row, of as many of the values, one after another, as `many` says."""
    starts: Any = pa.array(np.concatenate([[0], np.cumsum(many)]).astype(np.int32))
    found: pa.Array[Any] = pa.ListArray.from_arrays(starts, values)
    return found


def money(minor: Any, kind: pa.DataType | None = None) -> pa.Array[Any]:
    """Return int64 units of the type's last decimal place as decimals, without a detour over text."""
    minor = np.asarray(minor, dtype=np.int64)
    kind = kind or pa.decimal128(18, 2)
    halves: Any = np.empty((len(minor), 2), np.int64)
    halves[:, 0] = minor
    halves[:, 1] = minor >> 63
    values = pa.Array.from_buffers(kind, len(minor), [None, pa.py_buffer(halves)])
    return _nulled(values, minor)


def dates(days: Any) -> pa.Array[Any]:
    """Return epoch days as dates; null at `NULL`."""
    return _cells(np.asarray(days, dtype=np.int64), pa.date32(), len(days))


def replaced(table: pa.Table, column: str, values: Any) -> pa.Table:
    """Return the table with other values (an array or one constant) in a column of the same type."""
    spot = table.schema.get_field_index(column)
    field = table.schema.field(column)
    return table.set_column(spot, field, _cells(values, field.type, len(table)))


def _cells(given: Any, kind: Any, rows: int) -> pa.Array[Any]:
    if isinstance(given, np.ndarray):
        return _numbers(given, kind)
    found: pa.Array[Any]
    if isinstance(given, (pa.Array, pa.ChunkedArray)):
        found = given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
        return found if found.type == kind else found.cast(kind)
    found = pa.nulls(rows, kind) if given is None else pa.repeat(_constant(given, kind), rows)
    return found


def _numbers(given: Any, kind: Any) -> pa.Array[Any]:
    if pa.types.is_decimal(kind):
        return money(given, kind)
    if pa.types.is_timestamp(kind):
        stamps: Any = pa.array(np.where(given == NULL, 0, given) * 1_000_000).view(kind)
        return _nulled(stamps, given)
    if pa.types.is_date(kind):
        days = pa.array(np.where(given == NULL, 0, given).astype(np.int32)).view(kind)
        return _nulled(days, given)
    if pa.types.is_boolean(kind):
        flags: pa.Array[Any] = pa.array(given.astype(np.bool_))
        return flags
    return _whole(given, kind)


def _whole(given: Any, kind: Any) -> pa.Array[Any]:
    missing = given == NULL
    found: pa.Array[Any] = pa.array(
        np.where(missing, 0, given), kind, mask=missing if missing.any() else None
    )
    return found


def _constant(given: Any, kind: pa.DataType) -> Any:
    if pa.types.is_timestamp(kind):
        return pa.scalar(int(given) * 1_000_000, pa.int64()).cast(kind)
    return pa.scalar(given, kind)


def _nulled(values: Any, given: Any) -> pa.Array[Any]:
    missing = given == NULL
    if not missing.any():
        return values  # type: ignore[no-any-return]
    result: pa.Array[Any] = compute.if_else(pa.array(missing), pa.scalar(None, values.type), values)
    return result

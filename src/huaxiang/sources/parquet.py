"""Parquet, row group by row group: page checksums verified, types kept, records numbered in file order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq
from pyarrow import types as t

from huaxiang.errors import Problem
from huaxiang.sources.delimited import good_batch
from huaxiang.sources.shape import Said, Wanted, column_problems, staged_type, type_problems
from huaxiang.sources.stream import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 1 << 16
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000}
BUFFER = 1 << 20  # read pages as they come, not whole column chunks


def parquet_batches(path: Path, name: str, wanted: Wanted, said: Said) -> Iterator[pa.RecordBatch]:
    """Yield the wanted columns that are there, in types Spark reads, with `_record` (from 1) and `_damage`.

    Raises RefusalError for a file that isn't Parquet, is damaged, or has columns missing or narrowed.
    """
    try:
        with pq.ParquetFile(
            path, buffer_size=BUFFER, page_checksum_verification=True, coerce_int96_timestamp_unit="us"
        ) as file:
            schema = file.schema_arrow
            problems, remarks = column_problems(schema.names, wanted, name)
            problems += type_problems(schema, wanted, name)
            if problems:
                raise RefusalError.of(problems)
            said.keep(schema.names, wanted, remarks)
            columns = list(said.columns)
            record = 1
            for batch in file.iter_batches(ROWS, columns=columns):
                # Spark puts one sign for whatever is not UTF-8, and two ids become one person.
                batch.validate(full=True)
                values = [_staged(batch.column(c)) for c in columns]
                numbers = pa.array(np.arange(record, record + batch.num_rows, dtype=np.int64))
                record += batch.num_rows
                yield good_batch(columns, values, numbers)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RefusalError(
            Problem(name, f"can't be read as Parquet: {_first_line(error)}", "a whole Parquet file")
        ) from error


def _staged(values: pa.Array[Any]) -> pa.Array[Any]:
    target = staged_type(values.type)
    if target is None or target == values.type:
        return values
    if not t.is_timestamp(values.type):
        return pc.cast(values, target)
    return pc.cast(_within(values), target, safe=False)  # Spark's instants end at microseconds


def _within(instants: pa.Array[Any]) -> pa.Array[Any]:
    """Keep what microseconds can't hold at the ends of what they can, where it is refused as out of range."""
    most = (2**63 - 1) // _MICROSECONDS.get(instants.type.unit, 1)
    numbers = pc.cast(instants, pa.int64())
    low, high = pa.scalar(-most, pa.int64()), pa.scalar(most, pa.int64())
    raised = pc.max_element_wise(numbers, low, skip_nulls=False)
    held: Any = pc.min_element_wise(raised, high, skip_nulls=False)  # the stubs call it a scalar
    kept: pa.Array[Any] = pc.cast(held, instants.type)
    return kept


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]

"""Content hashes: what a table holds, as one number that does not depend on how it is stored.

A row's hash reads every hashed column that is not null, by name; a table's is the sum over its rows,
modulo 2^64. So it adds up: what a commit adds and removes is enough to know the new table's hash, and
neither row order, files, partitions, column order nor a new column that is null changes it. Rows that a write only
copies from partition to partition are counted and not hashed again: what is read of them is under Parquet's checksums.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DoubleType, FloatType, MapType, StructType

from huaxiang.frames import stacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from huaxiang.contracts.model import Contract

MODULUS = 2**64
_LOW_BITS = 21  # a hash is summed as three small pieces, so that no number of rows overflows a long
ROW = "_row_hash"
"""The hash of a row that a write brings; null in one that it only copies, whose hash the table's has already."""
WRITTEN = "written"
"""The name under which a write counts all its rows, also those that it only copies."""


@dataclass(frozen=True)
class Content:
    """How many rows, and the sum of their hashes."""

    rows: int = 0
    total: int = 0

    def __add__(self, other: Content) -> Content:
        return Content(self.rows + other.rows, (self.total + other.total) % MODULUS)

    def __sub__(self, other: Content) -> Content:
        return Content(self.rows - other.rows, (self.total - other.total) % MODULUS)

    @property
    def hex(self) -> str:
        """The hash as 16 hexadecimal digits."""
        return f"{self.total:016x}"

    @classmethod
    def parse(cls, rows: int, text: str) -> Content:
        """Read back what a release row holds."""
        return cls(rows, int(text, 16))


def hashed_columns(frame: DataFrame, contract: Contract | None) -> list[str]:
    """Name the columns a content hash reads: all but floats and those the contract leaves out."""
    left_out = {c.name for c in contract.columns if not c.hashed} if contract else set()
    fields = frame.schema.fields
    return sorted(f.name for f in fields if f.name not in left_out and not any(_inexact(f.dataType)))


def _inexact(kind: DataType) -> Iterator[bool]:
    """Yield True for every float inside a type; maps count as such, as their order is not defined."""
    yield isinstance(kind, FloatType | DoubleType | MapType)
    if isinstance(kind, ArrayType):
        yield from _inexact(kind.elementType)
    if isinstance(kind, StructType):
        for field in kind.fields:
            yield from _inexact(field.dataType)


def row_hash(columns: list[str]) -> Column:
    """Hash one row. Each value is preceded by its column's mark, so that nulls and neighbours can't swap."""
    marked: list[Column] = []
    for name in columns:
        mark = zlib.crc32(name.encode()) - 2**31
        marked += [F.when(F.col(name).isNotNull(), F.lit(mark)), F.col(name)]
    return F.xxhash64(*marked) if marked else F.lit(0).cast("bigint")


def hashed(frame: DataFrame, contract: Contract | None) -> DataFrame:
    """Return `frame` with the hash of each row as `ROW`: cheapest while the frame is narrow."""
    return frame.withColumn(ROW, row_hash(hashed_columns(frame, contract)))


def observed(frame: DataFrame, contract: Contract | None) -> tuple[DataFrame, Observation]:
    """Return `frame` without `ROW` but counted and hashed by whatever action reads it, and where to ask.

    A frame that has `ROW` already keeps those hashes: its content are the rows where that is not null.
    """
    seen = Observation()
    marked = frame if ROW in frame.columns else hashed(frame, contract)
    return marked.observe(seen, F.count(F.lit(1)).alias(WRITTEN), *_pieces()).drop(ROW), seen


def measure(frame: DataFrame, contract: Contract | None = None) -> Content:
    """Count and hash `frame` in one job."""
    return measure_all([frame], contract)


def measure_all(frames: Sequence[DataFrame], contract: Contract | None = None) -> Content:
    """Count and hash the rows of all frames, at least one, in one job; a column that one lacks is null there."""
    rows = stacked([hashed(f, contract).select(ROW) for f in frames])
    return content_of(rows.agg(*_pieces()).collect()[0].asDict())


def _pieces() -> list[Column]:
    low = F.lit(2**_LOW_BITS - 1)
    pieces = {
        "high": F.shiftrightunsigned(ROW, 2 * _LOW_BITS),
        "middle": F.shiftrightunsigned(ROW, _LOW_BITS).bitwiseAND(low),
        "low": F.col(ROW).bitwiseAND(low),
    }
    return [F.count(ROW).alias("rows"), *(F.sum(c).alias(n) for n, c in pieces.items())]


def content_of(values: Mapping[str, int | None]) -> Content:
    """Put the three sums together again."""
    shifts = {"high": 2 * _LOW_BITS, "middle": _LOW_BITS, "low": 0}
    total = reduce(add, ((values[name] or 0) << shift for name, shift in shifts.items()))
    return Content(values["rows"] or 0, total % MODULUS)

"""Frames of a few rows, and of many frames; columns by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession


def column_named(name: str) -> Column:
    """Return a frame's column by its whole name: a dot or a blank in a user's header is no more than a sign."""
    return F.col(backticked(name))


def backticked(name: str) -> str:
    """Return a column's name as Spark's schemas write it."""
    return "`" + name.replace("`", "``") + "`"


def local_frame(spark: SparkSession, rows: Sequence[Sequence[Any]], schema: StructType | str) -> DataFrame:
    """Return a few rows that the driver holds, in the order of the columns.

    They go over as Arrow: a Python list would be pickled, and start Python workers to do so.
    """
    struct = schema if isinstance(schema, StructType) else cast("StructType", StructType.fromDDL(schema))
    named = [dict(zip(struct.names, row, strict=True)) for row in rows]
    return spark.createDataFrame(pa.Table.from_pylist(named, to_arrow_schema(struct)), struct)


def parquet_frame(
    spark: SparkSession, paths: Sequence[str], schema: StructType | str, *, base: str | None = None
) -> DataFrame:
    """Return Parquet files or folders of this machine by their absolute paths, whatever is in their names.

    `base` is where folder names begin to be partitions.
    """
    meant = ["file:" + re.sub(r"([\[\]{}*?\\])", r"\\\1", path) for path in paths]  # names, not patterns
    reader = spark.read.schema(schema)
    return (reader.option("basePath", f"file:{base}") if base else reader).parquet(*meant)


def stacked(frames: Sequence[DataFrame]) -> DataFrame:
    """Return the rows of all frames, at least one, by column name; a column that one lacks is null there.

    Halves are put together, not one after the other: Spark analyses each intermediate union whole.
    """
    if len(frames) == 1:
        return frames[0]
    middle = len(frames) // 2
    return stacked(frames[:middle]).unionByName(stacked(frames[middle:]), allowMissingColumns=True)

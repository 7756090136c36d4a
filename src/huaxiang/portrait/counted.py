"""What models are fitted on: the distinct rows of people's histories with how many people have each, on the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

HALF, COUNT = "half", "count"


def half() -> Column:
    """Return in which half of the people one is, for a check on people whom a fit has not seen; by a hash of `person`."""
    return F.pmod(F.xxhash64("person"), F.lit(2)).cast("int").alias(HALF)


def counted(frame: DataFrame) -> pa.Table:
    """Return the distinct rows with their `count`, in one order."""
    found = frame.groupBy(*frame.columns).count().toArrow()
    return found.sort_by([(name, "ascending") for name in frame.columns])


def of_all(halves: pa.Table) -> pa.Table:
    """Return the distinct rows of both halves with their `count`, in one order, which knows nothing of the halves.

    In which half somebody is depends on their id, and no fit of everybody may.
    """
    names = [name for name in halves.column_names if name not in (HALF, COUNT)]
    added = halves.group_by(names).aggregate([(COUNT, "sum")]).rename_columns([*names, COUNT])
    return added.sort_by([(name, "ascending") for name in names])


def numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as numbers."""
    return table[name].to_numpy(zero_copy_only=False).astype(float)

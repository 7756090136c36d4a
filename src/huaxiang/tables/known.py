"""Known time: what a table held in an earlier release, from its rows and from those that were replaced since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

GONE = (DeltaError, FileNotFoundError)
"""Raised, beside Spark's own failures, on reading a version of a table whose files or log are there no more."""


def known_then(now: DataFrame, past: DataFrame, release: int, *, since: str = "release") -> DataFrame:
    """Return the rows that a table held in `release`, with the columns of `now`.

    Those of `now` that came by then (`since`), and those of `past` that came by then and left later (`known_to`).
    A column that `past` lacks is null there.
    """
    came = F.col(since) <= release
    left_later = past.where(came & (F.col("known_to") > release)).drop("known_to")
    both = now.where(came).unionByName(left_later, allowMissingColumns=True)
    return both.select(*now.columns)

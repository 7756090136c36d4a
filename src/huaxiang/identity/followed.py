"""Persons from night to night: what was kept of somebody who was merged tonight goes on under who took them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def taken_in(identity_log: DataFrame, release: int) -> DataFrame:
    """Return `person` → `into` of who is no more since `release`: to whom most accounts went, ties to the smaller id."""
    merges = identity_log.where((F.col("release") == release) & (F.col("action") == "merge"))
    most = F.min(F.struct((-F.col("accounts")).alias("fewest"), F.col("person").alias("into")))
    return merges.groupBy(F.col("other_person").alias("person")).agg(most["into"].alias("into"))


def followed(rows: DataFrame, taken: DataFrame) -> DataFrame:
    """Return the rows under tonight's `person`, with `own`: false where it was another's before. Keys may repeat."""
    joined = rows.join(F.broadcast(taken), "person", "left")
    return joined.withColumns({"own": F.col("into").isNull(), "person": F.coalesce("into", "person")}).drop(
        "into"
    )

"""Measure a table for its gates: one Spark aggregation, one row of numbers, no person in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from huaxiang.contracts.spark import row_rules, same_shape
from huaxiang.frames import stacked
from huaxiang.gates.rules import BROKEN, NULL_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Contract


def table_metrics(frame: DataFrame, contract: Contract) -> DataFrame:
    """Return one row whose columns are metric names: what the gates of a made table ask for.

    `rows`; `shape_differences` (columns missing, extra, of another type, or all there in another order);
    `duplicate_keys` (rows beyond the first of each key; a null in a key is a value like any other);
    `broken:<reason>`, the rows that break a rule of the contract, null breaks nothing but "required"; and
    `null_share:<column>` where a gate asks for it, 0 in an empty table: `rows` alone says that it is empty.
    Of a frame that lacks columns only the first two are measured; the gates on the others fail.
    """
    metrics = {"rows": F.count(F.lit(1)), "shape_differences": F.lit(len(same_shape(frame, contract)))}
    if set(contract.names) <= set(frame.columns):
        if contract.key:
            metrics["duplicate_keys"] = F.count(F.lit(1)) - F.count_distinct(F.struct(*contract.key))
        for reason, broken in row_rules(contract):
            metrics[BROKEN + reason] = F.count_if(broken)
        for metric in {gate.metric for gate in contract.gates if gate.metric.startswith(NULL_SHARE)}:
            share = F.avg(F.col(metric.removeprefix(NULL_SHARE)).isNull().cast("int"))
            metrics[metric] = F.coalesce(share, F.lit(0.0))
    return frame.agg(*(value.alias(name) for name, value in metrics.items()))


def newest_dates(clean: Mapping[str, DataFrame]) -> DataFrame:
    """Return a row for each of the feeds, at least one: `feed`, `newest` business date, null when no row is dated."""
    newest = F.max("business_date").alias("newest")
    return stacked([rows.agg(F.lit(feed).alias("feed"), newest) for feed, rows in clean.items()])

"""Measure a table for its gates: one Spark aggregation, one row of numbers, no person in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Column as Declared
    from huaxiang.contracts.model import Contract


def table_metrics(
    frame: DataFrame, contract: Contract, *, rules: Mapping[str, Column] | None = None
) -> DataFrame:
    """Return one row whose columns are metric names: what the implied gates of `contract` ask for.

    `rows`; `duplicate_keys` (rows beyond the first of each key; nulls in a key are a value like any other);
    `shape_differences` (columns missing, extra, of another type, or all there in another order);
    `null_share:<column>` of each required column and `broken:<column>` of each with limits (rows outside
    them, null is inside); `broken:<rule>` for `rules`, conditions that hold or are null on a good row.
    Shares of an empty table are 0, so that `rows` alone says it is empty.
    """
    found = set(frame.columns)
    metrics = {"rows": F.count(F.lit(1))}
    if contract.key and set(contract.key) <= found:
        metrics["duplicate_keys"] = F.count(F.lit(1)) - F.count_distinct(F.struct(*contract.key))
    metrics["shape_differences"] = F.lit(shape_differences(frame, contract))
    for column in contract.columns:
        if column.name not in found:
            continue
        if column.required:
            share = F.avg(F.col(column.name).isNull().cast("int"))
            metrics[f"null_share:{column.name}"] = F.coalesce(share, F.lit(0.0))
        limits = within_limits(column)
        if limits is not None:
            metrics[f"broken:{column.name}"] = F.count_if(~limits)
    for name, holds in (rules or {}).items():
        metrics[f"broken:{name}"] = F.count_if(~holds)
    return frame.agg(*(value.alias(name) for name, value in metrics.items()))


def shape_differences(frame: DataFrame, contract: Contract) -> int:
    """Count the columns in which a frame is not the contract's; 1 when only their order differs."""
    found = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    wanted = {column.name: column.type.replace(" ", "").lower() for column in contract.columns}
    wrong = sum(found.get(name) != kind for name, kind in wanted.items()) + len(found.keys() - wanted.keys())
    return wrong or int(tuple(frame.columns) != contract.names)


def within_limits(column: Declared) -> Column | None:
    """Return the condition that a column's value keeps its limits (null where it is null), or None."""
    value = F.col(column.name)
    conditions: list[Column] = []
    if column.allowed and column.type.startswith("array"):
        conditions.append(F.forall(value, lambda item: item.isin(*column.allowed)))
    elif column.allowed:
        conditions.append(value.isin(*column.allowed))
    if column.minimum is not None:
        conditions.append(value >= F.lit(column.minimum))
    if column.maximum is not None:
        conditions.append(value <= F.lit(column.maximum))
    if column.pattern is not None:
        conditions.append(value.rlike(f"^(?:{column.pattern})$"))
    if not conditions:
        return None
    both = conditions[0]
    for condition in conditions[1:]:
        both = both & condition
    return both

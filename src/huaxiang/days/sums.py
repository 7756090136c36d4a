"""Sums that end no night: Spark's own fails when it outgrows 64 bits, and one absurd row is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.measures import KEYED_WAYS

if TYPE_CHECKING:
    from pyspark.sql import Column

    from huaxiang.days.measures import Part

LARGEST = {"bigint": str(2**63 - 1), "decimal(38,2)": "9" * 36 + ".99"}


def added_up(values: Column, part: Part) -> Column:
    """Sum a part's values; null of none. What its type cannot hold stays at the end of what it can.

    Only values out of an expression can grow so far; of events there are never as many.
    """
    if part.stored not in LARGEST or not (
        part.way == "sum" or (part.way in KEYED_WAYS and len(part.arguments) == 2)
    ):
        return F.sum(values)
    most = F.lit(LARGEST[part.stored]).cast(part.stored)
    highest = F.max(values)
    end = F.when(highest <= 0, -most).when(highest.isNotNull(), most)
    return F.coalesce(F.try_sum(values).try_cast(part.stored), end)


def taken_off(total: Column, less: Column, part: Part) -> Column:
    """Return `total` less `less`, nothing counting as 0, with the same end as `added_up`."""
    left = F.try_subtract(F.coalesce(total, F.lit(0)), F.coalesce(less, F.lit(0)))
    if part.stored not in LARGEST:
        return left
    most = F.lit(LARGEST[part.stored]).cast(part.stored)
    return F.coalesce(left.try_cast(part.stored), F.when(less < 0, most).otherwise(-most))

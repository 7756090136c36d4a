"""Rates: how often one thing happens per another, month by month, of everybody and by brand, courier and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import is_of_stream
from huaxiang.insight.of_months import in_told_months, share_interval
from huaxiang.portrait.coverage import is_told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Measure, Rate

ALL = "all"
"""What `key_kind` and `key` say of the rows that tell of everybody."""


def can_be_told(
    rate: Rate, coverage: Mapping[str, Mapping[str, str]], unknown: Mapping[str, frozenset[str]]
) -> bool:
    """Whether a rate can be told: both sides' feeds came, and told what the measures read.

    `coverage` and `unknown` as in `portrait.assemble`.
    """
    return all(is_told(measure, coverage, unknown) for measure in (rate.of, rate.per))


def rates(day_rows: DataFrame, declared: Sequence[Rate], *, as_of: date) -> DataFrame:
    """Return rate × month × key_kind × key: how often it `happened`, `of_all` that could, and the share.

    `declared`: at least one, each `can_be_told`. Of the twelve calendar months up to the night, where there was
    anything to happen. Each side counts in the month in which it happened, so that what belongs together may lie
    in two, and it may have happened more often than it could (then without an interval, as Wilson's is of a
    share). Events without a date, and those that still wait for their other side, don't count.
    """
    measures = {m.name: m for rate in declared for m in (rate.of, rate.per)}
    kinds = sorted(frozenset[str]().union(*(rate.kinds for rate in declared)))
    mine = is_of_stream(*{m.part.stream for m in measures.values()}) & F.col("key_kind").isin(*kinds)
    dated = in_told_months(as_of)
    grain = F.trunc("business_date", "month").alias("month"), "key_kind", "key"
    counted = (
        day_rows.where(mine & dated)
        .groupBy(*grain)
        .agg(*(F.sum(m.part.column).alias(_sum_of(m)) for m in measures.values()))
    )
    told = [
        F.when(
            F.col("key_kind").isin(*rate.kinds) & (F.col(_sum_of(rate.per)) > 0),
            F.struct(
                F.lit(rate.name).alias("rate"),
                F.coalesce(_sum_of(rate.of), F.lit(0)).alias("happened"),
                F.col(_sum_of(rate.per)).alias("of_all"),
            ),
        )
        for rate in declared
    ]
    each = F.explode(F.array_compact(F.array(*told))).alias("_told")
    rows = counted.select("month", "key_kind", "key", each).select("month", "key_kind", "key", "_told.*")
    part, whole = F.col("happened"), F.col("of_all")
    low, high = share_interval(part, whole)
    is_all = F.col("key_kind") == "none"
    return rows.select(
        "rate",
        "month",
        *(F.when(is_all, F.lit(ALL)).otherwise(F.col(name)).alias(name) for name in ("key_kind", "key")),
        "happened",
        "of_all",
        (part / whole).alias("share"),
        low.alias("share_low"),
        high.alias("share_high"),
    )


def _sum_of(measure: Measure) -> str:
    """The column that holds a measure's sum: a measure may be called `month`."""
    return f"_{measure.name}"

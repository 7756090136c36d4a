"""The path before a purchase: how many of a brand's purchases had which kind of touch before them, month by month."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.insight.of_months import per_brand_and_all, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

COUNTS = ("orders", "orders_known", "orders_with", "first_orders", "last_orders")
MEDIANS = ("median_touches", "median_days")


def purchase_paths(purchases: DataFrame, known: Mapping[str, Column]) -> DataFrame:
    """Return brand (null: all) × month × touch (null: any): purchases with such a touch before them, and when.

    `purchases` as of `journeys.purchases`, with whom feeds cover; `known` says of which touches feeds tell,
    in their order, and of which purchases they do: what nobody tells has no row. `orders_known` are purchases whose
    whole window is told of, for any touch by all feeds; of these `orders_with` had one. `first_orders` and
    `last_orders` are those whose first or last touch of any kind this was, so that their sums over kinds are the
    `orders_with` of any. Medians are of purchases with a touch: how many, and days from the first of them.
    """
    rows = per_brand_and_all(purchases)
    month = F.trunc("day", "month").alias("month")
    has = {touch: F.coalesce(F.col(f"times_{touch}") > 0, F.lit(False)) for touch in known}
    places = list(enumerate(known))
    all_known = reduce(and_, known.values()) if known else F.lit(False)
    begins = F.array_min(F.array(*(_place(f"first_{t}", n) for n, t in places))) if known else None
    ends = F.array_max(F.array(*(_place(f"last_{t}", n) for n, t in places))) if known else None
    rows = rows.withColumns(
        {"_known": all_known, **{f"_{n}": known[t] for n, t in places}}
        | ({} if begins is None or ends is None else {"_begins": begins, "_ends": ends})
    )
    sums: dict[str, Column] = {"_orders": F.count(F.lit(1))}
    told = []
    for n, touch in places:
        with_one = F.col(f"_{n}") & has[touch]
        sums |= {
            f"_orders_known_{n}": F.count_if(F.col(f"_{n}")),
            f"_orders_with_{n}": F.count_if(with_one),
            f"_first_orders_{n}": F.count_if(F.col("_known") & (F.col("_begins.place") == n)),
            f"_last_orders_{n}": F.count_if(F.col("_known") & (F.col("_ends.place") == n)),
            f"_median_touches_{n}": F.median(F.when(with_one, F.col(f"times_{touch}"))),
            f"_median_days_{n}": F.median(F.when(with_one, F.date_diff("day", f"first_{touch}"))),
        }
        told.append(_row(touch, n))
    if known:
        times = reduce(lambda a, b: a + b, (F.coalesce(f"times_{t}", F.lit(0)) for t in known))
        with_any = F.col("_known") & F.col("_begins").isNotNull()
        sums |= {
            "_orders_known_any": F.count_if(F.col("_known")),
            "_orders_with_any": F.count_if(with_any),
            "_median_touches_any": F.median(F.when(with_any, times)),
            "_median_days_any": F.median(F.when(with_any, F.date_diff("day", F.col("_begins.day")))),
        }
        told.append(_row(None, "any"))
    else:
        told.append(_nothing())
    counted = rows.groupBy("brand_id", month).agg(*(value.alias(name) for name, value in sums.items()))
    each = counted.select("brand_id", "month", F.inline(F.array(*told)))
    of_all = F.when(F.col("orders_known") > 0, F.col("orders_known"))
    low, high = share_interval(F.col("orders_with"), of_all)
    shares = {"share": F.col("orders_with") / of_all, "share_low": low, "share_high": high}
    return each.select(
        "brand_id",
        "month",
        "touch",
        *COUNTS[:3],
        *(value.alias(name) for name, value in shares.items()),
        *COUNTS[3:],
        *MEDIANS,
    )


def _place(name: str, place: int) -> Column:
    """When a kind of touch began or ended, with its place among the kinds; null without one."""
    return F.when(F.col(name).isNotNull(), F.struct(F.col(name).alias("day"), F.lit(place).alias("place")))


def _row(touch: str | None, place: object) -> Column:
    ends = ("first_orders", "last_orders")
    return F.struct(
        F.lit(touch).cast("string").alias("touch"),
        F.col("_orders").alias("orders"),
        *(F.col(f"_{name}_{place}").alias(name) for name in COUNTS[1:3]),
        *(F.col(f"_{n}_{place}" if touch else f"_orders_with_{place}").alias(n) for n in ends),
        *(F.col(f"_{name}_{place}").cast("double").alias(name) for name in MEDIANS),
    )


def _nothing() -> Column:
    """Of purchases of which no feed tells what came before them."""
    zero = F.lit(0).cast("bigint")
    return F.struct(
        F.lit(None).cast("string").alias("touch"),
        F.col("_orders").alias("orders"),
        *(zero.alias(name) for name in COUNTS[1:]),
        *(F.lit(None).cast("double").alias(name) for name in MEDIANS),
    )

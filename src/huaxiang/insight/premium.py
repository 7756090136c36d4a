"""A brand's premium: what people pay for a piece of it against what they pay for comparable goods.

Comparable are the products that the product itself names (`stated`) and, where it names none, those of its
category (`category`): of other brands, in the same shop, sold in the same month. Price, tier and attributes
choose nothing: like goods at a like price would define the premium away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.days.rows import newest_versions
from huaxiang.insight.of_months import in_told_months, student
from huaxiang.insight.rates import ALL

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

KINDS = ("rfm_class", "declared_generation")
"""Tags of the portrait by which buyers are told apart."""
STATED, CATEGORY = "stated", "category"
FEWEST_LINES = 10
"""Below that many lines a premium has no interval."""
MILLION = 1_000_000
"""Logarithms of prices are counted in whole millionths, so that sums don't depend on the order of rows."""
PRODUCT = ("platform", "product_id")
GRAIN = ("brand_id", "month", "key_kind", "key", "comparables")


def sales(order_lines: DataFrame, persons: DataFrame, portrait: DataFrame, *, as_of: date) -> DataFrame:
    """Return what was bought: product × month × key_kind × key, the buyer's tags of `KINDS` as of tonight.

    `all` is everybody; who has no such tag, or no portrait, is only there. `lines`, `pieces`, and `paid_log`:
    the logarithm of what each piece cost, summed over pieces, in millionths. Of the twelve calendar months up
    to the night, by business date. Lines without a date, a product, a piece or a payment tell no price and are
    left out; returns change nothing: the price was paid.
    """
    is_price = (F.col("paid_minor") > 0) & (F.col("quantity") > 0) & F.col("product_id").isNotNull()
    dated = in_told_months(as_of)
    buyers = persons.select("account", "person").join(portrait.select("person", *KINDS), "person")
    log = F.round(F.log(F.col("paid_minor") / F.col("quantity")) * MILLION).cast("bigint")
    cases = ((F.lit(ALL), F.lit(ALL)), *((F.lit(kind), F.col(kind)) for kind in KINDS))
    each = F.array(*(F.struct(kind.alias("key_kind"), key.alias("key")) for kind, key in cases))
    lines = order_lines.where(is_price & dated).join(buyers, "account", "left")
    return (
        lines.select(
            *PRODUCT,
            F.trunc("business_date", "month").alias("month"),
            F.col("quantity").alias("pieces"),
            (log * F.col("quantity")).alias("paid_log"),
            F.explode(F.filter(each, lambda one: one["key"].isNotNull())).alias("_each"),
        )
        .groupBy(
            *PRODUCT, "month", F.col("_each.key_kind").alias("key_kind"), F.col("_each.key").alias("key")
        )
        .agg(
            F.count(F.lit(1)).alias("lines"),
            F.sum("pieces").alias("pieces"),
            F.sum("paid_log").alias("paid_log"),
        )
    )


def branded(products: DataFrame, *, as_of: date) -> DataFrame:
    """Return each product that has a brand, with its `category` and `rivals`, by its newest version that has begun.

    `rivals` are the products it names that have a brand, another one than its own, in ascending order; null
    when there are none.
    """
    newest = newest_versions(
        products, {n: n for n in PRODUCT}, ("brand_id", "category", "comparables"), as_of=as_of
    )
    known = newest.where(F.col("brand_id").isNotNull())
    named = known.select(*PRODUCT, "brand_id", F.explode("comparables").alias("rival"))
    of = known.select("platform", F.col("product_id").alias("rival"), F.col("brand_id").alias("_of"))
    rivals = (
        named.join(of, ["platform", "rival"])
        .where(F.col("_of") != F.col("brand_id"))
        .groupBy(*PRODUCT)
        .agg(F.array_sort(F.collect_set("rival")).alias("rivals"))
    )
    return known.drop("comparables").join(rivals, [*PRODUCT], "left")


def premiums(sold: DataFrame, products: DataFrame) -> DataFrame:
    """Return brand × month × key_kind × key × comparables: the premium of a piece, and its 95 % interval.

    `sold` as of `sales`, `products` as of `branded`. `paid_minor` is the geometric mean of what a piece of the
    brand cost, `reference_minor` that of the prices it is compared with: for each piece, the geometric mean
    paid for a piece of its comparables. The premium is their quotient less 1. `lines` and `products` are those
    with such a price; `lines_without` the others, whose comparables don't exist or nobody bought in that month:
    nothing is guessed for them.

    The interval is the jackknife over groups of lines that hang together, with Student's t of groups − 1
    degrees of freedom: CV3 of MacKinnon, Nielsen & Webb 2023, which unlike simpler ones stays wide enough with
    few groups of unequal size. A group is a product, or all products that are compared with the same ones, as
    they share their chance. It takes a category's prices as given. Null with fewer than two groups or ten lines.
    """
    priced = sold.join(F.broadcast(_referenced(sold, products)), [*PRODUCT, "month"])
    has = F.col("reference_log").isNotNull()

    def summed(values: Column) -> Column:
        return F.sum(F.when(has, values).otherwise(F.lit(0)))

    # Dealt once for both steps: groups are nearly products, so that there is little to sum before.
    grouped = (
        priced.repartition(*GRAIN)
        .groupBy(*GRAIN, "group")
        .agg(
            summed(F.col("lines")).alias("lines"),
            F.sum(F.when(has, F.lit(0)).otherwise(F.col("lines"))).alias("lines_without"),
            F.count_if(has).alias("products"),
            summed(F.col("pieces")).alias("pieces"),
            summed(F.col("paid_log")).alias("paid_log"),
            summed(F.col("reference_log") * F.col("pieces")).alias("reference_log"),
        )
    )
    numbers = ("lines", "lines_without", "products", "pieces", "paid_log", "reference_log")
    part = F.struct("pieces", (F.col("paid_log") - F.col("reference_log")).alias("excess"))
    counted = grouped.groupBy(*GRAIN).agg(
        *(F.sum(name).alias(name) for name in numbers),
        F.array_sort(F.collect_list(F.when(F.col("pieces") > 0, part))).alias("_groups"),
    )
    mean = _per_piece(F.col("paid_log") - F.col("reference_log"))
    low, high = _interval(mean, F.col("_groups"), F.col("pieces"), F.col("lines"))
    return counted.select(
        *GRAIN,
        "lines",
        "lines_without",
        "products",
        F.size("_groups").cast("bigint").alias("groups"),
        *(
            F.round(F.exp(_per_piece(F.col(f"{name}_log")))).cast("bigint").alias(f"{name}_minor")
            for name in ("paid", "reference")
        ),
        F.expm1(mean).alias("premium"),
        F.expm1(low).alias("premium_low"),
        F.expm1(high).alias("premium_high"),
    )


def _per_piece(logs: Column) -> Column:
    """The mean logarithm of the pieces; null without any."""
    return F.try_divide(logs, F.col("pieces")) / MILLION


def _interval(mean: Column, groups: Column, pieces: Column, lines: Column) -> tuple[Column, Column]:
    """The ends of the 95 % interval of a mean over pieces, jackknifed over groups."""

    def moved(total: Column, group: Column) -> Column:
        """What leaving out a group moves the mean by, squared."""
        off = group["excess"] / MILLION - mean * group["pieces"]
        return total + F.pow(F.try_divide(off, pieces - group["pieces"]), 2)

    count = F.size(groups)
    variance = F.aggregate(groups, F.lit(0.0), moved) * (count - 1) / F.greatest(count, F.lit(1))
    half = F.when((count >= 2) & (lines >= FEWEST_LINES), student(count - 1) * F.sqrt(variance))
    return mean - half, mean + half


def _referenced(sold: DataFrame, products: DataFrame) -> DataFrame:
    """Product × month with its brand, what it is compared with, at which price, and in which group it counts."""
    sums = ("pieces", "paid_log")
    bought = sold.where(F.col("key_kind") == ALL).select(*PRODUCT, "month", *sums)
    place = ("platform", "month", "category")
    all_brands, own_brand = Window.partitionBy(*place), Window.partitionBy(*place, "brand_id")
    paid, pieces = (F.sum(name).over(all_brands) - F.sum(name).over(own_brand) for name in reversed(sums))
    others = F.when(F.col("category").isNotNull(), F.try_divide(paid, pieces))
    monthly = bought.join(F.broadcast(products), [*PRODUCT])
    stated = (
        monthly.select(*PRODUCT, "month", F.explode("rivals").alias("rival"))
        .join(bought.withColumnRenamed("product_id", "rival"), ["platform", "rival", "month"])
        .groupBy(*PRODUCT, "month")
        .agg((F.sum("paid_log") / F.sum("pieces")).alias("_stated"))
    )
    names_some = F.col("rivals").isNotNull()
    price = F.when(names_some, F.col("_stated")).otherwise(F.col("_category"))
    return (
        monthly.withColumn("_category", others)
        .join(stated, [*PRODUCT, "month"], "left")
        .select(
            *PRODUCT,
            "month",
            "brand_id",
            F.when(names_some, STATED).otherwise(CATEGORY).alias("comparables"),
            F.concat_ws(" ", "platform", F.coalesce(F.array_join("rivals", " "), "product_id")).alias(
                "group"
            ),
            F.round(price).cast("bigint").alias("reference_log"),
        )
    )

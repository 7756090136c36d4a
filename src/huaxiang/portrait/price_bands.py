"""In which price band somebody buys: of each category by its own prices, and over all of them.

A category's bands are cut from the list prices with which its products began the quarter, so that a person's
band changes with what they buy, not with the shelf of the day: a product counts by that price too. And they
depend on nothing but the products, so that nights one by one and all at once cut the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F

from huaxiang.models.cards import PRICE_BANDS
from huaxiang.models.price_bands import natural_breaks
from huaxiang.portrait.fold import in_window

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

WINDOW = 365
PRODUCTS = "products"
"""The measure whose day rows tell which products somebody bought."""


def quarter_of(as_of: date) -> date:
    """Return the first day of the quarter of a date."""
    return as_of.replace(month=(as_of.month - 1) // 3 * 3 + 1, day=1)


def priced(products: DataFrame, *, as_of: date) -> DataFrame:
    """Return each product that has a category and a price: `key`, `category`, `price`, `is_old`.

    Both are of the version with which it went into the quarter of `as_of`, else (not `is_old`) of its first one
    since. A version without a date comes before all others; one after `as_of` does not count yet.
    """
    day = F.col("business_date")
    known = products.where(
        F.col("category").isNotNull()
        & (F.col("list_price_minor") > 0)
        & (day.isNull() | (day <= F.lit(as_of)))
    )
    version = F.struct("business_date", "changed_at", "event_key", "category", "list_price_minor")
    was_there = day.isNull() | (day < F.lit(quarter_of(as_of)))
    said = known.groupBy(F.concat("platform", F.lit(":"), "product_id").alias("key")).agg(
        F.max(F.when(was_there, version)).alias("_began"), F.min(version).alias("_first")
    )
    held = said.withColumn("_held", F.coalesce("_began", "_first"))
    return held.select(
        "key",
        F.col("_held.category"),
        F.col("_held.list_price_minor").alias("price"),
        F.col("_began").isNotNull().alias("is_old"),
    )


def cut_bands(products: DataFrame, *, as_of: date) -> list[tuple[str, list[int], int, date | None]]:
    """Return the rows of `price_band`: category, where bands 2 to 5 begin, of how many products, since when.

    `products` as of `priced`. A category that had no bands when the quarter began is cut from what there is by
    now, and has no date.
    """
    counts: dict[str, Counter[int]] = {}
    old: dict[str, Counter[int]] = {}
    for row in products.groupBy("category", "price", "is_old").count().toArrow().to_pylist():
        counts.setdefault(row["category"], Counter())[row["price"]] += row["count"]
        if row["is_old"]:
            old.setdefault(row["category"], Counter())[row["price"]] += row["count"]
    bands = []
    for category in sorted(counts):
        for held, since in ((old.get(category, Counter()), quarter_of(as_of)), (counts[category], None)):
            prices = sorted(held)
            size = np.array([held[one] for one in prices], float)
            begins = natural_breaks(np.array(prices, float), size)
            if begins is not None:
                bands.append((category, list(begins), int(size.sum()), since))
                break
    return bands


def banded(products: DataFrame, price_band: DataFrame) -> DataFrame:
    """Return `key`, `category` and `band`, 1 to 5, of the products (`priced`) whose category has bands."""
    begun = F.filter("begins", lambda price: price <= F.col("price"))
    bands = F.broadcast(price_band.select("category", "begins"))
    return products.join(bands, "category").select("key", "category", (F.size(begun) + 1).alias("band"))


def with_price_bands(
    measured: DataFrame, cells: DataFrame, products: DataFrame, catalogue: Catalogue, *, as_of: date
) -> DataFrame:
    """Return `measured` with the tags that the model `price_bands` says, of the order lines of 365 days.

    `products` as of `banded`, `cells` day rows that carry `person`. A band is the mean of those of the lines,
    to the nearest whole one, halves up; null without a line in a category that has bands.
    """
    tags = catalogue.said_by(PRICE_BANDS.name)
    bought = next((m for m in catalogue.at("person") if m.name == PRODUCTS), None)
    if not tags or bought is None:
        return measured
    of_products = (F.col("key_kind") == "product") & (F.col("stream") == bought.part.stream)
    lines = cells.where(of_products & in_window(as_of, WINDOW)).select(
        "person", "key", F.col(bought.part.column).alias("_lines")
    )
    by_category = (
        lines.join(F.broadcast(products), "key")
        .groupBy("person", "category")
        .agg(F.sum(F.col("_lines") * F.col("band")).alias("_sum"), F.sum("_lines").alias("_lines"))
    )
    said = F.struct(
        F.col("category").alias("key"),
        F.round(F.col("_sum") / F.col("_lines")).cast("bigint").alias("value"),
        F.col("_lines").alias("lines"),
    )
    of_person = by_category.groupBy("person").agg(
        F.array_sort(F.collect_list(said)).alias("_by_category"),
        F.sum("_sum").alias("_sum"),
        F.sum("_lines").alias("_lines"),
    )
    outputs = {
        "band": F.round(F.col("_sum") / F.col("_lines")).cast("int"),
        "lines": F.col("_lines"),
        "by_category": F.col("_by_category"),
    }
    named = {tag.name: outputs[tag.output] for tag in tags}
    return measured.join(of_person, "person", "left").withColumns(named).select(*measured.columns, *named)

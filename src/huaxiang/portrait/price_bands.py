"""In which price band somebody buys: of each category by its own prices, and over all of them.

A category's bands are cut from the list prices with which its products began the quarter, so that a person's
band changes with what they buy, not with the shelf of the day; and they depend on nothing but the products, so
that nights one by one and all at once cut the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as F

from huaxiang.models.cards import PRICE_BANDS
from huaxiang.models.price_bands import natural_breaks

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
    """Return each product that has a category and a price: `key`, `category`, `price`, and `began`.

    Category and price are of its newest version, `began` is the price with which it went into the quarter of
    `as_of`: null for a product that is younger. A version without a date comes before all others.
    """
    known = products.where(F.col("category").isNotNull() & (F.col("list_price_minor") > 0))
    version = F.struct("business_date", "changed_at", "event_key", "category", "list_price_minor")
    is_old = F.col("business_date").isNull() | (F.col("business_date") < F.lit(quarter_of(as_of)))
    said = known.groupBy(F.concat("platform", F.lit(":"), "product_id").alias("key")).agg(
        F.max(version).alias("_newest"), F.max(F.when(is_old, version)).alias("_began")
    )
    return said.select(
        "key",
        F.col("_newest.category"),
        F.col("_newest.list_price_minor").alias("price"),
        F.col("_began.list_price_minor").alias("began"),
    )


def cut_bands(products: DataFrame, *, as_of: date) -> list[tuple[str, list[int], int, date | None]]:
    """Return the rows of `price_band`: category, where bands 2 to 5 begin, of how many products, since when.

    `products` as of `priced`. A category that had no bands when the quarter began is cut from what there is by
    now, and has no date.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in products.groupBy("category", "price", "began").count().toArrow().to_pylist():
        rows.setdefault(row["category"], []).append(row)
    bands = []
    for category, held in sorted(rows.items()):
        for price, since in (("began", quarter_of(as_of)), ("price", None)):
            counts: Counter[int] = Counter()
            for row in held:
                if row[price] is not None:
                    counts[row[price]] += row["count"]
            prices = sorted(counts)
            size = np.array([counts[one] for one in prices], float)
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
    age = F.date_diff(F.lit(as_of), F.col("business_date"))
    of_products = (F.col("key_kind") == "product") & (F.col("stream") == bought.part.stream)
    lines = cells.where(of_products & (age >= 0) & (age < WINDOW)).select(
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

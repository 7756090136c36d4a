"""In which price band somebody buys: of each category by its own prices, and over all of them.

A category's bands are cut from its products' list prices and then kept, so that a person's band changes with
what they buy, not with the shelf: they are cut anew only when the products are half or double as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as F

from huaxiang.models.cards import PRICE_BANDS
from huaxiang.models.price_bands import natural_breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

WINDOW = 365
PRODUCTS = "products"
"""The measure whose day rows tell which products somebody bought."""
KEPT = 0.5, 2.0
"""Bands stay while the products are at least and less than so many times those that they were cut from."""


def priced(products: DataFrame) -> DataFrame:
    """Return each product's newest version that has a category and a price: `key`, `category`, `price`."""
    known = products.where(F.col("category").isNotNull() & (F.col("list_price_minor") > 0))
    newest = F.max(F.struct("business_date", "changed_at", "event_key", "category", "list_price_minor"))
    key = F.concat("platform", F.lit(":"), "product_id").alias("key")
    said = known.groupBy(key).agg(newest.alias("_said"))
    return said.select("key", F.col("_said.category"), F.col("_said.list_price_minor").alias("price"))


def cut_bands(
    products: DataFrame, known: Iterable[Mapping[str, Any]], *, release: int
) -> list[tuple[str, list[int], int, int]]:
    """Return the rows of `price_band`: category, where bands 2 to 5 begin, of how many products, since when.

    `products` as of `priced`; `known` are the rows before, which stay where the number of products allows it.
    """
    before = {row["category"]: row for row in known}
    counted = products.groupBy("category", "price").count().toArrow()
    rows: dict[str, list[tuple[int, int]]] = {}
    for row in counted.to_pylist():
        rows.setdefault(row["category"], []).append((row["price"], row["count"]))
    bands = []
    for category, held in sorted(rows.items()):
        prices, counts = (np.array(column, float) for column in zip(*sorted(held), strict=True))
        size, old = int(counts.sum()), before.get(category)
        if old is not None and KEPT[0] * old["products"] <= size < KEPT[1] * old["products"]:
            bands.append((category, list(old["begins"]), old["products"], old["since_release"]))
        elif (begins := natural_breaks(prices, counts)) is not None:
            bands.append((category, list(begins), size, release))
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

"""In which price band somebody buys: of each category by its own prices, and over all of them.

A category's bands are cut from the list prices with which its products began the quarter, so that a person's
band changes with what they buy, not with the shelf of the day: a product counts by that price too. And they
depend on nothing but the products, so that nights one by one and all at once cut the same.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import functions as F

from huaxiang.models.cards import PRICE_BANDS
from huaxiang.models.model_row import ModelRow
from huaxiang.models.price_bands import BANDS, MOST_PRODUCTS, buyers, fit_buyers, held_out, natural_breaks
from huaxiang.portrait.counted import COUNT, HALF, counted, half, numbers, of_all
from huaxiang.portrait.fold import MODEL_DAYS, in_window
from huaxiang.portrait.said import SILENT, Said

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue, Part
    from huaxiang.models.fit import Fit
    from huaxiang.models.price_bands import Numbers

OF_BAND = {band: f"_of_{band}" for band in range(1, BANDS + 1)}
PROBABILITY_DIGITS = 4
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


def price_bands_said(cells: DataFrame, products: DataFrame, catalogue: Catalogue, *, as_of: date) -> Said:
    """Return what the model `price_bands` says of people, of the order lines of 365 days.

    `products` as of `banded`, `cells` day rows that carry `person`. `band` is that of which somebody is most probably
    a buyer (ties: the lower) by the different products that they bought: who takes the same one again shows nothing
    new. `probability` is in four digits. Without a fit, `band` is the mean of the lines' bands, as within a category
    it always is, to the nearest whole one, halves up, and there is no probability. Null without a line in a category
    that has bands.
    """
    tags = catalogue.said_by(PRICE_BANDS.name)
    bought = catalogue.by_name.get(PRODUCTS)
    if not tags or bought is None:
        return SILENT
    persons = _of_persons(cells, products, bought.part, as_of=as_of).localCheckpoint()
    told = _fitted(persons)
    outputs = {
        "band": F.round(F.col("_sum") / F.col("_lines")).cast("int"),
        "probability": F.lit(None).cast("double"),
        "lines": F.col("_lines"),
        "by_category": F.col("_by_category"),
    }
    if told.fit.usable:
        outputs |= _most_probable(told.fit)
    named = {tag.name: outputs[tag.output] for tag in tags}
    said = persons.select("person", *(column.alias(name) for name, column in named.items()))
    return Said(lambda people: people.join(said, "person", "left"), (told,))


def _of_persons(cells: DataFrame, products: DataFrame, part: Part, *, as_of: date) -> DataFrame:
    """Return per person the lines and the sum of their bands, and the same `_by_category`; and products by band."""
    of_products = (F.col("key_kind") == "product") & (F.col("stream") == part.stream)
    lines = cells.where(of_products & in_window(as_of, MODEL_DAYS)).select(
        "person", "key", F.col(part.column).alias("_lines")
    )
    by_category = (
        lines.repartition("person")
        .groupBy("person", "key")
        .agg(F.sum("_lines").alias("_lines"))
        .join(F.broadcast(products), "key")
        .groupBy("person", "category")
        .agg(
            F.sum(F.col("_lines") * F.col("band")).alias("_sum"),
            F.sum("_lines").alias("_lines"),
            *(F.count_if(F.col("band") == band).alias(name) for band, name in OF_BAND.items()),
        )
    )
    said = F.struct(
        F.col("category").alias("key"),
        F.round(F.col("_sum") / F.col("_lines")).cast("bigint").alias("value"),
        F.col("_lines").alias("lines"),
    )
    sums = ("_sum", "_lines", *OF_BAND.values())
    listed = F.array_sort(F.collect_list(said)).alias("_by_category")
    return by_category.groupBy("person").agg(listed, *(F.sum(name).alias(name) for name in sums))


def _fitted(persons: DataFrame) -> ModelRow:
    """Return what buyers of each band buy, and how that foretells people who were not seen."""
    few = persons.select(*OF_BAND.values(), half()).where(_added(OF_BAND.values()) <= MOST_PRODUCTS)
    halves = counted(few)
    seen, unseen = (_counts(halves.filter(pc.field(HALF) == side)) for side in (0, 1))
    quality = held_out(fit_buyers(*seen), *unseen)
    return ModelRow(PRICE_BANDS.name, "buyers", fit_buyers(*_counts(of_all(halves))), quality)


def _counts(known: pa.Table) -> tuple[Numbers, Numbers]:
    """Return how many different products of each band how many people bought."""
    return np.stack([numbers(known, name) for name in OF_BAND.values()], axis=1), numbers(known, COUNT)


def _most_probable(fit: Fit) -> dict[str, Column]:
    """Return the band of which somebody is most probably a buyer, and how probably."""
    share, buys = buyers(fit)
    scores = [
        _added(
            [
                F.lit(float(np.log(share[of]))),
                *(F.col(name) * float(np.log(buys[of, band - 1])) for band, name in OF_BAND.items()),
            ]
        )
        for of in range(BANDS)
    ]
    best = F.greatest(*scores)
    band = F.coalesce(*(F.when(score == best, F.lit(of + 1)) for of, score in enumerate(scores)))
    return {
        "band": band,
        "probability": F.round(1 / _added([F.exp(score - best) for score in scores]), PROBABILITY_DIGITS),
    }


def _added(columns: Iterable[Column | str]) -> Column:
    """Return the sum of columns, from the left."""
    first, *others = (F.col(one) if isinstance(one, str) else one for one in columns)
    return reduce(add, others, first)

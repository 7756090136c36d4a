"""Price bands: where a category's prices leave gaps, kept while the shelf changes, and in which somebody buys."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feeds import CONTRACTS, clean

from huaxiang.days.catalogue import load_catalogue
from huaxiang.models.price_bands import natural_breaks
from huaxiang.portrait.price_bands import PRODUCTS, banded, cut_bands, priced, with_price_bands

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
SHELF = (90, 100, 110, 290, 300, 310, 900, 1000, 1100, 2900, 3000, 3100, 9000, 10_000, 11_000)


def breaks(*prices: int) -> tuple[int, ...] | None:
    return natural_breaks(np.array(prices, float), np.ones(len(prices)))


def test_bands_lie_in_the_gaps() -> None:
    found = breaks(*SHELF)
    assert found is not None
    gaps = ((110, 290), (310, 900), (1100, 2900), (3100, 9000))
    assert all(low < edge <= high for edge, (low, high) in zip(found, gaps, strict=True))
    assert breaks(*reversed(SHELF)) == found


@pytest.mark.parametrize("prices", [SHELF[:9], (100,) * 4, (1, 2, 3, 4)])
def test_of_few_products_or_prices_there_are_no_bands(prices: tuple[int, ...]) -> None:
    assert natural_breaks(np.array(sorted(set(prices)), float), np.ones(len(set(prices)))) is None


def test_most_products_of_one_price_do_not_hide_the_others() -> None:
    found = natural_breaks(np.array([100.0, 200, 400, 800, 1600]), np.array([500.0, 1, 1, 1, 1]))
    assert found is not None
    assert [np.searchsorted(found, price, side="right") for price in (100, 200, 400, 800, 1600)] == [
        0,
        1,
        2,
        3,
        4,
    ]


def product(number: int, price: int | None, category: str = "tea", **more: Any) -> dict[str, Any]:
    return {
        "platform": "mall", "product_id": f"p{number}", "category": category, "list_price_minor": price,
        "at": "2026-01-01 00:00", "event_key": f"{category} {number} {more.get('at')}", **more,
    }  # fmt: skip


def test_bands_stay_for_a_quarter(spark: SparkSession) -> None:
    shelf = [product(n, price) for n, price in enumerate(SHELF)]
    shelf += [product(99, None), product(100, 500, "few")]
    later = [product(0, 95, at="2026-10-01 00:00")]  # a new price
    later += [
        product(n, price, "moved", at="2026-11-10 00:00") for n, price in enumerate(SHELF[:8])
    ]  # not yet
    later += [product(1, 7, at="2026-11-21 00:00")]  # after the night
    later += [product(200 + n, 12_000 + n, at="2026-11-02 00:00") for n in range(20)]
    later += [product(300 + n, price, "new", at="2026-11-02 00:00") for n, price in enumerate(SHELF)]
    before = priced(clean(spark, "product", *shelf), as_of=AS_OF)
    products = priced(clean(spark, "product", *shelf, *later), as_of=AS_OF)
    first = {
        r["key"]: (r["price"], r["is_old"])
        for r in products.where("key in ('mall:p0', 'mall:p200')").collect()
    }
    assert first == {"mall:p0": (90, True), "mall:p200": (12_000, False)}
    (cut,) = cut_bands(before, as_of=AS_OF)
    assert (cut[0], cut[2], cut[3]) == ("tea", 15, date(2026, 10, 1))
    new, tea = cut_bands(products, as_of=AS_OF)
    assert tea == cut
    assert (new[0], new[1], new[3]) == ("new", tea[1], None)  # the same prices, but younger than the quarter
    (_, again) = cut_bands(
        priced(clean(spark, "product", *shelf, *later), as_of=date(2027, 1, 1)), as_of=date(2027, 1, 1)
    )
    assert (again[2], again[3]) == (28, date(2027, 1, 1))  # seven of them have moved by now
    assert again[1] != tea[1]


def test_somebody_buys_in_the_middle_of_their_lines(spark: SparkSession) -> None:
    products = spark.createDataFrame(
        [(f"mall:p{n}", "tea" if n < 5 else "cars", n % 5 + 1) for n in range(10)],
        "key string, category string, band int",
    )
    part = next(m for m in CATALOGUE.measures if m.name == PRODUCTS).part
    bought = [
        ("anna", "mall:p0", date(2026, 11, 1), 1), ("anna", "mall:p1", date(2026, 11, 2), 1),  # 1.5: halves go up
        ("anna", "mall:p9", AS_OF, 3), ("anna", "mall:p4", date(2026, 11, 21), 9), ("anna", "mall:p4", None, 9),
        ("anna", "mall:p4", date(2025, 11, 20), 9), ("anna", "mall:unknown", AS_OF, 9),
        ("ben", "mall:p2", date(2025, 11, 21), 2),
    ]  # fmt: skip
    cells = [(who, part.stream, "product", *rest) for who, *rest in bought] + [
        ("ben", part.stream, "brand", "b1", AS_OF, 5)
    ]
    names = (
        f"person string, stream string, key_kind string, key string, business_date date, {part.column} bigint"
    )
    people = spark.createDataFrame([("anna",), ("ben",), ("cleo",)], "person string")
    told = with_price_bands(
        people, spark.createDataFrame(cells, names), products, CATALOGUE, as_of=AS_OF
    ).collect()
    found = {
        r["person"]: (r["price_band_365d"], r["price_band_lines_365d"], r["price_bands_365d"]) for r in told
    }
    assert found["anna"][:2] == (4, 5)  # (1 + 2 + 5 + 5 + 5) / 5 = 3.6
    assert [tuple(one) for one in found["anna"][2]] == [("cars", 5, 3), ("tea", 2, 2)]
    assert found["ben"][:2] == (3, 2)
    assert found["cleo"] == (None, None, None)


def test_a_product_is_in_the_band_where_its_price_begins(spark: SparkSession) -> None:
    prices = spark.createDataFrame(
        [(str(n), "tea", n) for n in (99, 100, 199, 400)] + [("x", "none", 5)],
        "key string, category string, price bigint",
    )
    bands = spark.createDataFrame([("tea", [100, 200, 300, 400])], "category string, begins array<bigint>")
    assert {r["key"]: r["band"] for r in banded(prices, bands).collect()} == {
        "99": 1,
        "100": 2,
        "199": 2,
        "400": 5,
    }

"""Price bands: where a category's prices leave gaps, kept while the shelf changes, and in which somebody buys."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feeds import CONTRACTS, clean
from spoken import spoken

from huaxiang.days.catalogue import load_catalogue
from huaxiang.models.fit import NO_BETTER, TOO_LITTLE
from huaxiang.models.price_bands import (
    BANDS,
    FEWEST_PEOPLE,
    buyers,
    fit_buyers,
    held_out,
    natural_breaks,
)
from huaxiang.portrait.price_bands import PRODUCTS, banded, cut_bands, price_bands_said, priced

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


SHARE = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
BUYS = np.array(
    [
        [0.80, 0.17, 0.03, 0.00, 0.00],
        [0.20, 0.55, 0.22, 0.03, 0.00],
        [0.02, 0.25, 0.53, 0.20, 0.00],
        [0.00, 0.04, 0.23, 0.55, 0.18],
        [0.00, 0.00, 0.05, 0.20, 0.75],
    ]
)


def planted(people: int, seed: int) -> tuple[Any, Any]:
    """People who buy as planted, 3 to 12 products each: their bands, and how many products of each they bought."""
    rng = np.random.default_rng(seed)
    band = rng.choice(BANDS, people, p=SHARE)
    products = rng.integers(3, 13, people)
    return band, np.array([rng.multinomial(n, BUYS[of]) for n, of in zip(products, band, strict=True)], float)


def test_who_buys_which_bands_is_found_in_what_everybody_buys() -> None:
    _, bought = planted(4000, 1)
    rows, count = np.unique(bought, axis=0, return_counts=True)
    fit = fit_buyers(rows, count.astype(float))
    assert (fit.usable, fit.people, fit.histories) == (True, 4000, len(rows))
    share, buys = buyers(fit)
    assert np.abs(share - SHARE).max() < 0.04
    assert np.abs(buys - BUYS).max() < 0.04
    each, fits = np.ones(len(bought)), []
    for kept in (slice(0, 2000), slice(2000, None)):
        fits.append(fit_buyers(bought[kept], each[kept]))
    told = held_out(fits[0], bought[2000:], each[2000:])
    assert (told["holdout_fitted"], told["holdout_people"]) == (1.0, 2000.0)
    assert 0.1 < told["holdout_gain"] < 0.5
    nobody = (
        np.random.default_rng(2).multinomial(8, np.full(BANDS, 0.2), 4000).astype(float)
    )  # no buyers of bands
    assert held_out(fits[0], nobody, each)["holdout_gain"] < 0


def test_what_cannot_be_fitted_says_so() -> None:
    _, bought = planted(FEWEST_PEOPLE - 1, 1)
    few = fit_buyers(bought, np.ones(len(bought)))
    assert (few.status, few.people, dict(few.parameters)) == (TOO_LITTLE, FEWEST_PEOPLE - 1, {})
    assert held_out(few, bought, np.ones(len(bought))) == {"holdout_fitted": 0.0}
    mixed = np.tile([[3.0, 0, 4, 0, 0], [0, 4, 0, 3, 0], [0, 0, 0, 0, 5]], (100, 1))
    astray = fit_buyers(mixed, np.ones(len(mixed)))
    assert (astray.status, astray.usable, dict(astray.parameters)) == (NO_BETTER, False, {})
    assert astray.why.startswith("buyers of")


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
    found = price_bands_said(spark.createDataFrame(cells, names), products, CATALOGUE, as_of=AS_OF)
    frame, (fit,) = spoken(found, people)
    told = frame.collect()
    assert (fit.model, fit.part, fit.fit.status) == ("price_bands", "buyers", "too_little_data")
    assert {r["price_band_365d_probability"] for r in told} == {None}
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


def test_the_band_is_the_most_probable_one_of_the_different_products_bought(spark: SparkSession) -> None:
    """Judged by Bayes' rule, worked out here; with so many people the planted band is said wherever evidence is good."""
    band, bought = planted(600, 3)
    products = spark.createDataFrame(
        [(f"mall:{of}-{n}", "tea", of + 1) for of in range(BANDS) for n in range(12)],
        "key string, category string, band int",
    )
    part = next(m for m in CATALOGUE.measures if m.name == PRODUCTS).part
    cells = [
        (f"p{who:03}", part.stream, "product", f"mall:{of}-{n}", AS_OF, 1 + n % 3)
        for who, row in enumerate(bought)
        for of in range(BANDS)
        for n in range(int(row[of]))
    ]
    again = [(who, *rest[:-1], 40) for who, *rest in cells[::7]]  # the same product again says nothing new
    names = (
        f"person string, stream string, key_kind string, key string, business_date date, {part.column} bigint"
    )
    people = spark.createDataFrame([(f"p{who:03}",) for who in range(601)], "person string")

    def told(*rows: Any) -> tuple[list[Any], Any]:
        found = price_bands_said(spark.createDataFrame(list(rows), names), products, CATALOGUE, as_of=AS_OF)
        frame, (row,) = spoken(found, people)
        return frame.orderBy("person").collect(), row

    rows, row = told(*cells, *again)
    assert (row.fit.status, row.fit.people, row.quality["holdout_fitted"]) == ("fitted", 600, 1.0)
    share, buys = buyers(row.fit)
    chances = share * np.prod(buys[None] ** bought[:, None, :], axis=2)
    chances /= chances.sum(axis=1, keepdims=True)
    assert [r["price_band_365d"] for r in rows[:-1]] == (chances.argmax(axis=1) + 1).tolist()
    sure = np.array([r["price_band_365d_probability"] for r in rows[:-1]])
    assert np.abs(sure - chances.max(axis=1)).max() < 0.0001
    right = chances.argmax(axis=1) == band
    assert abs(sure.mean() - right.mean()) < 0.04
    assert tuple(rows[-1])[1:] == (None,) * (len(rows[-1]) - 1)
    once, same = told(*cells)
    assert same.fit == row.fit
    said = ("price_band_365d", "price_band_365d_probability")
    assert [[r[name] for name in said] for r in once] == [[r[name] for name in said] for r in rows]

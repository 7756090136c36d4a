"""What a brand costs above comparable goods: which goods those are, of what month, and how sure it is."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feeds import clean
from people import in_parts
from pyspark.sql import functions as F
from scipy import stats

from huaxiang.insight.of_months import student
from huaxiang.insight.premium import FEWEST_LINES, branded, premiums, sales

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
Product = tuple[str, str, str | None, list[str] | None]
"""Id, brand, category, the products it names."""
BUYERS = [("mall:anna", "anna"), ("mall:anna2", "anna"), ("mall:ben", "ben"), ("mall:new", "new")]
PORTRAIT = [("anna", "champions", "80s"), ("ben", "loyal", None)]


def line(product: str, paid: int, pieces: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "who": "mall:ben", "product_id": product, "paid_minor": paid, "quantity": pieces, "on": "2026-11-10", **more,
    }  # fmt: skip


def shelf(spark: SparkSession, *products: Product, platform: str = "mall") -> DataFrame:
    versions = [
        {
            "platform": platform, "product_id": name, "brand_id": brand, "category": category, "comparables": alike,
            "at": "2026-01-01 00:00",
        }
        for name, brand, category, alike in products
    ]  # fmt: skip
    return clean(spark, "product", *versions)


def known(products: DataFrame) -> DataFrame:
    return branded(products, as_of=AS_OF).localCheckpoint()


def sold(spark: SparkSession, *lines: dict[str, Any]) -> DataFrame:
    persons = spark.createDataFrame(BUYERS, "account string, person string")
    people = spark.createDataFrame(PORTRAIT, "person string, rfm_class string, declared_generation string")
    return sales(clean(spark, "order_line", *lines), persons, people, as_of=AS_OF).localCheckpoint()


def every(spark: SparkSession, products: DataFrame, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    rows = premiums(sold(spark, *lines), known(products)).collect()
    return sorted(
        (r.asDict() for r in rows), key=lambda r: (r["month"], r["key_kind"], r["key"], r["comparables"])
    )


def told(
    spark: SparkSession, products: DataFrame, *lines: dict[str, Any], brand: str = "b1"
) -> list[dict[str, Any]]:
    found = every(spark, products, *lines)
    return [row for row in found if (row["brand_id"], row["key_kind"]) == (brand, "all")]


def test_each_piece_is_compared_with_the_geometric_mean_paid_for_its_comparables(spark: SparkSession) -> None:
    products = shelf(
        spark, ("a", "b1", "tea", ["x"]), ("b", "b1", "tea", ["y"]), ("x", "b2", "tea", []), ("y", "b3", "tea", [])
    )  # fmt: skip
    lines = [
        line("x", 300, 3),
        line("x", 1600),  # (100³ · 1600)^¼ = 200
        line("y", 100),
        line("a", 220),  # a tenth dearer than 200
        line("b", 363, 3),  # each of three pieces 1.1² times as dear as 100
    ]
    (row,) = told(spark, products, *lines)
    assert (row["month"], row["key"], row["comparables"]) == (NOVEMBER, "all", "stated")
    assert (row["lines"], row["lines_without"], row["products"], row["groups"]) == (2, 0, 2, 2)
    assert row["premium"] == pytest.approx(1.1 ** (7 / 4) - 1, abs=1e-6)
    assert row["paid_minor"] == round((220 * 121**3) ** 0.25)
    assert row["reference_minor"] == round((200 * 100**3) ** 0.25)
    assert (row["premium_low"], row["premium_high"]) == (None, None)  # of two lines


def test_a_product_that_names_none_of_another_brand_is_compared_with_its_category(
    spark: SparkSession,
) -> None:
    products = shelf(
        spark,
        ("itself", "b1", "tea", ["itself"]),
        ("sister", "b1", "tea", ["itself", "unheard of"]),
        ("silent", "b1", "tea", None),
        ("elsewhere", "b1", "coffee", []),  # nobody else sells coffee
        ("nowhere", "b1", None, []),
        ("x", "b2", "tea", []),
        ("y", "b3", "tea", []),
    )
    own = [line("itself", 300), line("sister", 300), line("silent", 300)]
    others = [line("x", 100), line("y", 400), line("elsewhere", 300), line("nowhere", 300)]
    (row,) = told(spark, products, *own, *others)
    assert (row["comparables"], row["lines"], row["lines_without"]) == ("category", 3, 2)
    assert (row["products"], row["groups"], row["reference_minor"]) == (3, 3, 200)
    assert row["premium"] == pytest.approx(0.5, abs=1e-5)


def test_a_comparable_that_nobody_bought_in_that_month_leaves_the_line_without(spark: SparkSession) -> None:
    products = shelf(spark, ("a", "b1", "tea", ["x"]), ("x", "b2", "tea", []), ("y", "b3", "tea", []))
    first, second = {"on": "2026-10-31"}, {"on": "2026-11-01"}
    lines = [
        line("a", 120, **first),
        line("x", 100, **first),
        line("a", 130, **second),
        line("y", 50, **second),
    ]
    october, november = told(spark, products, *lines)
    assert (october["month"], november["month"]) == (OCTOBER, NOVEMBER)
    assert october["premium"] == pytest.approx(0.2, abs=1e-5)
    assert (november["lines"], november["lines_without"], november["products"]) == (0, 1, 0)
    assert [november[name] for name in ("premium", "paid_minor", "reference_minor")] == [None] * 3


def test_another_shop_sells_at_prices_of_its_own(spark: SparkSession) -> None:
    there = shelf(spark, ("x", "b2", "tea", []), platform="outlet")
    here = shelf(spark, ("a", "b1", "tea", ["x"]), ("x", "b2", "tea", []))
    lines = [line("a", 200), line("x", 100), line("x", 50, who="outlet:ben")]
    (row,) = told(spark, here.unionByName(there), *lines)
    assert row["reference_minor"] == 100


def test_products_of_one_id_in_two_shops_are_two(spark: SparkSession) -> None:
    goods = ("a", "b1", "tea", []), ("x", "b2", "tea", [])
    both = shelf(spark, *goods).unionByName(shelf(spark, *goods, platform="outlet"))
    buyers = ("mall:ben", "outlet:ben")
    lines = [line("a", 110 + n, who=who) for who in buyers for n in range(FEWEST_LINES // 2)]
    (row,) = told(spark, both, *lines, *(line("x", 100, who=who) for who in buyers))
    assert (row["products"], row["groups"], row["lines"]) == (2, 2, 10)
    assert row["premium_low"] is not None


def test_what_tells_no_price_is_left_out(spark: SparkSession) -> None:
    products = shelf(spark, ("a", "b1", "tea", ["x"]), ("x", "b2", "tea", []), ("c", "b1", "tea", ["x"]))
    silent = [
        line("a", 0),
        line("a", 500, 0),
        {"who": "mall:ben", "product_id": "a", "paid_minor": 500, "quantity": 1},  # without a date
        {"who": "mall:ben", "paid_minor": 500, "quantity": 1, "on": "2026-11-10"},  # of no product
        line("unheard of", 500),
        line("a", 500, on="2026-11-21"),  # after the night
        line("a", 500, on="2025-11-30"),  # before the twelve months
        line("x", 0),
    ]
    (row,) = told(spark, products, *silent, line("a", 150), line("x", 100))
    assert (row["lines"], row["products"]) == (1, 1)
    assert row["premium"] == pytest.approx(0.5, abs=1e-5)


def test_buyers_are_told_apart_as_they_are_tonight(spark: SparkSession) -> None:
    products = shelf(spark, ("a", "b1", "tea", ["x"]), ("x", "b2", "tea", []))
    lines = [
        line("x", 100, who="mall:stranger"),
        line("a", 110, who="mall:anna"),
        line("a", 110, who="mall:anna2"),  # one person with two accounts
        line("a", 121, who="mall:ben"),
        line("a", 400, who="mall:new"),  # has no portrait
        line("a", 400, who="mall:stranger"),
    ]
    by = {
        (row["key_kind"], row["key"]): (row["lines"], round(row["premium"], 3))
        for row in every(spark, products, *lines)
        if row["brand_id"] == "b1"
    }
    assert by.pop(("all", "all"))[0] == 5
    assert by == {
        ("rfm_class", "champions"): (2, 0.1),
        ("rfm_class", "loyal"): (1, 0.21),
        ("declared_generation", "80s"): (2, 0.1),
    }


def test_tonights_version_of_a_product_counts(spark: SparkSession) -> None:
    def version(at: str, brand: str, alike: list[str]) -> dict[str, Any]:
        return {"platform": "mall", "product_id": "a", "brand_id": brand, "at": at, "comparables": alike}

    versions = clean(
        spark,
        "product",
        version("2026-01-01 00:00", "old", ["x"]),
        version("2026-11-20 09:00", "b1", ["x"]),
        version("2026-11-21 09:00", "b2", []),  # tomorrow's
        {"platform": "mall", "product_id": "x", "brand_id": "b9"},  # since ever
    )
    (row,) = told(spark, versions, line("a", 200), line("x", 100))
    assert (row["comparables"], row["reference_minor"]) == ("stated", 100)


def test_one_group_has_no_interval(spark: SparkSession) -> None:
    products = shelf(
        spark, ("x", "b0", "tea", []), ("y", "b0", "tea", []), ("a", "single", "tea", ["x"]),
        ("b", "alike", "tea", ["x"]), ("c", "alike", "tea", ["x"]),  # both share the chance of x's price
        ("d", "two", "tea", ["x"]), ("e", "two", "tea", ["y"]), ("f", "few", "tea", ["x"]), ("g", "few", "tea", ["y"]),
    )  # fmt: skip
    many = [line(product, 110 + n) for product in "abd" for n in range(FEWEST_LINES)]
    once = [line(product, 130) for product in "ceg"]
    few = [line("f", 110 + n) for n in range(FEWEST_LINES - 2)]
    rows = every(spark, products, line("x", 100), line("y", 100), *many, *once, *few)
    found = {row["brand_id"]: row for row in rows if row["key_kind"] == "all"}
    counted = {
        name: (row["products"], row["groups"], row["lines"]) for name, row in found.items() if name != "b0"
    }
    assert counted == {"single": (1, 1, 10), "alike": (2, 1, 11), "two": (2, 2, 11), "few": (2, 2, 9)}
    assert [found[name]["premium_low"] for name in ("single", "alike", "few")] == [None] * 3
    two = found["two"]
    assert two["premium_low"] < two["premium"] < two["premium_high"]


def test_without_products_there_is_no_premium(spark: SparkSession) -> None:
    assert every(spark, shelf(spark), line("a", 100)) == []


def test_the_same_by_leaving_out_one_group_after_the_other(spark: SparkSession) -> None:
    """Every number of a random shop, against a computation line by line."""
    rng = np.random.default_rng(5)
    names = [f"p{n}" for n in range(24)]
    alike = {
        name: [] if n % 4 == 0 else rng.choice(names, 1 + n % 2).tolist() for n, name in enumerate(names)
    }
    of = {name: (f"b{n % 4}", ("tea", "coffee")[n % 2]) for n, name in enumerate(names)}
    bought: list[tuple[str, int, int, date]] = []
    for name in rng.choice(names, 300, p=np.arange(24, 0, -1) / 300).tolist():
        pieces, day = int(rng.integers(1, 4)), date(2026, int(rng.integers(10, 12)), 5)
        bought.append((name, int(rng.integers(500, 3000)) * pieces, pieces, day))
    products = shelf(spark, *((name, *of[name], alike[name]) for name in names))
    lines = [line(name, paid, pieces, on=str(day)) for name, paid, pieces, day in bought]
    made, products = sold(spark, *lines), known(products)
    one = premiums(made, products).where("key_kind = 'all'").collect()
    found = {(r["brand_id"], r["month"], r["comparables"]): r for r in one}

    wanted: dict[tuple[str, date, str], list[tuple[str, str, float, int]]] = defaultdict(list)
    for name, paid, pieces, day in bought:
        brand, category = of[name]
        rivals = sorted({other for other in alike[name] if of[other][0] != brand})
        among = rivals or [n for n in names if of[n] != (brand, category) and of[n][1] == category]
        prices = [(math.log(p / q), q) for n, p, q, d in bought if n in among and d.month == day.month]
        if prices:
            reference = sum(log * q for log, q in prices) / sum(q for _, q in prices)
            group = " ".join(rivals) or name
            place = brand, day.replace(day=1), "stated" if rivals else "category"
            wanted[place].append((group, name, math.log(paid / pieces) - reference, pieces))
    assert set(wanted) == {place for place, row in found.items() if row["lines"]}
    intervals = 0
    for place, entries in wanted.items():
        row = found[place]
        groups = sorted({group for group, *_ in entries})

        def mean(kept: list[tuple[str, str, float, int]]) -> float:
            return sum(log * q for *_, log, q in kept) / sum(q for *_, q in kept)

        assert (row["lines"], row["groups"]) == (len(entries), len(groups))
        assert row["products"] == len({name for _, name, *_ in entries})
        assert math.log1p(row["premium"]) == pytest.approx(mean(entries), abs=2e-6)
        if len(groups) < 2 or len(entries) < FEWEST_LINES:
            assert row["premium_low"] is None
            continue
        intervals += 1
        without = np.array([mean([e for e in entries if e[0] != group]) for group in groups])
        count = len(groups)
        error = math.sqrt((count - 1) / count * ((without - mean(entries)) ** 2).sum())
        half = stats.t.ppf(0.975, count - 1) * error
        ends = [math.log1p(row[name]) for name in ("premium_low", "premium_high")]
        assert ends == pytest.approx([mean(entries) - half, mean(entries) + half], rel=1e-3)
    assert intervals > 4
    for parts in (2, 7):
        again = premiums(in_parts(made, parts), in_parts(products, parts))
        rows = {
            (r["brand_id"], r["month"], r["comparables"]): r for r in again.where("key = 'all'").collect()
        }
        assert rows == found


def test_students_t_is_that_of_the_tables(spark: SparkSession) -> None:
    rows = spark.range(1, 500).select("id", student(F.col("id")))
    said = np.array([tuple(row) for row in rows.collect()])
    assert said[:, 1] == pytest.approx(stats.t.ppf(0.975, said[:, 0]), abs=3e-4)

"""Promotion sensitivity: below the list price more than others who bought the same in the same month."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feeds import CONTRACTS
from scipy.stats import betabinom
from spoken import spoken

from huaxiang.days.catalogue import load_catalogue
from huaxiang.models import bargains
from huaxiang.models.fit import TOO_LITTLE, Fit
from huaxiang.portrait.bargains import BELOW, LINES, LIST_PRICE, bargains_said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
PARTS = {m.name: m.part for m in CATALOGUE.measures}
TAGS = (
    "bargain_share_365d", "bargain_share_expected_365d", "promotion_sensitivity_365d",
    "promotion_sensitivity_365d_low", "promotion_sensitivity_365d_high",
)  # fmt: skip
Cell = tuple[str, str, date, int, int]


def counts(lines: Any, below: Any, expected: Any) -> tuple[Any, Any, Any, Any]:
    rows = Counter(zip(lines.tolist(), below.tolist(), expected.tolist(), strict=True))
    n, d, e = (np.array(column, float) for column in zip(*rows, strict=True))
    return n, d, e, np.array([*rows.values()], float)


def fitted(lines: Any, below: Any, expected: Any) -> Fit:
    return bargains.fit(*counts(lines, below, expected))


def drawn(weight: float, people: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(11)
    lines, expected = rng.integers(1, 30, people), rng.choice([0.2, 0.3, 0.45], people)
    own = rng.beta(weight * expected, weight * (1 - expected))
    return lines, rng.binomial(lines, own), expected


@pytest.mark.parametrize("weight", [2.0, 15.0])
def test_the_weight_that_people_were_drawn_with_is_found(weight: float) -> None:
    lines, below, expected = drawn(weight, 4_000)
    fit = fitted(lines, below, expected)
    assert fit.usable
    assert abs(math.log(fit.parameters["weight"] / weight)) < 3 * (fit.errors["weight"] or 0)
    told = fit.parameters["weight"]
    whole = betabinom(lines, told * expected, told * (1 - expected)).logpmf(below).sum()
    ways = sum(math.log(math.comb(n, k)) for n, k in zip(lines.tolist(), below.tolist(), strict=True))
    assert fit.log_likelihood == pytest.approx(whole - ways, rel=1e-9)


def test_of_people_it_has_not_seen_a_fit_says_more_than_what_was_expected() -> None:
    lines, below, expected = drawn(2.0, 4_000)
    fit = fitted(lines[:2_000], below[:2_000], expected[:2_000])
    told = bargains.held_out(fit, *counts(lines[2_000:], below[2_000:], expected[2_000:]))
    assert told["holdout_people"] == 2_000
    assert told["holdout_gain"] > 0.05
    few = fitted(lines[:5], below[:5], expected[:5])
    assert bargains.held_out(few, *counts(lines, below, expected)) == {"holdout_fitted": 0.0}


def test_people_who_do_not_differ_are_not_told_apart() -> None:
    lines = np.full(500, 20)
    below = np.random.default_rng(3).binomial(20, 0.3, 500)
    fit = fitted(lines, below, np.full(500, 0.3))
    assert not fit.usable or fit.parameters["weight"] > 100
    assert fitted(lines[:19], below[:19], np.full(19, 0.3)).status == TOO_LITTLE


def cells(spark: SparkSession, rows: list[Cell], kind: str = "category") -> DataFrame:
    lines, below = PARTS[LINES], PARTS[BELOW]
    names = (
        "person string, stream string, key_kind string, key string, business_date date,"
        f" {lines.column} bigint, {below.column} bigint"
    )
    return spark.createDataFrame([(who, lines.stream, kind, *rest) for who, *rest in rows], names)


def crowd() -> list[Cell]:
    lines, below, _ = drawn(4.0, 40)
    return [
        (f"p{n}", "tea", date(2026, 10, 5), *pair)
        for n, pair in enumerate(zip(lines.tolist(), below.tolist(), strict=True))
    ]


def test_what_others_paid_for_the_same_is_expected(spark: SparkSession) -> None:
    others = crowd()
    mine = [
        ("anna", "tea", date(2026, 10, 20), 4, 4),
        ("anna", "tea", date(2026, 9, 20), 2, 2),  # nobody else bought tea in September: it tells nothing
        ("anna", "tea", date(2025, 10, 20), 9, 0),  # more than a year ago
        ("anna", "tea", date(2026, 11, 21), 9, 0),  # after the night
        ("lonely", "cars", date(2026, 10, 20), 3, 1),
    ]  # fmt: skip
    persons = spark.createDataFrame([("anna",), ("lonely",), ("none",)], "person string")
    rows = [*others, *mine]
    frame, (told,) = spoken(bargains_said(cells(spark, rows), CATALOGUE, (), as_of=AS_OF), persons)
    found = {r["person"]: r.asDict() for r in frame.collect()}
    share = sum(r[4] for r in others) / sum(r[3] for r in others)
    anna = found["anna"]
    assert anna[TAGS[0]] == 1.0
    assert anna[TAGS[1]] == pytest.approx(share, abs=0.001)
    weight, expected = told.fit.parameters["weight"], anna[TAGS[1]]
    assert anna[TAGS[2]] == pytest.approx((4 + weight * expected) / (4 + weight) / expected)
    assert anna[TAGS[3]] < anna[TAGS[2]] < anna[TAGS[4]]
    for who in ("lonely", "none"):
        assert [found[who][tag] for tag in TAGS] == [None] * 5
    turned = bargains_said(cells(spark, rows[::-1]).repartition(5), CATALOGUE, (), as_of=AS_OF)
    again = turned.of(persons)
    assert {r["person"]: r.asDict() for r in again.collect()} == found


def test_where_nobody_tells_list_prices_nothing_is_said(spark: SparkSession) -> None:
    persons = spark.createDataFrame([("p0",)], "person string")
    frame, told = spoken(bargains_said(cells(spark, crowd()), CATALOGUE, {LIST_PRICE}, as_of=AS_OF), persons)
    assert told == ()
    assert [tuple(r[tag] for tag in TAGS) for r in frame.collect()] == [(None,) * 5]
    nobody, (told_of_none,) = spoken(bargains_said(cells(spark, []), CATALOGUE, (), as_of=AS_OF), persons)
    assert told_of_none.fit.status == TOO_LITTLE
    assert [r[TAGS[0]] for r in nobody.collect()] == [None]

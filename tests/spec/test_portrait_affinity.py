"""Affinity: what somebody buys more of than others do, the less of it known, the nearer to everybody."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feeds import CONTRACTS
from scipy.stats import dirichlet_multinomial
from spoken import spoken

from huaxiang.days.catalogue import load_catalogue
from huaxiang.models import affinity
from huaxiang.models.fit import TOO_LITTLE
from huaxiang.portrait.affinity import LINES, affinities_said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
PART = next(m for m in CATALOGUE.measures if m.name == LINES).part
SHARES = (0.5, 0.3, 0.15, 0.05)
Cell = tuple[str, str, str, date | None, int]


def people(weight: float, count: int, lines: int) -> np.ndarray[Any, Any]:
    """How many lines of each category each of `count` people has, drawn from the model itself."""
    rng = np.random.default_rng(7)
    return rng.multinomial(lines, rng.dirichlet(weight * np.array(SHARES), count))


def counts(bought: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
    everybody = bought.sum(axis=0) / bought.sum()
    totals = Counter(bought.sum(axis=1).tolist())
    of_keys = Counter((key, n) for row in bought.tolist() for key, n in enumerate(row) if n)
    return (
        np.array([*totals], float), np.array([*totals.values()], float),
        np.array([everybody[key] for key, _ in of_keys]), np.array([n for _, n in of_keys], float),
        np.array([*of_keys.values()], float),
    )  # fmt: skip


def fitted(bought: np.ndarray[Any, Any]) -> affinity.Fit:
    return affinity.fit(*counts(bought))


def test_of_people_it_has_not_seen_a_fit_says_more_than_everybodys_shares() -> None:
    bought = people(4.0, 2_000, 12)
    fit, unseen = fitted(bought[:1_000]), counts(bought[1_000:])
    told = affinity.held_out(fit, *unseen)
    assert told["holdout_people"] == 1_000
    assert told["holdout_gain"] > 0.01
    worse = affinity.held_out(replace(fit, parameters={"weight": 0.05}), *unseen)
    assert worse["holdout_gain"] < told["holdout_gain"]
    assert affinity.held_out(fitted(bought[:5]), *unseen) == {"holdout_fitted": 0.0}


@pytest.mark.parametrize("weight", [0.5, 4.0, 30.0])
def test_the_weight_that_people_were_drawn_with_is_found(weight: float) -> None:
    fit = fitted(people(weight, 3_000, 12))
    assert fit.usable
    assert abs(math.log(fit.parameters["weight"] / weight)) < 3 * (fit.errors["weight"] or 0)


def test_the_likelihood_is_that_of_the_dirichlet_multinomial() -> None:
    bought = people(4.0, 200, 12)
    fit = fitted(bought)
    alpha = fit.parameters["weight"] * bought.sum(axis=0) / bought.sum()
    whole = sum(dirichlet_multinomial(alpha, 12).logpmf(row) for row in bought)
    ways = sum(
        math.lgamma(13) - sum(math.lgamma(n + 1) for n in row) for row in bought.tolist()
    )  # orders of lines
    assert fit.log_likelihood == pytest.approx(whole - ways, rel=1e-9)


def test_of_few_people_or_people_all_alike_nothing_is_said() -> None:
    assert fitted(people(4.0, 19, 12)).status == TOO_LITTLE
    alike = np.tile([6, 4, 2], (100, 1))
    assert not fitted(alike).usable


def cells(spark: SparkSession, rows: list[Cell]) -> DataFrame:
    names = (
        f"person string, stream string, key_kind string, key string, business_date date, {PART.column} bigint"
    )
    return spark.createDataFrame([(who, PART.stream, *rest) for who, *rest in rows], names)


def crowd() -> list[Cell]:
    drawn = people(3.0, 60, 8).tolist()
    rows = [
        (f"p{n}", kind, f"{kind}{key}", date(2026, 6, 1), lines)
        for n, row in enumerate(drawn)
        for key, lines in enumerate(row)
        for kind in ("category", "brand")
        if lines
    ]
    own: list[Cell] = [
        ("anna", "category", "category3", AS_OF, 1),
        ("anna", "category", "category0", date(2025, 11, 21), 1),  # the first day of 365
        ("anna", "category", "category3", date(2025, 11, 20), 9),  # the day before it
        ("anna", "category", "category3", date(2026, 11, 21), 9),  # after the night
        ("anna", "category", "category3", None, 9),
        ("anna", "hour", "9", AS_OF, 9),
        ("ben", "category", "category3", AS_OF, 40),
    ]
    return rows + own


def test_few_lines_say_less_than_many(spark: SparkSession) -> None:
    persons = spark.createDataFrame([("anna",), ("ben",), ("cleo",), ("p0",)], "person string")
    rows = crowd()
    frame, told = spoken(affinities_said(cells(spark, rows), CATALOGUE, as_of=AS_OF), persons)
    found = {r["person"]: r.asDict(recursive=True) for r in frame.collect()}
    assert {t.part for t in told} == {"category", "brand"}
    renamed = [(f"by another id {who}", *rest) for who, *rest in rows]
    again = affinities_said(cells(spark, renamed), CATALOGUE, as_of=AS_OF).fits
    assert [one.fit for one in again] == [one.fit for one in told]  # to the last digit
    weight = next(t for t in told if t.part == "category").fit.parameters["weight"]
    counted = [r for r in rows if r[1] == "category" and r[3] and date(2025, 11, 21) <= r[3] <= AS_OF]
    share = sum(r[4] for r in counted if r[2] == "category3") / sum(r[4] for r in counted)
    anna, ben = found["anna"], found["ben"]
    assert (anna["affinity_category_365d"], ben["affinity_category_365d"]) == ("category3", "category3")
    few, many = anna["category_affinities_365d"][1], ben["category_affinities_365d"][0]
    for one, lines, whole in ((few, 1, 2), (many, 40, 40)):
        value = (lines + weight * share) / (whole + weight)
        assert (one["key"], one["lines"]) == ("category3", lines)
        assert one["value"] == pytest.approx(value)
        assert one["lift"] == pytest.approx(value / share, abs=1e-4)
        assert one["error"] == pytest.approx(math.sqrt(value * (1 - value) / (whole + weight + 1)))
    assert many["lift"] > few["lift"] > 1
    assert [found["cleo"][n] for n in frame.columns if n != "person"] == [None] * 4
    assert anna["brand_affinities_365d"] is None
    turned = affinities_said(cells(spark, rows[::-1]).repartition(7), CATALOGUE, as_of=AS_OF)
    again = turned.of(persons)
    assert {r["person"]: r.asDict(recursive=True) for r in again.collect()} == found


def test_without_a_fit_there_is_no_affinity(spark: SparkSession) -> None:
    persons = spark.createDataFrame([("anna",)], "person string")
    for rows in ([], [("anna", "category", "tea", AS_OF, 3)]):
        frame, told = spoken(affinities_said(cells(spark, rows), CATALOGUE, as_of=AS_OF), persons)
        assert {t.fit.status for t in told} == {TOO_LITTLE}
        assert [r.asDict() for r in frame.collect()] == [
            {"person": "anna", **dict.fromkeys(frame.columns[1:])},
        ]

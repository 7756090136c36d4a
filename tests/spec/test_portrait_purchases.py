"""What the model `purchases` says of people: from the portrait's own columns, whatever their order."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from spoken import spoken

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.models.fit import FITTED, TOO_LITTLE
from huaxiang.portrait.purchases import purchases_said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 6, 30)
CATALOGUE = load_catalogue(load_contracts())
MEASURED = (
    "person string, buying_days_all bigint, buying_days_365d bigint, first_order_date date, last_order_date date,"
    " paid_all bigint"
)
PAID = next(m for m in CATALOGUE.measures if m.name == "paid").part.column
CELLS = (
    "person string, stream string, key_kind string, part string, business_date date, order_line__count bigint,"
    f" {PAID} bigint"
)
SAID = [t.name for t in CATALOGUE.tags if str(t.modelled).startswith("purchases.")]


Shopper = tuple[str, list[date], list[int]]
"""Person, buying dates, what was paid on each."""


def shoppers(people: int) -> list[Shopper]:
    """People who buy and leave as BG/NBD says, worth as Gamma-Gamma says."""
    rng = np.random.default_rng(7)
    found = []
    for number in range(people):
        rate, leaving, began = rng.gamma(0.8, 1 / 30), rng.beta(0.7, 3.0), int(rng.integers(200, 700))
        worth = rng.gamma(4.0, 1 / 200.0)
        days, at = [0], 0.0
        while (at := at + rng.exponential(1 / rate)) <= began:
            days.append(int(at))
            if rng.random() < leaving:
                break
        dates = sorted({AS_OF - timedelta(days=began - day) for day in days})
        paid = [int(rng.gamma(6.0, 1 / worth)) + 1 for _ in dates]
        found.append((f"P{number:04d}", dates, paid))
    return found


def measured(spark: SparkSession, people: list[Shopper]) -> DataFrame:
    year = AS_OF - timedelta(days=365)
    rows: list[Any] = [
        (p, len(d), sum(day > year for day in d), d[0], d[-1], sum(paid)) for p, d, paid in people
    ]
    rows += [("nobody", 0, 0, None, None, 0), ("unknown", None, None, None, None, None)]
    return spark.createDataFrame(rows, MEASURED)


def cells(spark: SparkSession, people: list[Shopper]) -> DataFrame:
    rows = [
        (person, "order_line", "none", f"order_line {day:%Y-%m}", day, 1, amount)
        for person, dates, paid in people
        for day, amount in zip(dates, paid, strict=True)
    ]
    return spark.createDataFrame(rows, CELLS)


def test_it_says_the_same_in_any_order_and_foretells_what_it_has_not_seen(spark: SparkSession) -> None:
    people = shoppers(3000)
    told, rows = [], []
    for order, parts in ((people, 2), (people[::-1], 5)):
        frame = measured(spark, order).repartition(parts, "paid_all")
        said, fits = spoken(
            purchases_said(frame, cells(spark, order).repartition(parts), CATALOGUE, as_of=AS_OF), frame
        )
        told.append(fits)
        rows.append({row["person"]: row.asDict() for row in said.collect()})
    assert rows[0] == rows[1]
    assert told[0] == told[1]
    assert rows[0].keys() == {"nobody", "unknown", *(person for person, *_ in people)}
    for person in ("nobody", "unknown"):
        assert [rows[0][person][name] for name in SAID] == [None] * len(SAID)

    days, value = told[0]
    assert (days.fit.status, value.fit.status) == (FITTED, FITTED)
    assert days.fit.people == len(people)
    planted = {"r": 0.8, "alpha": 30 / 7, "a": 0.7, "b": 3.0}
    for name in ("r", "alpha"):  # a day with two purchases is one: b and a are of days, not of purchases
        assert days.fit.parameters[name] == pytest.approx(planted[name], rel=0.2)
    for name, planned in {"p": 6.0, "q": 4.0, "v": 200.0}.items():
        assert value.fit.parameters[name] == pytest.approx(planned, rel=0.2)
    quality = days.quality
    assert quality["holdout_days"] == 174
    assert quality["holdout_expected"] == pytest.approx(quality["holdout_actual"], rel=0.1)
    assert quality["holdout_error"] < quality["holdout_error_naive"]
    worth = value.quality
    assert worth["value_holdout_expected"] == pytest.approx(worth["value_holdout_actual"], rel=0.1)
    assert worth["value_holdout_error"] < worth["value_holdout_error_naive"]
    assert abs(value.quality["correlation_of_days_and_value"]) < 0.1

    for row in (rows[0][person] for person, *_ in people):
        assert row["expected_buying_days_12m_low"] <= row["expected_buying_days_12m_high"]
        assert 0 <= row["chance_active"] <= 1
        assert row["expected_value_12m_low"] <= row["expected_value_12m_high"]
    once = [rows[0][p] for p, dates, _ in people if len(dates) == 1]
    assert {row["chance_active"] for row in once} == {1.0}


def test_with_too_few_people_the_year_to_come_is_as_the_last(spark: SparkSession) -> None:
    people = shoppers(40)
    frame = measured(spark, people)
    said, told = spoken(purchases_said(frame, cells(spark, people), CATALOGUE, as_of=AS_OF), frame)
    days, value = told
    assert (days.fit.status, value.fit.status) == (TOO_LITTLE, TOO_LITTLE)
    assert "of 100 it takes" in days.fit.why
    found = {row["person"]: row for row in said.collect()}
    year = AS_OF - timedelta(days=365)
    for person, dates, paid in people:
        row = found[person]
        lately = sum(day > year for day in dates)
        assert row["expected_buying_days_12m"] == lately
        assert row["expected_value_12m"] == pytest.approx(lately * sum(paid) / len(dates), abs=0.51)
        assert row["chance_active"] is None
        assert row["expected_buying_days_12m_low"] is None


def test_of_a_history_shorter_than_a_year_a_year_is_longer(spark: SparkSession) -> None:
    def first_bought(days: int) -> list[Shopper]:
        return [("P1", [AS_OF - timedelta(days=days - 1), AS_OF], [200, 300]), ("P2", [AS_OF], [90])]

    for seen, times in ((73, 5.0), (365, 1.0), (366, 1.0)):
        people = first_bought(seen)
        frame = measured(spark, people)
        said = purchases_said(frame, cells(spark, people), CATALOGUE, as_of=AS_OF).of(frame)
        found = {row["person"]: row["expected_buying_days_12m"] for row in said.collect()}
        within = 2 if seen <= 365 else 1
        assert (found["P1"], found["P2"], found["nobody"]) == (within * times, times, None)


def test_without_anybody_nothing_is_said(spark: SparkSession) -> None:
    frame = measured(spark, [])
    said, told = spoken(purchases_said(frame, cells(spark, []), CATALOGUE, as_of=AS_OF), frame)
    assert [one.fit.status for one in told] == [TOO_LITTLE, TOO_LITTLE]
    assert [[row[name] for name in SAID] for row in said.collect()] == [[None] * len(SAID)] * 2

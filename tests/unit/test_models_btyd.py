"""Buy till you die: fits against published numbers, planted truth, and what can't be fitted."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from tests import realdata

from huaxiang.models import bgnbd, gamma_gamma, purchases
from huaxiang.models.fit import BOUNDARY, FITTED, TOO_LITTLE

WEEKS = 39.0


def histories(rows):
    counted = Counter(rows)
    columns = [np.array(column, float) for column in zip(*counted, strict=True)]
    return bgnbd.Histories(*columns, people=np.array([*counted.values()], float))


def bought(rng, people, *, r, alpha, a, b, age):
    """Histories of people who buy and leave as the model says."""
    rows = []
    for rate, leaving in zip(rng.gamma(r, 1 / alpha, people), rng.beta(a, b, people), strict=True):
        at, last, times = 0.0, 0.0, 0
        while (at := at + rng.exponential(1 / rate)) <= age:
            last, times = at, times + 1
            if rng.random() < leaving:
                break
        rows.append((times, round(last, 2), age))
    return histories(rows)


@pytest.fixture(scope="module")
def cdnow():
    with (realdata.needed("cdnow") / "cdnow_customers_summary_with_transactions.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_cdnow_has_the_parameters_of_the_papers(cdnow):
    found = bgnbd.fit(histories([(c["x"], c["t_x"], c["T"]) for c in cdnow]))
    assert found.status == FITTED
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}  # Fader, Hardie & Lee (2005), table 2
    assert found.parameters == pytest.approx(published, abs=0.001)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert found.people == 2357
    assert found.histories < 1100  # people of one history are one row
    again = [c for c in cdnow if c["x"] > 0]
    values = [np.array([c[name] for c in again]) for name in ("x", "zbar")]
    worth = gamma_gamma.fit(gamma_gamma.Values(*values, people=np.ones(len(again))))
    assert worth.parameters == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=0.01)


def test_bins_of_values_cost_a_fit_next_to_nothing(cdnow):
    again = [c for c in cdnow if c["x"] > 0]
    x, mean, n = (np.array([c[name] for c in again]) for name in ("x", "zbar", "x"))
    exact = gamma_gamma.fit(gamma_gamma.Values(x, mean, np.ones(len(n))))
    binned = purchases.value_fit(x, np.round(np.log(mean) * purchases.BINS), np.ones(len(n))).fit
    for name, value in exact.parameters.items():
        assert abs(np.log(binned.parameters[name] / value)) < exact.errors[name] / 50, name


def test_a_customer_of_the_paper_is_expected_to_buy_as_it_says():
    parameters = np.array([0.243, 4.414, 0.793, 2.426])
    one = histories([(2, 30.43, 38.86)])
    assert bgnbd.expected_purchases(parameters, one, WEEKS)[0] == pytest.approx(1.226, abs=0.001)
    assert bgnbd.chance_active(parameters, one)[0] == pytest.approx(0.7266, abs=0.0005)
    assert bgnbd.chance_active(parameters, histories([(0, 0, 38.86)]))[0] == 1


def test_expectation_and_interval_are_those_of_simulated_customers():
    rng = np.random.default_rng(5)
    parameters = np.array([0.8, 5.0, 0.9, 3.0])
    r, alpha, a, b = parameters
    for x, t_x, age in [(0, 0, 10.0), (3, 20.0, 30.0), (40, 50.0, 52.0)]:
        one = histories([(x, t_x, age)])
        active = bgnbd.chance_active(parameters, one)[0]
        later = []
        for _ in range(20_000):
            times = 0
            if rng.random() < active:
                rate, leaving, at = rng.gamma(r + x, 1 / (alpha + age)), rng.beta(a, b + x), 0.0
                while (at := at + rng.exponential(1 / rate)) <= WEEKS:
                    times += 1
                    if rng.random() < leaving:
                        break
            later.append(times)
        expected = bgnbd.expected_purchases(parameters, one, WEEKS)[0]
        assert expected == pytest.approx(np.mean(later), abs=4 * np.std(later) / 20_000**0.5)
        low, high = bgnbd.purchase_interval(parameters, one, WEEKS)
        assert np.mean(np.array(later) < low[0]) <= 0.11
        assert np.mean(np.array(later) > high[0]) <= 0.11


def test_planted_parameters_are_found_again():
    rng = np.random.default_rng(11)
    planted = {"r": 0.7, "alpha": 6.0, "a": 0.6, "b": 3.0}
    found = bgnbd.fit(bought(rng, 8000, **planted, age=52.0))
    assert found.status == FITTED
    for name, value in planted.items():
        assert abs(np.log(found.parameters[name] / value)) < 3 * found.errors[name], name
    days = rng.integers(2, 9, 4000).astype(float)
    means = rng.gamma(6.0 * days, 1 / (rng.gamma(4.0, 1 / 15.0, 4000) * days))
    worth = gamma_gamma.fit(gamma_gamma.Values(days, means, np.ones(4000)))
    for name, value in {"p": 6.0, "q": 4.0, "v": 15.0}.items():
        assert abs(np.log(worth.parameters[name] / value)) < 3 * worth.errors[name], name


def test_people_who_never_leave_put_the_fit_on_its_boundary():
    rng = np.random.default_rng(3)
    times = rng.poisson(rng.gamma(1.5, 4.0, 3000))
    last = [52 * rng.random(n).max() if n else 0.0 for n in times]
    found = bgnbd.fit(histories([(n, round(t, 2), 52.0) for n, t in zip(times, last, strict=True)]))
    assert found.status == BOUNDARY
    assert found.why


def test_too_few_people_are_not_fitted():
    found = bgnbd.fit(histories([(1, 3.0, 9.0)] * 20 + [(0, 0.0, 9.0)] * 900))
    assert (found.status, found.parameters) == (TOO_LITTLE, {})
    assert "20 people" in found.why
    one = np.ones(3)
    assert gamma_gamma.fit(gamma_gamma.Values(one, one, one)).status == TOO_LITTLE


def test_the_expected_value_lies_between_ones_own_and_everybodys():
    parameters = np.array([6.25, 3.74, 15.44])
    population = 6.25 * 15.44 / 2.74
    told = gamma_gamma.expected_value(
        parameters, np.array([1.0, 5.0, 200.0]), np.array([100.0, 100.0, 100.0])
    )
    assert population < told[0] < told[1] < told[2] < 100
    assert told[2] == pytest.approx(100, rel=0.01)

"""The model `purchases`: who buys on, how often and for how much, in the year after a night.

From distinct histories (counted, so that people of one history cost one row) to what the portrait says of
each. Days, not orders: two orders on a day are one buying occasion, as in the data the methods come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.models import bgnbd, gamma_gamma
from huaxiang.models.cards import PURCHASES
from huaxiang.models.told import Told

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from huaxiang.models.fit import Fit

    Numbers = NDArray[np.float64]

HORIZON_DAYS = 365
WEEK = 7
SHARE = 0.8
"""Of people such as this one, whose buying days lie in the interval."""
BINS = 200
"""Mean values are counted in bins of a half per cent (200 to a factor of e): what a fit loses by it is less
than a hundredth of its parameters' errors."""


@dataclass(frozen=True)
class Counted:
    """Distinct (buying days after the first, days from first to last, days from first to the night) and people."""

    repeats: Numbers
    span: Numbers
    age: Numbers
    people: Numbers

    def histories(self) -> bgnbd.Histories:
        """Return them in weeks, in one order: sums of floats depend on it."""
        order = np.lexsort((self.age, self.span, self.repeats))
        named = self.repeats, self.span / WEEK, self.age / WEEK, self.people
        return bgnbd.Histories(*(np.asarray(values, dtype=float)[order] for values in named))


@dataclass(frozen=True)
class Foretold:
    """Per history: the chance of being active, expected buying days, and their interval; None without a fit."""

    chance: Numbers
    days: Numbers
    low: Numbers
    high: Numbers


def foretell(fit: Fit, counted: Counted) -> Foretold | None:
    """Return what a fit says of the year after, for each of the counted histories in their own order."""
    if not fit.usable:
        return None
    parameters = np.array([fit.parameters[name] for name in bgnbd.NAMES])
    histories = bgnbd.Histories(counted.repeats, counted.span / WEEK, counted.age / WEEK, counted.people)
    weeks = HORIZON_DAYS / WEEK
    low, high = bgnbd.purchase_interval(parameters, histories, weeks, share=SHARE)
    return Foretold(
        bgnbd.chance_active(parameters, histories),
        bgnbd.expected_purchases(parameters, histories, weeks),
        low,
        high,
    )


def held_out(calibration: Counted, later: Numbers, days: int) -> dict[str, float]:
    """Return how a fit on the time before foretold the buying days of the last `days`.

    `holdout_fitted` is 0, and nothing else is told, when that time alone can't be fitted.
    `later` holds, for each row of `calibration`, the buying days that its people then had. `naive` keeps up
    everybody's own rate so far.
    """
    fit = bgnbd.fit(calibration.histories())
    if not fit.usable:
        return {"holdout_days": float(days), "holdout_fitted": 0.0}
    parameters = np.array([fit.parameters[name] for name in bgnbd.NAMES])
    histories = bgnbd.Histories(
        calibration.repeats, calibration.span / WEEK, calibration.age / WEEK, calibration.people
    )
    expected = bgnbd.expected_purchases(parameters, histories, days / WEEK)
    rate = calibration.repeats / np.maximum(calibration.age, 1)
    people = calibration.people
    return {
        "holdout_days": float(days),
        "holdout_fitted": 1.0,
        "holdout_people": float(people.sum()),
        "holdout_actual": float(np.sum(people * later)),
        "holdout_expected": float(np.sum(people * expected)),
        "holdout_error": float(np.sum(people * np.abs(expected - later)) / people.sum()),
        "holdout_error_naive": float(np.sum(people * np.abs(rate * days - later)) / people.sum()),
    }


def value_fit(days: Numbers, bins: Numbers, people: Numbers) -> Told:
    """Return the fit of what a buying day is worth, in minor units, and how much value goes with frequency.

    The model takes the two to be independent: a correlation far from 0 says that it is wrong there.
    """
    order = np.lexsort((bins, days))
    x, mean, n = (np.asarray(v, dtype=float)[order] for v in (days, np.exp(np.asarray(bins) / BINS), people))
    fit = gamma_gamma.fit(gamma_gamma.Values(x, mean, n))
    if len(x) < 2 or n.sum() < 2:
        return Told(PURCHASES.name, "value", fit, {})
    logs = np.log(np.vstack([x, mean]))
    spread = np.cov(logs, aweights=n)
    both = float(np.sqrt(spread[0, 0] * spread[1, 1]))
    quality = {"correlation_of_days_and_value": float(spread[0, 1] / both)} if both > 0 else {}
    return Told(PURCHASES.name, "value", fit, quality)

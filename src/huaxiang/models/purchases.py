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
from huaxiang.models.model_row import ModelRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from huaxiang.models.fit import Fit

    Numbers = NDArray[np.float64]

HORIZON_DAYS = 365
WEEK = 7
SHARE = 0.8
"""Of people such as this one, whose buying days lie in the interval."""
BINS = 200
"""Mean values are counted in bins of a half per cent (200 to a factor of e). What a fit loses by it is about a
hundredth of its parameters' errors: on CDNOW .012 of them for p, .005 for q, .011 for v."""


@dataclass(frozen=True)
class Counted:
    """Distinct (buying days after the first, days from first to last, days from first to the night) and people.

    In ascending order: sums of floats depend on it.
    """

    repeats: Numbers
    span: Numbers
    age: Numbers
    people: Numbers

    def histories(self) -> bgnbd.Histories:
        """Return them in weeks."""
        return bgnbd.Histories(self.repeats, self.span / WEEK, self.age / WEEK, self.people)


@dataclass(frozen=True)
class Foretold:
    """Per history: the chance of being active, expected buying days, and their interval; None without a fit."""

    chance: Numbers
    days: Numbers
    low: Numbers
    high: Numbers


def foretell(fit: Fit, counted: Counted) -> Foretold | None:
    """Return what a fit says of the year after, for each of the counted histories."""
    if not fit.usable:
        return None
    parameters = np.array([fit.parameters[name] for name in bgnbd.NAMES])
    histories, weeks = counted.histories(), HORIZON_DAYS / WEEK
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
    histories = calibration.histories()
    fit = bgnbd.fit(histories)
    if not fit.usable:
        return {"holdout_days": float(days), "holdout_fitted": 0.0}
    parameters = np.array([fit.parameters[name] for name in bgnbd.NAMES])
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


@dataclass(frozen=True)
class Later:
    """Of people who bought on later days too: how many, and of what such a day was worth to each the sum and the sum of squares."""

    people: Numbers
    worth: Numbers
    squares: Numbers


def value_held_out(days: Numbers, bins: Numbers, people: Numbers, *, later: Later) -> dict[str, float]:
    """Return how a fit on the time before foretold what a later buying day was worth, in minor units.

    Rows as in `value_fit`, as of then. `value_holdout_error` is the root of the mean squared error over people who
    bought later, `…_naive` that of keeping to one's own mean. `value_holdout_fitted` is 0, and nothing else is told,
    when that time can't be fitted or nobody bought later.
    """
    mean = np.exp(bins / BINS)
    fit = gamma_gamma.fit(gamma_gamma.Values(days, mean, people))
    came = float(later.people.sum())
    if not fit.usable or not came:
        return {"value_holdout_fitted": 0.0}
    parameters = np.array([fit.parameters[name] for name in gamma_gamma.NAMES])
    expected = gamma_gamma.expected_value(parameters, days, mean)

    def error(said: Numbers) -> float:
        squared = np.sum(later.squares - 2 * said * later.worth + later.people * said**2)
        return float(np.sqrt(squared / came))

    return {
        "value_holdout_fitted": 1.0,
        "value_holdout_people": came,
        "value_holdout_actual": float(later.worth.sum() / came),
        "value_holdout_expected": float(np.sum(later.people * expected) / came),
        "value_holdout_error": error(expected),
        "value_holdout_error_naive": error(mean),
    }


def value_fit(days: Numbers, bins: Numbers, people: Numbers) -> ModelRow:
    """Return the fit of what a buying day is worth, in minor units, and how much value goes with frequency.

    Rows are distinct (buying days, bin) and people, in ascending order. The model takes the two to be
    independent: a correlation far from 0 says that it is wrong there.
    """
    fit = gamma_gamma.fit(gamma_gamma.Values(days, np.exp(bins / BINS), people))
    if len(days) < 2 or people.sum() < 2:
        return ModelRow(PURCHASES.name, "value", fit, {})
    spread = np.cov(np.vstack([np.log(days), bins / BINS]), aweights=people)
    both = float(np.sqrt(spread[0, 0] * spread[1, 1]))
    quality = {"correlation_of_days_and_value": float(spread[0, 1] / both)} if both > 0 else {}
    return ModelRow(PURCHASES.name, "value", fit, quality)

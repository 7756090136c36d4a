"""Gamma-Gamma: what somebody spends on a buying day, from few of them.

Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value. Values vary around a mean of one's own
(Gamma(p, nu)), and means vary between people (nu from Gamma(q, v)); value and frequency are taken to be
independent. One buying day says how means vary between people, a second one how values vary around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from huaxiang.models.fit import TOO_LITTLE, Fit, maximum_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

NAMES = ("p", "q", "v")
FEWEST = 100
_STARTS = ((6.0, 4.0, 1.0), (1.5, 3.0, 1.0), (20.0, 10.0, 0.3))


@dataclass(frozen=True)
class Values:
    """How many buying days, their mean value (> 0, in one unit), and how many people have both."""

    days: Numbers
    mean: Numbers
    people: Numbers


def fit(values: Values) -> Fit:
    """Return the maximum-likelihood parameters p, q, v (v in the unit of the values).

    Boundary when q ≤ 1 too: the population has no mean then.
    """
    people, distinct = int(values.people.sum()), len(values.people)
    if people < FEWEST:
        why = f"{people} people bought for money, of {FEWEST} it takes"
        return Fit(TOO_LITTLE, people=people, histories=distinct, why=why)
    share = values.people / people
    unit = float(np.sum(share * values.mean))  # v is of the values' size: searched in units of their mean
    scaled = Values(values.days, values.mean / unit, values.people)

    def mean_log_likelihood(parameters: Numbers) -> float:
        return float(np.sum(share * log_likelihoods(parameters, scaled)))

    found = maximum_likelihood(NAMES, mean_log_likelihood, starts=_STARTS, people=people, histories=distinct)
    parameters = {**found.parameters, "v": found.parameters["v"] * unit}
    log_likelihood = found.log_likelihood - people * np.log(unit)
    q = parameters["q"]
    no_mean = found.usable and q <= 1
    return Fit(
        status="boundary" if no_mean else found.status,
        parameters=parameters,
        errors=found.errors,
        log_likelihood=float(log_likelihood),
        people=people,
        histories=distinct,
        why=f"q is {q:.2f}: the population has no mean" if no_mean else found.why,
    )


def log_likelihoods(parameters: Numbers, values: Values) -> Numbers:
    """Return the log-likelihood of each mean value (eq. 1a of the note)."""
    p, q, v = parameters
    x, mean = values.days, values.mean
    px = p * x
    return np.asarray(
        gammaln(px + q)
        - gammaln(px)
        - gammaln(q)
        + q * np.log(v)
        + (px - 1) * np.log(mean)
        + px * np.log(x)
        - (px + q) * np.log(v + x * mean)
    )


def expected_value(parameters: Numbers, days: Numbers, mean: Numbers) -> Numbers:
    """Return the expected value of a buying day: between one's own mean and the population's (eq. 5)."""
    p, q, v = parameters
    return np.asarray(p * (v + days * mean) / (p * days + q - 1))

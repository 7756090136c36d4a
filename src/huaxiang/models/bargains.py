"""Promotion sensitivity: whether somebody buys below the list price more than what they buy explains. No Spark here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln
from scipy.stats import beta

from huaxiang.models.fit import TOO_LITTLE, Fit, maximum_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_PEOPLE = 20
"""Of fewer people with two lines or more, nobody can say how much they differ."""
LEAST = 0.001
"""An expected share nearer to 0 or 1 is taken to be this near: there one line would tell everything."""
LOW, HIGH = 0.05, 0.95


def fit(lines: Numbers, below: Numbers, expected: Numbers, people: Numbers) -> Fit:
    """Return `weight`: how many lines one's own expected share is worth.

    Beta-binomial by maximum likelihood (Skellam 1948), each one's mean the share that their categories and months
    explain. `people` have `lines` each, `below` of them below the list price, where `expected` (a share) was to be
    expected.
    """
    count = float(people.sum())
    if people[lines >= 2].sum() < FEWEST_PEOPLE:
        why = f"fewer than {FEWEST_PEOPLE} people with two lines"
        return Fit(TOO_LITTLE, people=int(count), histories=len(lines), why=why)

    def mean(parameters: Numbers) -> float:
        (weight,) = parameters
        return log_likelihood(weight, lines, below, expected, people) / count

    starts = ((2.0,), (20.0,), (200.0,))
    return maximum_likelihood(("weight",), mean, starts=starts, people=int(count), histories=len(lines))


def log_likelihood(
    weight: float, lines: Numbers, below: Numbers, expected: Numbers, people: Numbers
) -> float:
    """Return the log-likelihood of who bought below the list price, line by line, as in `fit`."""
    share = np.clip(expected, LEAST, 1 - LEAST)
    a, b = weight * share, weight * (1 - share)
    return float(np.sum(people * (betaln(a + below, b + lines - below) - betaln(a, b))))


def held_out(
    fitted: Fit, lines: Numbers, below: Numbers, expected: Numbers, people: Numbers
) -> dict[str, float]:
    """Return how a fit foretells lines of people whom it has not seen, line after line of each.

    `holdout_gain` is the log-likelihood per line above the expected shares alone: more than 0 says that knowing one's
    lines before helps. Nothing but `holdout_fitted` 0 where those who were seen can't be fitted.
    """
    count = float(np.sum(people * lines))
    if not fitted.usable or not count:
        return {"holdout_fitted": 0.0}
    (weight,) = fitted.parameters.values()
    share = np.clip(expected, LEAST, 1 - LEAST)
    alone = float(np.sum(people * (below * np.log(share) + (lines - below) * np.log1p(-share))))
    gain = (log_likelihood(weight, lines, below, expected, people) - alone) / count
    return {"holdout_fitted": 1.0, "holdout_people": float(people.sum()), "holdout_gain": gain}


def sensitivity(
    weight: float, lines: Numbers, below: Numbers, expected: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the share below the list price over the expected one: its mean given what was bought, and its 90 % interval."""
    share = np.clip(expected, LEAST, 1 - LEAST)
    a, b = weight * share + below, weight * (1 - share) + lines - below
    return a / (a + b) / share, beta.ppf(LOW, a, b) / share, beta.ppf(HIGH, a, b) / share

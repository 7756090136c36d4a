"""BG/NBD: how often somebody will buy, and whether they are still there, from when they bought before.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24(2). People buy at a rate of their own (Gamma(r, alpha)), and after each repeat purchase
leave for good with a chance of their own (Beta(a, b)). Histories are (frequency: buying days after the
first, recency: weeks from the first to the last, age: weeks from the first to the night); people with one
history count as one row with a weight, so a hundred million people cost what their distinct histories cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

from huaxiang.models.fit import TOO_LITTLE, Fit, maximum_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

NAMES = ("r", "alpha", "a", "b")
FEWEST_REPEATERS = 100
"""With fewer people who came back, four parameters follow chance."""
_STARTS = ((0.3, 4.0, 0.8, 2.5), (1.0, 10.0, 1.0, 5.0), (0.5, 1.0, 0.2, 1.0))
_NO_PURCHASE = 1e-12


@dataclass(frozen=True)
class Histories:
    """Distinct purchase histories and how many people have each. Weeks; frequency 0 has recency 0."""

    frequency: Numbers
    recency: Numbers
    age: Numbers
    people: Numbers


def fit(histories: Histories) -> Fit:
    """Return the maximum-likelihood parameters r, alpha (weeks), a, b."""
    people, distinct = int(histories.people.sum()), len(histories.people)
    repeaters = int(histories.people[histories.frequency > 0].sum())
    if repeaters < FEWEST_REPEATERS:
        why = f"{repeaters} people bought on two days or more, of {FEWEST_REPEATERS} it takes"
        return Fit(TOO_LITTLE, people=people, histories=distinct, why=why)
    share = histories.people / people

    def mean_log_likelihood(parameters: Numbers) -> float:
        return float(np.sum(share * log_likelihoods(parameters, histories)))

    return maximum_likelihood(NAMES, mean_log_likelihood, starts=_STARTS, people=people, histories=distinct)


def log_likelihoods(parameters: Numbers, histories: Histories) -> Numbers:
    """Return the log-likelihood of each history (eq. 6 of the paper)."""
    r, alpha, a, b = parameters
    x, t_x, age = histories.frequency, histories.recency, histories.age
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + age)
    # left right after the last purchase: nobody leaves before a second one
    gone = np.log(a) - np.log(np.maximum(b + x - 1, _NO_PURCHASE)) - (r + x) * np.log(alpha + t_x)
    either = np.where(x > 0, np.logaddexp(alive, gone), alive)
    return np.asarray(buying + staying + either)


def chance_active(parameters: Numbers, histories: Histories) -> Numbers:
    """Return the probability that each is still a customer; 1 for frequency 0, who could not have left yet."""
    r, alpha, a, b = parameters
    x = histories.frequency
    gone = (
        np.log(a)
        - np.log(np.maximum(b + x - 1, _NO_PURCHASE))
        + (r + x) * np.log((alpha + histories.age) / (alpha + histories.recency))
    )
    return np.where(x > 0, 1 / (1 + np.exp(np.clip(gone, -700, 700))), 1.0)


def expected_purchases(parameters: Numbers, histories: Histories, weeks: float) -> Numbers:
    """Return the expected buying days in the next `weeks` (eq. 10)."""
    r, alpha, a, b = parameters
    a = a + 1e-6 if abs(a - 1) < 1e-6 else a  # the formula's limit there, which it can't say itself
    x, age = histories.frequency, histories.age
    ratio = weeks / (alpha + age + weeks)
    series = hyp2f1(r + x, b + x, a + b + x - 1, ratio)
    among_active = (a + b + x - 1) / (a - 1) * (1 - np.exp((r + x) * np.log1p(-ratio)) * series)
    return np.asarray(chance_active(parameters, histories) * np.maximum(among_active, 0.0))


def purchase_interval(
    parameters: Numbers, histories: Histories, weeks: float, *, share: float = 0.8, most: int = 400
) -> tuple[Numbers, Numbers]:
    """Return the lowest and highest buying days between which `share` of such people will have.

    Exact quantiles of the predictive distribution: who is active buys on as a new customer would with
    (r + x, alpha + age, a, b + x) (eq. 8), who is not buys nothing. More than `most` are told as `most`.
    """
    r, alpha, a, b = parameters
    x, age = histories.frequency, histories.age
    low, high = np.full(len(x), float(most)), np.full(len(x), float(most))
    lower, upper = (1 - share) / 2, (1 + share) / 2 - 1e-12
    at = np.arange(len(x))  # whose quantiles are still looked for
    every = r + x, alpha + age, b + x, chance_active(parameters, histories)
    shape, rate, survived, active = every
    total, reached = 1 - active, np.zeros(len(x))
    for y in range(most + 1):
        log_fail, log_win = np.log(rate / (rate + weeks)), np.log(weeks / (rate + weeks))
        poisson = np.exp(
            gammaln(shape + y) - gammaln(shape) - gammaln(y + 1) + shape * log_fail + y * log_win
        )
        stayed = np.exp(betaln(a, survived + y) - betaln(a, survived)) * poisson
        left = (
            np.exp(betaln(a + 1, survived + y - 1) - betaln(a, survived)) * np.maximum(1 - reached, 0)
            if y
            else 0
        )
        before, total = total, total + active * (stayed + left)
        reached = reached + poisson
        low[at[(total >= lower) & ((y == 0) | (before < lower))]] = y
        high[at[total >= upper]] = y
        open_ = total < upper
        if not open_.any():
            break
        at, total, reached = at[open_], total[open_], reached[open_]
        shape, rate, survived, active = (values[at] for values in every)
    return low, high

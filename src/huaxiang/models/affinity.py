"""Affinity with shrinkage: how far a few purchases may be taken for what somebody likes. No Spark here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from huaxiang.models.fit import TOO_LITTLE, Fit, maximum_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_PEOPLE = 20
"""Of fewer people with two lines or more, nobody can say how much they differ."""


def fit(totals: Numbers, people: Numbers, share: Numbers, bought: Numbers, of_people: Numbers) -> Fit:
    """Return `weight`: by how many lines of everybody's one's own are shrunk.

    Dirichlet-multinomial by maximum likelihood, its mean everybody's shares (Mosimann 1962; Minka 2000): the less
    people differ, the larger the weight. `people` have `totals` lines each; of a key with everybody's `share`,
    `of_people` have `bought` lines each.
    """
    count = float(people.sum())
    if people[totals >= 2].sum() < FEWEST_PEOPLE or len(np.unique(share)) < 2:
        why = f"fewer than {FEWEST_PEOPLE} people with two lines, or a single key"
        return Fit(TOO_LITTLE, people=int(count), histories=len(bought), why=why)

    def mean(parameters: Numbers) -> float:
        (weight,) = parameters
        return log_likelihood(weight, totals, people, share, bought, of_people) / count

    return maximum_likelihood(
        ("weight",), mean, starts=((1.0,), (10.0,), (100.0,)), people=int(count), histories=len(bought)
    )


def log_likelihood(
    weight: float, totals: Numbers, people: Numbers, share: Numbers, bought: Numbers, of_people: Numbers
) -> float:
    """Return the log-likelihood of what people bought, line by line, as in `fit`."""
    own = np.sum(people * (gammaln(weight) - gammaln(weight + totals)))
    keys = np.sum(of_people * (gammaln(weight * share + bought) - gammaln(weight * share)))
    return float(own + keys)


def held_out(
    fitted: Fit, totals: Numbers, people: Numbers, share: Numbers, bought: Numbers, of_people: Numbers
) -> dict[str, float]:
    """Return how a fit foretells lines of people whom it has not seen, line after line of each.

    `holdout_gain` is the log-likelihood per line above everybody's shares alone: more than 0 says that knowing one's
    lines before helps. Nothing but `holdout_fitted` 0 where those who were seen can't be fitted.
    """
    lines = float(np.sum(people * totals))
    if not fitted.usable or not lines:
        return {"holdout_fitted": 0.0}
    (weight,) = fitted.parameters.values()
    alone = float(np.sum(of_people * bought * np.log(share)))
    gain = (log_likelihood(weight, totals, people, share, bought, of_people) - alone) / lines
    return {"holdout_fitted": 1.0, "holdout_people": float(people.sum()), "holdout_gain": gain}

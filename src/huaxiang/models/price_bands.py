"""Price bands: where the prices of a category's products leave natural gaps, and in which somebody buys. No Spark here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.models.fit import FITTED, NO_BETTER, TOO_LITTLE, Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BANDS = 5
FEWEST_PRODUCTS = 10
"""Below that many priced products a category has no bands: two more would move them."""
ROUNDS = 200
FEWEST_PEOPLE = 100
"""Of fewer people with two products or more, nobody can say what buyers of a band also buy."""
MOST_PRODUCTS = 20
"""Who bought more is no part of the fit: up to here many people are alike, and there are no more than 53,129 different ones."""
SOME = 0.5
"""What is added to every count (Jeffreys' prior), so that nothing is impossible."""
STEADY, LONGEST, DIGITS = 1e-7, 500, 6


def natural_breaks(prices: Numbers, products: Numbers) -> tuple[int, ...] | None:
    """Return the prices at which bands 2 to 5 begin, ascending; None with too few products or prices.

    `prices` are distinct, positive, in minor units, with how many products have each. Bands are groups of
    logarithms of prices with the least spread within them (natural breaks, Jenks 1967), by Lloyd's algorithm
    from the middles of five equal parts of the distinct prices: the same prices give the same bands.
    """
    if products.sum() < FEWEST_PRODUCTS or len(prices) < BANDS:
        return None
    order = np.argsort(prices)
    logs, weights = np.log(prices[order]), products[order]
    place = (np.arange(len(logs)) + 0.5) / len(logs)
    centres = np.interp((np.arange(BANDS) + 0.5) / BANDS, place, logs)
    for _ in range(ROUNDS):
        band = np.searchsorted((centres[1:] + centres[:-1]) / 2, logs, side="right")
        held = np.bincount(band, weights, BANDS)
        sums = np.bincount(band, weights * logs, BANDS)
        moved = np.where(held > 0, sums / np.maximum(held, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    edges = np.ceil(np.exp((centres[1:] + centres[:-1]) / 2)).astype(np.int64)
    return tuple(edges.tolist()) if len(set(edges.tolist())) == len(edges) else None


def fit_buyers(bought: Numbers, people: Numbers) -> Fit:
    """Return how many people are buyers of each band (`share_1` …), and of which bands these buy (`buys_1_2`: of 2).

    `people` bought so many different products of each of the bands, a column each. A buyer of a band takes
    neighbouring ones too, and all buyers of it alike: a mixture of multinomials by expectation and maximisation
    (Dempster, Laird & Rubin 1977), which is how Dawid & Skene (1979) find the true class behind noisy votes. Bands
    keep their meaning only while buyers of each buy most of it; else `no_better`. `no_better` and too few people
    have no parameters.
    """
    count = int(people.sum())
    if people[bought.sum(axis=1) >= 2].sum() < FEWEST_PEOPLE:
        why = f"fewer than {FEWEST_PEOPLE} people with 2 to {MOST_PRODUCTS} products"
        return Fit(TOO_LITTLE, people=count, histories=len(bought), why=why)
    share = np.full(BANDS, 1 / BANDS)
    buys = np.full((BANDS, BANDS), 0.1) + np.eye(BANDS) * (1 - 0.1 * BANDS)
    for _ in range(LONGEST):
        of = _belongs(share, buys, bought)[0] * people[:, None]
        members, products = of.sum(axis=0) + SOME, np.einsum("hz,hb->zb", of, bought) + SOME
        was, share, buys = buys, members / members.sum(), products / products.sum(axis=1, keepdims=True)
        if np.abs(buys - was).max() < STEADY:
            break
    known = Fit(
        FITTED,
        _named(share, buys),
        log_likelihood=_total(share, buys, bought, people),
        people=count,
        histories=len(bought),
    )
    astray = [band + 1 for band in range(BANDS) if buys[band].argmax() != band]
    if astray:
        return replace(
            known, status=NO_BETTER, why=f"buyers of {astray} would buy more of another band", parameters={}
        )
    return known


def buyers(fit: Fit) -> tuple[Numbers, Numbers]:
    """Return the parameters of `fit_buyers`: the share of buyers of each band, and what shares of bands these buy."""
    share = np.array([fit.parameters[f"share_{band}"] for band in range(1, BANDS + 1)])
    found = [
        fit.parameters[f"buys_{of}_{band}"] for of in range(1, BANDS + 1) for band in range(1, BANDS + 1)
    ]
    return share, np.array(found).reshape(BANDS, BANDS)


def held_out(fitted: Fit, bought: Numbers, people: Numbers) -> dict[str, float]:
    """Return how a fit foretells the products of people whom it has not seen.

    `holdout_gain` is the log-likelihood per product above these people's own shares of bands alone: more than 0 says
    that there are buyers of bands. Nothing but `holdout_fitted` 0 where those who were seen can't be fitted.
    """
    of_bands = (bought * people[:, None]).sum(axis=0)
    if not fitted.usable or not of_bands.sum():
        return {"holdout_fitted": 0.0}
    sold = of_bands[of_bands > 0]
    alone = float(np.sum(sold * np.log(sold / sold.sum())))
    gain = (_total(*buyers(fitted), bought, people) - alone) / of_bands.sum()
    return {"holdout_fitted": 1.0, "holdout_people": float(people.sum()), "holdout_gain": float(gain)}


def _belongs(share: Numbers, buys: Numbers, bought: Numbers) -> tuple[Numbers, Numbers]:
    """Return the chances with which each is a buyer of each band, and the logarithm of the likelihood of each.

    By sums in one order: those of a matrix product depend on how many cores there are.
    """
    scores = np.log(share) + np.einsum("hb,zb->hz", bought, np.log(buys))
    best = scores.max(axis=1, keepdims=True)
    chances = np.exp(scores - best)
    whole = chances.sum(axis=1, keepdims=True)
    return chances / whole, (np.log(whole) + best)[:, 0]


def _total(share: Numbers, buys: Numbers, bought: Numbers, people: Numbers) -> float:
    return float(np.sum(people * _belongs(share, buys, bought)[1]))


def _named(share: Numbers, buys: Numbers) -> dict[str, float]:
    """Name the parameters, in so many digits: the last ones of a float depend on the machine."""
    named = {f"share_{band + 1}": share[band] for band in range(BANDS)}
    named |= {f"buys_{of + 1}_{band + 1}": buys[of, band] for of in range(BANDS) for band in range(BANDS)}
    return {name: max(round(float(value), DIGITS), 10.0**-DIGITS) for name, value in named.items()}

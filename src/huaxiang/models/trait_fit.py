"""What people don't say of themselves, inferred from those who do: one model for any declared trait. No Spark here.

Multinomial logistic regression (scikit-learn) over the numbers of `trait_numbers`; its probabilities are calibrated by
one temperature (Guo, Pleiss, Sun & Weinberger 2017, On Calibration of Modern Neural Networks), all figures on people
that the fit has not seen. Those who declare are taken to be like those who don't: nobody can check that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from huaxiang.models.calibration import calibration_error
from huaxiang.models.fit import FITTED, NO_BETTER, TOO_LITTLE, Fit
from huaxiang.models.interval import ONE_SIDED
from huaxiang.models.trait_chances import DIGITS, NO_KINDS, KindWeights, chances_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from huaxiang.models.trait_numbers import Basis

    Numbers = NDArray[np.float64]
    Codes = NDArray[np.int64]

FEWEST, FEWEST_OF_A_KIND = 200, 20
"""People who declare something that it takes; what fewer people declare is never inferred."""
SURE = 0.6
"""The least probability at which something is said."""
FOLDS = 5
STRENGTHS = (0.003, 0.03)
"""Inverses of the penalty, of which the one is taken whose held-out probabilities are likeliest: a few hundred people
described by a few hundred numbers need the first."""


@dataclass(frozen=True)
class TraitFit:
    """A fit of a trait, how good it is on people that it has not seen, and the weights it found, if any."""

    fit: Fit
    quality: Mapping[str, float]
    weights: KindWeights = NO_KINDS


def infer(basis: Basis, people: pa.Table, declared: Sequence[str]) -> TraitFit:
    """Return the fit of what `people` declared, on the numbers of `basis`.

    The order of rows decides who is held out with whom.
    `too_little_data` with fewer than `FEWEST` people or two kinds; `no_better` where the held-out accuracy is not
    surely (95 %, one-sided) above always naming the most frequent kind.
    """
    said = np.asarray(declared, dtype=str)
    names, counts = np.unique(said, return_counts=True)
    kinds = tuple(str(name) for name in names[counts >= FEWEST_OF_A_KIND])
    kept = np.isin(said, kinds)
    people, said = people.filter(kept), said[kept]
    if len(said) < FEWEST or len(kinds) < 2:
        why = f"fewer than {FEWEST} people declare it, or fewer than two kinds have {FEWEST_OF_A_KIND} each"
        return TraitFit(Fit(TOO_LITTLE, people=len(said), histories=len(said), why=why), {})
    numbers, kind = basis.numbers(people), np.searchsorted(kinds, said)
    with threadpool_limits(1):  # sums must not depend on the number of cores
        tried = {strength: _held_out(numbers, kind, len(kinds), strength) for strength in STRENGTHS}
        strength = min(tried, key=lambda one: _loss(tried[one] / _temperature(tried[one], kind), kind))
        scores, raw = tried[strength], _weights(numbers, kind, len(kinds), strength)
    fold = np.arange(len(kind)) % FOLDS
    chances = np.empty_like(scores)
    for n in range(FOLDS):  # a fold's temperature is that of the others
        chances[fold == n] = chances_of(scores[fold == n] / _temperature(scores[fold != n], kind[fold != n]))
    temperature = _temperature(scores, kind)
    weights = np.round(raw / temperature, DIGITS)
    quality = {**figures(chances, kind), "temperature": temperature, "strength": strength}
    total = -_loss(_with_one(numbers) @ weights.T, kind) * len(kind)
    parameters = {
        f"{name}: {number}": float(weight)
        for name, row in zip(kinds, weights, strict=True)
        for number, weight in zip(("bias", *basis.names), row, strict=True)
    }
    fit = Fit(FITTED, parameters, {}, total, len(said), len(said))
    gain = quality["accuracy"] - quality["majority"]
    right = chances.argmax(axis=1) == kind
    is_major = kind == np.bincount(kind).argmax()
    differ = float(np.mean(right != is_major))
    if gain <= ONE_SIDED * sqrt(max(differ - gain * gain, 0) / len(kind)):
        fit = replace(
            fit,
            status=NO_BETTER,
            why=f"right for {quality['accuracy']:.3f}, the commonest for {quality['majority']:.3f}",
        )
    return TraitFit(fit, quality, KindWeights(kinds, weights))


def figures(chances: Numbers, kind: Codes) -> dict[str, float]:
    """Return accuracy and the majority guess's, the calibration error, and the share and accuracy of what is said."""
    best, chance = chances.argmax(axis=1), chances.max(axis=1)
    right, sure = best == kind, np.round(chance, DIGITS) >= SURE
    found = {
        "accuracy": float(right.mean()),
        "majority": float(np.bincount(kind).max() / len(kind)),
        "calibration_error": calibration_error(chance, right),
        "said": float(sure.mean()),
    }
    return found | ({"said_accuracy": float(right[sure].mean())} if sure.any() else {})


def _held_out(numbers: Numbers, kind: Codes, kinds: int, strength: float) -> Numbers:
    """Return each person's scores by a fit that has not seen them: every fifth row is held out together."""
    fold = np.arange(len(kind)) % FOLDS
    scores = np.empty((len(kind), kinds))
    for n in range(FOLDS):
        weights = _weights(numbers[fold != n], kind[fold != n], kinds, strength)
        scores[fold == n] = _with_one(numbers[fold == n]) @ weights.T
    return scores


def _weights(numbers: Numbers, kind: Codes, kinds: int, strength: float) -> Numbers:
    """Return the bias and a weight per number for every kind; numbers that don't vary weigh nothing."""
    middle, spread = numbers.mean(axis=0), numbers.std(axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    model = LogisticRegression(C=strength, solver="lbfgs", tol=1e-7, max_iter=1000)
    model.fit((numbers - middle) / spread, kind)
    slopes, bias = model.coef_ / spread, model.intercept_
    if len(slopes) == 1:  # of two kinds scikit-learn tells the second alone
        slopes, bias = np.stack([-slopes[0], slopes[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    every = np.zeros((kinds, 1 + numbers.shape[1]))
    every[:, 0] = -30.0  # who declares a kind may by chance all be held out together
    every[np.unique(kind)] = np.column_stack([bias - slopes @ middle, slopes])
    return every


def _temperature(scores: Numbers, kind: Codes) -> float:
    """Return by what the scores are divided so that the probabilities are likeliest."""
    best = minimize_scalar(
        lambda log: _loss(scores / np.exp(log), kind),
        bounds=(-2.0, 2.0),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return round(float(np.exp(best.x)), DIGITS)


def _loss(scores: Numbers, kind: Codes) -> float:
    """Return the mean negative log-likelihood of what people declared."""
    chances = chances_of(scores)[np.arange(len(kind)), kind]
    return float(-np.log(np.maximum(chances, 1e-12)).mean())


def _with_one(numbers: Numbers) -> Numbers:
    return np.column_stack([np.ones(len(numbers)), numbers])

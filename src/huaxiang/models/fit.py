"""What every fitted model says of itself: its parameters, on what it was fitted, and whether it may be used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

FITTED, BOUNDARY, TOO_LITTLE, TOO_LARGE, NO_BETTER = (
    "fitted",
    "boundary",
    "too_little_data",
    "too_large",
    "no_better",
)
EDGE = 8.0
"""A parameter beyond e^±8 says nothing but "at the edge": no data of people tell 3,000 from infinity."""


@dataclass(frozen=True)
class Fit:
    """A maximum-likelihood fit. `status` other than `fitted`: don't use the parameters, take the stated fallback.

    `people` were described by `histories` distinct rows; `errors` are standard errors of the logarithms of
    the parameters (relative errors), null where the likelihood is flat.
    """

    status: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float | None] = field(default_factory=dict)
    log_likelihood: float = float("nan")
    people: int = 0
    histories: int = 0
    why: str = ""

    @property
    def usable(self) -> bool:
        """Whether the parameters may be used."""
        return self.status == FITTED


def maximum_likelihood(
    names: Sequence[str],
    mean_log_likelihood: Callable[[NDArray[np.float64]], float],
    *,
    starts: Sequence[Sequence[float]],
    people: int,
    histories: int,
) -> Fit:
    """Return the best fit of positive parameters over several starts; `boundary` when its optimum lies at an edge.

    Parameters are searched as logarithms, within e^±`EDGE`. A maximum at an edge, or one that is flat in some
    direction, is no maximum that the parameters could be read from: the model's simpler limit fits as well.
    """

    def loss(logs: NDArray[np.float64]) -> float:
        value = -mean_log_likelihood(np.exp(logs))
        return value if np.isfinite(value) else 1e10

    bounds = [(-EDGE, EDGE)] * len(names)
    found = [minimize(loss, np.log(start), method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(found, key=lambda one: float(one.fun))
    polished = minimize(
        loss,
        best.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000},
    )
    logs = np.asarray(polished.x if polished.fun <= best.fun else best.x, dtype=float)
    parameters = {name: float(value) for name, value in zip(names, np.exp(logs), strict=True)}
    total = -loss(logs) * people
    known = Fit(FITTED, parameters, log_likelihood=total, people=people, histories=histories)
    edge = [name for name, log in zip(names, logs, strict=True) if abs(log) > EDGE - 0.5]
    if edge:
        return replace(known, status=BOUNDARY, why=f"{', '.join(edge)} at the edge")
    spread = _standard_errors(loss, logs, people)
    if spread is None:
        return replace(known, status=BOUNDARY, why="the likelihood is flat at its maximum")
    return replace(known, errors=dict(zip(names, map(float, spread), strict=True)))


def _standard_errors(
    loss: Callable[[NDArray[np.float64]], float], logs: NDArray[np.float64], people: int
) -> NDArray[np.float64] | None:
    """From the curvature at the maximum; None when some direction has none."""
    size, step = len(logs), 1e-3
    curvature = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            moves = np.zeros((4, size))
            moves[:, i] += np.array([1, 1, -1, -1]) * step
            moves[:, j] += np.array([1, -1, 1, -1]) * step
            high, mixed, other, low = (loss(logs + move) for move in moves)
            curvature[i, j] = (high - mixed - other + low) / (4 * step * step)
    try:
        values, vectors = np.linalg.eigh((curvature + curvature.T) / 2 * people)
    except np.linalg.LinAlgError:
        return None
    if not np.all(np.isfinite(values)) or values.min() <= 1e-3:
        return None
    covariance = (vectors / values) @ vectors.T
    return np.sqrt(np.diag(covariance))

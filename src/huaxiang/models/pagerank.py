"""PageRank: whose attention is worth having, by who follows whom.

Page, Brin, Motwani & Winograd (1999). A reader follows one of the people that somebody follows, each alike,
or, with chance 1 - `DAMPING` and whenever somebody follows nobody, turns to anybody: the mass of who follows
nobody is spread, not lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAMPING = 0.85
TOLERANCE = 1e-12
"""Of the sum of all changes in a round: rounds end below it."""
MOST_ROUNDS = 300


@dataclass(frozen=True)
class Ranks:
    """The ranks, which add up to 1, after so many rounds; `change` is what the last one changed in all."""

    ranks: NDArray[np.float64]
    rounds: int
    change: float


def pagerank(follower: NDArray[np.int64], followed: NDArray[np.int64], people: int) -> Ranks:
    """Return the rank of each of `people` (numbered from 0) from distinct edges follower → followed.

    The order of the edges only matters in the last digits: sort them where these must be the same.
    """
    follows = np.bincount(follower, minlength=people).astype(float)
    nobody = follows == 0
    each = 1 / np.where(nobody, 1, follows)
    ranks = np.full(people, 1 / max(people, 1))
    change = 0.0
    for rounds in range(1, MOST_ROUNDS + 1):
        passed = np.bincount(followed, weights=(ranks * each)[follower], minlength=people)
        spread = (1 - DAMPING + DAMPING * ranks[nobody].sum()) / max(people, 1)
        before, ranks = ranks, spread + DAMPING * passed
        change = float(np.abs(ranks - before).sum())
        if change < TOLERANCE:
            return Ranks(ranks, rounds, change)
    return Ranks(ranks, MOST_ROUNDS, change)

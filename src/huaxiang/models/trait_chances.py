"""What a fitted trait says of people. Spark's workers import this, and nothing of what fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

DIGITS = 4


@dataclass(frozen=True)
class KindWeights:
    """The `kinds` of a trait, and for each the bias and what every number of a basis weighs; the temperature is in."""

    kinds: tuple[str, ...]
    weights: Numbers

    def chances(self, numbers: Numbers) -> Numbers:
        """Return for each person's numbers, in the basis's order, the probability of each kind."""
        scores = np.tile(self.weights[:, 0], (len(numbers), 1))
        # Number by number: a product of matrices adds up in an order that depends on how many people there are.
        for number, weight in zip(numbers.T, self.weights.T[1:], strict=True):
            scores += number[:, None] * weight
        return chances_of(scores)

    def likeliest(self, numbers: Numbers) -> tuple[list[str], Numbers]:
        """Return for each person's numbers the likeliest kind, of equal ones the first by name, and its chance in four digits."""
        chances = self.chances(numbers)
        return [self.kinds[n] for n in chances.argmax(axis=1)], np.round(chances.max(axis=1), DIGITS)


NO_KINDS = KindWeights((), np.zeros((0, 1)))


def chances_of(scores: Numbers) -> Numbers:
    """Return the probabilities that a row of scores means, one per kind."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Numbers = raised / raised.sum(axis=1, keepdims=True)
    return chances

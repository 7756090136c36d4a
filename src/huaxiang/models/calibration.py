"""How far probabilities lie from how often they come true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10


def calibration_error(chance: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: |mean chance − share right| of each bin, weighted by its people.

    `BINS` bins of equally many people by their chance (Naeini, Cooper & Hauskrecht 2015; of equal frequencies as
    Nguyen & O'Connor 2015); equal chances are in one bin, so that no order of people matters. Even of a perfect
    model it is above 0, the more so the fewer people there are. NaN of nobody.
    """
    if not len(chance):
        return float("nan")
    place = np.searchsorted(np.sort(chance), chance, side="left") * BINS // len(chance)
    apart = np.bincount(place, chance, BINS) - np.bincount(place, right, BINS)
    return float(np.abs(apart).sum() / len(chance))

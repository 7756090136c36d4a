"""Price bands of a category: where the prices of its own products leave natural gaps. No Spark here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BANDS = 5
FEWEST_PRODUCTS = 10
"""Below that many priced products a category has no bands: two more would move them."""
ROUNDS = 200


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

"""Chains of who passed something on to whom: the first of each chain, how many there are, and how deep it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Chains:
    """Chains of two or more: number of the `first`, its `size`, and its `depth`, the longest row in it."""

    first: Ints
    size: Ints
    depth: Ints


def chains(child: Ints, parent: Ints, count: int) -> Chains:
    """Return the chains of `count` nodes, 0 to count − 1, of which each `child` has one `parent`.

    Sizes and depths count nodes, the first among them. Each round looks twice as far up as the one before
    (pointer jumping; Wyllie 1979), so that a row of n takes log2(n) rounds. Who hangs below a loop, or in it,
    has no first and is in no chain.
    """
    up = np.arange(count, dtype=np.int64)
    up[child] = parent
    above = (up != np.arange(count)).astype(np.int64)
    for _ in range(max(count, 1).bit_length()):
        above += above[up]
        up = up[up]
    ends = np.ones(count, np.bool_)
    ends[child] = False
    standing = np.flatnonzero(ends[up])  # what still hangs on a child after so many rounds, hangs in a loop
    size = np.bincount(up[standing], minlength=count)
    depth = np.zeros(count, np.int64)
    np.maximum.at(depth, up[standing], above[standing] + 1)
    first = np.flatnonzero(size > 1)
    return Chains(first, size[first].astype(np.int64), depth[first])

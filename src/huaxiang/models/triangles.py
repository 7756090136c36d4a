"""Triangles: how closely those whom somebody follows, or is followed by, know each other.

The forward algorithm (Schank & Wagner 2005; Latapy 2008): every edge points from its end with fewer neighbours to the
one with more, so that nobody points at more than √(2 × edges) others, a celebrity with half of the edges neither; a
triangle is an edge whose both ends point at the same third.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

BLOCK = 4_000_000
"""Numbers that are intersected at a time, about 100 MB: of edges whose ends point at so many."""


@dataclass(frozen=True)
class Triangles:
    """Of each person: the triangles that they are a corner of, exactly, and their distinct neighbours."""

    corners: Integers
    neighbours: Integers

    @property
    def total(self) -> int:
        """How many triangles there are."""
        return int(self.corners.sum()) // 3

    @property
    def clustering(self) -> NDArray[np.float64]:
        """Of the pairs of somebody's neighbours, the share that are neighbours (Watts & Strogatz 1998); nan below two."""
        pairs = self.neighbours * (self.neighbours - 1) / 2
        share = np.full(len(pairs), np.nan)
        np.divide(self.corners, pairs, out=share, where=pairs > 0)
        return share


def triangles(follower: Integers, followed: Integers, people: int, *, block: int = BLOCK) -> Triangles:
    """Return the triangles of each of `people` (numbered from 0) among edges taken as undirected.

    An edge from somebody to themselves is left out, and one that comes again, or in both directions, is one. `block`
    bounds the memory alone.
    """
    least, most = np.minimum(follower, followed), np.maximum(follower, followed)
    code = np.unique((least * people + most)[least != most])
    one, other = code // max(people, 1), code % max(people, 1)
    neighbours = np.bincount(np.concatenate([one, other]), minlength=people)
    place = np.empty(people, np.int64)  # by neighbours, ties by number
    place[np.argsort(neighbours, kind="stable")] = np.arange(people)
    low, high = np.minimum(place[one], place[other]), np.maximum(place[one], place[other])
    points = sparse.csr_array((np.ones(len(low), np.int8), (low, high)), shape=(people, people))
    points.sort_indices()
    corners = np.zeros(people, np.int64)
    for some in _blocks(np.diff(points.indptr)[low] + np.diff(points.indptr)[high], block):
        third = points[low[some]].multiply(points[high[some]]).tocsr()
        of_edge = np.diff(third.indptr)
        for corner in (low[some], high[some]):
            np.add.at(corners, corner, of_edge)
        corners += np.bincount(third.indices, minlength=people)
    return Triangles(corners[place], neighbours)


def _blocks(costs: Integers, block: int) -> Iterator[slice]:
    """Cut edges into runs that cost about `block` each."""
    ends = np.flatnonzero(np.diff(np.cumsum(costs, dtype=np.int64) // block)) + 1
    bounds = [0, *ends.tolist(), len(costs)]
    yield from map(slice, bounds, bounds[1:])

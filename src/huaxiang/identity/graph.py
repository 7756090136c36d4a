"""Connected components of numbered nodes, and their cutting down to size: numpy, no Spark.

Nodes are 0 … size − 1; an edge is a position in equally long arrays. All functions are pure and do not
depend on the order of the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Links:
    """Edges between nodes.

    `weakness`: rank of the kind of evidence, larger is weaker; `sharers`: accounts that share the value.
    All edges of one value lie in one component and are equally weak and wide: a value is dropped whole.
    """

    left: Integers
    right: Integers
    weakness: Integers
    sharers: Integers


@dataclass(frozen=True)
class Bounds:
    """What a component may hold at most: nodes in all, and nodes of one platform."""

    accounts: int
    per_platform: int


def connected(size: int, left: Integers, right: Integers) -> Integers:
    """Return each node's label: the smallest node of its component.

    Every round hooks each node to the neighbour of the smallest random rank, so that at least a constant
    share of the nodes disappears whatever the shape (a path of a million takes as many rounds as a star);
    the ranks come from a fixed seed and leave no trace in the labels.
    """
    label = np.arange(size, dtype=np.int64)
    random = np.random.default_rng(0)
    apart = left != right
    left, right = left[apart], right[apart]
    while left.size:
        rank = random.permutation(size)
        best = rank.copy()
        np.minimum.at(best, left, rank[right])
        np.minimum.at(best, right, rank[left])
        parent = np.argsort(rank)[best]  # ranks fall along it, so there is no cycle
        while True:
            grandparent = parent[parent]
            if np.array_equal(grandparent, parent):
                break
            parent = grandparent
        label, left, right = parent[label], parent[left], parent[right]
        apart = left != right
        left, right = left[apart], right[apart]
    smallest = np.full(size, size, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(size, dtype=np.int64))
    return smallest[label]


def within_bounds(size: int, links: Links, platform: Integers, bounds: Bounds) -> tuple[Integers, Flags]:
    """Return the labels of components that all keep `bounds`, and which links were kept for it.

    In a component over a bound the weakest kind of evidence is dropped and its components found again,
    until they fit. Where one kind is left, its most shared values go first. Other components are not
    touched by it.
    """
    kept = np.ones(links.left.size, dtype=np.bool_)
    label = connected(size, links.left, links.right)
    while True:
        is_over = _over(label, platform, bounds)
        rows = np.flatnonzero(kept & is_over[links.left])
        if not rows.size:
            return label, kept
        kept[rows[_weakest(label[links.left[rows]], links.weakness[rows], links.sharers[rows], size)]] = False
        rows = rows[kept[rows]]
        label = np.where(is_over, connected(size, links.left[rows], links.right[rows]), label)


def _over(label: Integers, platform: Integers, bounds: Bounds) -> Flags:
    """Which nodes are in a component over a bound."""
    too_many = np.bincount(label, minlength=label.size) > bounds.accounts
    platforms = int(platform.max(initial=0)) + 1
    pairs, counts = np.unique(label * platforms + platform, return_counts=True)
    too_many[pairs[counts > bounds.per_platform] // platforms] = True
    return np.asarray(too_many[label], dtype=np.bool_)


def _weakest(component: Integers, weakness: Integers, sharers: Integers, size: int) -> Flags:
    """Which of the links are the ones to drop next, each within its component."""
    weakest = np.full(size, -1, dtype=np.int64)
    np.maximum.at(weakest, component, weakness)
    strongest = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(strongest, component, weakness)
    widest = np.zeros(size, dtype=np.int64)
    np.maximum.at(widest, component, sharers)
    has_one_kind = weakest[component] == strongest[component]
    chosen: Flags = np.where(has_one_kind, sharers == widest[component], weakness == weakest[component])
    return chosen

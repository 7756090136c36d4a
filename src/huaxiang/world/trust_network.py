"""Graph measures on a real network, against another implementation: whom the people of FilmTrust trust.

The network is known whole, so that its numbers are exact and have no interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from huaxiang.identity.graph import connected
from huaxiang.models.pagerank import pagerank
from huaxiang.models.triangles import triangles
from huaxiang.numbered import numbered
from huaxiang.world.report import Check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE, EDGES, COMPONENTS, LARGEST, TRIANGLES = 874, 1853, 95, 610, 749
"""By networkx 3.6.1 from trust.txt (Guo, Zhang & Yorke-Smith 2013): the components and triangles of its undirected graph."""
RANKS = {
    "509": 0.020961692, "188": 0.018497579, "1062": 0.012375037, "272": 0.009363901, "628": 0.009022006,
    "1183": 0.002197026, "1180": 0.001324468, "1514": 0.000927051, "1554": 0.000735208, "1373": 0.000609675,
    "1530": 0.000515065, "1239": 0.000385578, "992": 0.000329554,
}  # fmt: skip
"""`networkx.pagerank(graph, alpha=0.85, tol=1e-12)` of the first five, of every hundredth after them, and of the last."""
NEAR = 1e-6


def trust_checks(path: Path) -> Iterator[Check]:
    """Return ranks, components and triangles of the edges in a file, beside those that networkx gives."""
    lines = path.read_text(encoding="utf-8").splitlines()
    trusting, trusted = zip(*sorted({tuple(line.split()[:2]) for line in lines if line.strip()}), strict=True)
    names, (one, other) = numbered(pa.chunked_array([trusting]), pa.chunked_array([trusted]))
    people = len(names)
    yield _equal("people and edges", f"{PEOPLE:,} and {EDGES:,}", f"{people:,} and {len(one):,}")
    ranks = dict(zip(names.to_pylist(), pagerank(one, other, people).ranks.tolist(), strict=True))
    apart = max(abs(ranks.get(name, np.inf) - rank) for name, rank in RANKS.items())
    told = f"{apart:.1e} of {len(RANKS)} people; the first has {max(ranks.values()):.6f}"
    yield Check("PageRank on FilmTrust: farthest from networkx's", f"≤ {NEAR:.0e}", told, ok=apart <= NEAR)
    sizes = np.unique(connected(people, one, other), return_counts=True)[1]
    wanted = f"{COMPONENTS}, the largest of {LARGEST:,}"
    yield _equal("components", wanted, f"{len(sizes)}, the largest of {sizes.max():,}")
    yield _equal("triangles", f"{TRIANGLES:,}", f"{triangles(one, other, people).total:,}")


def _equal(what: str, wanted: str, found: str) -> Check:
    return Check(f"{what} on FilmTrust", f"{wanted}, exact", found, ok=found == wanted)

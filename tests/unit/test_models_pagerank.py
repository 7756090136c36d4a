"""PageRank against an independent implementation, and what nobody may lose."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from tests import realdata

from huaxiang.models.pagerank import DAMPING, pagerank


def ranked(edges):
    names = sorted({name for edge in edges for name in edge})
    number = {name: i for i, name in enumerate(names)}
    ends = np.array([[number[a], number[b]] for a, b in edges], dtype=np.int64)
    return dict(zip(names, pagerank(ends[:, 0], ends[:, 1], len(names)).ranks, strict=True))


def reference(edges):
    graph = nx.DiGraph()
    graph.add_edges_from(edges)
    return nx.pagerank(graph, alpha=DAMPING, tol=1e-12, max_iter=1000)


@pytest.mark.parametrize(
    "edges",
    [
        [("a", "b")],  # b follows nobody: its mass is spread
        [("a", "b"), ("b", "a")],
        [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")],  # a circle and somebody outside
        [(f"fan{i}", "star") for i in range(50)] + [("star", "fan0")],
        [("a", "a"), ("a", "b")],
    ],
)
def test_small_graphs_rank_as_elsewhere(edges):
    found = ranked(edges)
    assert found == pytest.approx(reference(edges), abs=1e-9)
    assert sum(found.values()) == pytest.approx(1)


def test_filmtrust_ranks_as_elsewhere():
    lines = (realdata.needed("filmtrust") / "trust.txt").read_text("utf-8").splitlines()
    edges = sorted({tuple(line.split()[:2]) for line in lines if line.strip()})
    found = ranked(edges)
    assert found == pytest.approx(reference(edges), abs=1e-6)


def test_nobody_and_nothing():
    none = np.array([], dtype=np.int64)
    assert pagerank(none, none, 0).ranks.tolist() == []
    assert pagerank(none, none, 4).ranks.tolist() == [0.25] * 4

"""PageRank and triangles against an independent implementation, and what nobody may lose."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from tests import realdata

from huaxiang.models.pagerank import DAMPING, pagerank
from huaxiang.models.triangles import triangles


def numbered(edges):
    names = sorted({name for edge in edges for name in edge})
    number = {name: i for i, name in enumerate(names)}
    ends = np.array([[number[a], number[b]] for a, b in edges], dtype=np.int64)
    return names, ends[:, 0], ends[:, 1]


def ranked(edges):
    names, follower, followed = numbered(edges)
    return dict(zip(names, pagerank(follower, followed, len(names)).ranks, strict=True))


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


def filmtrust():
    lines = (realdata.needed("filmtrust") / "trust.txt").read_text("utf-8").splitlines()
    return sorted({tuple(line.split()[:2]) for line in lines if line.strip()})


def test_filmtrust_ranks_as_elsewhere():
    edges = filmtrust()
    found = ranked(edges)
    assert found == pytest.approx(reference(edges), abs=1e-6)


def by_chance(people, edges, skew=0.0):
    """Edges between people of whom the first are the more popular, with loops, repeats and two-way ones."""
    rng = np.random.default_rng(people)
    chance = np.arange(1.0, people + 1) ** -skew
    return [tuple(ends) for ends in rng.choice(people, (edges, 2), p=chance / chance.sum()).tolist()]


def check_triangles(edges, **how):
    """Compare with networkx, person by person: the triangles exactly, and the share of neighbours who know each other."""
    names, follower, followed = numbered(edges)
    found = triangles(follower, followed, len(names), **how)
    graph = nx.Graph(edges)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    assert dict(zip(names, found.corners.tolist(), strict=True)) == nx.triangles(graph)
    degrees = dict(graph.degree())
    told = dict(zip(names, found.clustering.tolist(), strict=True))
    assert {name for name, share in told.items() if np.isnan(share)} == {
        name for name, degree in degrees.items() if degree < 2
    }
    expected = {name: share for name, share in nx.clustering(graph).items() if degrees[name] > 1}
    assert {name: told[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    return found


@pytest.mark.parametrize(
    ("edges", "total"),
    [
        ([("a", "b")], 0),
        ([("a", "b"), ("b", "a")], 0),  # two-way is one edge, and no triangle
        ([("a", "b"), ("b", "c"), ("c", "a")], 1),  # a circle of three
        ([("a", "b"), ("b", "a"), ("c", "b"), ("b", "c"), ("a", "c"), ("a", "c")], 1),  # said more than once
        ([("a", "a"), ("a", "b"), ("b", "b"), ("b", "c"), ("a", "c")], 1),  # nobody is their own neighbour
        ([("a", "a")], 0),
        ([("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")], 0),  # a circle of four
        ([(a, b) for a in "abcdef" for b in "abcdef" if a < b], 20),  # everybody knows everybody
        ([(f"fan{i}", "star") for i in range(50)], 0),
        ([(f"fan{i}", "star") for i in range(50)] + [(f"fan{i}", f"fan{i + 1}") for i in range(49)], 49),
    ],
)
def test_small_graphs_have_the_triangles_that_one_sees(edges, total):
    assert check_triangles(edges).total == total


@pytest.mark.parametrize("block", [1, 100, 1 << 30], ids=["an edge at a time", "some", "all at once"])
@pytest.mark.parametrize(("people", "edges", "skew"), [(30, 200, 0), (60, 600, 1), (400, 2000, 0.7)])
def test_graphs_by_chance_have_the_triangles_of_elsewhere(people, edges, skew, block):
    assert check_triangles(by_chance(people, edges, skew), block=block).total > 0


def test_filmtrust_has_the_triangles_of_elsewhere():
    check_triangles(filmtrust())


def test_a_celebrity_with_half_the_edges_costs_little():
    """Every pair of the celebrity's 200,000 fans would be 20 thousand million."""
    fans, rng = 200_000, np.random.default_rng(0)
    one, other = rng.integers(1, fans + 1, (2, fans))
    follower, followed = np.concatenate([np.arange(1, fans + 1), one]), np.concatenate([0 * one, other])
    found = triangles(follower, followed, fans + 1)
    among_fans = {(min(ends), max(ends)) for ends in zip(one.tolist(), other.tolist(), strict=True)}
    assert found.corners[0] == len({ends for ends in among_fans if ends[0] != ends[1]})


def test_nobody_and_nothing():
    none = np.array([], dtype=np.int64)
    assert pagerank(none, none, 0).ranks.tolist() == []
    assert pagerank(none, none, 4).ranks.tolist() == [0.25] * 4
    assert triangles(none, none, 0).total == 0
    alone = triangles(none, none, 4)
    assert (alone.corners.tolist(), np.isnan(alone.clustering).all()) == ([0] * 4, True)

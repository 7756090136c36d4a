"""Components and their bounds against networkx and against a plain reading of the rule."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huaxiang.identity.graph import Bounds, Links, connected, within_bounds

LOOSE = Bounds(10**9, 10**9)


def numbers(values: object) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def smallest_of_component(size: int, edges: list[tuple[int, int]]) -> list[int]:
    graph = nx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(edges)
    label = [0] * size
    for component in nx.connected_components(graph):
        for node in component:
            label[node] = min(component)
    return label


SHAPES = {
    "nothing": (0, []),
    "nobody linked": (3, []),
    "self loop": (2, [(1, 1)]),
    "cycle": (6, [(i, (i + 1) % 6) for i in range(6)]),
    "long path": (5000, [(i, i + 1) for i in range(4999)]),
    "long path, shuffled names": (5000, [(i * 7919 % 5000, (i + 1) * 7919 % 5000) for i in range(4999)]),
    "star, hub first": (2000, [(0, i) for i in range(1, 2000)]),
    "star, hub last": (2000, [(1999, i) for i in range(1999)]),
    "two stars and a bridge": (
        200,
        [(0, i) for i in range(2, 100)] + [(1, i) for i in range(100, 200)] + [(2, 100)],
    ),
    "parallel edges": (3, [(0, 1), (1, 0), (0, 1)]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_networkx_components(shape: str) -> None:
    size, edges = SHAPES[shape]
    left, right = numbers([a for a, _ in edges]), numbers([b for _, b in edges])
    assert connected(size, left, right).tolist() == smallest_of_component(size, edges)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=80)
        )
    )
)
def test_random_graphs_have_networkx_components(graph: tuple[int, list[tuple[int, int]]]) -> None:
    size, edges = graph
    left, right = numbers([a for a, _ in edges]), numbers([b for _, b in edges])
    assert connected(size, left, right).tolist() == smallest_of_component(size, edges)


def plain_reading(
    size: int, edges: list[tuple[int, int, int, int]], platform: list[int], bounds: Bounds
) -> tuple[list[int], set[int]]:
    """The rule of `within_bounds`, one component after the other."""
    kept = set(range(len(edges)))
    while True:
        label = smallest_of_component(size, [edges[e][:2] for e in kept])
        changed = False
        for component in set(label):
            nodes = [n for n in range(size) if label[n] == component]
            on_one = max(sum(platform[n] == p for n in nodes) for p in {platform[n] for n in nodes})
            if len(nodes) <= bounds.accounts and on_one <= bounds.per_platform:
                continue
            mine = [e for e in kept if label[edges[e][0]] == component]
            kinds = {edges[e][2] for e in mine}
            if len(kinds) > 1:
                drop = [e for e in mine if edges[e][2] == max(kinds)]
            else:
                drop = [e for e in mine if edges[e][3] == max(edges[x][3] for x in mine)]
            kept -= set(drop)
            changed = True
        if not changed:
            return label, kept


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_bounds_hold_and_follow_the_rule(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 25))
    node = st.integers(0, size - 1)
    edges = data.draw(st.lists(st.tuples(node, node, st.integers(0, 3), st.integers(2, 4)), max_size=40))
    platform = data.draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    bounds = Bounds(data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3)))
    links = Links(*(numbers([e[i] for e in edges]) for i in range(4)))

    label, kept = within_bounds(size, links, numbers(platform), bounds)

    expected, left = plain_reading(size, edges, platform, bounds)
    assert label.tolist() == expected
    # a link of a node with itself holds nothing together, and need not be dropped for the bounds
    assert {e for e in np.flatnonzero(kept) if edges[e][0] != edges[e][1]} == {
        e for e in left if edges[e][0] != edges[e][1]
    }
    for component in set(label.tolist()):
        nodes = np.flatnonzero(label == component)
        assert len(nodes) <= bounds.accounts
        assert np.bincount(numbers(platform)[nodes]).max() <= bounds.per_platform


def test_within_its_bounds_nothing_is_dropped() -> None:
    links = Links(numbers([0, 1]), numbers([1, 2]), numbers([5, 0]), numbers([2, 2]))
    label, kept = within_bounds(4, links, numbers([0, 0, 0, 0]), LOOSE)
    assert label.tolist() == [0, 0, 0, 3]
    assert kept.all()


def test_the_order_of_links_does_not_matter() -> None:
    random = np.random.default_rng(3)
    size, count = 300, 320
    columns = [random.integers(0, size, count), random.integers(0, size, count)]
    columns += [random.integers(0, 4, count), random.integers(2, 5, count)]
    platform = random.integers(0, 3, size)
    label, kept = within_bounds(size, Links(*columns), platform, Bounds(8, 4))
    order = random.permutation(count)
    again, kept_again = within_bounds(size, Links(*(c[order] for c in columns)), platform, Bounds(8, 4))
    assert again.tolist() == label.tolist()
    assert kept_again.tolist() == kept[order].tolist()

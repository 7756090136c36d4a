"""Chains of who passed something on to whom, counted by pointer jumping."""

from __future__ import annotations

import networkx as nx
import numpy as np

from huaxiang.models.cascades import chains


def told(edges: list[tuple[int, int]], count: int) -> dict[int, tuple[int, int]]:
    child, parent = np.array(edges, np.int64).reshape(-1, 2).T
    found = chains(child, parent, count)
    return dict(
        zip(found.first.tolist(), zip(found.size.tolist(), found.depth.tolist(), strict=True), strict=True)
    )


def test_a_chain_has_its_first_its_size_and_its_longest_row() -> None:
    assert told([(1, 0), (2, 1), (3, 0), (5, 4)], 7) == {0: (4, 3), 4: (2, 2)}  # 6 is alone


def test_a_long_row_is_followed_to_its_end() -> None:
    assert told([(n + 1, n) for n in range(1000)], 1001) == {0: (1001, 1001)}


def test_a_loop_has_no_first_and_what_hangs_below_it_is_in_no_chain() -> None:
    assert told([(0, 1), (1, 2), (2, 0), (3, 0), (5, 4)], 6) == {4: (2, 2)}


def test_nothing_is_in_no_chain() -> None:
    assert told([], 0) == {}


def test_sizes_and_depths_are_those_of_networkx() -> None:
    rng = np.random.default_rng(7)
    edges = [(n, int(rng.integers(0, n))) for n in range(1, 300) if rng.random() < 0.7]
    graph = nx.DiGraph((parent, child) for child, parent in edges)
    firsts = [node for node, above in graph.in_degree() if above == 0]
    wanted = {
        first: (len(lengths), max(lengths.values()) + 1)
        for first in firsts
        if (lengths := nx.single_source_shortest_path_length(graph, first))
    }
    assert told(edges, 300) == wanted

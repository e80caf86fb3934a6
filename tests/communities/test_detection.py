"""Leiden: the same every time, labels in order, communities where they are."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities.detection import in_order_of_first, leiden

pytestmark = pytest.mark.filterwarnings("error")

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]


def cliques(sizes: list[int], *, bridges: int = 0, seed: int = 0) -> Edges:
    """Cliques one after the other, and a few weak edges between them."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    i, j = np.triu_indices(len(group), 1)
    inside = group[i] == group[j]
    chosen = rng.choice(np.flatnonzero(~inside), bridges, replace=False)
    keep = inside.copy()
    keep[chosen] = True
    weight = np.where(inside, rng.uniform(0.5, 1.0, len(i)), 0.1)
    return i[keep], j[keep], weight[keep]


def noise_graph(seed: int, n: int = 200) -> Edges:
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(n, 1)
    keep = rng.random(len(i)) < 0.05
    return i[keep], j[keep], rng.uniform(0.1, 1.0, int(keep.sum()))


def modularity(edges: Edges, label: np.ndarray) -> float:
    """Newman & Girvan 2004, weighted."""
    source, target, weight = edges
    total = weight.sum()
    inside = weight[label[source] == label[target]].sum() / total
    strength = np.bincount(np.concatenate([source, target]), np.concatenate([weight, weight]))
    share = np.bincount(label, strength) / (2 * total)
    return float(inside - (share**2).sum())


def test_joined_cliques_are_found() -> None:
    label = leiden(18, *cliques([5, 7, 6], bridges=8), resolution=1.0)
    assert label.tolist() == [0] * 5 + [1] * 7 + [2] * 6


def test_labels_count_in_the_order_of_their_first_node() -> None:
    order = np.random.default_rng(1).permutation(18)
    source, target, weight = cliques([5, 7, 6], bridges=8)
    label = leiden(18, order[source], order[target], weight, resolution=1.0)
    first = [int(np.flatnonzero(label == k)[0]) for k in range(3)]
    assert first == sorted(first)
    assert sorted(np.bincount(label)) == [5, 6, 7]


def test_nodes_without_an_edge_have_no_label() -> None:
    source, target, weight = cliques([4, 4])
    label = leiden(12, source + 2, target + 2, weight, resolution=1.0)
    assert label.tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 1, 1, -1, -1]


def test_a_graph_without_edges_has_no_communities() -> None:
    none = np.empty(0, dtype=np.int64)
    assert leiden(5, none, none, np.empty(0), resolution=1.0).tolist() == [-1] * 5


def test_the_same_graph_gives_the_same_communities() -> None:
    # a graph without structure has many nearly as good partitions
    first, *others = (leiden(200, *noise_graph(2), resolution=1.0) for _ in range(5))
    assert all(np.array_equal(first, other) for other in others)


def test_the_order_and_direction_of_edges_do_not_matter() -> None:
    source, target, weight = noise_graph(3)
    order = np.random.default_rng(3).permutation(len(source))
    plain = leiden(200, source, target, weight, resolution=1.0)
    other = leiden(200, target[order], source[order], weight[order], resolution=1.0)
    np.testing.assert_array_equal(plain, other)


def test_communities_of_noise_are_connected_and_no_worse_than_one() -> None:
    edges = noise_graph(4)
    label = leiden(200, *edges, resolution=1.0)
    assert modularity(edges, label) > 0.2
    source, target, _ = edges
    for community in range(label.max() + 1):
        reached = {int(np.flatnonzero(label == community)[0])}
        inside = (label[source] == community) & (label[target] == community)
        for _ in range(200):
            ends = np.isin(source, list(reached)) | np.isin(target, list(reached))
            wider = {*reached, *source[inside & ends].tolist(), *target[inside & ends].tolist()}
            if wider == reached:
                break
            reached = wider
        assert len(reached) == np.count_nonzero(label == community)


def test_the_planted_partition_is_never_better_than_what_is_found() -> None:
    edges = cliques([10, 8, 6, 6], bridges=60, seed=5)
    planted = np.repeat(np.arange(4), [10, 8, 6, 6])
    found = leiden(30, *edges, resolution=1.0)
    assert modularity(edges, found) >= modularity(edges, planted) - 1e-12


def test_a_higher_resolution_gives_more_communities() -> None:
    edges = noise_graph(6)
    low, high = (leiden(200, *edges, resolution=value).max() for value in (0.5, 3.0))
    assert high > low


def test_labels_are_renamed_by_their_first_member() -> None:
    assert in_order_of_first(np.array([7, -1, 3, 7, 0, 3])).tolist() == [0, -1, 1, 0, 2, 1]
    assert in_order_of_first(np.array([-1, -1])).tolist() == [-1, -1]
    assert in_order_of_first(np.empty(0, dtype=np.int64)).tolist() == []

"""Feature pairs collapsed to gene pairs."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities.graph import GeneGraph, collapse_to_genes, connected
from isograph.network.association import Association
from tests.network.synthetic import Floats

pytestmark = pytest.mark.filterwarnings("error")


def association(
    i: list[int], j: list[int], r: list[float], weight: Floats | None = None
) -> Association:
    values = np.array(r)
    return Association(
        i=np.array(i, dtype=np.int64),
        j=np.array(j, dtype=np.int64),
        r=values,
        weight=values**2 if weight is None else weight,
        pvalue=1 - np.abs(values),
        pair_p=0.5,
        floor=0.0,
    )


def random_association(rng: np.random.Generator, gene_of: np.ndarray) -> Association:
    i, j = np.triu_indices(len(gene_of), 1)
    apart = np.flatnonzero(gene_of[i] != gene_of[j])
    chosen = np.sort(rng.choice(apart, 150, replace=False))
    r = np.round(rng.uniform(-1, 1, 150), 1)  # with ties
    return association(i[chosen].tolist(), j[chosen].tolist(), r.tolist())


def test_an_edge_between_genes_is_that_of_their_strongest_pair() -> None:
    rng = np.random.default_rng(0)
    gene_of = np.sort(rng.integers(0, 12, 40))
    pairs = random_association(rng, gene_of)
    graph = collapse_to_genes(pairs, gene_of, 12)
    best: dict[tuple[int, int], int] = {}
    for k in range(len(pairs)):
        key = (int(gene_of[pairs.i[k]]), int(gene_of[pairs.j[k]]))
        if key not in best or pairs.weight[k] > pairs.weight[best[key]]:
            best[key] = k  # ties: the first stays
    assert list(zip(graph.source, graph.target, strict=True)) == sorted(best)
    assert graph.pair.tolist() == [best[key] for key in sorted(best)]
    np.testing.assert_array_equal(graph.weight, pairs.weight[graph.pair])
    np.testing.assert_array_equal(graph.pvalue, pairs.pvalue[graph.pair])


def test_source_comes_before_target() -> None:
    rng = np.random.default_rng(1)
    gene_of = np.sort(rng.integers(0, 12, 40))
    graph = collapse_to_genes(random_association(rng, gene_of), gene_of, 12)
    assert (graph.source < graph.target).all()


def test_a_backends_weight_decides_before_r() -> None:
    gene_of = np.array([0, 0, 1, 1])
    pairs = association([0, 1], [2, 3], [0.9, 0.3], weight=np.array([0.1, 0.8]))
    graph = collapse_to_genes(pairs, gene_of, 2)
    assert graph.pair.tolist() == [1]
    assert graph.weight.tolist() == [0.8]


def test_equal_weights_go_to_the_larger_r() -> None:
    gene_of = np.array([0, 0, 1, 1])
    pairs = association([0, 1], [2, 3], [0.5, -0.6], weight=np.ones(2))
    assert collapse_to_genes(pairs, gene_of, 2).pair.tolist() == [1]


def test_no_pairs_give_a_graph_without_edges() -> None:
    graph = collapse_to_genes(association([], [], []), np.arange(5), 5)
    assert len(graph) == 0
    assert len(np.unique(graph.components())) == 5


def four_edges() -> GeneGraph:
    return collapse_to_genes(
        association([0, 1, 3, 4], [1, 2, 4, 5], [0.9, 0.8, 0.7, 0.6]), np.arange(7), 7
    )


def test_edges_within_labels_leave_out_genes_without_one() -> None:
    inside = four_edges().within(np.array([0, 0, 1, -1, -1, -1, 0]))
    assert list(zip(inside.source, inside.target, strict=True)) == [(0, 1)]
    assert inside.n_genes == 7


def test_components_are_those_that_edges_join() -> None:
    component = four_edges().components()
    assert component[0] == component[1] == component[2]
    assert component[3] == component[4] == component[5]
    assert len({component[0], component[3], component[6]}) == 3


def test_connected_takes_edges_in_both_directions() -> None:
    component = connected(4, np.array([2, 2]), np.array([0, 3]))
    assert component[0] == component[2] == component[3] != component[1]

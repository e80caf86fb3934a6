"""One factor or two: splitting and joining by what the features say, not by the graph alone."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities.factors import carriers, join_to_faint, refine, strongest_of_channel
from isograph.communities.graph import GeneGraph, collapse_to_genes
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from tests.network.synthetic import (
    ABUNDANCE,
    SWITCH,
    Floats,
    associate,
    feature_set,
    followers,
    orthonormal,
)

pytestmark = pytest.mark.filterwarnings("error")


def two_factors(
    rng: np.random.Generator, correlation: float, n_samples: int = 300
) -> tuple[Floats, Floats]:
    """Two factors with exactly this correlation."""
    first, second = orthonormal(rng, 2, n_samples)
    return first, correlation * first + np.sqrt(1 - correlation**2) * second


def modules_of(factors: tuple[Floats, ...], *, size: int, loading: float, seed: int) -> FeatureSet:
    rng = np.random.default_rng(seed)
    parts = [followers(rng, factor, size, loading=loading) for factor in factors]
    return feature_set(np.concatenate(parts))


def graph_of(features: FeatureSet) -> tuple[Association, GeneGraph]:
    found = associate(features)
    return found, collapse_to_genes(found, features.gene_of, len(features.gene_ids))


def refined(features: FeatureSet, labels: list[int], *, one_factor: float = 0.7) -> list[int]:
    found, graph = graph_of(features)
    return refine(features, found, graph, np.array(labels), one_factor=one_factor).tolist()


def test_two_joined_groups_with_factors_of_their_own_are_split() -> None:
    factors = two_factors(np.random.default_rng(0), 0.42)
    features = modules_of(factors, size=12, loading=0.9, seed=0)
    _, graph = graph_of(features)
    across = (graph.source < 12) & (graph.target >= 12)
    assert across.sum() > 20  # the graph does join them
    assert refined(features, [0] * 24) == [0] * 12 + [1] * 12


def test_four_joined_groups_are_split_into_four() -> None:
    rng = np.random.default_rng(1)
    base = orthonormal(rng, 5, 300)
    factors = tuple(np.sqrt(0.7) * base[k] + np.sqrt(0.3) * base[4] for k in range(4))
    features = modules_of(factors, size=10, loading=0.9, seed=1)
    assert refined(features, [0] * 40) == np.repeat([0, 1, 2, 3], 10).tolist()


def test_halves_of_one_module_are_joined() -> None:
    factor = orthonormal(np.random.default_rng(2), 1, 300)[0]
    features = modules_of((factor,), size=30, loading=0.6, seed=2)
    halves = np.random.default_rng(2).integers(0, 2, 30).tolist()
    assert refined(features, halves) == [0] * 30


def test_one_module_is_not_split() -> None:
    for seed in range(10):
        factor = orthonormal(np.random.default_rng(seed), 1, 200)[0]
        features = modules_of((factor,), size=40, loading=0.55, seed=seed)
        _, graph = graph_of(features)
        touched = np.zeros(40, dtype=bool)
        touched[graph.source] = touched[graph.target] = True
        labels = np.where(touched, 0, -1)
        assert refined(features, labels.tolist()) == labels.tolist()


def test_a_module_is_not_split_by_sign() -> None:
    rng = np.random.default_rng(3)
    factor = orthonormal(rng, 1, 300)[0]
    rows = followers(rng, factor, 30, loading=0.7, signs=False)
    rows[15:] *= -1
    assert refined(feature_set(rows), [0] * 30) == [0] * 30
    assert refined(feature_set(rows), [0] * 15 + [1] * 15) == [0] * 30


def test_signs_of_features_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    features = modules_of(two_factors(rng, 0.5), size=12, loading=0.9, seed=4)
    flip = rng.choice([-1.0, 1.0], (24, 1))
    other = feature_set(features.values * flip)
    assert refined(features, [0] * 24) == refined(other, [0] * 24)


@pytest.mark.parametrize("loading", [0.95, 0.7])
@pytest.mark.parametrize("correlation", [0.5, 0.65, 0.8])
def test_what_joins_is_the_correlation_of_factors_whatever_the_noise(
    correlation: float, loading: float
) -> None:
    # observed group means correlate less the noisier the features are
    factors = two_factors(np.random.default_rng(5), correlation, n_samples=500)
    features = modules_of(factors, size=20, loading=loading, seed=5)
    labels = [0] * 20 + [1] * 20
    assert refined(features, labels, one_factor=correlation - 0.06) == [0] * 40
    assert refined(features, labels, one_factor=correlation + 0.06) == labels


def test_chance_correlations_of_noisy_features_are_not_taken_for_a_shared_factor() -> None:
    for seed in range(5):
        factors = two_factors(np.random.default_rng(seed), 0.0, n_samples=100)
        features = modules_of(factors, size=20, loading=0.5, seed=seed)
        found = associate(features, budget=0.5)  # chance edges join the two
        graph = collapse_to_genes(found, features.gene_of, 40)
        labels = np.repeat([0, 1], 20)
        inside = np.union1d(graph.within(labels).source, graph.within(labels).target)
        known = np.where(np.isin(np.arange(40), inside), labels, -1)
        across = known[graph.source] != known[graph.target]
        assert across.any()
        parts = refine(features, found, graph, known, one_factor=0.3)
        assert not set(parts[known == 0]) & set(parts[known == 1])


def test_a_joined_group_is_as_loose_as_its_parts_are_apart() -> None:
    # third with either is just under the limit; with both together, whose pairs across count, not
    correlation = np.array([[1, 0.74, 0.67], [0.74, 1, 0.67], [0.67, 0.67, 1]])
    factors = np.linalg.cholesky(correlation) @ orthonormal(np.random.default_rng(9), 3, 1000)
    features = modules_of(tuple(factors), size=12, loading=0.95, seed=9)
    assert refined(features, np.repeat([0, 1, 2], 12).tolist(), one_factor=0.7) == [0] * 36


def test_groups_that_no_edge_joins_stay_apart() -> None:
    factors = two_factors(np.random.default_rng(6), 0.0)
    features = modules_of(factors, size=8, loading=0.9, seed=6)
    labels = [0] * 8 + [1] * 8
    assert refined(features, labels, one_factor=0.01) == labels


def test_genes_without_a_label_stay_so_and_labels_count_by_first_gene() -> None:
    factors = two_factors(np.random.default_rng(7), 0.1)
    features = modules_of(factors, size=8, loading=0.9, seed=7)
    labels = [-1, *[5] * 7, *[2] * 8]
    assert refined(features, labels) == [-1, *[0] * 7, *[1] * 8]
    assert refined(features, [-1] * 16) == [-1] * 16


def with_axes() -> FeatureSet:
    """Two genes of abundance and two switch axes, and two of one axis, around one factor."""
    rng = np.random.default_rng(8)
    factor, *rest = orthonormal(rng, 9, 100)

    def row(loading: float, own: Floats) -> Floats:
        return loading * factor + np.sqrt(1 - loading**2) * own

    rows = [
        row(0.8, rest[0]),
        row(0.7, rest[1]),
        row(0.9, rest[2]),
        rest[3],
        row(0.9, rest[4]),
        row(0.6, rest[5]),
        row(0.95, rest[6]),
        row(0.95, rest[7]),
    ]
    kinds = [ABUNDANCE, SWITCH, SWITCH, ABUNDANCE, SWITCH, SWITCH, SWITCH, SWITCH]
    return feature_set(np.array(rows), genes=[0, 0, 0, 1, 1, 1, 2, 3], kinds=kinds)


def test_carriers_are_the_strongest_feature_of_each_gene_and_channel() -> None:
    features = with_axes()
    found, _ = graph_of(features)
    # gene 1's abundance has no edge; of both genes' axes the one with the larger loading
    assert carriers(features, found, np.zeros(4, dtype=int)).tolist() == [0, 2, 4, 6, 7]


def test_carriers_count_edges_within_their_community_only() -> None:
    features = with_axes()
    found, _ = graph_of(features)
    assert carriers(features, found, np.array([-1, -1, 0, 1])).tolist() == []
    assert carriers(features, found, np.array([-1, -1, 0, 0])).tolist() == [6, 7]


def test_equally_strong_axes_go_to_the_earlier_one() -> None:
    features = with_axes()
    strength = np.ones(8)
    chosen = strongest_of_channel(features, strength, np.arange(8))
    assert chosen.tolist() == [0, 1, 3, 4, 6, 7]
    assert strongest_of_channel(features, strength, np.array([2, 5])).tolist() == [2, 5]


class TestFaintGroups:
    def bridged(self) -> tuple[FeatureSet, Association]:
        """Two modules with factors that correlate 0.5, and a third half way between them."""
        first, second = two_factors(np.random.default_rng(5), 0.5)
        between = (first + second) / np.sqrt(3.0)
        features = modules_of((first, second, between), size=10, loading=0.9, seed=5)
        return features, associate(features)

    def joined(self, labels: list[int], *, first_faint: int) -> list[int]:
        features, found = self.bridged()
        every = np.repeat(labels, 10)
        return join_to_faint(
            features, found, every, first_faint=first_faint, one_factor=0.7
        ).tolist()

    def test_join_the_module_whose_factor_they_share(self) -> None:
        label = self.joined([0, 1, 2], first_faint=2)
        assert label[2] in (0, 1)

    def test_never_bridge_two_modules(self) -> None:
        label = self.joined([0, 1, 2], first_faint=2)
        assert label[0] == 0
        assert label[1] == 1

    def test_join_one_another(self) -> None:
        assert len(set(self.joined([0, 1, 2], first_faint=0))) == 1

    def test_modules_that_are_not_faint_stay_as_they_are(self) -> None:
        assert self.joined([0, 1, 2], first_faint=3) == [0, 1, 2]

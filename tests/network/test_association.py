"""Edges against brute force in float64, and how many of them noise gives."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy import stats

from isograph.features.covariates import residualise
from isograph.features.design import Design, orthonormal_basis
from isograph.features.model import FeatureSet
from isograph.network import association as module
from isograph.network.association import (
    Association,
    among_strongest,
    edge_pvalue,
    exact_correlations,
    pair_df,
)
from isograph.network.kernel import screen_pairs
from isograph.network.significance import correlation_pvalue, critical_correlation
from tests.network.synthetic import Floats, associate, feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")


def planted(seed: int = 0, *, n_samples: int = 40, missing: float = 0.0) -> FeatureSet:
    """Three modules in noise, two features a gene, some rows twice."""
    rng = np.random.default_rng(seed)
    parts = [followers(rng, rng.normal(size=n_samples), 40, loading=0.85) for _ in range(3)]
    noise = rng.normal(size=(60, n_samples))
    parts += [noise, noise[:20], parts[0][:10], parts[0][:10]]
    rows = np.concatenate(parts)
    observed = rng.random(rows.shape) >= missing if missing else None
    if observed is not None:
        observed[::3] = True
    return feature_set(rows, genes=np.arange(len(rows)) // 2, observed=observed)


def by_hand(
    features: FeatureSet, *, budget: float, neighbours: int
) -> dict[tuple[int, int], float]:
    """p of every edge: pair by pair in float64, straight from the definition."""
    n = features.n_features
    limit = 2 * budget / (n - 1)
    r = np.round(features.values @ features.values.T / features.n_samples, 11)
    order_of = {}
    for i in range(n):
        others = [j for j in range(n) if features.gene_of[j] != features.gene_of[i]]
        order_of[i] = sorted(others, key=lambda j: (-abs(r[i, j]), j))[:neighbours]
    edges = {}
    for i in range(n):
        for j in range(i + 1, n):
            if j not in order_of[i] and i not in order_of[j]:
                continue
            shared = np.count_nonzero(features.observed[i] & features.observed[j])
            df = shared - 2 - features.design.rank
            both = features.observed[i] & features.observed[j]
            x, y = features.values[i, both], features.values[j, both]
            inside = min(1.0, abs(x @ y) / np.sqrt((x @ x) * (y @ y)))
            t = inside * np.sqrt(df / max(1e-300, 1 - inside**2))
            p = 2 * stats.t.sf(t, df)
            if p <= limit and abs(r[i, j]) >= critical_correlation(limit, features.df_residual):
                edges[i, j] = p
    return edges


def pairs(found: Association) -> list[tuple[int, int]]:
    return list(zip(found.i.tolist(), found.j.tolist(), strict=True))


@pytest.mark.parametrize("neighbours", [1, 3, 10, 500])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_edges_are_those_of_brute_force(neighbours: int, missing: float) -> None:
    features = planted(missing=missing)
    found = associate(features, budget=0.02, neighbours=neighbours)
    expected = by_hand(features, budget=0.02, neighbours=neighbours)
    assert len(expected) > 50
    assert pairs(found) == sorted(expected)
    close = found.pvalue > 1e-12  # of exact copies nothing is left to compare
    np.testing.assert_allclose(
        found.pvalue[close], np.array([expected[pair] for pair in pairs(found)])[close], rtol=1e-6
    )


def test_weight_is_r_squared_and_r_that_of_the_rows() -> None:
    features = planted()
    found = associate(features)
    expected = [np.corrcoef(features.values[[i, j]])[0, 1] for i, j in pairs(found)]
    np.testing.assert_allclose(found.r, expected, atol=1e-12)
    np.testing.assert_allclose(found.weight, found.r**2)
    assert (found.r < 0).any()


def test_an_edge_needs_only_one_of_its_ends() -> None:
    rng = np.random.default_rng(1)
    hub = rng.normal(size=200)
    spokes = followers(rng, hub, 20, loading=0.6)
    found = associate(feature_set(np.concatenate([hub[None], spokes])), neighbours=1)
    # the hub is the best partner of every spoke, and has one best partner itself
    at_hub = [pair for pair in pairs(found) if 0 in pair]
    assert len(at_hub) == 20


def test_pairs_within_a_gene_are_left_out() -> None:
    rng = np.random.default_rng(2)
    rows = followers(rng, rng.normal(size=100), 30, loading=0.95)
    features = feature_set(rows, genes=np.repeat(np.arange(10), 3))
    found = associate(features)
    assert len(found) > 0
    assert (features.gene_of[found.i] != features.gene_of[found.j]).all()


def test_signs_of_features_do_not_matter() -> None:
    features = planted(3)
    flip = np.random.default_rng(3).choice([-1.0, 1.0], (features.n_features, 1))
    flipped = feature_set(features.values * flip, genes=features.gene_of)
    first, second = associate(features), associate(flipped)
    assert pairs(first) == pairs(second)
    np.testing.assert_allclose(np.abs(first.r), np.abs(second.r), atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_threads_and_blocks_do_not_matter(missing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    features = planted(4, missing=missing)
    plain = associate(features, budget=0.05, neighbours=4)
    for threads in (1, 3):
        for block in (37, 128, 2048):
            monkeypatch.setattr(module, "available_threads", lambda threads=threads: threads)
            monkeypatch.setattr(module, "screen_pairs", partial(screen_pairs, block=block))
            other = associate(features, budget=0.05, neighbours=4)
            for name in ("i", "j", "r", "weight", "pvalue"):
                assert getattr(plain, name).tobytes() == getattr(other, name).tobytes()


def test_a_place_that_p_empties_is_not_filled_by_the_next() -> None:
    spike, side = np.zeros((2, 80))
    spike[:4], side[:4] = [1, -1, 1, -1], [1, 1, -1, -1]
    rest = np.zeros(80)
    rest[4:] = np.tile([1, -1], 38)

    def mixed(r: float, other: Floats) -> Floats:
        return r * spike / 2 + np.sqrt(1 - r**2) * other / np.linalg.norm(other)

    # two partners seen in four samples, then three just behind them, inside the screen's margin
    rows = [spike, mixed(0.9, side), mixed(-0.9, side), *[mixed(0.9 - 5e-5, rest)] * 3]
    observed = np.ones((6, 80), dtype=bool)
    observed[1:3, 4:] = False
    features = feature_set(np.array(rows), observed=observed)
    found = associate(features, budget=0.025, neighbours=2)
    assert correlation_pvalue(np.array([0.9]), 2.0)[0] > found.pair_p
    assert correlation_pvalue(np.array([0.9 - 5e-5]), 78.0)[0] < found.pair_p
    assert pairs(found) == [(3, 4), (3, 5), (4, 5)]


def test_noise_gives_as_many_edges_as_the_budget_allows() -> None:
    budget, n_features, n_sets = 0.05, 300, 20
    counts = []
    for seed in range(n_sets):
        rows = np.random.default_rng(seed).normal(size=(n_features, 30))
        counts.append(len(associate(feature_set(rows), budget=budget, neighbours=1000)))
    expected = budget * n_features * n_sets
    assert abs(sum(counts) - expected) < 4 * np.sqrt(expected)


def test_noise_gives_as_many_edges_after_covariates() -> None:
    budget, n_features, n_sets, n_samples = 0.05, 300, 20, 25
    rng = np.random.default_rng(100)
    total = 0
    for _ in range(n_sets):
        matrix = np.column_stack([np.ones(n_samples), rng.normal(size=(n_samples, 6))])
        basis, _ = orthonormal_basis(matrix)
        design = Design("~ x", (), matrix, basis, terms=("x",), rank=6)
        rows = residualise(rng.normal(size=(n_features, n_samples)), design)
        features = feature_set(rows, design=design)
        assert features.df_residual == n_samples - 2 - 6
        total += len(associate(features, budget=budget, neighbours=1000))
    expected = budget * n_features * n_sets
    assert abs(total - expected) < 4 * np.sqrt(expected)


def test_the_budget_counts_edges_not_neighbours() -> None:
    found = associate(planted(), budget=0.01)
    n = planted().n_features
    assert found.pair_p * n * (n - 1) / 2 == pytest.approx(0.01 * n)
    assert found.floor == pytest.approx(critical_correlation(found.pair_p, 38))


def test_a_single_feature_has_no_edges() -> None:
    found = associate(feature_set(np.random.default_rng(6).normal(size=(1, 20))))
    assert len(found) == 0


class TestMissing:
    def test_degrees_of_freedom_count_samples_that_both_features_have(self) -> None:
        observed = np.ones((3, 20), dtype=bool)
        observed[0, :6] = False
        observed[1, 4:10] = False
        rows = np.random.default_rng(7).normal(size=(3, 20))
        features = feature_set(rows, observed=observed)
        i, j = np.array([0, 0, 1]), np.array([1, 2, 2])
        assert pair_df(features, i, j).tolist() == [10 - 2, 14 - 2, 14 - 2]

    def test_degrees_of_freedom_without_gaps_are_those_of_the_features(self) -> None:
        features = feature_set(np.random.default_rng(8).normal(size=(4, 20)))
        assert pair_df(features, np.array([0, 1]), np.array([2, 3])).tolist() == [18.0, 18.0]

    def test_degrees_of_freedom_fall_by_the_rank_of_the_design(self) -> None:
        rng = np.random.default_rng(9)
        matrix = np.column_stack([np.ones(20), rng.normal(size=(20, 3))])
        basis, _ = orthonormal_basis(matrix)
        design = Design("~ x", (), matrix, basis, terms=("x",), rank=3)
        observed = np.ones((2, 20), dtype=bool)
        observed[0, :4] = False
        features = feature_set(rng.normal(size=(2, 20)), observed=observed, design=design)
        assert pair_df(features, np.array([0]), np.array([1])).tolist() == [16 - 2 - 3]

    def test_at_least_one_degree_of_freedom_is_left(self) -> None:
        observed = np.ones((2, 12), dtype=bool)
        observed[0, :5] = False
        observed[1, 6:] = False
        features = feature_set(np.random.default_rng(10).normal(size=(2, 12)), observed=observed)
        assert pair_df(features, np.array([0]), np.array([1])).tolist() == [1.0]

    @pytest.mark.parametrize("missing", [0.2, 0.5])
    def test_p_is_even_with_gaps_as_without(self, missing: float) -> None:
        rng = np.random.default_rng(11)
        observed = rng.random((600, 40)) >= missing
        observed[::2] = True
        features = feature_set(rng.normal(size=(600, 40)), observed=observed)
        i, j = np.triu_indices(600, 1)
        p = edge_pvalue(features, i, j, exact_correlations(features.values, i, j))
        for alpha in (0.1, 0.01, 0.001):
            assert 0.7 * alpha < (p <= alpha).mean() < 1.1 * alpha

    def test_gaps_give_no_more_false_edges_than_the_budget(self) -> None:
        budget, n_sets = 0.05, 20
        found = 0
        for seed in range(n_sets):
            rng = np.random.default_rng(seed)
            observed = rng.random((200, 40)) >= 0.4
            features = feature_set(rng.normal(size=(200, 40)), observed=observed)
            found += len(associate(features, budget=budget, neighbours=1000))
        expected = budget * 200 * n_sets
        assert 0.1 * expected < found < expected + 4 * np.sqrt(expected)

    def test_features_seen_in_half_of_the_samples_still_find_each_other(self) -> None:
        rng = np.random.default_rng(12)
        rows = np.concatenate(
            [followers(rng, rng.normal(size=160), 20, loading=0.85), rng.normal(size=(200, 160))]
        )
        observed = rng.random(rows.shape) >= 0.4
        found = associate(feature_set(rows, observed=observed))
        planted_pairs = (found.i < 20) & (found.j < 20)
        assert planted_pairs.sum() > 0.8 * 190
        assert (~planted_pairs).sum() < 5

    def test_p_is_that_of_the_shared_samples(self) -> None:
        rng = np.random.default_rng(13)
        observed = np.ones((2, 60), dtype=bool)
        observed[0, :20] = False
        features = feature_set(
            followers(rng, rng.normal(size=60), 2, loading=0.8), observed=observed
        )
        i, j = np.array([0]), np.array([1])
        p = edge_pvalue(features, i, j, exact_correlations(features.values, i, j))
        shared = stats.pearsonr(features.values[0, 20:], features.values[1, 20:])
        # not centred again on the shared samples: close, not equal
        assert np.log(p[0]) == pytest.approx(np.log(shared.pvalue), rel=0.1)

    def test_features_without_a_shared_sample_have_no_edge(self) -> None:
        observed = np.zeros((2, 20), dtype=bool)
        observed[0, :10] = observed[1, 10:] = True
        features = feature_set(np.random.default_rng(14).normal(size=(2, 20)), observed=observed)
        p = edge_pvalue(features, np.array([0]), np.array([1]), np.zeros(1))
        assert p.tolist() == [1.0]


class TestRanks:
    def test_a_pair_counts_if_it_is_strong_for_one_of_its_ends(self) -> None:
        i, j = np.array([0, 0, 0, 1]), np.array([1, 2, 3, 2])
        strength = np.array([0.9, 0.8, 0.7, 0.95])
        # 0: {1}; 1: {2}; 2: {1}; 3: {0}
        assert among_strongest(i, j, strength, k=1).tolist() == [True, False, True, True]

    def test_ties_go_to_the_partner_with_the_smaller_index(self) -> None:
        i, j = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 4, 5, 4])
        strength = np.array([0.5, 0.5, 0.5, 0.9, 0.9, 0.9])
        kept = among_strongest(i, j, strength, k=1)
        # 0 takes 1, 1 takes 4, 2 takes 4, 3 takes 0, 4 takes 1, 5 takes 1
        assert kept.tolist() == [True, False, True, True, True, True]

    def test_no_pairs_are_no_pairs(self) -> None:
        none = np.empty(0, dtype=np.int64)
        assert among_strongest(none, none, np.empty(0), k=3).shape == (0,)


def test_exact_correlations_are_those_of_numpy_and_within_one() -> None:
    features = planted(12)
    i, j = np.triu_indices(features.n_features, 1)
    r = exact_correlations(features.values, i, j)
    np.testing.assert_allclose(r, np.corrcoef(features.values)[i, j], atol=1e-12)
    assert np.abs(r).max() <= 1.0

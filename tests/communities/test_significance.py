"""p of a module against direct computation, and against what noise gives."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from isograph.communities.significance import (
    log_fisher_tail,
    module_pvalue,
    pair_pvalue,
    sequence_log_pvalue,
    strongest_tree_nats,
)
from isograph.network.significance import correlation_pvalue

pytestmark = pytest.mark.filterwarnings("error")

TINY = np.finfo(np.float64).tiny


def one(nats: float, n_members: int, *, n_features: int, per_gene: int = 1) -> float:
    (p,) = module_pvalue(
        np.array([nats]),
        np.array([n_members]),
        n_features=n_features,
        features_per_gene=per_gene,
    )
    return float(p)


@settings(deadline=None, max_examples=100)
@given(n=st.integers(1, 40), nats=st.floats(0.0, 250.0))
def test_the_tail_is_that_of_fishers_statistic(n: int, nats: float) -> None:
    (found,) = log_fisher_tail(np.array([nats]), np.array([n]))
    assert found == pytest.approx(stats.chi2.logsf(2 * nats, 2 * n), abs=1e-6)


@pytest.mark.parametrize(("n", "nats"), [(1, 5000.0), (20, 900.0), (400, 30_000.0)])
def test_where_the_tail_underflows_the_bound_is_just_above_it(n: int, nats: float) -> None:
    (found,) = log_fisher_tail(np.array([nats]), np.array([n]))
    k = np.arange(n)
    exact = special.logsumexp(k * np.log(nats) - special.gammaln(k + 1)) - nats
    assert exact - 1e-6 <= found <= exact + 1.0


def test_a_pair_of_genes_pays_for_every_pair_of_features() -> None:
    assert one(-np.log(1e-9), 2, n_features=1000) == pytest.approx(1000**2 / 2 * 1e-9)


@pytest.mark.parametrize("features", [(1, 1, 1), (2, 1, 3), (2, 2, 2, 2), (1, 3, 2, 1)])
def test_trees_on_features_are_counted_by_cayleys_formula(features: tuple[int, ...]) -> None:
    m = len(features)
    count = 0
    for edges in combinations(list(combinations(range(m), 2)), m - 1):
        reached = {0}
        for _ in range(m):
            reached |= {b for a, b in edges if a in reached} | {a for a, b in edges if b in reached}
        if len(reached) == m:
            count += int(np.prod([features[a] * features[b] for a, b in edges]))
    assert count == np.prod(features) * sum(features) ** (m - 2)


def test_the_strongest_tree_is_found_by_trying_all() -> None:
    rng = np.random.default_rng(0)
    source, target = np.array(list(combinations(range(5), 2))).T
    p = rng.random(10) ** 6
    best = 0.0
    for edges in combinations(range(10), 4):
        reached = {0}
        for _ in range(5):
            for e in edges:
                if source[e] in reached or target[e] in reached:
                    reached |= {int(source[e]), int(target[e])}
        if len(reached) == 5:
            best = max(best, float(-np.log(p[list(edges)]).sum()))
    (found,) = strongest_tree_nats(source, target, p, np.zeros(5, dtype=np.int64), n_modules=1)
    assert found == pytest.approx(best)


def test_each_module_has_its_own_tree_and_a_p_of_one_or_zero_does_no_harm() -> None:
    source, target = np.array([0, 1, 3]), np.array([1, 2, 4])
    label = np.array([0, 0, 0, 1, 1])
    nats = strongest_tree_nats(source, target, np.array([0.1, 1.0, 0.0]), label, n_modules=2)
    np.testing.assert_allclose(nats, [-np.log(0.1), -np.log(TINY)])


def test_p_falls_with_every_nat_and_rises_with_every_feature() -> None:
    falling = [one(nats, 6, n_features=500) for nats in np.linspace(0, 200, 60)]
    assert (np.diff(falling) <= 0).all()
    assert falling[0] == 1.0
    assert falling[-1] < 1e-30
    rising = [one(90.0, 6, n_features=n) for n in (100, 1000, 10_000)]
    assert (np.diff(rising) > 0).all()


def test_the_strongest_modules_have_the_smallest_double_not_zero() -> None:
    assert one(30_000.0, 50, n_features=20_000) == TINY


def test_no_modules_have_no_p() -> None:
    none = np.empty(0)
    found = module_pvalue(none, none.astype(np.int64), n_features=10, features_per_gene=1)
    assert found.shape == (0,)


@pytest.mark.parametrize(("size", "per_gene"), [(3, 1), (3, 2), (4, 1)])
def test_no_search_through_noise_finds_more_than_its_share(size: int, per_gene: int) -> None:
    rng = np.random.default_rng(size)
    n_genes, n_samples, alpha = 10, 16, 0.2
    n_sets = 200 if size == 3 else 80
    candidates = [np.array(genes) for genes in combinations(range(n_genes), size)]
    source, target = np.array(list(combinations(range(size), 2))).T
    trees = []
    for edges in combinations(range(len(source)), size - 1):
        reached = {0}
        for _ in range(size):
            for e in edges:
                if source[e] in reached or target[e] in reached:
                    reached |= {int(source[e]), int(target[e])}
        if len(reached) == size:
            trees.append(edges)
    found = 0
    for _ in range(n_sets):
        rows = rng.normal(size=(n_genes * per_gene, n_samples))
        p = correlation_pvalue(np.corrcoef(rows), n_samples - 2.0)
        nats = -np.log(np.maximum(p, TINY)).reshape(n_genes, per_gene, n_genes, per_gene)
        between = nats.max(axis=(1, 3))
        best = max(
            between[genes[source[list(tree)]], genes[target[list(tree)]]].sum()
            for genes, tree in product(candidates, trees[:40])
        )
        found += one(best, size, n_features=len(rows), per_gene=per_gene) <= alpha
    assert found <= alpha * n_sets


def test_pairs_pay_for_all_pairs() -> None:
    p = pair_pvalue(np.array([1e-9, 0.5, 0.0]), n_tests=1000)
    np.testing.assert_allclose(p, [1e-6, 1.0, TINY])


class TestSequence:
    def draw(self, rng: np.random.Generator, m: int, *, n: int = 40, loading: float = 0.0) -> float:
        factor = rng.normal(size=n)
        rows = loading * factor + np.sqrt(1 - loading**2) * rng.normal(size=(m, n))
        rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
        everywhere = np.ones(rows.shape, dtype=bool)
        return sequence_log_pvalue(rows, everywhere, df_residual=n - 2, n_features=m)

    def test_a_factor_makes_it_small(self) -> None:
        rng = np.random.default_rng(0)
        assert self.draw(rng, 20, loading=0.6) < -20

    def test_it_is_never_below_its_level_where_every_gene_is_a_member(self) -> None:
        rng = np.random.default_rng(1)
        logs = np.array([self.draw(rng, 8) for _ in range(400)])
        for level in (0.01, 0.1, 0.5):
            assert np.mean(logs <= np.log(level)) <= level

    def test_the_choice_among_more_features_is_paid_for(self) -> None:
        rng = np.random.default_rng(2)
        rows = 0.7 * rng.normal(size=30) + 0.7 * rng.normal(size=(12, 30))
        rows -= rows.mean(axis=1, keepdims=True)
        few, many = (
            sequence_log_pvalue(rows, np.ones((12, 30), dtype=bool), df_residual=28, n_features=n)
            for n in (100, 10_000)
        )
        assert many > few + 10

    def test_signs_do_not_matter(self) -> None:
        rng = np.random.default_rng(3)
        rows = 0.6 * rng.normal(size=30) + 0.8 * rng.normal(size=(12, 30))
        rows -= rows.mean(axis=1, keepdims=True)
        sign = rng.choice([-1.0, 1.0], (12, 1))
        seen = np.ones(rows.shape, dtype=bool)
        plain, flipped = (
            sequence_log_pvalue(some, seen, df_residual=28, n_features=500)
            for some in (rows, sign * rows)
        )
        assert plain == pytest.approx(flipped, rel=1e-9)

    def test_one_gene_says_nothing(self) -> None:
        row = np.arange(10.0)[None]
        seen = np.ones(row.shape, dtype=bool)
        assert sequence_log_pvalue(row, seen, df_residual=8, n_features=5) == 0.0

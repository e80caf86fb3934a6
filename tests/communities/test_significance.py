"""p of a module against direct computation, and against what noise gives."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from isograph.communities.significance import module_pvalue, pair_pvalue

pytestmark = pytest.mark.filterwarnings("error")

TINY = np.finfo(np.float64).tiny


def one(n_edges: int, n_pairs: int, n_members: int, *, n_genes: int, pair_p: float) -> float:
    (p,) = module_pvalue(
        np.array([n_edges]),
        np.array([n_pairs]),
        np.array([n_members]),
        n_genes=n_genes,
        pair_p=pair_p,
    )
    return float(p)


def exact_log(n_edges: int, n_pairs: int, n_members: int, *, n_genes: int, pair_p: float) -> float:
    """log C(G, m) + log P(Binomial ≥ e), the tail summed in logarithms."""
    tail = special.logsumexp(stats.binom.logpmf(np.arange(n_edges, n_pairs + 1), n_pairs, pair_p))
    sets = (
        np.log([n_genes - k for k in range(n_members)]).sum()
        - np.log(np.arange(1, n_members + 1)).sum()
    )
    return float(sets + tail)


@pytest.mark.parametrize(
    ("n_edges", "n_pairs", "n_members", "n_genes", "pair_p"),
    [(3, 3, 3, 40, 1e-3), (5, 6, 4, 100, 0.01), (6, 30, 5, 300, 1e-4), (40, 45, 10, 2000, 0.02)],
)
def test_p_is_the_number_of_gene_sets_times_the_binomial_tail(
    n_edges: int, n_pairs: int, n_members: int, n_genes: int, pair_p: float
) -> None:
    expected = special.comb(n_genes, n_members, exact=True) * stats.binom.sf(
        n_edges - 1, n_pairs, pair_p
    )
    found = one(n_edges, n_pairs, n_members, n_genes=n_genes, pair_p=pair_p)
    assert found == pytest.approx(min(expected, 1.0), rel=1e-8)


@settings(deadline=None, max_examples=150)
@given(
    n_members=st.integers(3, 60),
    share=st.floats(0.0, 1.0),
    log_p=st.floats(-8, -0.5),
    n_genes=st.integers(60, 30_000),
)
def test_p_is_never_below_the_exact_one(
    n_members: int, share: float, log_p: float, n_genes: int
) -> None:
    n_pairs = n_members * (n_members - 1) // 2
    n_edges = round(share * n_pairs)
    found = one(n_edges, n_pairs, n_members, n_genes=n_genes, pair_p=10**log_p)
    exact = exact_log(n_edges, n_pairs, n_members, n_genes=n_genes, pair_p=10**log_p)
    assert TINY <= found <= 1
    assert np.log(found) >= min(exact, 0.0) - 1e-6 * max(1.0, abs(exact))


def test_the_bound_takes_over_where_the_tail_underflows() -> None:
    # 200 of 16,000 genes: more sets than doubles can count, and a tail below the smallest double
    arguments = {"n_genes": 16_000, "pair_p": 0.02}
    found = one(1700, 19_900, 200, **arguments)
    exact = exact_log(1700, 19_900, 200, **arguments)
    n_sets = exact_log(0, 19_900, 200, **arguments)
    assert exact - n_sets < np.log(TINY)
    assert -600 < exact < -10
    assert exact <= np.log(found) <= exact + 10


def test_the_strongest_modules_have_the_smallest_double_not_zero() -> None:
    assert one(1225, 1225, 50, n_genes=20_000, pair_p=1e-7) == TINY


def test_p_falls_with_every_edge() -> None:
    p = module_pvalue(np.arange(3, 46), np.full(43, 45), np.full(43, 10), n_genes=500, pair_p=0.01)
    assert (np.diff(p) <= 0).all()
    assert p[0] == 1.0
    assert p[-1] < 1e-30


def test_without_edges_p_is_one() -> None:
    assert one(0, 10, 5, n_genes=100, pair_p=1e-3) == 1.0


def test_no_modules_have_no_p() -> None:
    none = np.empty(0, dtype=np.int64)
    assert module_pvalue(none, none, none, n_genes=10, pair_p=0.1).shape == (0,)


@pytest.mark.parametrize(("size", "pair_p"), [(3, 0.05), (4, 0.08), (5, 0.1)])
def test_no_search_through_noise_finds_more_than_its_share(size: int, pair_p: float) -> None:
    rng = np.random.default_rng(size)
    n_genes, n_samples, n_sets, alpha = 16, 20, 300, 0.2
    limit = stats.t.isf(pair_p / 2, n_samples - 2)
    floor = limit / np.hypot(limit, np.sqrt(n_samples - 2))
    candidates = np.array(list(combinations(range(n_genes), size)))
    found = 0
    for _ in range(n_sets):
        edges = np.abs(np.corrcoef(rng.normal(size=(n_genes, n_samples)))) >= floor
        count = sum(
            edges[candidates[:, a], candidates[:, b]] for a, b in combinations(range(size), 2)
        )
        p = one(int(count.max()), size * (size - 1) // 2, size, n_genes=n_genes, pair_p=pair_p)
        found += p <= alpha
    assert found <= alpha * n_sets


def test_a_pair_pays_for_all_pairs() -> None:
    p = pair_pvalue(np.array([1e-9, 0.5, 0.0]), n_tests=1000)
    np.testing.assert_allclose(p, [1e-6, 1.0, TINY])

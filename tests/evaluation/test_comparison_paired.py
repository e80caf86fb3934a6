"""Tests and intervals of paired differences, against scipy and by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isograph.evaluation.comparison.paired import (
    bootstrap_interval,
    expanded_tail,
    paired_test,
    sign_flip_pvalue,
    signed_rank_pvalue,
)

NONZERO = st.integers(-4, 4).filter(bool)


def interval(*groups: list[float], n_resamples: int = 2000) -> tuple[float, float] | None:
    arrays = [np.array(group) for group in groups]
    return bootstrap_interval(arrays, rng=np.random.default_rng(0), n_resamples=n_resamples)


# --- tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5])
def test_sign_flips_are_scipys_exact_permutation_test(n: int) -> None:
    d = np.random.default_rng(n).normal(0.5, 1.0, size=n)
    exact = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_pvalue(d) == pytest.approx(exact.pvalue)


@settings(deadline=None, max_examples=60)
@given(st.lists(NONZERO, min_size=1, max_size=9))
def test_signed_ranks_are_the_share_of_all_signs_ties_included(values: list[int]) -> None:
    d = np.array(values, dtype=np.float64)
    ranks = stats.rankdata(np.abs(d))
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(d))))
    observed = abs((np.sign(d) * ranks).sum())
    share = (np.abs(signs @ ranks) >= observed - 1e-9).mean()
    assert signed_rank_pvalue(d) == pytest.approx(share)


@pytest.mark.parametrize("n", [6, 20, 50])
def test_signed_ranks_without_ties_are_scipys(n: int) -> None:
    d = np.random.default_rng(n).normal(0.2, 1.0, size=n)
    assert signed_rank_pvalue(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_many_signed_ranks_are_scipys_normal_approximation() -> None:
    d = np.round(np.random.default_rng(0).normal(0.1, 1.0, size=400), 2)
    d = d[d != 0]
    theirs = stats.wilcoxon(d, correction=True, method="approx").pvalue
    assert signed_rank_pvalue(d) == pytest.approx(theirs, rel=1e-9)


def test_exact_and_approximate_ranks_meet() -> None:
    d = np.random.default_rng(3).normal(0.15, 1.0, size=101)
    assert signed_rank_pvalue(d) == pytest.approx(signed_rank_pvalue(d[:100]), rel=0.3)


@pytest.mark.parametrize(
    ("n", "name", "smallest"),
    [(2, "sign-flip", 0.5), (5, "sign-flip", 0.0625), (6, "signed-rank", 0.03125)],
)
def test_differences_of_one_sign_give_the_smallest_p(n: int, name: str, smallest: float) -> None:
    test = paired_test(np.arange(1.0, n + 1))
    assert test.name == name
    assert test.pvalue == test.smallest_p == smallest


def test_pairs_without_a_difference_say_nothing() -> None:
    test = paired_test(np.zeros(7))
    assert (test.pvalue, test.smallest_p, test.n_nonzero) == (1.0, 1.0, 0)
    some = paired_test(np.array([0.0, 0.0, 0.0, 1.0, 2.0, 3.0]))
    assert (some.name, some.pvalue, some.n_nonzero) == ("sign-flip", 0.25, 3)


def test_one_pair_or_none_is_not_tested() -> None:
    for d in (np.array([1.0]), np.array([])):
        test = paired_test(d)
        assert (test.name, test.pvalue, test.smallest_p) == (None, None, None)


def test_weights_count_in_the_sign_flips() -> None:
    d = np.array([1.0, -1.0])
    assert paired_test(d).pvalue == 1.0
    assert paired_test(d, weights=np.array([1.0, 0.1])).pvalue == 1.0
    three = np.array([1.0, 1.0, -1.0])
    assert paired_test(three).pvalue == 1.0
    assert paired_test(three, weights=np.array([1.0, 1.0, 0.1])).pvalue == 0.5


@pytest.mark.parametrize("n", [4, 8])
def test_under_the_null_p_values_are_not_too_small(n: int) -> None:
    rng = np.random.default_rng(0)
    p = np.array([paired_test(rng.normal(size=n)).pvalue for _ in range(2000)])
    for level in (0.05, 0.2, 0.5):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / 2000)


@given(st.lists(NONZERO, min_size=2, max_size=12))
def test_exchanging_the_sides_changes_no_p(values: list[int]) -> None:
    d = np.array(values, dtype=np.float64)
    assert paired_test(d).pvalue == pytest.approx(paired_test(-d).pvalue)


# --- intervals -------------------------------------------------------------------------------


def test_differences_that_do_not_vary_give_an_interval_of_no_width() -> None:
    assert interval([0.0] * 5) == (0.0, 0.0)
    assert interval([0.1] * 3) == (0.1, 0.1)
    assert interval([0.0, 0.0], [0.0, 0.0, 0.0]) == (0.0, 0.0)


def test_one_pair_has_no_interval() -> None:
    assert interval([1.0]) is None
    assert interval() is None


def test_the_interval_is_the_quantiles_of_all_resamples() -> None:
    d = [0.0, 1.0, 3.0, 7.0]
    means = [np.mean(drawn) for drawn in itertools.product(d, repeat=4)]
    tail = expanded_tail(4, df=3, confidence=0.95)
    expected = np.quantile(means, [tail, 1 - tail], method="inverted_cdf")
    found = interval(d, n_resamples=200_000)
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=0.26)


def test_expanded_tails_are_those_of_the_t_interval() -> None:
    # Φ⁻¹(tail) √((n − 1)/n) s/√n with s over n is the t interval with s over n − 1
    tail = expanded_tail(5, df=4, confidence=0.95)
    assert -stats.norm.ppf(tail) * np.sqrt(4 / 5) == pytest.approx(stats.t.ppf(0.975, 4))
    assert expanded_tail(10**6, df=10**6, confidence=0.95) == pytest.approx(0.025, abs=1e-5)


def test_intervals_of_few_seeds_cover_the_mean() -> None:
    rng = np.random.default_rng(0)
    n = 500
    hits = 0
    for _ in range(n):
        found = bootstrap_interval([rng.normal(size=8)], rng=rng, n_resamples=1999)
        assert found is not None
        hits += found[0] <= 0.0 <= found[1]
    # the plain percentile interval covers 88%
    assert 0.915 <= hits / n <= 0.985


def test_groups_count_alike_and_are_drawn_within() -> None:
    # between the groups lies far more than within them: it must not widen the interval
    found = interval([10.0, 10.2, 9.8, 10.0], [0.0, 0.2, -0.2, 0.0, 0.1, -0.1])
    assert found is not None
    assert 4.5 < found[0] < 5.0 < found[1] < 5.5


def test_where_a_group_has_one_pair_groups_are_drawn() -> None:
    found = interval([10.0], [0.0, 0.0])
    assert found is not None
    assert (found[0], found[1]) == (0.0, 10.0)


def test_the_same_generator_gives_the_same_interval() -> None:
    d = [0.3, -0.1, 0.4, 0.2]
    assert interval(d) == interval(d)
    mirrored = interval([-x for x in d])
    assert mirrored is not None
    np.testing.assert_allclose(mirrored[::-1], -np.array(interval(d)), atol=1e-12)

"""The null of a correlation, its inverse, the edge budget, false discovery rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isograph.network.significance import (
    benjamini_hochberg,
    correlation_pvalue,
    critical_correlation,
    edge_pvalue_threshold,
    false_discovery_line,
    support_line,
)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("n_samples", [5, 30, 400])
def test_p_is_that_of_scipy(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    for effect in (0.0, 0.3, 1.0, 3.0):
        x = rng.normal(size=n_samples)
        y = effect * x + rng.normal(size=n_samples)
        expected = stats.pearsonr(x, y)
        found = correlation_pvalue(np.array([expected.statistic]), n_samples - 2.0)
        assert found[0] == pytest.approx(expected.pvalue, rel=1e-8)


@pytest.mark.parametrize("df", [1.0, 7.0, 150.0])
def test_p_is_that_of_students_t(df: float) -> None:
    r = np.linspace(-0.999, 0.999, 41)
    t = np.abs(r) * np.sqrt(df / (1 - r**2))
    np.testing.assert_allclose(correlation_pvalue(r, df), 2 * stats.t.sf(t, df), rtol=1e-9)


def test_p_is_one_at_zero_and_zero_at_one() -> None:
    np.testing.assert_array_equal(correlation_pvalue(np.array([0.0, 1.0, -1.0]), 20.0), [1, 0, 0])


def test_rounding_beyond_one_does_no_harm() -> None:
    assert correlation_pvalue(np.array([1.0 + 1e-15]), 20.0).tolist() == [0.0]


def test_the_far_tail_keeps_its_precision() -> None:
    # scipy's log survival function is exact where probabilities are 1e-200
    t = 0.97 * np.sqrt(300 / (1 - 0.97**2))
    expected = np.log(2) + stats.t.logsf(t, 300)
    assert expected < -400
    p = correlation_pvalue(np.array([0.97]), 300.0)
    assert np.log(p[0]) == pytest.approx(expected, rel=1e-9)


def test_degrees_of_freedom_may_differ_by_pair() -> None:
    r, df = np.array([0.3, 0.3, 0.5]), np.array([10.0, 50.0, 10.0])
    expected = [correlation_pvalue(r[k : k + 1], float(df[k]))[0] for k in range(3)]
    np.testing.assert_array_equal(correlation_pvalue(r, df), expected)


@settings(deadline=None)
@given(p=st.floats(1e-14, 0.99), df=st.integers(1, 2000))
def test_the_critical_correlation_is_the_inverse_of_p(p: float, df: int) -> None:
    r = critical_correlation(p, df)
    assert 0 < r <= 1
    if r < 1 - 1e-9:  # beyond, r itself has no digits left
        assert correlation_pvalue(np.array([r]), df)[0] == pytest.approx(p, rel=1e-5)


def test_the_budget_is_of_edges_over_all_pairs() -> None:
    p = edge_pvalue_threshold(n_features=2001, false_edges_per_feature=1e-3)
    assert p * 2001 * 2000 / 2 == pytest.approx(1e-3 * 2001)
    assert p == pytest.approx(2e-3 / 2000)


@pytest.mark.parametrize("n_features", [0, 1, 2])
def test_few_features_have_a_threshold_below_one_half(n_features: int) -> None:
    assert 0 < edge_pvalue_threshold(n_features=n_features, false_edges_per_feature=0.9) <= 0.5


def test_false_discovery_rates_are_those_of_the_step_up_rule() -> None:
    p = np.random.default_rng(0).random(50) ** 3
    order = np.argsort(p)
    expected = np.empty(50)
    running = 1.0
    for rank in range(50, 0, -1):
        running = min(running, p[order[rank - 1]] * 50 / rank)
        expected[order[rank - 1]] = running
    np.testing.assert_allclose(benjamini_hochberg(p), expected)


def test_missing_p_values_count_nowhere() -> None:
    q = benjamini_hochberg([0.01, np.nan, 0.04])
    np.testing.assert_allclose(q, [0.02, np.nan, 0.04])
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan])).all()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60))
def test_false_discovery_rates_are_those_of_scipy(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n) ** 3, 2)  # with ties, zeros and ones
    np.testing.assert_array_equal(benjamini_hochberg(p), stats.false_discovery_control(p))


@pytest.mark.parametrize("df", [3, 40, 998])
@pytest.mark.parametrize("p", [0.5, 1e-3, 1e-12, 1e-200])
def test_the_critical_correlation_is_that_of_scipys_t(p: float, df: int) -> None:
    t = stats.t.isf(p / 2, df)
    assert critical_correlation(p, df) == pytest.approx(t / np.hypot(t, np.sqrt(df)), rel=1e-12)


def test_the_discovery_line_is_the_largest_p_within_the_rate() -> None:
    p = np.array([0.001, 0.9, 0.012, 0.03, 0.5])
    # steps of 0.02: 0.001 ≤ 0.01, 0.012 ≤ 0.02·2/2 … and 0.03 = 0.05·3/5
    assert false_discovery_line(p, level=0.05) == 0.03
    assert false_discovery_line(p, level=0.001) == -1.0


def test_the_support_line_judges_the_last_one_alone() -> None:
    certain = np.full(100, 1e-9)
    doubtful = np.linspace(0.005, 1.0, 200)
    p = np.concatenate([certain, doubtful])
    assert false_discovery_line(p, level=0.05) > 0.01
    assert support_line(p, level=0.2) == 1e-9
    assert support_line(np.linspace(0.1, 1, 10), level=0.2) == -1.0


def test_the_last_discovery_is_false_as_rarely_as_stated() -> None:
    rng = np.random.default_rng(0)
    false = []
    for _ in range(400):
        p = np.concatenate([rng.random(400), rng.random(100) ** 8])
        line = support_line(p, level=0.2)
        false.append(line in p[:400])
    assert np.mean(false) <= 0.2

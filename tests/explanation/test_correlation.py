"""Correlation with a profile where rows have gaps and a design was taken out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isograph.explanation.correlation import partial_correlations
from isograph.features.design import Design, extend, intercept_only, residualise

N = 60


@pytest.fixture
def design() -> Design:
    rng = np.random.default_rng(1)
    return extend(intercept_only(N), rng.normal(size=(N, 2)), names=["age", "batch"])


def rows_with_gaps(rng: np.random.Generator, profile: np.ndarray) -> np.ndarray:
    values = rng.normal(size=(12, N)) + rng.normal(size=(12, 1)) * profile
    values[rng.random(values.shape) < 0.2] = np.nan
    values[0] = np.where(np.isnan(values[0]), 0.3, values[0])
    return values


def test_without_design_and_gaps_it_is_pearsons_r_with_its_p() -> None:
    rng = np.random.default_rng(2)
    profile = rng.normal(size=N)
    values = rng.normal(size=(5, N)) + 0.4 * profile
    free = intercept_only(N)
    found = partial_correlations(
        residualise(values, free), residualise(profile[None], free)[0], free
    )
    expected = [stats.pearsonr(row, profile) for row in values]
    np.testing.assert_allclose(found.r, [e.statistic for e in expected], rtol=1e-12)
    np.testing.assert_allclose(found.pvalue, [e.pvalue for e in expected], rtol=1e-9)
    low, high = found.interval()
    ours = [e.confidence_interval() for e in expected]
    np.testing.assert_allclose(low, [i.low for i in ours], rtol=1e-9)
    np.testing.assert_allclose(high, [i.high for i in ours], rtol=1e-9)


def test_with_gaps_it_is_the_partial_correlation_over_known_samples(design: Design) -> None:
    rng = np.random.default_rng(3)
    profile = residualise(rng.normal(size=(1, N)), design)[0]
    values = rows_with_gaps(rng, profile)
    found = partial_correlations(residualise(values, design), profile, design)
    for row, r, n in zip(values, found.r, found.n_complete, strict=True):
        known = np.isfinite(row)
        x = design.matrix[known]
        a = row[known] - x @ np.linalg.lstsq(x, row[known], rcond=None)[0]
        b = profile[known] - x @ np.linalg.lstsq(x, profile[known], rcond=None)[0]
        assert r == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)), rel=1e-9)
        assert n == known.sum()
    np.testing.assert_array_equal(found.df, found.n_complete - 2 - 2)


def test_a_profile_a_row_gives_what_one_profile_gives(design: Design) -> None:
    rng = np.random.default_rng(4)
    profiles = residualise(rng.normal(size=(12, N)), design)
    values = residualise(rows_with_gaps(rng, profiles[0]), design)
    together = partial_correlations(values, profiles, design)
    alone = [partial_correlations(values[[k]], profiles[k], design).r[0] for k in range(12)]
    np.testing.assert_allclose(together.r, alone, rtol=1e-12)


def test_null_p_is_uniform_with_gaps_and_design(design: Design) -> None:
    rng = np.random.default_rng(5)
    profile = residualise(rng.normal(size=(1, N)), design)[0]
    values = rng.normal(size=(4000, N))
    values[rng.random(values.shape) < 0.3] = np.nan
    found = partial_correlations(residualise(values, design), profile, design)
    assert stats.kstest(found.pvalue, "uniform").pvalue > 0.01


def test_a_row_that_does_not_vary_or_is_unknown_has_no_r() -> None:
    free = intercept_only(N)
    values = np.vstack([np.zeros(N), np.full(N, np.nan)])
    found = partial_correlations(values, np.linspace(-1, 1, N), free)
    assert np.isnan(found.r).all()
    assert np.isnan(found.pvalue).all()


def test_too_few_samples_give_no_p() -> None:
    free = intercept_only(N)
    values = np.full((1, N), np.nan)
    values[0, :2] = [-1.0, 1.0]
    found = partial_correlations(values, np.linspace(-1, 1, N), free)
    assert np.isnan(found.pvalue[0])
    assert found.n_complete[0] == 2

"""Winsorised, residualised, scaled rows, and their quantiles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from isograph.features.covariates import Design, build_design, intercept_only, residualise
from isograph.features.standardise import row_quantiles, standardise
from tests.features.counts import Floats, sample_table

pytestmark = pytest.mark.filterwarnings("error")

CLIP = 3.0


def covariates(rng: np.random.Generator, n_samples: int) -> Design:
    batch = pd.Series(rng.permutation(np.arange(n_samples) % 3)).map({0: "a", 1: "b", 2: "c"})
    samples = sample_table(n_samples, age=rng.normal(50, 10, n_samples), batch=batch)
    return build_design(samples, "~ age + batch")[0]


def gaps(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.random(shape) > 0.3


def everything(shape: tuple[int, int]) -> np.ndarray:
    return np.ones(shape, dtype=bool)


def rows(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Rows of many scales and places, some heavy-tailed."""
    values = rng.standard_t(2, shape) * np.exp(rng.normal(0, 3, (shape[0], 1)))
    return values + rng.normal(0, 100, (shape[0], 1))


@pytest.mark.parametrize("with_covariates", [False, True])
@pytest.mark.parametrize("with_gaps", [False, True])
def test_rows_have_mean_zero_and_variance_one_and_are_orthogonal_to_the_design(
    with_covariates: bool, with_gaps: bool
) -> None:
    rng = np.random.default_rng(0)
    shape = (200, 60)
    design = covariates(rng, 60) if with_covariates else intercept_only(60)
    observed = gaps(rng, shape) if with_gaps else everything(shape)
    values = residualise(np.where(observed, rows(rng, shape), np.nan), design)
    scaled, varies = standardise(values, observed, design, clip=CLIP)
    assert varies.all()
    np.testing.assert_allclose(scaled.mean(axis=1), 0.0, atol=1e-10)
    np.testing.assert_allclose(scaled.var(axis=1), 1.0, rtol=1e-10)
    np.testing.assert_allclose(scaled @ design.basis, 0.0, atol=1e-9)


def test_entries_that_are_not_observed_are_zero() -> None:
    rng = np.random.default_rng(1)
    observed = gaps(rng, (50, 40))
    scaled, _ = standardise(rows(rng, (50, 40)), observed, covariates(rng, 40), clip=CLIP)
    assert (scaled[~observed] == 0).all()
    assert (scaled[observed] != 0).all()


def test_what_stands_in_a_gap_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    observed = gaps(rng, (50, 40))
    values, design = rows(rng, (50, 40)), covariates(rng, 40)
    filled = np.where(observed, values, 1e6)
    empty = np.where(observed, values, np.nan)
    first, _ = standardise(filled, observed, design, clip=CLIP)
    second, _ = standardise(empty, observed, design, clip=CLIP)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("size", [1e2, 1e4, 1e8])
def test_a_single_outlier_is_bounded(size: float) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(500, 100))
    values[:, 0] = size * rng.choice([-1, 1], 500)
    scaled, _ = standardise(
        residualise(values, intercept_only(100)),
        everything((500, 100)),
        intercept_only(100),
        clip=CLIP,
    )
    assert np.abs(scaled[:, 0]).max() < 1.5 * CLIP
    np.testing.assert_allclose(np.abs(scaled[:, 0]).mean(), CLIP, rtol=0.1)


def test_one_bad_sample_cannot_make_two_rows_correlate() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(40, 60))
    values[:, 0] += 1e3
    assert np.abs(np.corrcoef(values)).min() > 0.99
    scaled, _ = standardise(values, everything((40, 60)), intercept_only(60), clip=CLIP)
    r = np.corrcoef(scaled)[np.triu_indices(40, 1)]
    assert r.mean() < 1.5 * CLIP**2 / 60


@pytest.mark.parametrize("n_samples", [30, 100])
def test_limits_are_three_of_the_larger_robust_scale(n_samples: int) -> None:
    rng = np.random.default_rng(10)
    heavy = rng.standard_t(1.5, (40, n_samples))
    halves = np.where(np.arange(n_samples) % 2, 1.0, -1.0) + rng.normal(0, 0.1, (40, n_samples))
    halves[:, :3] = 6.0  # decided by the median absolute deviation, the others by quantiles
    values = np.concatenate([heavy, halves])
    group = max(5.0, n_samples / 10)
    tail = (group - 1) / (n_samples - 1)
    low, middle, high = np.quantile(values, [tail, 0.5, 1 - tail], axis=1)
    by_quantiles = (high - low) / (2 * stats.norm.ppf(1 - tail))
    by_deviation = stats.median_abs_deviation(values, axis=1, scale="normal")
    assert (by_quantiles > by_deviation)[:40].any()
    assert (by_quantiles < by_deviation)[40:].all()
    limit = CLIP * np.maximum(by_quantiles, by_deviation)
    expected = np.clip(values.T, middle - limit, middle + limit).T
    expected -= expected.mean(axis=1, keepdims=True)
    expected /= expected.std(axis=1, keepdims=True)
    design = intercept_only(n_samples)
    scaled, _ = standardise(values, everything(values.shape), design, clip=CLIP)
    np.testing.assert_allclose(scaled, expected, atol=1e-3)


def two_groups(n_samples: int, size: int) -> tuple[Floats, Floats]:
    """Rows in which the first samples stand far off: standardised with and without clipping."""
    values = np.random.default_rng(5).normal(size=(200, n_samples))
    values[:, :size] += 30.0
    scaled, _ = standardise(values, everything(values.shape), intercept_only(n_samples), clip=CLIP)
    plain = values - values.mean(axis=1, keepdims=True)
    return scaled, plain / plain.std(axis=1, keepdims=True)


@pytest.mark.parametrize(("n_samples", "size"), [(20, 5), (50, 5), (100, 10), (160, 16), (305, 31)])
def test_a_group_of_a_tenth_of_the_samples_is_not_clipped(n_samples: int, size: int) -> None:
    scaled, plain = two_groups(n_samples, size)
    assert (scaled * plain).mean(axis=1).min() > 0.999


@pytest.mark.parametrize(("n_samples", "size"), [(20, 4), (50, 4), (100, 9), (160, 15), (305, 30)])
def test_a_smaller_group_is_pulled_in(n_samples: int, size: int) -> None:
    scaled, plain = two_groups(n_samples, size)
    assert (np.ptp(scaled[:, :size], axis=1) < 1e-9).all()  # all at the limit
    assert (scaled[:, :size].mean(axis=1) < plain[:, :size].mean(axis=1)).all()


def test_gaussian_rows_are_hardly_touched() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(300, 150))
    scaled, _ = standardise(values, everything(values.shape), intercept_only(150), clip=CLIP)
    plain = values - values.mean(axis=1, keepdims=True)
    plain /= plain.std(axis=1, keepdims=True)
    r = (scaled * plain).mean(axis=1)
    assert r.min() > 0.98
    assert np.median(r) > 0.999


def test_rows_that_do_not_vary_are_named_and_stay_zero() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(size=(4, 30))
    values[1] = 7.3
    values[2] = 0.0
    observed = everything((4, 30))
    observed[3] = False
    clean = residualise(values, intercept_only(30))
    scaled, varies = standardise(clean, observed, intercept_only(30), clip=CLIP)
    assert varies.tolist() == [True, False, False, False]
    np.testing.assert_allclose(scaled[1:], 0.0, atol=1e-12)


def test_place_and_scale_of_a_row_do_not_matter() -> None:
    rng = np.random.default_rng(9)
    values, design = rng.standard_t(3, (50, 40)), covariates(rng, 40)
    observed = gaps(rng, (50, 40))
    first, _ = standardise(values, observed, design, clip=CLIP)
    second, _ = standardise(-2.5 * values + 4.0, observed, design, clip=CLIP)
    np.testing.assert_allclose(second, -first, atol=1e-9)


@settings(deadline=None, max_examples=100)
@given(
    values=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 20)),
        elements=st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(1.0)),
    ),
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_row_quantiles_are_those_of_numpy(values: Floats, levels: list[float]) -> None:
    values[:, 0] = np.where(np.isnan(values).all(axis=1), 0.0, values[:, 0])
    np.testing.assert_allclose(
        row_quantiles(values, tuple(levels)),
        np.nanquantile(values, levels, axis=1),
        rtol=1e-9,
        atol=1e-7,
    )


def test_quantiles_of_a_row_without_numbers_are_missing() -> None:
    values = np.array([[1.0, 2.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(row_quantiles(values, (0.5,)), [[1.5, np.nan]])

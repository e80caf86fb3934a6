"""Shrunken partial correlation, against the plain matrices that it does without."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isograph.backends.baseline.shrinkage import (
    LEAST,
    MOST,
    analytic_shrinkage,
    null_degrees,
    partial_rows,
    products,
)
from tests.network.synthetic import Floats, feature_set, followers


def standardised(n_rows: int, n_samples: int, *, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_rows, n_samples))
    values[:8] = followers(rng, rng.normal(size=n_samples), 8, loading=0.7)
    return feature_set(values).values


def plain_partial(values: Floats, shrinkage: float) -> Floats:
    """Partial correlations by inverting the matrix of features by features."""
    n_rows, n = values.shape
    inverse = np.linalg.inv(shrinkage * np.eye(n_rows) + (1 - shrinkage) * values @ values.T / n)
    root = np.sqrt(np.diag(inverse))
    partial: Floats = -inverse / root[:, None] / root
    np.fill_diagonal(partial, 0.0)
    return partial


@pytest.mark.parametrize(("n_rows", "n_samples"), [(60, 25), (25, 25), (20, 80)])
@pytest.mark.parametrize("shrinkage", [0.02, 0.4, 0.95])
def test_products_of_rows_are_the_partial_correlations(
    n_rows: int, n_samples: int, shrinkage: float
) -> None:
    values = standardised(n_rows, n_samples)
    rows = partial_rows(values, shrinkage=shrinkage).rows
    assert rows.shape == values.shape
    found = rows @ rows.T
    np.fill_diagonal(found, 0.0)
    np.testing.assert_allclose(found, plain_partial(values, shrinkage), atol=1e-9)


def test_products_are_summed_pair_by_pair() -> None:
    rows = standardised(30, 20)
    i, j = np.triu_indices(30, 1)
    np.testing.assert_allclose(products(rows, i, j), (rows @ rows.T)[i, j])


@pytest.mark.parametrize(("n_rows", "n_samples"), [(50, 30), (15, 60)])
def test_shrinkage_is_the_analytic_one(n_rows: int, n_samples: int) -> None:
    values = standardised(n_rows, n_samples)
    w = np.einsum("is,js->ijs", values, values)
    r = w.mean(axis=2)
    variance = np.square(w - r[:, :, None]).sum(axis=2) / (n_samples * (n_samples - 1))
    off = ~np.eye(n_rows, dtype=bool)
    expected = variance[off].sum() / np.square(r[off]).sum()
    found = analytic_shrinkage(values, df=n_samples - 1)
    assert found == pytest.approx(np.clip(expected, LEAST, MOST))
    assert LEAST < found < MOST


def test_shrinkage_is_weak_where_all_correlates_and_strong_on_noise() -> None:
    rng = np.random.default_rng(2)
    strong = feature_set(followers(rng, rng.normal(size=200), 40, loading=0.95)).values
    noise = feature_set(rng.normal(size=(300, 30))).values
    assert analytic_shrinkage(strong, df=199) < 0.05
    assert analytic_shrinkage(noise, df=29) > 0.9


def test_features_that_do_not_vary_together_at_all_are_shrunken_most() -> None:
    values = np.kron(np.eye(3), np.array([[1.0, -1.0]])) * np.sqrt(3)
    assert analytic_shrinkage(values, df=5) == MOST


def test_the_null_of_partial_correlations_holds_on_noise() -> None:
    rng = np.random.default_rng(3)
    values = feature_set(rng.normal(size=(400, 50))).values
    rows = partial_rows(values, shrinkage=0.5).rows
    df = null_degrees(rows, np.arange(400), rng=np.random.default_rng(0))
    i, j = np.triu_indices(400, 1)
    partial = products(rows, i, j)
    p = stats.beta(0.5, df / 2).sf(partial**2)
    assert np.mean(p <= 0.1) == pytest.approx(0.1, rel=0.1)
    # shrinkage makes the far tail lighter, never heavier
    assert np.mean(p <= 0.01) <= 0.011
    assert np.mean(p <= 0.001) <= 0.0011


def test_a_few_related_pairs_hardly_move_the_null() -> None:
    values = standardised(200, 60)
    rows = partial_rows(values, shrinkage=0.5).rows
    everything = null_degrees(rows, np.arange(200), rng=np.random.default_rng(0))
    unrelated = null_degrees(rows[8:], np.arange(192), rng=np.random.default_rng(0))
    assert everything == pytest.approx(unrelated, rel=0.1)


def test_rows_without_any_product_have_no_null() -> None:
    assert null_degrees(np.eye(4), np.arange(4), rng=np.random.default_rng(0)) == float("inf")

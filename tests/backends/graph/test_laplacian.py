"""The signed Laplacian of features, and solving with it."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.backends.graph.laplacian import signed_laplacian, smooth
from isograph.network.association import Association
from tests.network.synthetic import associate, feature_set, followers


@pytest.fixture
def association() -> Association:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(60, 50))
    values[:12] = followers(rng, rng.normal(size=50), 12, loading=0.8)
    values[12:20] = followers(rng, rng.normal(size=50), 8, loading=0.8)
    return associate(feature_set(values))


def test_its_form_sums_signed_differences_over_edges(association: Association) -> None:
    laplacian = signed_laplacian(association, n_features=60).toarray()
    weight = np.square(association.r)
    degree = np.bincount(association.i, weight, 60) + np.bincount(association.j, weight, 60)
    w = np.random.default_rng(2).normal(size=60)
    scaled = w / np.sqrt(np.where(degree > 0, degree, 1.0))
    sign = np.sign(association.r)
    differences = scaled[association.i] - sign * scaled[association.j]
    edges = float(np.sum(weight * differences**2))
    assert w @ laplacian @ w == pytest.approx(edges + float(np.sum(w[degree == 0] ** 2)))


def test_its_eigenvalues_lie_within_0_and_2(association: Association) -> None:
    laplacian = signed_laplacian(association, n_features=60).toarray()
    np.testing.assert_allclose(laplacian, laplacian.T)
    power = np.linalg.eigvalsh(laplacian)
    assert power[0] >= -1e-12
    assert power[-1] <= 2 + 1e-12


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 8.0, 200.0])
def test_smoothing_solves_its_equation(association: Association, smoothing: float) -> None:
    laplacian = signed_laplacian(association, n_features=60)
    rows = np.random.default_rng(3).normal(size=(60, 4))
    exact = np.linalg.solve(np.eye(60) + smoothing * laplacian.toarray(), rows)
    found = smooth(laplacian, rows, smoothing=smoothing)
    assert np.linalg.norm(found - exact) <= 1e-6 * np.linalg.norm(exact)


def test_loadings_of_features_without_edges_shrink_most(association: Association) -> None:
    laplacian = signed_laplacian(association, n_features=60)
    alone = np.flatnonzero(np.abs(laplacian - np.eye(60)).sum(axis=1) == 0)
    assert len(alone) > 20
    rows = np.ones((60, 1))
    np.testing.assert_allclose(smooth(laplacian, rows, smoothing=3.0)[alone], 0.25, rtol=1e-6)

"""Curves through broad factors: what bends with a factor is caught, what does not is left."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.features.covariates import intercept_only
from isograph.features.design import extend, residualise
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.programmes.curves import curved_responses, natural_spline
from isograph.programmes.directions import Directions, principal_directions, remove
from tests.network.synthetic import associate, feature_set, followers

N = 120


class TestNaturalSpline:
    def test_is_straight_beyond_the_outer_knots(self) -> None:
        values = np.linspace(-3, 3, 601)
        columns = natural_spline(values)
        low, high = np.quantile(values, [0.05, 0.95])
        for outside in (values < low, values > high):
            bend = np.diff(columns[:, outside], n=2, axis=1)
            np.testing.assert_allclose(bend, 0.0, atol=1e-9)
        assert np.abs(np.diff(columns, n=2, axis=1)).max() > 1e-5

    def test_has_no_straight_part_of_its_own(self) -> None:
        """Below the first knot, where only the straight line acts, every column is 0."""
        values = np.linspace(-3, 3, 601)
        columns = natural_spline(values)
        assert (columns[:, values <= np.quantile(values, 0.05)] == 0).all()
        whole = np.vstack([np.ones_like(values), values, columns])
        assert np.linalg.matrix_rank(whole) == len(whole)

    def test_few_different_values_give_no_curve(self) -> None:
        assert natural_spline(np.repeat([0.0, 1.0], 20)).shape == (0, 40)

    def test_shift_and_scale_do_not_change_the_span(self) -> None:
        values = np.random.default_rng(0).normal(size=80)
        one = np.linalg.qr(np.vstack([np.ones(80), values, natural_spline(values)]).T)[0]
        moved = 3 * values - 7
        other = np.linalg.qr(np.vstack([np.ones(80), moved, natural_spline(moved)]).T)[0]
        np.testing.assert_allclose(one @ (one.T @ other), other, atol=1e-8)


def bent_data(
    rng: np.random.Generator, *, response: str, n_bent: int = 1, covariate: bool = False
) -> tuple[FeatureSet, FeatureSet, Association, Directions, np.ndarray]:
    """A broad factor on 150 rows and modules of 12 that bend with it, or follow their own."""
    design = intercept_only(N)
    factor = rng.normal(size=N)
    if covariate:
        # covariates of a cohort are rarely independent of what its cells do
        design = extend(design, (factor**2 + rng.normal(size=N))[:, None], names=["age"])
    factor = residualise(factor[None], design)[0]
    factor /= factor.std()
    bent = np.maximum(factor, 0.3) if response == "bent" else rng.normal(size=N)
    bent = (bent - bent.mean()) / bent.std()
    rows = np.outer(rng.choice([-1, 1], 150), factor) + 0.5 * rng.normal(size=(150, N))
    modules = [followers(rng, bent, 12, loading=0.85) for _ in range(n_bent)]
    values = residualise(np.vstack([rows, *modules]), design)
    features = feature_set(values, design=design)
    directions = principal_directions(features.values[:150], 1)
    directions = Directions(
        directions.values, directions.weight, directions.source, directions.curves, np.arange(150)
    )
    clean = remove(features, directions, names=("a",))
    labels = np.repeat([-1, *range(n_bent)], [150, *[12] * n_bent])
    return features, clean, associate(clean), directions, labels


def found_curves(seed: int, *, response: str, n_bent: int = 1, covariate: bool = False):
    features, clean, association, directions, labels = bent_data(
        np.random.default_rng(seed), response=response, n_bent=n_bent, covariate=covariate
    )
    curves = curved_responses(
        clean, association, labels, directions, log_depth=None, least_share=0.3
    )
    return features, directions, curves


@pytest.mark.parametrize("seed", range(3))
def test_a_module_that_bends_with_a_factor_is_caught(seed: int) -> None:
    _, _, curves = found_curves(seed, response="bent")
    assert curves.shape == (1, N)
    np.testing.assert_allclose(np.mean(curves**2, axis=1), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_an_independent_module_is_left_alone(seed: int) -> None:
    _, _, curves = found_curves(seed, response="independent")
    assert len(curves) == 0


def test_two_modules_that_bend_the_same_way_need_one_curve() -> None:
    _, _, curves = found_curves(1, response="bent", n_bent=2)
    assert len(curves) == 1


@pytest.mark.parametrize("covariate", [False, True])
def test_curves_are_orthogonal_to_design_and_directions(covariate: bool) -> None:
    features, directions, curves = found_curves(2, response="bent", covariate=covariate)
    assert len(curves) == 1
    np.testing.assert_allclose(curves @ features.design.basis, 0.0, atol=1e-8)
    np.testing.assert_allclose(curves @ directions.values.T / N, 0.0, atol=1e-8)
    clean = remove(features, directions.with_curves(curves), names=("a", "bent"))
    np.testing.assert_allclose(clean.values @ features.design.basis, 0.0, atol=1e-8)


def test_too_few_samples_give_no_curve() -> None:
    rng = np.random.default_rng(0)
    features = feature_set(rng.normal(size=(12, 9)))
    directions = principal_directions(features.values, 2)
    curves = curved_responses(
        features,
        associate(features),
        np.zeros(12, dtype=np.int64),
        directions,
        log_depth=None,
        least_share=0.3,
    )
    assert curves.shape == (0, 9)

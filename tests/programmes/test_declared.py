"""Factors that a declared trait explains stand alone and stay; the others do not change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.features.covariates import intercept_only
from isograph.features.design import extend, residualise
from isograph.features.traits import Trait, infer_traits
from isograph.programmes.declared import trait_columns, turn_towards
from isograph.programmes.directions import Directions, principal_directions, remove
from tests.network.synthetic import feature_set

N = 80
IDS = np.array([f"S{i:04d}" for i in range(N)])


def traits_of(**columns: object) -> tuple[Trait, ...]:
    return infer_traits(pd.DataFrame({"sample_id": IDS, **columns}))


def two_factors(rng: np.random.Generator) -> tuple[Directions, np.ndarray]:
    """Directions that mix two factors evenly, and the factors, shape (2, N)."""
    factors = np.linalg.qr(rng.normal(size=(N, 2)))[0].T * np.sqrt(N)
    factors -= factors.mean(axis=1, keepdims=True)
    rows = rng.normal(size=(200, 2)) @ factors + 0.5 * rng.normal(size=(200, N))
    return principal_directions(feature_set(rows).values, 2), factors


def r(one: np.ndarray, other: np.ndarray) -> float:
    return float(abs(np.corrcoef(one, other)[0, 1]))


def turned(
    directions: Directions, columns: np.ndarray, *, df: int = N - 2
) -> tuple[Directions, np.ndarray]:
    return turn_towards(directions, columns, df=df, least_share=0.5)


def test_what_the_trait_explains_stands_alone_and_stays() -> None:
    rng = np.random.default_rng(0)
    directions, (treated, batch) = two_factors(rng)
    trait = traits_of(dose=treated + 0.1 * rng.normal(size=N))
    found, stays = turned(directions, trait_columns(trait, IDS, intercept_only(N)))
    assert stays.tolist() == [True, False]
    assert r(found.values[0], treated) > 0.98
    assert r(found.values[1], batch) > 0.95
    np.testing.assert_allclose(found.values @ found.values.T / N, np.eye(2), atol=1e-8)


def test_the_turned_directions_remove_the_same() -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(2, N))
    features = feature_set(rng.normal(size=(60, 2)) @ factors + rng.normal(size=(60, N)))
    directions = principal_directions(features.values, 2)
    columns = trait_columns(traits_of(dose=factors[0]), IDS, features.design)
    found, stays = turned(directions, columns)
    assert stays.any()
    before = remove(features, directions, names=("a", "b"))
    after = remove(features, found, names=("a", "b"))
    np.testing.assert_allclose(after.values, before.values, atol=1e-6)


def test_a_trait_that_explains_nothing_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    directions, _ = two_factors(rng)
    trait = traits_of(age=rng.normal(size=N))
    found, stays = turned(directions, trait_columns(trait, IDS, intercept_only(N)))
    assert found is directions
    assert stays.tolist() == [False, False]


@pytest.mark.parametrize(("n_samples", "n_axes", "n_columns"), [(20, 4, 1), (30, 6, 6), (40, 8, 9)])
def test_chance_explains_nothing_in_small_cohorts(
    n_samples: int, n_axes: int, n_columns: int
) -> None:
    """Several axes are free to turn towards several columns: that is accounted for."""
    kept = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        basis = np.linalg.qr(np.column_stack([np.ones(n_samples), rng.normal(size=(n_samples, 9))]))
        columns = basis[0][:, 1 : 1 + n_columns]
        rows = rng.normal(size=(60, n_samples))
        directions = principal_directions(rows - rows.mean(axis=1, keepdims=True), n_axes)
        kept += int(turned(directions, columns, df=n_samples - 2)[1].any())
    assert kept <= 6


def test_groups_and_missing_values_count_as_no_opinion() -> None:
    rng = np.random.default_rng(3)
    directions, (treated, _) = two_factors(rng)
    group = pd.Series(np.select([treated < -0.5, treated > 0.5], ["low", "high"], "mid"))
    dose = pd.Series(treated.copy())
    group[[0, 5, 9]] = None
    dose[[1, 2, 3]] = np.nan
    for trait in (traits_of(group=group), traits_of(dose=dose)):
        columns = trait_columns(trait, IDS, intercept_only(N))
        assert np.isfinite(columns).all()
        found, stays = turned(directions, columns)
        assert stays.tolist() == [True, False]
        assert r(found.values[0], treated) > 0.9


def test_columns_are_orthonormal_and_free_of_covariates() -> None:
    rng = np.random.default_rng(4)
    design = extend(intercept_only(N), rng.normal(size=(N, 2)), names=["a", "b"])
    traits = traits_of(age=rng.normal(size=N), sex=rng.choice(["f", "m"], N), one=["x"] * N)
    columns = trait_columns(traits, IDS, design)
    assert columns.shape == (N, 2)  # a constant trait has none
    np.testing.assert_allclose(columns.T @ columns, np.eye(2), atol=1e-10)
    np.testing.assert_allclose(columns.T @ design.basis, 0.0, atol=1e-10)


def test_a_trait_that_is_a_covariate_has_no_columns() -> None:
    rng = np.random.default_rng(5)
    age = rng.normal(50, 10, size=N)
    sex = rng.choice(["f", "m"], N)
    matrix = np.column_stack([age, sex == "m"]).astype(float)
    design = extend(intercept_only(N), matrix, names=["age", "sex"])
    assert trait_columns(traits_of(age=age, sex=sex), IDS, design).shape == (N, 0)


def test_no_traits_change_nothing() -> None:
    directions, _ = two_factors(np.random.default_rng(6))
    found, stays = turned(directions, trait_columns((), IDS, intercept_only(N)))
    assert found is directions
    assert not stays.any()


def test_a_curve_that_a_trait_explains_stays_too() -> None:
    rng = np.random.default_rng(7)
    directions, (_, batch) = two_factors(rng)
    bent = batch**2 - np.mean(batch**2)
    bent = residualise(bent[None], intercept_only(N)) / bent.std()
    columns = trait_columns(traits_of(dose=bent[0]), IDS, intercept_only(N))
    _, stays = turned(directions.with_curves(bent), columns)
    assert stays.tolist() == [False, False, True]

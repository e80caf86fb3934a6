"""Removal and loadings equal an explicit loop that leaves each row's own part out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isograph.features.covariates import Design, intercept_only
from isograph.features.design import extend, residualise
from isograph.features.model import FeatureSet
from isograph.programmes.directions import (
    Directions,
    loadings,
    principal_directions,
    regress,
    remove,
)
from tests.network.synthetic import feature_set

SHAPES = [(1, 12, 1), (5, 20, 2), (40, 30, 3), (300, 25, 4)]


def some_features(
    rng: np.random.Generator, n_rows: int, n_samples: int, *, n_covariates: int = 0
) -> FeatureSet:
    design = intercept_only(n_samples)
    if n_covariates:
        names = [f"c{k}" for k in range(n_covariates)]
        design = extend(design, rng.normal(size=(n_samples, n_covariates)), names=names)
    shared = rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, n_samples))
    rows = shared + rng.normal(size=(n_rows, n_samples))
    return feature_set(residualise(rows, design), design=design)


def some_directions(
    rng: np.random.Generator, features: FeatureSet, k: int, *, n_curves: int = 0, part: bool = False
) -> Directions:
    rows = np.sort(rng.permutation(features.n_features)[: max(features.n_features // 2, k)])
    source = features.values[rows] if part else features.values
    curves = residualise(rng.normal(size=(n_curves, features.n_samples)), features.design)
    directions = principal_directions(source, k, curves=curves)
    return dataclasses.replace(directions, rows=rows) if part else directions


def without_own_part(directions: Directions, row: int) -> np.ndarray:
    """The directions as row `row` sees them, shape (n_directions + n_curves, n_samples)."""
    values = directions.everything.copy()
    known = np.arange(len(directions.source)) if directions.rows is None else directions.rows
    place = np.flatnonzero(known == row)
    for k in range(len(directions)):
        if len(place):
            values[k] -= directions.weight[place[0], k] * directions.source[place[0]]
    return values


@pytest.mark.parametrize(("n_rows", "n_samples", "k"), SHAPES)
@pytest.mark.parametrize("n_curves", [0, 2])
@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("n_covariates", [0, 2])
def test_removal_and_loadings_equal_a_loop_over_rows(
    n_rows: int, n_samples: int, k: int, n_curves: int, part: bool, n_covariates: int
) -> None:
    rng = np.random.default_rng(n_rows + k)
    features = some_features(rng, n_rows, n_samples, n_covariates=n_covariates)
    directions = some_directions(rng, features, k, n_curves=n_curves, part=part)
    names = tuple(f"d{i}" for i in range(len(directions.everything)))
    clean = remove(features, directions, names=names)
    r = loadings(features, directions)
    for row, values in enumerate(features.values):
        seen = without_own_part(directions, row)
        if np.linalg.matrix_rank(seen, tol=1e-6) < len(seen):
            continue
        rest = values - np.linalg.lstsq(seen.T, values, rcond=None)[0] @ seen
        rest /= np.sqrt(np.mean((rest - rest.mean()) ** 2))
        np.testing.assert_allclose(clean.values[row], rest, atol=1e-5)
        expected = [np.corrcoef(values, one)[0, 1] for one in seen]
        np.testing.assert_allclose(r[row], expected, atol=1e-7)


def test_regression_given_a_row_is_the_partial_one() -> None:
    rng = np.random.default_rng(2)
    features = some_features(rng, 30, 25)
    directions = some_directions(rng, features, 3)
    given = rng.normal(size=features.values.shape)
    given[7] = 0.0
    given -= given.mean(axis=1, keepdims=True)
    fit = regress(
        features.values, directions.values, directions.weight, directions.source, given=given
    )
    for row, values in enumerate(features.values):
        beside = given[[row]] if row != 7 else np.zeros((0, 25))
        seen = without_own_part(directions, row)
        total = values - _fitted(values, beside)
        rest = values - _fitted(values, np.vstack([beside, seen]))
        assert fit.r2[row] == pytest.approx(1 - (rest @ rest) / (total @ total), abs=1e-6)


def _fitted(values: np.ndarray, on: np.ndarray) -> np.ndarray:
    if not len(on):
        return np.zeros_like(values)
    return np.linalg.lstsq(on.T, values, rcond=None)[0] @ on


def test_turning_directions_removes_the_same() -> None:
    rng = np.random.default_rng(3)
    features = some_features(rng, 50, 30)
    directions = some_directions(rng, features, 3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    names = ("a", "b", "c")
    once = remove(features, directions, names=names)
    turned = remove(features, directions.turned(turn), names=names)
    np.testing.assert_allclose(turned.values, once.values, atol=1e-6)


def test_rows_stay_standardised_and_orthogonal_to_covariates() -> None:
    rng = np.random.default_rng(4)
    features = some_features(rng, 60, 40, n_covariates=3)
    clean = remove(features, some_directions(rng, features, 2), names=("a", "b"))
    np.testing.assert_allclose(clean.values @ features.design.basis, 0.0, atol=1e-8)
    np.testing.assert_allclose(np.mean(clean.values**2, axis=1), 1.0)


class TestGaps:
    @staticmethod
    def with_gaps(rng: np.random.Generator, *, share: float = 0.4) -> tuple[FeatureSet, np.ndarray]:
        """Followers of one factor beside a covariate, a third of them seen in part only."""
        n = 60
        design = extend(intercept_only(n), rng.normal(size=(n, 1)), names=["c"])
        factor = residualise(rng.normal(size=(1, n)), design)[0]
        rows = rng.choice([-1, 1], (90, 1)) * factor + 0.7 * rng.normal(size=(90, n))
        seen = np.ones(rows.shape, dtype=bool)
        seen[:30] = rng.random((30, n)) > share
        rest = residualise(np.where(seen, rows, np.nan), design)
        return feature_set(np.nan_to_num(rest), observed=seen, design=design), factor

    def test_zeros_stay_zeros(self) -> None:
        features, _ = self.with_gaps(np.random.default_rng(0))
        clean = remove(features, principal_directions(features.values, 1), names=("a",))
        assert (clean.values[~features.observed] == 0).all()
        assert (clean.observed == features.observed).all()

    def test_rows_stay_orthogonal_to_covariates_where_observed(self) -> None:
        features, _ = self.with_gaps(np.random.default_rng(1))
        clean = remove(features, principal_directions(features.values, 1), names=("a",))
        np.testing.assert_allclose(clean.values @ features.design.basis, 0.0, atol=1e-6)

    def test_a_row_with_gaps_keeps_nothing_of_the_direction(self) -> None:
        features, factor = self.with_gaps(np.random.default_rng(2))
        clean = remove(features, principal_directions(features.values, 1), names=("a",))
        left = []
        for row, seen in zip(clean.values[:30], features.observed[:30], strict=True):
            left.append(np.corrcoef(row[seen], factor[seen])[0, 1])
        assert np.mean(np.square(left)) <= 0.02
        pairs = clean.values[:30] @ clean.values[:30].T / clean.n_samples
        assert np.abs(pairs[np.triu_indices(30, 1)]).max() < 0.65

    def test_a_row_seen_in_fewer_samples_than_there_are_directions_becomes_zero(self) -> None:
        rng = np.random.default_rng(3)
        rows = rng.normal(size=(20, 30))
        seen = np.ones(rows.shape, dtype=bool)
        seen[0, 3:] = False
        seen[1, 6:] = False
        features = feature_set(rows, observed=seen)
        clean = remove(features, principal_directions(features.values, 4), names=tuple("abcd"))
        assert np.isfinite(clean.values).all()
        assert (clean.values[0] == 0).all()
        assert (clean.values[1] != 0).any()


def test_what_the_directions_explain_whole_becomes_zero() -> None:
    rng = np.random.default_rng(6)
    source = rng.normal(size=(40, 30))
    directions = principal_directions(source - source.mean(axis=1, keepdims=True), 2)
    # rows that were not weighted themselves have no part of their own to leave out
    directions = dataclasses.replace(directions, rows=np.arange(2, 42))
    rows = np.vstack([[[1.0, 2.0], [1.0, -1.0]] @ directions.values, source])
    clean = remove(feature_set(rows), directions, names=("a", "b"))
    assert (clean.values[:2] == 0).all()
    assert (np.mean(clean.values[2:] ** 2, axis=1) > 0.99).all()


def test_there_are_no_more_directions_than_the_rank_of_the_rows() -> None:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(2, 20))
    rows -= rows.mean(axis=1, keepdims=True)
    assert len(principal_directions(rows, 6)) == 2
    assert len(principal_directions(np.zeros((4, 20)), 3)) == 0
    found = principal_directions(np.vstack([rows, -rows]), 6)
    np.testing.assert_allclose(found.values.mean(axis=1), 0.0, atol=1e-9)


def test_directions_do_not_depend_on_the_sign_or_order_of_rows() -> None:
    rng = np.random.default_rng(8)
    features = some_features(rng, 40, 25)
    flipped = features.values * rng.choice([-1.0, 1.0], (40, 1))
    first = principal_directions(features.values, 3)
    other = principal_directions(flipped[rng.permutation(40)], 3)
    np.testing.assert_allclose(other.values, first.values, atol=1e-8)


class TestExtendedDesign:
    def test_rank_rises_by_the_columns(self) -> None:
        rng = np.random.default_rng(0)
        design = extend(intercept_only(20), rng.normal(size=(20, 2)), names=["a", "b"])
        longer = extend(design, rng.normal(size=(20, 3)), names=["x", "y", "z"])
        assert (longer.rank, longer.df_residual) == (5, 14)
        assert longer.columns == ("Intercept", "a", "b", "x", "y", "z")
        np.testing.assert_allclose(longer.basis.T @ longer.basis, np.eye(6), atol=1e-12)

    def test_a_column_that_the_design_spans_costs_nothing_and_is_named(self) -> None:
        rng = np.random.default_rng(1)
        columns = rng.normal(size=(20, 2))
        design: Design = extend(intercept_only(20), columns, names=["a", "b"])
        longer = extend(design, np.column_stack([columns.sum(axis=1), np.ones(20)]), names="xy")
        assert longer.rank == 2
        assert longer.aliased == ("x", "y")

    def test_removal_lowers_the_degrees_of_freedom(self) -> None:
        rng = np.random.default_rng(2)
        features = some_features(rng, 30, 25)
        clean = remove(features, some_directions(rng, features, 3), names=tuple("abc"))
        assert clean.df_residual == features.df_residual - 3
        assert clean.design.columns[-3:] == ("a", "b", "c")

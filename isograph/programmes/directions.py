"""Broad factors as directions in sample space, and their removal row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isograph.features.design import extend
from isograph.features.model import FeatureSet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CHUNK = 4096
_RIDGE = 1e-9
_NONE = 1e-12


@dataclass(frozen=True)
class Directions:
    """Directions that many features load on, and what each feature put into them.

    A feature correlates with every average that it is part of, and removing such an average makes
    two features that dominate it look opposed. So a row's own part is taken out before anything is
    said about it: its direction k is `values[k] − weight[row, k] · source[row]`.

    Attributes:
        values: shape (n_directions, n_samples), rows of mean 0 and mean square 1.
        weight: part of each weighted feature in each direction, shape (n_weighted, n_directions).
        source: the rows that were weighted, shape (n_weighted, n_samples).
        curves: further directions that are functions of the first (a curved response), without
            own parts, shape (n_curves, n_samples).
        rows: which features were weighted, sorted, shape (n_weighted,); None if all were, in order.
    """

    values: Floats
    weight: Floats
    source: Floats
    curves: Floats
    rows: Ints | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def everything(self) -> Floats:
        """Directions and curves, shape (n_directions + n_curves, n_samples)."""
        return np.vstack([self.values, self.curves])

    @property
    def all_weights(self) -> Floats:
        """Weights with zeros for curves, shape (n_features, n_directions + n_curves)."""
        none = np.zeros((len(self.weight), len(self.curves)))
        return np.hstack([self.weight, none])

    def block(self, start: int, stop: int) -> tuple[Floats, Floats]:
        """Weights (curves included) and source of features `start` to `stop`, 0 for others."""
        if self.rows is None:
            return self.all_weights[start:stop], self.source[start:stop]
        first, last = np.searchsorted(self.rows, [start, stop])
        place = self.rows[first:last] - start
        weight = np.zeros((stop - start, len(self.everything)))
        source = np.zeros((stop - start, self.values.shape[1]))
        weight[place, : len(self)] = self.weight[first:last]
        source[place] = self.source[first:last]
        return weight, source

    def with_curves(self, curves: Floats) -> Directions:
        """The same directions with these curves instead of their own."""
        return replace(self, curves=curves)

    def turned(self, turn: Floats) -> Directions:
        """New directions that are combinations of the old ones, scaled to mean square 1.

        Args:
            turn: shape (n_new, n_directions).
        """
        values = turn @ self.values
        size = np.sqrt(np.mean(np.square(values), axis=1))
        return replace(self, values=values / size[:, None], weight=self.weight @ turn.T / size)


def principal_directions(source: Floats, k: int, *, curves: Floats | None = None) -> Directions:
    """The leading k principal components of rows.

    Args:
        source: rows of mean 0, shape (n_features, n_samples).
        k: how many, at most; there are no more than the rank of the rows.
        curves: kept beside them, shape (n_curves, n_samples).
    """
    n_samples = source.shape[1]
    power, vectors = np.linalg.eigh(source.T @ source)
    # beyond the rank vectors are arbitrary, and nothing follows them
    k = min(k, int(np.count_nonzero(power > _RIDGE * max(float(power[-1]), _NONE))))
    vectors = vectors[:, ::-1][:, :k]
    # the sign of an eigenvector is the library's choice; ours is the side of its largest sample
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(k)])
    strength = np.maximum(power[::-1][:k], _NONE)
    return Directions(
        values=vectors.T * np.sqrt(n_samples),
        weight=source @ vectors / strength * np.sqrt(n_samples),
        source=source,
        curves=np.empty((0, n_samples)) if curves is None else curves,
    )


@dataclass(frozen=True)
class Regression:
    """Least-squares fit of rows on directions, each row's own part taken out.

    Attributes:
        r2: share of each row that the directions explain (beside `given`), shape (n_rows,).
        beta: coefficients, shape (n_rows, n_directions).
    """

    r2: Floats
    beta: Floats


def regress(
    targets: Floats,
    values: Floats,
    weight: Floats,
    source: Floats,
    *,
    given: Floats | None = None,
) -> Regression:
    """Regress each row on the directions without its own part.

    Args:
        targets: shape (n_rows, n_samples).
        values: shape (n_directions, n_samples).
        weight: shape (n_rows, n_directions).
        source: shape (n_rows, n_samples).
        given: one further regressor a row, taken out of target and directions first (so `r2` is
            partial), shape (n_rows, n_samples); rows of zeros take out nothing.

    Returns:
        The fit.
    """
    n_rows = len(targets)
    r2 = np.empty(n_rows)
    beta = np.empty((n_rows, len(values)))
    for start in range(0, n_rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        beside = None if given is None else given[part]
        r2[part], beta[part] = _regress_block(
            targets[part], values, weight[part], source[part], beside
        )
    return Regression(r2=r2, beta=beta)


def _regress_block(
    targets: Floats, values: Floats, weight: Floats, source: Floats, given: Floats | None
) -> tuple[Floats, Floats]:
    k, n_samples = values.shape
    cross = targets @ values.T - weight * _dot(targets, source)[:, None]
    gram = (values @ values.T)[None] - _own_part(values, weight, source)
    total = _dot(targets, targets)
    if given is not None:
        size = _dot(given, given)
        inverse = np.where(size > _NONE, 1.0 / np.maximum(size, _NONE), 0.0)
        along = given @ values.T - weight * _dot(given, source)[:, None]
        with_target = _dot(targets, given)
        cross = cross - along * (with_target * inverse)[:, None]
        gram = gram - along[:, :, None] * along[:, None, :] * inverse[:, None, None]
        total = total - with_target**2 * inverse
    gram = gram + _RIDGE * n_samples * np.eye(k)
    beta = np.linalg.solve(gram, cross[:, :, None])[:, :, 0]
    r2 = np.clip(_dot(beta, cross) / np.maximum(total, _NONE), 0.0, 1.0 - 1e-12)
    return np.where(total > _NONE * n_samples, r2, 0.0), beta


def _own_part(values: Floats, weight: Floats, source: Floats) -> Floats:
    """What the products of directions lose without a row's own part, shape (n_rows, k, k)."""
    outer = weight[:, :, None] * (source @ values.T)[:, None, :]
    square = _dot(source, source)[:, None, None] * weight[:, :, None] * weight[:, None, :]
    part: Floats = outer + outer.transpose(0, 2, 1) - square
    return part


def _rest_where_observed(
    rows: Floats,
    values: Floats,
    weight: Floats,
    source: Floats,
    *,
    observed: npt.NDArray[np.bool_],
    basis: Floats,
) -> Floats:
    """Rows with gaps less the design and the directions, fitted on their observed samples alone.

    A zero says nothing, but would count as a sample that does not follow; and on a part of the
    samples directions are not orthogonal to the design.
    """
    n_samples, n_known = basis.shape
    known = basis.T * np.sqrt(n_samples)
    values = np.vstack([known, values])
    weight = np.hstack([np.zeros((len(rows), n_known)), weight])
    k = len(values)
    source = np.where(observed, source, 0.0)
    products = (values[:, None, :] * values[None]).reshape(k * k, n_samples)
    gram = (observed @ products.T).reshape(-1, k, k) - _own_part(values, weight, source)
    gram = gram + _RIDGE * n_samples * np.eye(k)
    cross = rows @ values.T - weight * _dot(rows, source)[:, None]
    beta = np.linalg.solve(gram, cross[:, :, None])[:, :, 0]
    rest = rows - beta @ values + _dot(beta, weight)[:, None] * source
    # as many coefficients as samples: what is left is rounding
    enough = observed.sum(axis=1, keepdims=True) > k
    return np.where(observed & enough, rest, 0.0)


def _dot(a: Floats, b: Floats) -> Floats:
    product: Floats = np.einsum("ij,ij->i", a, b)
    return product


def remove(features: FeatureSet, directions: Directions, *, names: tuple[str, ...]) -> FeatureSet:
    """Features without the directions, which become columns of the design.

    Degrees of freedom, half-samples and trait tests follow the design, so all of them account for
    what was removed.

    Args:
        features: standardised features.
        directions: over the same features.
        names: of directions and curves, for the design.

    Returns:
        Rows of mean 0 and variance 1 again, 0 where not observed; a row that the directions
        explain whole becomes 0.
    """
    values = np.empty_like(features.values)
    everything = directions.everything
    for start in range(0, features.n_features, _CHUNK):
        stop = min(start + _CHUNK, features.n_features)
        rows = features.values[start:stop]
        weight, source = directions.block(start, stop)
        fit = regress(rows, everything, weight, source)
        rest = rows - fit.beta @ everything + _dot(fit.beta, weight)[:, None] * source
        observed = features.observed[start:stop]
        gaps = np.flatnonzero(~observed.all(axis=1))
        if len(gaps):
            rest[gaps] = _rest_where_observed(
                rows[gaps],
                everything,
                weight[gaps],
                source[gaps],
                observed=observed[gaps],
                basis=features.design.basis,
            )
        values[start:stop] = _standardised(rest, observed)
    return replace(
        features, values=values, design=extend(features.design, everything.T, names=names)
    )


def _standardised(rows: Floats, observed: npt.NDArray[np.bool_]) -> Floats:
    n_samples = rows.shape[1]
    if observed.all():
        rows = rows - rows.mean(axis=1, keepdims=True)
    else:
        count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
        rows = np.where(observed, rows, 0.0)
        rows = np.where(observed, rows - rows.sum(axis=1, keepdims=True) / count, 0.0)
    norm = np.sqrt(_dot(rows, rows) / n_samples)
    return rows / np.where(norm > 1e-6, norm, np.inf)[:, None]


def loadings(features: FeatureSet, directions: Directions) -> Floats:
    """Correlation of every feature with every direction, its own part taken out of it.

    Args:
        features: before removal.
        directions: over the same features.

    Returns:
        Shape (n_features, n_directions + n_curves).
    """
    everything = directions.everything
    r = np.empty((features.n_features, len(everything)))
    for start in range(0, features.n_features, _CHUNK):
        stop = min(start + _CHUNK, features.n_features)
        rows = features.values[start:stop]
        weight, source = directions.block(start, stop)
        cross = rows @ everything.T - weight * _dot(rows, source)[:, None]
        size = np.einsum("ks,ks->k", everything, everything) - 2 * weight * (source @ everything.T)
        size = np.maximum(size + weight**2 * _dot(source, source)[:, None], _NONE)
        total = np.maximum(_dot(rows, rows), _NONE)
        r[start:stop] = cross / np.sqrt(size * total[:, None])
    clipped: Floats = np.clip(r, -1.0, 1.0)
    return clipped

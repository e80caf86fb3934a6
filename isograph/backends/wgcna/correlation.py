"""Pearson correlation and biweight midcorrelation of many features, with missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isograph.errors import InputError, Problems
from isograph.machine import blocks, in_threads, one_thread

CorrelationKind = Literal["pearson", "bicor"]
FloatArray = npt.NDArray[np.float64]

# Wilcox (2005), section 9.3.8: nine median absolute deviations out, weight is zero
_BICOR_REACH = 9.0
_FEWEST_SAMPLES = 4
_CONSTANT = 1e-12  # share of a feature's sum of squares
_BLOCK = 512


@dataclass(frozen=True)
class Correlator:
    """Features made ready, so that any block of their correlation matrix is a product.

    Attributes:
        kind: which correlation.
        unit: rows centred and of length 1, missing values 0; shape (n_features, n_samples).
        incomplete: features with a missing value, ascending, shape (n_incomplete,).
        corrected: correlations of `incomplete` with every feature, over the samples that both
            have; shape (n_incomplete, n_features).
    """

    kind: CorrelationKind
    unit: FloatArray
    incomplete: npt.NDArray[np.intp]
    corrected: FloatArray

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.unit)

    def rows(self, block: slice) -> FloatArray:
        """Correlations of some features with all, shape (n_block, n_features), in [−1, 1]."""
        r: FloatArray = self.unit[block] @ self.unit.T
        if len(self.incomplete):
            r[:, self.incomplete] = self.corrected[:, block].T
            start, stop, _ = block.indices(self.n_features)
            first, last = np.searchsorted(self.incomplete, [start, stop])
            r[self.incomplete[first:last] - start] = self.corrected[first:last]
        np.clip(r, -1.0, 1.0, out=r)
        return r

    def subset(self, members: npt.NDArray[np.intp]) -> Correlator:
        """The same for some features, in ascending order, shape (n_members,)."""
        lacking = np.isin(members, self.incomplete)
        rows = np.searchsorted(self.incomplete, members[lacking])
        return Correlator(
            kind=self.kind,
            unit=self.unit[members],
            incomplete=np.flatnonzero(lacking),
            corrected=self.corrected[np.ix_(rows, members)],
        )

    def full(self) -> FloatArray:
        """The whole matrix, shape (n_features, n_features); symmetric, diagonal 1."""
        r = np.empty((self.n_features, self.n_features))
        for block in blocks(self.n_features, _BLOCK):
            r[block] = self.rows(block)
        np.fill_diagonal(r, 1.0)
        return r


def prepare(values: npt.ArrayLike, *, kind: CorrelationKind = "pearson") -> Correlator:
    """Make features ready for correlation.

    `pearson` takes each pair's common samples. `bicor` is Langfelder & Horvath (2012), J Stat
    Softw 46(11), equations 1–3, without a limit on outliers; features whose median absolute
    deviation is 0 enter as in Pearson correlation, each by itself.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        kind: which correlation.

    Returns:
        The correlator. Memory: twice `values`, and n_incomplete × n_features.

    Raises:
        InputError: not a matrix, too few samples, infinite or constant features.
    """
    x = check_values(values)
    unit = _unit_rows(x, kind)
    incomplete = np.flatnonzero(np.isnan(x).any(axis=1))
    if kind == "pearson":
        corrected = _pairwise_pearson(x, incomplete)
    else:
        corrected = _pairwise_bicor(x, incomplete)
    return Correlator(kind=kind, unit=unit, incomplete=incomplete, corrected=corrected)


def correlation_matrix(values: npt.ArrayLike, *, kind: CorrelationKind = "pearson") -> FloatArray:
    """All correlations at once, shape (n_features, n_features); see `prepare`."""
    return prepare(values, kind=kind).full()


def cross_correlation(
    values: npt.ArrayLike, profiles: npt.ArrayLike, *, kind: CorrelationKind = "pearson"
) -> FloatArray:
    """Correlations of features with complete profiles, over the samples each feature has.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        profiles: shape (n_profiles, n_samples), no missing values.
        kind: which correlation.

    Returns:
        Shape (n_features, n_profiles).

    Raises:
        InputError: as `prepare`.
    """
    x, p = check_values(values), np.atleast_2d(np.asarray(profiles, dtype=np.float64))
    r: FloatArray = _unit_rows(x, kind) @ _unit_rows(p, kind).T
    incomplete = np.flatnonzero(np.isnan(x).any(axis=1))
    if len(incomplete):
        both = np.vstack([x[incomplete], p])
        own = np.arange(len(incomplete))
        if kind == "pearson":
            pairs = _pairwise_pearson(both, own)
        else:
            pairs = _pairwise_bicor(both, own)
        r[incomplete] = pairs[:, len(incomplete) :]
    clipped: FloatArray = np.clip(r, -1.0, 1.0)
    return clipped


def check_values(values: npt.ArrayLike) -> FloatArray:
    """The values as float64, shape (n_features, n_samples), or an error that says what is wrong.

    Raises:
        InputError: not a matrix, too few samples, infinite or constant features.
    """
    x = np.asarray(values, dtype=np.float64)
    problems = Problems()
    if x.ndim != 2 or not len(x):
        problems.add("values", f"shape {x.shape}", fix="give features × samples")
        problems.raise_if_any(InputError, "no correlation network of these values")
    infinite = np.flatnonzero(np.isinf(x).any(axis=1))
    seen = np.count_nonzero(~np.isnan(x), axis=1)
    few = np.flatnonzero(seen < _FEWEST_SAMPLES)
    filled_low = np.where(np.isnan(x), np.inf, x).min(axis=1)
    filled_high = np.where(np.isnan(x), -np.inf, x).max(axis=1)
    constant = np.flatnonzero((seen >= _FEWEST_SAMPLES) & (filled_low == filled_high))
    for rows, what, fix in (
        (infinite, "infinite values", "mark them missing"),
        (few, f"fewer than {_FEWEST_SAMPLES} samples with a value", "leave these features out"),
        (constant, "the same value in every sample", "leave these features out"),
    ):
        if len(rows):
            problems.add("features", what, examples=rows[:3], count=len(rows), fix=fix)
    problems.raise_if_any(InputError, "no correlation network of these values")
    return x


def _unit_rows(x: FloatArray, kind: CorrelationKind) -> FloatArray:
    """Rows of length 1 whose products are correlations; missing values become 0."""
    centred = x - _row_means(x)
    if kind == "bicor":
        weighted, usable = _biweighted(x)
        centred = np.where(usable[:, None], weighted, centred)
    np.nan_to_num(centred, copy=False, nan=0.0)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    # a feature may have nothing left in the samples that it shares with another
    unit: FloatArray = centred / np.where(length > 0, length, 1.0)[:, None]
    return unit


def _row_means(x: FloatArray) -> FloatArray:
    """Mean of what is not missing in each row, 0 where all is, shape (n_rows, 1)."""
    seen = np.count_nonzero(~np.isnan(x), axis=1)
    means: FloatArray = np.nansum(x, axis=1) / np.maximum(seen, 1)
    return means[:, None]


def _biweighted(x: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """(x − median) times its biweight, and whether the median absolute deviation is not 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        away = x - _row_medians(x)
        mad = _row_medians(np.abs(away))
        u = away / (_BICOR_REACH * mad)
        weighted = away * np.square(np.maximum(1.0 - np.square(u), 0.0))
    return weighted, mad[:, 0] > 0


def _row_medians(x: FloatArray) -> FloatArray:
    """Median of what is not missing in each row, shape (n_rows, 1)."""
    ranked = np.sort(x, axis=1)
    seen = np.count_nonzero(~np.isnan(ranked), axis=1)
    own = np.arange(len(x))
    middle: FloatArray = (ranked[own, (seen - 1) // 2] + ranked[own, seen // 2]) / 2
    return middle[:, None]


def _pairwise_pearson(x: FloatArray, incomplete: npt.NDArray[np.intp]) -> FloatArray:
    """Pearson correlation over common samples, shape (len(incomplete), n_features).

    Pairs that share fewer than four samples have no correlation to speak of: 0.
    """
    if not len(incomplete):
        return np.empty((0, len(x)))
    seen = (~np.isnan(x)).astype(np.float64)
    # centring first keeps the sums of squares from cancelling
    z = np.nan_to_num(x - _row_means(x), nan=0.0)
    own_seen, own = seen[incomplete], z[incomplete]
    n = own_seen @ seen.T
    own_sum, other_sum = own @ seen.T, own_seen @ z.T
    enough = n >= _FEWEST_SAMPLES
    n = np.maximum(n, 1.0)
    own_var = np.square(own) @ seen.T - np.square(own_sum) / n
    other_var = own_seen @ np.square(z).T - np.square(other_sum) / n
    variance = own_var * other_var
    # what is left of a feature in the common samples may not vary
    enough &= own_var > _CONSTANT * np.square(own).sum(axis=1)[:, None]
    enough &= other_var > _CONSTANT * np.square(z).sum(axis=1)
    variance[~enough] = 1.0
    r: FloatArray = (own @ z.T - own_sum * other_sum / n) / np.sqrt(variance)
    r[~enough] = 0.0
    return r


def _pairwise_bicor(x: FloatArray, incomplete: npt.NDArray[np.intp]) -> FloatArray:
    """Biweight midcorrelation over common samples, shape (len(incomplete), n_features).

    Medians are those of the common samples, so every pattern of missing values needs them anew:
    time grows with the number of different patterns.
    """
    corrected = np.empty((len(incomplete), len(x)))
    patterns, which = np.unique(np.isnan(x[incomplete]), axis=0, return_inverse=True)
    which = which.ravel()

    def fill(number: int) -> None:
        pattern = patterns[number]
        others = _unit_rows(np.where(pattern, np.nan, x), "bicor")
        for row in np.flatnonzero(which == number):
            own = x[incomplete[row]]
            # the feature's own weights, with what each pattern of the others leaves it
            against = _unit_rows(np.where(patterns | pattern, np.nan, own), "bicor")
            corrected[row] = others @ _unit_rows(own[None], "bicor")[0]
            corrected[row, incomplete] = np.einsum("ij,ij->i", others[incomplete], against[which])

    with one_thread():
        in_threads(fill, list(range(len(patterns))))
    return corrected

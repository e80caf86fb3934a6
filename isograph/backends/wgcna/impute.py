"""Missing values from the nearest rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

NEIGHBOURS = 10


def impute_nearest(values: FloatArray, *, neighbours: int = NEIGHBOURS) -> FloatArray:
    """Fill each missing value with the mean over the row's nearest rows.

    Troyanskaya et al. (2001), Bioinformatics 17:520. Distance is the mean squared difference over
    the columns that both rows have; neighbours that lack the value themselves do not enter the
    mean, and if all lack it, the column's mean is taken. Rows that miss more than half of their
    values get column means. All rows are compared; R's `impute.knn` first splits more than 1,500
    rows into clusters, so that values differ there.

    Args:
        values: shape (n_rows, n_columns), NaN where missing; every column has a value somewhere.
        neighbours: how many rows.

    Returns:
        No missing values, shape of `values`. Memory: n_rows × rows with missing values.
    """
    missing = np.isnan(values)
    rows = np.flatnonzero(missing.any(axis=1))
    if not len(rows):
        return values
    seen = (~missing).astype(np.float64)
    x = np.where(missing, 0.0, values)
    own, own_seen = x[rows], seen[rows]
    # columns nobody has fall back on the mean of all values
    counts = seen.sum(axis=0)
    column_mean = np.where(counts > 0, x.sum(axis=0) / np.maximum(counts, 1), x.sum() / seen.sum())
    common = own_seen @ seen.T
    squared = np.square(own) @ seen.T + own_seen @ np.square(x).T - 2 * own @ x.T
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.where(common > 0, squared / common, np.inf)
    distance[np.arange(len(rows)), rows] = np.inf
    count = min(neighbours, len(values) - 1)
    near = np.argsort(distance, axis=1, kind="stable")[:, :count]
    at, column = np.nonzero(missing[rows])
    usable = seen[near[at], column[:, None]]
    total = (x[near[at], column[:, None]] * usable).sum(axis=1)
    number = usable.sum(axis=1)
    filled = np.where(number > 0, total / np.maximum(number, 1), column_mean[column])
    sparse = missing[rows].mean(axis=1) > 0.5
    filled = np.where(sparse[at], column_mean[column], filled)
    result = values.copy()
    result[rows[at], column] = filled
    return result

"""Ranks and normal scores of rows: what holds whatever a few large values say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special


def average_ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ranks within each row from 1, equal values sharing their mean rank.

    Args:
        values: shape (n_rows, n_samples).

    Returns:
        Shape (n_rows, n_samples).
    """
    n_rows, n = values.shape
    if values.size == 0:
        return np.empty((n_rows, n))
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    starts = np.ones((n_rows, n), dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    group = np.cumsum(starts) - 1
    place = np.tile(np.arange(1.0, n + 1), n_rows)
    mean = np.bincount(group, weights=place) / np.bincount(group)
    ranks = np.empty((n_rows, n))
    np.put_along_axis(ranks, order, mean[group].reshape(n_rows, n), axis=1)
    return ranks


def normal_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rows with the quantiles of a normal distribution in the places of their values.

    Φ⁻¹((rank − ½)/n), with mean 0 and mean square 1 (Blom 1958 for the idea of such scores).

    Args:
        values: shape (n_rows, n_samples).

    Returns:
        Shape (n_rows, n_samples); 0 where a row does not vary.
    """
    scores = special.ndtri((average_ranks(values) - 0.5) / max(values.shape[1], 1))
    scores -= scores.mean(axis=1, keepdims=True)
    size = np.sqrt(np.mean(np.square(scores), axis=1, keepdims=True))
    scaled: npt.NDArray[np.float64] = scores / np.where(size > 0, size, 1.0)
    return scaled

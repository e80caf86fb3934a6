"""Numbers of two tables beside each other, as bare arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 4096


def distance(left: Floats, right: Floats) -> Floats:
    """|left − right| / max(1, |left|, |right|), elementwise; 0 where both are missing, infinite
    where one is.
    """
    scale = np.maximum(1.0, np.fmax(np.abs(left), np.abs(right)))
    with np.errstate(invalid="ignore"):
        apart = np.where(left == right, 0.0, np.abs(left - right) / scale)
    missing, other_missing = np.isnan(left), np.isnan(right)
    apart = np.where(missing | other_missing, np.inf, apart)
    return np.where(missing & other_missing, 0.0, apart)


def row_distance(left: Floats, right: Floats, *, signed: Bools) -> tuple[Floats, Bools]:
    """Largest distance of two rows, for some rows whichever sign they have.

    Args:
        left: shape (n_rows, n_columns).
        right: the same.
        signed: rows whose sign counts, shape (n_rows,).

    Returns:
        The distance, and whether the sign was turned, each (n_rows,). A sign is turned only where
        that brings the row nearer.
    """
    straight, turned = np.empty(len(left)), np.empty(len(left))
    # a block of rows at a time: the intermediate arrays of 100,000 features need not be held
    for rows in blocks(len(left), _BLOCK):
        straight[rows] = distance(left[rows], right[rows]).max(axis=1, initial=0.0)
        turned[rows] = distance(left[rows], -right[rows]).max(axis=1, initial=0.0)
    flipped = ~signed & (turned < straight)
    return np.where(flipped, turned, straight), flipped


def row_correlation(left: Floats, right: Floats) -> Floats:
    """Pearson's r of each row with its counterpart over the columns that both have.

    Args:
        left: shape (n_rows, n_columns), NaN where missing.
        right: the same.

    Returns:
        Shape (n_rows,); NaN for fewer than two columns and for rows that do not vary.
    """
    known = np.isfinite(left) & np.isfinite(right)
    n = known.sum(axis=1, keepdims=True)
    x = np.where(known, left, 0.0)
    y = np.where(known, right, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(known, x - x.sum(axis=1, keepdims=True) / n, 0.0)
        y = np.where(known, y - y.sum(axis=1, keepdims=True) / n, 0.0)
        r = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    bounded: Floats = np.clip(r, -1.0, 1.0)
    return bounded

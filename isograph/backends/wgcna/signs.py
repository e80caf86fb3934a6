"""Signs that make the features of one group point the same way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.preclustering import leading_vector

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def group_signs(
    unit: FloatArray, labels: IntArray, *, turnable: BoolArray | None = None
) -> npt.NDArray[np.int8]:
    """Signs that turn each feature towards the first singular vector of its group.

    A feature of no group follows the group vector that it correlates with most, by |r|. A vector
    points the way most of its group's features go whose sign means something; vectors of groups
    without such features are turned towards the others along the maximum spanning tree of their
    |r|, from the largest group on if there is none to start from. With no group at all there is
    one vector, that of all features.

    Args:
        unit: rows of mean 0 and length 1, missing values 0; shape (n_features, n_samples).
        labels: groups 0 … n − 1, −1 for none, shape (n_features,).
        turnable: features whose sign is a convention, shape (n_features,); None for all. The
            others get +1.

    Returns:
        +1 or −1 (+1 where the correlation is 0), shape (n_features,).
    """
    if turnable is None:
        turnable = np.ones(len(unit), dtype=bool)
    n_groups = int(labels.max(initial=-1)) + 1
    # without a group, all features are one
    group = labels if n_groups else np.zeros_like(labels)
    sizes = np.bincount(group[group >= 0])
    vectors = np.array([leading_vector(unit[group == number]) for number in range(len(sizes))])
    r = unit @ vectors.T
    fixed = np.flatnonzero(~turnable & (group >= 0))
    pull = np.bincount(group[fixed], weights=r[fixed, group[fixed]], minlength=len(sizes))
    signs = _towards_each_other(vectors @ vectors.T, np.sign(pull), int(np.argmax(sizes)))
    follows = np.where(labels >= 0, labels, np.argmax(np.abs(r), axis=1))
    along = r[np.arange(len(r)), follows] * signs[follows]
    turned: npt.NDArray[np.int8] = np.where(turnable & (along < 0), -1, 1).astype(np.int8)
    return turned


def _towards_each_other(r: FloatArray, known: FloatArray, start: int) -> FloatArray:
    """Signs of vectors along the maximum spanning tree of |r| (Prim 1957), shape (n,).

    Args:
        r: correlations of the vectors, shape (n, n).
        known: signs that are fixed, 0 for the others, shape (n,).
        start: vector that gets +1 if none is fixed.
    """
    signs = np.where(known != 0, known, 1.0)
    inside = known != 0
    inside[start] |= not inside.any()
    for _ in range(int((~inside).sum())):
        open_pairs = np.where(inside[:, None] & ~inside[None, :], np.abs(r), -1.0)
        near, new = np.unravel_index(int(np.argmax(open_pairs)), r.shape)
        signs[new] = signs[near] * (1.0 if r[near, new] >= 0 else -1.0)
        inside[new] = True
    return signs

"""Second stage of the hybrid tree cut: leftovers go to the nearest module, as in PAM.

Langfelder, Zhang & Horvath (2008), Bioinformatics 24:719, supplement.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Overlap = npt.NDArray[np.floating]

_BLOCK = 1024


def assign_rest(
    labels: IntArray,
    small: IntArray,
    overlap: Overlap,
    *,
    reach: float,
    branch: IntArray | None = None,
) -> IntArray:
    """Give leftovers to the module with the least mean dissimilarity.

    Branches that were too small to be modules go first, each as a whole; one that finds no module
    stays out with all its members. Then single leaves follow. Near enough is: within `reach`, or
    within the module's own radius, the largest mean dissimilarity of a member to the others. All
    distances are to the modules as they came out of the tree, whatever joined them since.

    Args:
        labels: modules from 0, −1 for leftovers, shape (n,).
        small: too small branch of each leftover, −1 for none, shape (n,).
        overlap: similarities, symmetric, diagonal 1, shape (n, n).
        reach: dissimilarity that is always near enough.
        branch: branch that each leaf may not leave, −1 for none, shape (n,); None for no such rule.

    Returns:
        New labels, shape (n,).
    """
    new = labels.copy()
    n_modules = int(labels.max(initial=-1)) + 1
    limit = np.maximum(_radii(labels, overlap, n_modules), reach)
    out = np.zeros(len(labels), dtype=bool)
    groups = np.flatnonzero(small >= 0)
    if len(groups):
        names, which = np.unique(small[groups], return_inverse=True)
        total = np.zeros((len(names), n_modules))
        np.add.at(total, which, _mean_dissimilarity(groups, labels, overlap, n_modules))
        mean = total / np.bincount(which)[:, None]
        first = np.full(len(names), len(labels))
        np.minimum.at(first, which, groups)
        taken = _nearest(mean, limit, first, labels, branch)[which]
        new[groups] = taken
        out[groups] = taken < 0
    single = np.flatnonzero((new < 0) & ~out)
    mean = _mean_dissimilarity(single, labels, overlap, n_modules)
    new[single] = _nearest(mean, limit, single, labels, branch)
    return new


def _nearest(
    mean: FloatArray,
    limit: FloatArray,
    leaf: IntArray,
    labels: IntArray,
    branch: IntArray | None,
) -> IntArray:
    """Nearest module of each row, −1 if it is too far, shape (n_rows,)."""
    if not len(mean):
        return np.empty(0, dtype=np.int64)
    if branch is not None:
        home = np.full(mean.shape[1], -1, dtype=np.int64)
        placed = np.flatnonzero(labels >= 0)
        home[labels[placed]] = branch[placed]
        away = (branch[leaf][:, None] != home[None, :]) | (branch[leaf] < 0)[:, None]
        mean = np.where(away, np.inf, mean)
    best = np.argmin(mean, axis=1)
    near = mean[np.arange(len(mean)), best] <= limit[best]
    return np.where(near, best, -1)


def _radii(labels: IntArray, overlap: Overlap, n_modules: int) -> FloatArray:
    """Largest mean dissimilarity of a member to the other members, shape (n_modules,)."""
    members = np.flatnonzero(labels >= 0)
    own = labels[members]
    size = np.bincount(own, minlength=n_modules)
    mean = _mean_dissimilarity(members, labels, overlap, n_modules)[np.arange(len(members)), own]
    radius = np.zeros(n_modules)
    # the dissimilarity to oneself is 0 and does not count
    np.maximum.at(radius, own, mean * size[own] / np.maximum(size[own] - 1, 1))
    return radius


def _mean_dissimilarity(
    rows: IntArray, labels: IntArray, overlap: Overlap, n_modules: int
) -> FloatArray:
    """Mean of 1 − overlap of some leaves with each module, shape (len(rows), n_modules)."""
    member = np.zeros((len(labels), n_modules))
    placed = np.flatnonzero(labels >= 0)
    member[placed, labels[placed]] = 1.0
    member /= member.sum(axis=0)
    out = np.empty((len(rows), n_modules))
    for part in blocks(len(rows), _BLOCK):
        out[part] = 1.0 - overlap[rows[part]] @ member
    return out

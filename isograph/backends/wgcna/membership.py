"""Who stays in a module: members that do not follow the eigengene leave, or move to another.

The steps and defaults are those that the authors document for `blockwiseModules` (Langfelder &
Horvath 2008, BMC Bioinformatics 9:559).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from isograph.backends.wgcna.adjacency import NetworkType
from isograph.backends.wgcna.correlation import CorrelationKind
from isograph.backends.wgcna.dynamic_hybrid import largest_first
from isograph.backends.wgcna.eigengenes import module_eigengenes, module_membership

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def trim_modules(
    values: FloatArray,
    labels: IntArray,
    *,
    network: NetworkType,
    kind: CorrelationKind = "pearson",
    min_size: int,
    min_core_kme: float,
    min_core_size: float,
    min_kme_to_stay: float,
) -> IntArray:
    """Dissolve modules without a core, then let members leave that do not follow the eigengene.

    A module needs `min_core_size` members with kME above `min_core_kme`. Members with kME below
    `min_kme_to_stay` leave; a module that falls below `min_size` by that dissolves. In an unsigned
    network |kME| counts.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        labels: modules 0 … n − 1, −1 for none, shape (n_features,).
        network: type of the network.
        kind: correlation behind kME.
        min_size: smallest module.
        min_core_kme: membership that makes a core member.
        min_core_size: core members, at least.
        min_kme_to_stay: membership that others need.

    Returns:
        New labels, the largest module 0, shape (n_features,).
    """
    placed = np.flatnonzero(labels >= 0)
    if not len(placed):
        return labels
    kme = _membership(values[placed], values, labels, network, kind)
    own = labels[placed]
    native = kme[np.arange(len(placed)), own]
    n_modules = kme.shape[1]
    core = np.bincount(own, weights=native > min_core_kme, minlength=n_modules)
    stays = native >= min_kme_to_stay
    left = np.bincount(own, weights=stays, minlength=n_modules)
    alive = (core >= min_core_size) & (left >= min_size)
    new = np.full_like(labels, -1)
    new[placed] = np.where(stays & alive[own], own, -1)
    return largest_first(new)


def reassign_members(
    values: FloatArray,
    labels: IntArray,
    *,
    network: NetworkType,
    threshold: float,
    kind: CorrelationKind = "pearson",
) -> IntArray:
    """Move members to the module that they follow far better than their own.

    A member moves if the p value (Fisher's z, all samples) of its best membership is below
    `threshold` times the one of its own module. One pass; memberships are |kME| in an unsigned
    network.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        labels: modules 0 … n − 1, −1 for none, shape (n_features,).
        network: type of the network.
        kind: correlation behind kME.
        threshold: ratio of p values, 0 for no moves.

    Returns:
        New labels, the largest module 0, shape (n_features,).
    """
    placed = np.flatnonzero(labels >= 0)
    if not len(placed) or threshold <= 0:
        return labels
    kme = _membership(values[placed], values, labels, network, kind)
    own, row = labels[placed], np.arange(len(placed))
    best = np.argmax(kme, axis=1)
    n = values.shape[1]
    ratio = _log_p(kme[row, best], n) - _log_p(kme[row, own], n)
    new = labels.copy()
    new[placed] = np.where(ratio < np.log(threshold), best, own)
    return largest_first(new)


def _membership(
    members: FloatArray,
    values: FloatArray,
    labels: IntArray,
    network: NetworkType,
    kind: CorrelationKind,
) -> FloatArray:
    kme = module_membership(members, module_eigengenes(values, labels).values, kind=kind)
    return np.abs(kme) if network == "unsigned" else kme


def _log_p(r: FloatArray, n_samples: int) -> FloatArray:
    """Logarithm of the two-sided p value of a correlation by Fisher's z."""
    z = np.arctanh(np.minimum(np.abs(r), 1 - 1e-15)) * np.sqrt(n_samples - 3)
    p: FloatArray = np.log(2.0) + log_ndtr(-z)
    return p

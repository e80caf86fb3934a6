"""Merging modules whose eigengenes are close (Langfelder & Horvath 2007, 2008)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.dynamic_hybrid import largest_first
from isograph.backends.wgcna.eigengenes import module_eigengenes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def merge_close_modules(
    values: FloatArray, labels: IntArray, *, cut_height: float = 0.25
) -> IntArray:
    """Join modules until no eigengenes are closer than `cut_height`.

    Eigengenes are clustered by average linkage of 1 − r and the tree is cut; joined modules get a
    new eigengene, and so on until nothing changes.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        labels: modules 0 … n − 1, −1 for none, shape (n_features,).
        cut_height: dissimilarity 1 − r, from 0 (nothing is joined) to 2.

    Returns:
        New labels, −1 for none, the largest module 0, shape (n_features,).
    """
    # slow to load, as in `tree`
    from scipy.cluster.hierarchy import fcluster, linkage

    labels = largest_first(labels)
    while (n_modules := int(labels.max(initial=-1)) + 1) > 1:
        eigengenes = module_eigengenes(values, labels).values
        distance = 1.0 - np.clip(eigengenes @ eigengenes.T, -1.0, 1.0)
        tree = linkage(distance[np.triu_indices(n_modules, 1)], method="average")
        group = fcluster(tree, cut_height, criterion="distance").astype(np.int64)
        if len(np.unique(group)) == n_modules:
            break
        labels = largest_first(np.where(labels >= 0, group[np.maximum(labels, 0)], -1))
    return labels

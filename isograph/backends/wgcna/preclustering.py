"""Blocks of features that belong together, for networks too large to hold at once.

The idea is that of blockwise module detection (Langfelder & Horvath 2008, BMC Bioinformatics
9:559): clusters around first principal components, then clusters packed into blocks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from isograph.backends.wgcna.tree import tree_of_dissimilarity
from isograph.machine import blocks, one_thread

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CLUSTERS_A_BLOCK = 8
_ROUNDS = 15
_BLOCK = 4096


def feature_blocks(unit: FloatArray, *, max_size: int, sign_free: bool) -> IntArray:
    """Split features into blocks of at most `max_size`, correlated ones together.

    Clusters start from features spread evenly along the leading component and are refined by
    turns: each feature goes to the component it correlates with most, each cluster gets its first
    principal component. Clusters are joined up the average-linkage tree of their components as
    long as they fit into a block, and each of these groups, from left to right, goes into the first
    block with room for it; a cluster is cut only if it is larger than a block. No random numbers
    are used. A module cut by blocks is found in pieces and joined again later, except for pieces
    that are below the smallest module in their block.

    Args:
        unit: rows of mean 0 and length 1, missing values 0; shape (n_features, n_samples).
        max_size: largest block.
        sign_free: the sign of a correlation does not count.

    Returns:
        Block of each feature from 0, in order of first member, shape (n_features,).
    """
    n = len(unit)
    if n <= max_size:
        return np.zeros(n, dtype=np.int64)
    with one_thread():
        centres = _spread_features(unit, _CLUSTERS_A_BLOCK * -(-n // max_size), sign_free)
        cluster = np.full(n, -1, dtype=np.int64)
        for _ in range(_ROUNDS):
            last = cluster
            cluster, closeness = _nearest(unit, centres, sign_free)
            if np.array_equal(cluster, last):
                break
            centres = _components(unit, cluster, centres, sign_free)
        group, order = _gather(cluster, centres, max_size, sign_free)
    return _pack(group, closeness, order, max_size)


def _spread_features(unit: FloatArray, count: int, sign_free: bool) -> FloatArray:
    score = unit @ leading_vector(unit)
    ranked = np.argsort(np.abs(score) if sign_free else score, kind="stable")
    at = ((np.arange(count) + 0.5) * len(unit) / count).astype(np.int64)
    centres: FloatArray = unit[ranked[at]]
    return centres


def leading_vector(rows: FloatArray) -> FloatArray:
    """First right singular vector; the same whatever the signs of the rows."""
    last = rows.shape[1] - 1
    vector: FloatArray = eigh(rows.T @ rows, subset_by_index=(last, last))[1][:, 0]
    return vector


def _nearest(unit: FloatArray, centres: FloatArray, sign_free: bool) -> tuple[IntArray, FloatArray]:
    nearest = np.empty(len(unit), dtype=np.int64)
    closeness = np.empty(len(unit))
    for rows in blocks(len(unit), _BLOCK):
        r = unit[rows] @ centres.T
        if sign_free:
            np.abs(r, out=r)
        nearest[rows] = np.argmax(r, axis=1)
        closeness[rows] = r.max(axis=1)
    return nearest, closeness


def _components(
    unit: FloatArray, cluster: IntArray, centres: FloatArray, sign_free: bool
) -> FloatArray:
    """First principal component of each cluster; an empty one keeps its centre."""
    order = np.argsort(cluster, kind="stable")
    bounds = np.searchsorted(cluster[order], np.arange(len(centres) + 1))
    new = centres.copy()
    for number in range(len(centres)):
        rows = unit[order[bounds[number] : bounds[number + 1]]]
        if len(rows):
            vector = leading_vector(rows)
            along = sign_free or float(vector @ rows.sum(axis=0)) >= 0
            new[number] = vector if along else -vector
    return new


def _gather(
    cluster: IntArray, centres: FloatArray, max_size: int, sign_free: bool
) -> tuple[IntArray, IntArray]:
    """Join clusters as far up the tree of their centres as `max_size` allows.

    Returns:
        Group of each feature, shape (n_features,), and the groups from left to right in the tree.
    """
    r = centres @ centres.T
    distance = 1.0 - (np.abs(r) if sign_free else r)
    condensed = np.maximum(distance[np.triu_indices(len(centres), 1)], 0.0)
    tree = tree_of_dissimilarity(condensed)
    n = tree.n_leaves
    group = np.arange(n)
    size = np.zeros(2 * n - 1, dtype=np.int64)
    size[:n] = np.bincount(cluster, minlength=n)
    # a node's features count as too many from here on up, once they are
    leaves = [np.array([leaf]) for leaf in range(n)]
    for ends in np.where(tree.merge < 0, -tree.merge - 1, tree.merge + n - 1):
        leaves.append(np.concatenate([leaves[ends[0]], leaves[ends[1]]]))
        size[len(leaves) - 1] = size[ends].sum()
        if size[len(leaves) - 1] <= max_size:
            group[leaves[-1]] = leaves[-1][0]
    in_order = group[tree.order]
    _, first = np.unique(in_order, return_index=True)
    return group[cluster], in_order[np.sort(first)]


def _pack(group: IntArray, closeness: FloatArray, order: IntArray, max_size: int) -> IntArray:
    """Put each group into the first block with room; too large ones are cut, core first."""
    block = np.empty(len(group), dtype=np.int64)
    room: list[int] = []
    for number in order:
        members = np.flatnonzero(group == number)
        members = members[np.argsort(-closeness[members], kind="stable")]
        for part in blocks(len(members), max_size):
            size = len(members[part])
            at = next((i for i, left in enumerate(room) if left >= size), len(room))
            if at == len(room):
                room.append(max_size)
            room[at] -= size
            block[members[part]] = at
    names, first, which = np.unique(block, return_index=True, return_inverse=True)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(names))
    renamed: IntArray = rank[which.ravel()]
    return renamed

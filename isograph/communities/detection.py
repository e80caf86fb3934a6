"""Community detection: Leiden on modularity (Traag, Waltman & van Eck 2019)."""

from __future__ import annotations

import graspologic_native
import numpy as np
import numpy.typing as npt
from scipy import sparse

# The partition must not depend on the user's seed, so Leiden's own is fixed.
_SEED = 20190326
_TRIALS = 5


def leiden(
    n_nodes: int,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    *,
    resolution: float,
) -> npt.NDArray[np.int64]:
    """Partition a weighted graph.

    Args:
        n_nodes: number of nodes.
        source, target: ends of each edge, shape (n_edges,), every pair once.
        weight: above 0, shape (n_edges,).
        resolution: of modularity; 1 is the standard.

    Returns:
        Label of each node, shape (n_nodes,), −1 for nodes without an edge. Labels count from 0 in
        the order of their first node.
    """
    labels = np.full(n_nodes, -1, dtype=np.int64)
    if len(source) == 0:
        return labels
    nodes = np.unique(np.concatenate([source, target]))
    a, b = np.searchsorted(nodes, source), np.searchsorted(nodes, target)
    size = len(nodes)
    matrix = sparse.coo_array(
        (
            np.concatenate([weight, weight]),
            (np.concatenate([a, b]), np.concatenate([b, a])),
        ),
        shape=(size, size),
    ).tocsr()
    matrix.sort_indices()
    _, found = graspologic_native.leiden_csr(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        size,
        resolution=resolution,
        seed=_SEED,
        trials=_TRIALS,
    )
    community = np.empty(size, dtype=np.int64)
    community[np.fromiter(found.keys(), np.int64, size)] = np.fromiter(
        found.values(), np.int64, size
    )
    labels[nodes] = in_order_of_first(community)
    return labels


def in_order_of_first(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rename labels to 0, 1, … by the position of their first member; −1 stays.

    Args:
        labels: shape (n,).
    """
    renamed = np.full(len(labels), -1, dtype=np.int64)
    used = np.flatnonzero(labels >= 0)
    _, first, inverse = np.unique(labels[used], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    renamed[used] = rank[inverse]
    return renamed

"""Topological overlap: how much two nodes share their neighbours."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks, in_threads, one_thread

Real = TypeVar("Real", np.float32, np.float64)

_BLOCK = 512


def topological_overlap(adjacency: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Topological overlap measure of a weighted network.

    ω_ij = |a_ij + Σ_u a_iu a_uj| / (min(k_i, k_j) + 1 − |a_ij|), u ≠ i, j, with connectivity
    k_i = Σ_u |a_iu|: Zhang & Horvath (2005), equation 4, for adjacencies ≥ 0; with negative ones
    it is the signed overlap of Nowick et al. (2009), PNAS 106:22358. The two are the same number
    when no adjacency is negative, as in all three network types.

    Args:
        adjacency: symmetric, shape (n, n), in [−1, 1]; its diagonal is not read but set to 0.
            float32 halves the memory at a relative error of about 1e-6.

    Returns:
        Overlap in [0, 1], shape (n, n), diagonal 1, type of `adjacency`. Memory beyond
        `adjacency`: the result and, a thread, two blocks of 512 rows.
    """
    np.fill_diagonal(adjacency, 0.0)
    n = len(adjacency)
    k = np.abs(adjacency).sum(axis=1, dtype=np.float64).astype(adjacency.dtype)
    overlap = np.empty_like(adjacency)

    def fill(rows: slice) -> None:
        """Both triangles of some rows, from the diagonal on."""
        rest = slice(rows.start, n)
        own = adjacency[rows, rest]
        part = adjacency[rows] @ adjacency[rest].T
        part += own
        np.abs(part, out=part)
        bound = np.minimum(k[rows, None], k[None, rest])
        bound += 1.0
        bound -= np.abs(own)
        part /= bound
        overlap[rows, rest] = part
        overlap[rest, rows] = part.T

    # one thread a product: last bits of a product depend on its number of threads
    with one_thread():
        in_threads(fill, blocks(n, _BLOCK))
    np.fill_diagonal(overlap, 1.0)
    return overlap

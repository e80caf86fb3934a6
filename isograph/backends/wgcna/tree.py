"""Average-linkage dendrogram of a dissimilarity, in R's conventions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks

_BLOCK = 512


@dataclass(frozen=True)
class Tree:
    """A dendrogram.

    Attributes:
        merge: what each merge joins: −i for leaf i (from 1), j for the result of merge j (from 1);
            the leaf or the earlier merge first. Shape (n − 1, 2).
        height: height of each merge, never falling, shape (n − 1,).
        order: leaves from left to right, from 0, shape (n,).
    """

    merge: npt.NDArray[np.int64]
    height: npt.NDArray[np.float64]
    order: npt.NDArray[np.int64]

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return len(self.height) + 1


def average_tree(overlap: npt.NDArray[np.floating]) -> Tree:
    """Average linkage (UPGMA) of 1 − overlap.

    Args:
        overlap: similarities, symmetric, shape (n, n), n ≥ 2; only the upper triangle is read.

    Returns:
        The tree. Memory: the upper triangle twice, in float64.
    """
    return tree_of_dissimilarity(_condensed(overlap))


def tree_of_dissimilarity(condensed: npt.NDArray[np.float64]) -> Tree:
    """Average linkage of dissimilarities given as the rows of an upper triangle.

    Args:
        condensed: shape (n (n − 1) / 2,), n ≥ 2.
    """
    # a tenth of a second to load, which fits by other backends need not pay
    from scipy.cluster.hierarchy import leaves_list, linkage

    joined = linkage(condensed, method="average")
    n = len(joined) + 1
    ends = joined[:, :2].astype(np.int64)
    signed = np.where(ends < n, -(ends + 1), ends - n + 1)
    # leaves come first, the lower number first; then earlier merges first
    signed = np.sort(signed, axis=1)
    both_leaves = (signed < 0).all(axis=1)
    signed[both_leaves] = signed[both_leaves, ::-1]
    ordered = joined.copy()
    ordered[:, :2] = np.where(signed < 0, -signed - 1, signed + n - 1)
    return Tree(
        merge=signed,
        height=joined[:, 2].copy(),
        order=leaves_list(ordered).astype(np.int64),
    )


def _condensed(overlap: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """1 − the upper triangle, row after row, without a second square matrix."""
    n = len(overlap)
    out = np.empty(n * (n - 1) // 2)
    columns = np.arange(n)
    filled = 0
    for rows in blocks(n, _BLOCK):
        above = columns[None, :] > columns[rows, None]
        part = overlap[rows][above]
        np.subtract(1.0, part, out=out[filled : filled + len(part)])
        filled += len(part)
    return out

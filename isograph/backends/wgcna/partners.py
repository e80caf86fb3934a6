"""The strongest partners of each node, for export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks

IntArray = npt.NDArray[np.int64]

_BLOCK = 512


@dataclass(frozen=True)
class Edges:
    """Weighted edges, each once, in order of (source, target); all shapes (n_edges,).

    Attributes:
        source: lower node.
        target: higher node.
        weight: topological overlap, above 0.
    """

    source: IntArray
    target: IntArray
    weight: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.source)


def strongest_partners(
    overlap: npt.NDArray[np.floating], *, partners: int, names: IntArray
) -> Edges:
    """Edges that are among the strongest of either of their ends.

    Args:
        overlap: symmetric, shape (n, n).
        partners: strongest edges taken a node, at least 1; of equal ones at the limit any may
            be taken, always the same.
        names: node number of each row, ascending, shape (n,).

    Returns:
        The union over nodes. Memory beyond `overlap`: a block of 512 rows.
    """
    n = len(overlap)
    count = min(partners, n - 1)
    sources, targets, weights = [], [], []
    for rows in blocks(n, _BLOCK):
        part = overlap[rows].copy()
        own = np.arange(len(part))
        part[own, own + rows.start] = -1.0
        near = np.argpartition(part, n - count, axis=1)[:, n - count :]
        source = np.repeat(own + rows.start, count)
        target = near.ravel()
        low, high = np.minimum(source, target), np.maximum(source, target)
        sources.append(low)
        targets.append(high)
        weights.append(overlap[low, high].astype(np.float64))
    low, high, weight = (np.concatenate(parts) for parts in (sources, targets, weights))
    _, first = np.unique(low * n + high, return_index=True)
    first = first[weight[first] > 0]
    return Edges(source=names[low[first]], target=names[high[first]], weight=weight[first])


def joined(parts: list[Edges]) -> Edges:
    """Edges of several blocks as one."""
    source = np.concatenate([part.source for part in parts])
    target = np.concatenate([part.target for part in parts])
    order = np.lexsort((target, source))
    weight = np.concatenate([part.weight for part in parts])
    return Edges(source=source[order], target=target[order], weight=weight[order])

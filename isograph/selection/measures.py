"""How much of a partition and its graph comes back elsewhere, on bare arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.evaluation.agreement import overlaps

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _pairs(counts: Ints) -> float:
    """Pairs within groups of these sizes."""
    return float(np.sum(counts * (counts - 1.0)) / 2.0)


def adjusted_rand(first: Ints, second: Ints) -> float:
    """Adjusted Rand index with every −1 a group of its own (Hubert & Arabie 1985, equation 5).

    Two partitions that put no two items together agree on nothing that was found, and get 0.

    Args:
        first: labels, −1 for no module, shape (n,), n at least 2.
        second: labels of the same items, shape (n,).
    """
    shape = int(first.max(initial=-1)) + 1, int(second.max(initial=-1)) + 1
    # singletons hold no pair: only modules have to be counted
    both = _pairs(overlaps(first, second, shape=shape))
    in_first = _pairs(np.bincount(first[first >= 0]))
    in_second = _pairs(np.bincount(second[second >= 0]))
    expected = in_first * in_second / (len(first) * (len(first) - 1) / 2.0)
    most = (in_first + in_second) / 2.0
    if most == 0.0:
        return 0.0
    return 1.0 if most == expected else (both - expected) / (most - expected)


def best_jaccard(
    labels: Ints, other: Ints, *, n_modules: int, shared: npt.NDArray[np.bool_]
) -> Floats:
    """Best Jaccard index of each module with any module of another partition.

    Clusterwise stability (Hennig 2007, Comput Stat Data Anal 52:258).

    Args:
        labels: modules, −1 for none, shape (n_genes,).
        other: another partition of the same genes, shape (n_genes,).
        n_modules: modules of `labels`.
        shared: genes that both could have assigned, shape (n_genes,); others do not count.

    Returns:
        Shape (n_modules,); 0 for a module without a gene in `shared`.
    """
    labels, other = labels[shared], other[shared]
    n_other = int(other.max(initial=-1)) + 1
    if n_modules == 0 or n_other == 0:
        return np.zeros(n_modules)
    overlap = overlaps(labels, other, shape=(n_modules, n_other))
    sizes = np.bincount(labels[labels >= 0], minlength=n_modules)
    other_sizes = np.bincount(other[other >= 0], minlength=n_other)
    union = sizes[:, None] + other_sizes[None, :] - overlap
    best: Floats = (overlap / np.maximum(union, 1)).max(axis=1)
    return best


def tally(keys: list[Ints]) -> tuple[Ints, Ints]:
    """How often each key occurs in several sets of them.

    Args:
        keys: one array a set, none twice in a set.

    Returns:
        Keys that occur, ascending, and in how many sets.
    """
    found, times = np.unique(
        np.concatenate([np.empty(0, dtype=np.int64), *keys]), return_counts=True
    )
    return found, times.astype(np.int64)


def false_edges_bound(mean_edges: float, n_pairs: int, threshold: float) -> float | None:
    """Most false edges that stability selection lets in, in expectation.

    q² / ((2π − 1) p) (Meinshausen & Bühlmann 2010, J R Stat Soc B 72:417, theorem 1).

    Args:
        mean_edges: q, edges chosen in a half.
        n_pairs: p, pairs of genes.
        threshold: π, the share of halves that a stable edge is chosen in, above 0.5.
    """
    return mean_edges**2 / ((2.0 * threshold - 1.0) * n_pairs) if n_pairs else None

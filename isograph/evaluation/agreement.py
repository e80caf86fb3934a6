"""Agreement of two partitions on bare arrays of labels; −1 stands for no module."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    completeness_score,
    homogeneity_score,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def ratio(part: int, whole: int) -> float | None:
    """part / whole, None where the whole is nothing."""
    return part / whole if whole else None


def with_singletons(labels: Ints) -> Ints:
    """The same labels, but every −1 a label of its own, shape (n,)."""
    return np.where(labels >= 0, labels, labels.max(initial=-1) + 1 + np.arange(len(labels)))


def rand_and_information(truth: Ints, found: Ints) -> tuple[float | None, float | None]:
    """Adjusted Rand index and adjusted mutual information; None for fewer than two items.

    Args:
        truth: labels, shape (n,).
        found: labels, shape (n,).

    Sources: Hubert and Arabie (1985); Vinh, Epps and Bailey (2010), arithmetic mean.
    """
    if len(truth) < 2:
        return None, None
    with warnings.catch_warnings():
        # some scikit-learn versions take many singletons for a regression target
        warnings.simplefilter("ignore", UserWarning)
        rand = float(adjusted_rand_score(truth, found))
        information = float(adjusted_mutual_info_score(truth, found))
    return rand, information


def homogeneity_and_completeness(truth: Ints, found: Ints) -> tuple[float | None, float | None]:
    """Both of Rosenberg and Hirschberg (2007); None for no item at all.

    Args:
        truth: labels, shape (n,).
        found: labels, shape (n,).
    """
    if len(truth) == 0:
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return float(homogeneity_score(truth, found)), float(completeness_score(truth, found))


def sizes(labels: Ints) -> Ints:
    """Members of each label from 0 up, shape (n_labels,)."""
    return np.bincount(labels[labels >= 0]).astype(np.int64, copy=False)


def overlaps(truth: Ints, found: Ints, *, shape: tuple[int, int]) -> Ints:
    """Items that each pair of modules shares.

    Args:
        truth: labels, shape (n,).
        found: labels, shape (n,).
        shape: (n_truth, n_found).

    Returns:
        Counts, shape (n_truth, n_found).
    """
    both = (truth >= 0) & (found >= 0)
    pair = truth[both] * shape[1] + found[both]
    return np.bincount(pair, minlength=shape[0] * shape[1]).reshape(shape)


def jaccard(overlap: Ints, truth_sizes: Ints, found_sizes: Ints) -> Floats:
    """Jaccard index of each pair of modules, shape (n_truth, n_found)."""
    index: Floats = overlap / (truth_sizes[:, None] + found_sizes[None, :] - overlap)
    return index


def best_match(truth: Ints, found: Ints) -> tuple[Ints, Floats]:
    """The found module with the largest Jaccard index for each true one.

    Equal indices are decided by the larger overlap, then by the smaller label.

    Args:
        truth: labels, shape (n,).
        found: labels, shape (n,).

    Returns:
        Its label, −1 where no found module shares an item, and the index, each (n_truth,).
    """
    truth_sizes, found_sizes = sizes(truth), sizes(found)
    n_truth, n_found = len(truth_sizes), len(found_sizes)
    if n_truth == 0 or n_found == 0:
        return np.full(n_truth, -1), np.zeros(n_truth)
    overlap = overlaps(truth, found, shape=(n_truth, n_found))
    index = jaccard(overlap, truth_sizes, found_sizes)
    best = index.max(axis=1)
    winner = np.where(index == best[:, None], overlap, -1).argmax(axis=1)
    return np.where(best > 0, winner, -1), best


def null_recoveries(
    truth: Ints, found: Ints, *, rng: np.random.Generator, n_permutations: int
) -> Floats:
    """Recovery of assignments that keep the found modules' sizes and nothing else.

    Args:
        truth: labels of all genes, background −1, at least one planted, shape (n_genes,).
        found: labels of all genes, unassigned −1, shape (n_genes,).
        rng: shuffles `found`.
        n_permutations: how often.

    Returns:
        Mean over true modules of the best Jaccard index, shape (n_permutations,).
    """
    truth_sizes, found_sizes = sizes(truth), sizes(found)
    n_truth, n_found = len(truth_sizes), len(found_sizes)
    if n_found == 0:
        return np.zeros(n_permutations)
    planted = np.sort(truth[truth >= 0])
    # one more column takes the unassigned
    base = planted * (n_found + 1)
    labels = np.where(found >= 0, found, n_found)
    cells = n_truth * (n_found + 1)
    total = truth_sizes[:, None] + found_sizes[None, :]
    result = np.empty(n_permutations)
    for index in range(n_permutations):
        dealt = rng.permutation(labels)[: len(planted)]
        table = np.bincount(base + dealt, minlength=cells).reshape(n_truth, n_found + 1)[:, :-1]
        result[index] = (table / (total - table)).max(axis=1).mean()
    return result


def largest_component(source: Ints, target: Ints, *, n: int) -> int:
    """Nodes in the largest connected component of a graph; 0 where it has no edge.

    Args:
        source: node of each edge, shape (n_edges,).
        target: the other node of each edge, shape (n_edges,).
        n: number of nodes.
    """
    if len(source) == 0:
        return 0
    graph = coo_array((np.ones(len(source)), (source, target)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    return int(np.bincount(component).max())

"""How firmly genes sit in their modules: what half of the samples would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from isograph.communities.core import core_members
from isograph.communities.factors import carriers
from isograph.communities.graph import connected
from isograph.communities.partition import Partition
from isograph.communities.profile import leading_profile, row_correlations
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import correlation_pvalue

_CHUNK = 16_384
_LEAST_DF = 3


@dataclass(frozen=True)
class Stability:
    """Confidence from half-samples.

    Attributes:
        membership: share of half-samples in which each gene stays in its module's core; NaN for
            genes without a module, shape (n_genes,).
        stability: mean share of a module that stays together in one piece, shape (n_modules,).

    Both are NaN where half of the samples leave fewer than three degrees of freedom.
    """

    membership: npt.NDArray[np.float64]
    stability: npt.NDArray[np.float64]


def half_sample_stability(
    features: FeatureSet,
    association: Association,
    partition: Partition,
    *,
    n_halves: int,
    rng: np.random.Generator,
) -> Stability:
    """Recompute the edges within modules on random halves of the samples (Shah & Samworth 2013).

    Half of the samples carry 1/√2 of the evidence, so an edge counts there if its z score reaches
    the full threshold's over √2: one that just passed stays in half of the halves. A gene stays
    by the same rule that let it in: the core's, or its correlation with the module's factor. Only
    edges within modules are recomputed, so the cost is linear in them.

    Args:
        features: all features.
        association: feature pairs.
        partition: the modules.
        n_halves: number of half-samples.
        rng: draws the halves; it enters nothing else.

    Returns:
        The confidences.
    """
    n_genes = len(features.gene_ids)
    inside = partition.graph.within(partition.labels)
    stayed = np.zeros(n_genes)
    together = np.zeros(partition.n_modules)
    size = np.bincount(partition.labels[partition.labels >= 0], minlength=partition.n_modules)
    half = features.n_samples // 2
    df = half - 2 - features.design.rank
    if df < _LEAST_DF:
        return Stability(np.full(n_genes, np.nan), np.full(partition.n_modules, np.nan))
    profiles = _profiles(features, association, partition)
    for _ in range(n_halves):
        chosen = np.sort(rng.permutation(features.n_samples)[:half])
        r = _subset_r(features, association.i[inside.pair], association.j[inside.pair], chosen)
        p = correlation_pvalue(r, df)
        kept = p <= _relaxed(association.pair_p)
        strong = p[kept] <= _relaxed(partition.edge_alpha)
        source, target = inside.source[kept], inside.target[kept]
        member = core_members(n_genes, source, target, strong)
        alive = member[source] & member[target]
        together += _largest_piece(
            connected(n_genes, source[alive], target[alive]), member, partition
        )
        joined = _still_joined(features, partition, profiles, chosen, df)
        together += np.bincount(partition.labels[joined & ~member], minlength=partition.n_modules)
        stayed += member | joined
    membership = np.where(partition.labels >= 0, stayed / n_halves, np.nan)
    return Stability(membership=membership, stability=together / n_halves / np.maximum(size, 1))


def _profiles(
    features: FeatureSet, association: Association, partition: Partition
) -> npt.NDArray[np.float64]:
    """Factor behind each feature by which a gene joined, shape (n_joined, n_samples)."""
    rows = partition.joined_rows
    if len(rows) == 0:
        return np.empty((0, features.n_samples))
    held = carriers(features, association, partition.labels)
    group = partition.labels[features.gene_of[held]]
    label = partition.labels[features.gene_of[rows]]
    factors = np.zeros((partition.n_modules, features.n_samples))
    for module in np.unique(label):
        factors[module] = leading_profile(features.values[held[group == module]])[0]
    joined: npt.NDArray[np.float64] = factors[label]
    return joined


def _still_joined(
    features: FeatureSet,
    partition: Partition,
    profiles: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.int64],
    df: int,
) -> npt.NDArray[np.bool_]:
    """Genes that half of the samples would let join, shape (n_genes,)."""
    stays = np.zeros(len(partition.labels), dtype=bool)
    rows = partition.joined_rows
    if len(rows):
        part = features.values[np.ix_(rows, chosen)]
        factor = profiles[:, chosen]
        part = part - part.mean(axis=1, keepdims=True)
        factor = factor - factor.mean(axis=1, keepdims=True)
        p = correlation_pvalue(row_correlations(part, factor), float(df))
        stays[features.gene_of[rows[p <= _relaxed(partition.joining_alpha)]]] = True
    return stays


def _relaxed(p: float) -> float:
    """Two-sided p of a z score 1/√2 as large."""
    return float(2 * stats.norm.sf(stats.norm.isf(p / 2) / np.sqrt(2)))


def _subset_r(
    features: FeatureSet,
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    rows, inverse = np.unique(np.concatenate([i, j]), return_inverse=True)
    part = features.values[np.ix_(rows, chosen)]
    part -= part.mean(axis=1, keepdims=True)
    norm = np.sqrt(np.einsum("ij,ij->i", part, part))
    part /= np.where(norm > 0, norm, 1.0)[:, None]
    first, second = inverse[: len(i)], inverse[len(i) :]
    r = np.empty(len(i))
    for start in range(0, len(i), _CHUNK):
        block = slice(start, start + _CHUNK)
        r[block] = np.einsum("ps,ps->p", part[first[block]], part[second[block]])
    return np.clip(r, -1.0, 1.0)


def _largest_piece(
    piece: npt.NDArray[np.int64], member: npt.NDArray[np.bool_], partition: Partition
) -> npt.NDArray[np.float64]:
    """Size of the largest connected piece of each module, shape (n_modules,)."""
    largest = np.zeros(partition.n_modules)
    if member.any():
        label = partition.labels[member]
        pair, count = np.unique(np.stack([label, piece[member]]), axis=1, return_counts=True)
        np.maximum.at(largest, pair[0], count.astype(float))
    return largest

"""How firmly genes sit in their modules: what half of the samples would have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from isograph.communities.core import core_members
from isograph.communities.graph import connected
from isograph.communities.partition import Partition, profile_rows
from isograph.communities.profile import (
    leading_profile,
    row_correlations,
    scores_without_gene,
)
from isograph.features.blocks import Blocks
from isograph.features.model import FeatureSet
from isograph.machine import blocks, in_threads, one_thread
from isograph.network.association import Association, pair_df
from isograph.network.significance import correlation_pvalue, critical_correlation

_CHUNK = 2048
_CONSTANT = 1e-12  # variance, of rows with variance 1
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

    Where donors have several samples, a half is made of whole donors, as many as fit into half of
    the samples, and each pair keeps its share of the degrees of freedom.

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
    if features.blocks is None:
        halves = [np.sort(rng.permutation(features.n_samples)[:half]) for _ in range(n_halves)]
    else:
        halves = [_half_of_blocks(features.blocks, rng) for _ in range(n_halves)]
    first, second = association.i[inside.pair], association.j[inside.pair]
    limits = _limits(features, first, second, df, (association.pair_p, partition.edge_alpha))
    passed = _passed(features.values, first, second, halves, limits)
    for chosen, (kept, strong) in zip(halves, passed, strict=True):
        source, target = inside.source[kept], inside.target[kept]
        member = core_members(n_genes, source, target, strong[kept])
        alive = member[source] & member[target]
        together += _largest_piece(
            connected(n_genes, source[alive], target[alive]), member, partition
        )
        joined = _still_joined(features, partition, profiles, chosen, df)
        together += np.bincount(partition.labels[joined & ~member], minlength=partition.n_modules)
        stayed += member | joined
    membership = np.where(partition.labels >= 0, stayed / n_halves, np.nan)
    return Stability(membership=membership, stability=together / n_halves / np.maximum(size, 1))


def _half_of_blocks(blocks: Blocks, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Samples of blocks drawn one after the other while they fit into half of all, sorted."""
    order = rng.permutation(blocks.n_blocks)
    chosen = np.zeros(blocks.n_blocks, dtype=bool)
    room = len(blocks.codes) // 2
    for block in order:
        if blocks.sizes[block] <= room:
            chosen[block] = True
            room -= blocks.sizes[block]
    return np.flatnonzero(chosen[blocks.codes])


def _limits(
    features: FeatureSet,
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    df: int,
    alphas: Sequence[float],
) -> npt.NDArray[np.float64]:
    """|r| that each pair needs in a half for each level, shape (n_alphas, n_pairs)."""
    if features.blocks is None:
        levels = [critical_correlation(_relaxed(p), df) for p in alphas]
        return np.repeat(np.array(levels)[:, None], len(i), axis=1)
    whole = pair_df(features, i, j)
    scaled = _halved(features, whole, df)
    t = np.array([special.stdtrit(scaled, _relaxed(p) / 2) for p in alphas])
    limits: npt.NDArray[np.float64] = -t / np.hypot(t, np.sqrt(scaled))
    return limits


def _halved(
    features: FeatureSet, whole: npt.NDArray[np.float64] | float, df: int
) -> npt.NDArray[np.float64]:
    """Degrees of freedom in a half, in proportion to those over all samples."""
    share = np.asarray(whole, dtype=np.float64) / features.df_residual
    halved: npt.NDArray[np.float64] = np.maximum(df * share, 1.0)
    return halved


def _profiles(
    features: FeatureSet, association: Association, partition: Partition
) -> npt.NDArray[np.float64]:
    """Factor behind each feature by which a gene joined, without that gene; shape (n_joined,
    n_samples).
    """
    rows = partition.joined_rows
    if len(rows) == 0:
        return np.empty((0, features.n_samples))
    held = profile_rows(features, association, partition)
    group = partition.labels[features.gene_of[held]]
    genes, place = np.unique(features.gene_of[rows], return_inverse=True)
    loading = np.zeros(len(held))
    for module in np.unique(partition.labels[genes]):
        mine = group == module
        loading[mine] = leading_profile(features.values[held[mine]])[2]
    scores = scores_without_gene(features, held, group, loading, genes, partition.labels)
    return scores[place]


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
        half = _halved(features, features.df_between(features.values[rows], profiles), df)
        p = correlation_pvalue(row_correlations(part, factor), half)
        stays[features.gene_of[rows[p <= _relaxed(partition.joining_alpha)]]] = True
    return stays


def _relaxed(p: float) -> float:
    """Two-sided p of a z score 1/√2 as large."""
    return float(2 * special.ndtr(special.ndtri(p / 2) / np.sqrt(2)))


def _passed(
    values: npt.NDArray[np.float64],
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    halves: Sequence[npt.NDArray[np.int64]],
    limits: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Whether |r| of each pair over each half of the samples reaches each limit.

    With products of rows made once, every half is a sum over some of their columns: one product
    with a matrix of zeros and ones gives all halves.

    Args:
        values: rows of mean square 1, shape (n_features, n_samples).
        i, j: rows of each pair, shape (n_pairs,).
        halves: samples of each half.
        limits: least |r|, shape (n_limits, n_pairs).

    Returns:
        Shape (n_halves, n_limits, n_pairs).
    """
    n_samples = values.shape[1]
    chosen = np.zeros((n_samples, len(halves)))
    for half, samples in enumerate(halves):
        chosen[samples, half] = 1.0 / len(samples)
    rows, place = np.unique(np.concatenate([i, j]), return_inverse=True)
    mean, spread = np.empty((2, len(rows), len(halves)))
    passed = np.empty((len(halves), len(limits), len(i)), dtype=bool)

    def moments(part: slice) -> None:
        block = values[rows[part]]
        mean[part] = block @ chosen
        variance = np.square(block, out=block) @ chosen - np.square(mean[part])
        # a row that does not vary in one half correlates with nothing there
        spread[part] = np.where(variance > _CONSTANT, np.sqrt(np.abs(variance)), np.inf)

    def compare(part: slice) -> None:
        first, second = place[: len(i)][part], place[len(i) :][part]
        r = (values[i[part]] * values[j[part]]) @ chosen
        r -= mean[first] * mean[second]
        r /= spread[first] * spread[second]
        np.abs(r, out=r)
        for which, limit in enumerate(limits):
            passed[:, which, part] = (r >= limit[part][:, None]).T

    with one_thread():
        in_threads(moments, blocks(len(rows), _CHUNK))
        in_threads(compare, blocks(len(i), _CHUNK))
    return passed


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

"""Do two groups of genes follow one factor or two? Splits and joins communities accordingly.

Modularity has a resolution limit: it joins small communities that touch (Fortunato & Barthélemy
2007) and cuts large sparse ones. The correlation between the factors of two groups, corrected for
the noise of their features (disattenuated, Spearman 1904), tells the two cases apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.communities.detection import in_order_of_first, leiden
from isograph.communities.graph import GeneGraph, first_of_each
from isograph.features.model import FeatureSet
from isograph.network.association import Association

_SMALLEST_SPLIT = 4


@dataclass(frozen=True)
class _Evidence:
    """Sums over feature pairs of r² less its expectation under noise, between groups."""

    total: npt.NDArray[np.float64]  # (n_groups, n_groups), symmetric
    count: npt.NDArray[np.float64]  # pairs behind each sum
    touching: npt.NDArray[np.bool_]  # groups that may be joined


def carriers(
    features: FeatureSet,
    association: Association,
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Features that carry edges within a community, one a gene and channel.

    Args:
        features: all features.
        association: their pairs.
        labels: community of each gene, −1 for none, shape (n_genes,).

    Returns:
        Feature rows, sorted: of each gene's switch axes, and of its abundance, the one with the
        largest sum of weights to features of its own community, if it has any.
    """
    gene = features.gene_of
    label = labels[gene]
    same = (label[association.i] >= 0) & (label[association.i] == label[association.j])
    strength = np.zeros(features.n_features)
    for end in (association.i, association.j):
        strength += np.bincount(
            end[same], weights=association.weight[same], minlength=features.n_features
        )
    return strongest_of_channel(features, strength, np.flatnonzero(strength > 0))


def strongest_of_channel(
    features: FeatureSet, strength: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Of `rows`, the feature with the largest `strength` of each gene and channel, sorted.

    Args:
        features: all features.
        strength: shape (n_features,); equal ones go to the earlier axis.
        rows: feature rows to choose from.
    """
    channel = features.gene_of[rows] * 2 + features.is_switch[rows]
    return np.sort(rows[first_of_each(channel, -strength[rows], rows)])


def refine(
    features: FeatureSet,
    association: Association,
    graph: GeneGraph,
    labels: npt.NDArray[np.int64],
    *,
    one_factor: float,
) -> npt.NDArray[np.int64]:
    """Split communities that hold several factors, then join those that share one.

    Args:
        features: all features.
        association: feature pairs.
        graph: the gene graph of the association.
        labels: communities, −1 for none, shape (n_genes,).
        one_factor: disattenuated factor correlation from which two groups are one module.

    Returns:
        New labels, in order of first member, shape (n_genes,).
    """
    if labels.max(initial=-1) < 0:
        return labels
    fine = _split_until_stable(features, association, graph, labels, one_factor=one_factor)
    evidence = _between(features, association, fine, touching=_touching(graph, fine))
    joined = _agglomerate(evidence, one_factor=one_factor)
    return in_order_of_first(np.where(fine >= 0, joined[np.maximum(fine, 0)], -1))


def join_to_faint(
    features: FeatureSet,
    association: Association,
    labels: npt.NDArray[np.int64],
    *,
    first_faint: int,
    one_factor: float,
) -> npt.NDArray[np.int64]:
    """Join faint modules to those with the same factor, whether or not an edge joins them.

    Args:
        features: all features.
        association: pairs within modules.
        labels: modules, −1 for none, shape (n_genes,).
        first_faint: label from which modules are faint; those below stay apart from each other.
        one_factor: as for `refine`.

    Returns:
        The label of each module after joining, shape (n_modules,); the smaller label stays.
    """
    n_groups = int(labels.max(initial=-1)) + 1
    faint = np.arange(n_groups) >= first_faint
    evidence = _between(features, association, labels, touching=faint[:, None] | faint[None, :])
    return _agglomerate(evidence, one_factor=one_factor, apart=~faint)


def _split_until_stable(
    features: FeatureSet,
    association: Association,
    graph: GeneGraph,
    labels: npt.NDArray[np.int64],
    *,
    one_factor: float,
) -> npt.NDArray[np.int64]:
    final = np.full(len(labels), -1, dtype=np.int64)
    n_final = 0
    queue = [np.flatnonzero(labels == label) for label in range(labels.max(initial=-1) + 1)]
    while queue:
        members = queue.pop()
        parts = _split(features, association, graph, members, one_factor=one_factor)
        if len(parts) > 1:
            queue.extend(parts)
            continue
        final[members] = n_final
        n_final += 1
    return in_order_of_first(final)


def _split(
    features: FeatureSet,
    association: Association,
    graph: GeneGraph,
    members: npt.NDArray[np.int64],
    *,
    one_factor: float,
) -> list[npt.NDArray[np.int64]]:
    """Parts of one community whose factors differ; the community itself if there are none."""
    if len(members) < _SMALLEST_SPLIT:
        return [members]
    inside = np.full(graph.n_genes, -1, dtype=np.int64)
    inside[members] = 0
    own = graph.within(inside)
    labels = leiden(graph.n_genes, own.source, own.target, own.weight, resolution=1.0)
    if labels.max() < 1:
        return [members]
    # members without an edge of their own follow nobody: they go with the first part
    labels[members] = np.maximum(labels[members], 0)
    evidence = _between(features, association, labels, touching=_touching(own, labels))
    joined = _agglomerate(evidence, one_factor=one_factor)
    part = joined[labels[members]]
    return [members[part == value] for value in np.unique(part)]


def _touching(graph: GeneGraph, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Groups that an edge joins, shape (n_groups, n_groups), symmetric."""
    n_groups = int(labels.max(initial=-1)) + 1
    ends = labels[graph.source], labels[graph.target]
    known = (ends[0] >= 0) & (ends[1] >= 0)
    touching = np.zeros((n_groups, n_groups), dtype=bool)
    touching[ends[0][known], ends[1][known]] = True
    return touching | touching.T


def _between(
    features: FeatureSet,
    association: Association,
    labels: npt.NDArray[np.int64],
    *,
    touching: npt.NDArray[np.bool_],
) -> _Evidence:
    """Evidence within the groups of `labels`, and between those that may be joined."""
    n_groups = len(touching)
    rows = carriers(features, association, labels)
    group = labels[features.gene_of[rows]]
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    bounds = np.searchsorted(group, np.arange(n_groups + 1))
    total, count = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups))
    noise = np.array(1.0 / (features.df_residual + 1))
    unit = features.values[rows] / np.sqrt(features.n_samples)
    genes = features.gene_of[rows]
    for a, b in zip(*np.nonzero(np.triu(touching | np.eye(n_groups, dtype=bool))), strict=True):
        first, second = slice(bounds[a], bounds[a + 1]), slice(bounds[b], bounds[b + 1])
        if features.dependence is not None:
            one, other = (features.block_share[rows[part]] for part in (first, second))
            noise = 1.0 / (features.dependence.df(one[:, None], other) + 1)
        squared = np.square(unit[first] @ unit[second].T) - noise
        pairs = squared.size
        if a == b:
            apart = genes[first][:, None] != genes[second][None, :]
            squared, pairs = squared[apart], int(apart.sum())
        total[a, b] = total[b, a] = squared.sum()
        count[a, b] = count[b, a] = pairs
    return _Evidence(total=total, count=count, touching=touching)


def _agglomerate(
    evidence: _Evidence,
    *,
    one_factor: float,
    apart: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.int64]:
    """Join the two touching groups with the closest factors until none reach `one_factor`.

    Args:
        evidence: within and between groups.
        one_factor: least correlation of their factors.
        apart: groups of which no two are ever joined, not through a third either.

    Returns:
        New label of each group, shape (n_groups,).
    """
    total, count = evidence.total.copy(), evidence.count.copy()
    touching = evidence.touching.copy()
    np.fill_diagonal(touching, False)
    apart = None if apart is None else apart.copy()
    label = np.arange(len(total))
    while touching.any():
        correlation = np.where(touching, _factor_correlation(total, count), -1.0)
        a, b = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
        if correlation[a, b] < one_factor:
            break
        a, b = min(a, b), max(a, b)
        # sums are additive: the pair's own cross sum becomes part of the inside
        for matrix in (total, count):
            inside = matrix[a, a] + matrix[b, b] + 2 * matrix[a, b]
            matrix[a] += matrix[b]
            matrix[:, a] = matrix[a]
            matrix[a, a] = inside
            matrix[b] = matrix[:, b] = 0.0
        touching[a] |= touching[b]
        if apart is not None and (apart[a] or apart[b]):
            apart[a] = True
            touching[a] &= ~apart
        touching[:, a] = touching[a]
        touching[a, a] = False
        touching[b] = touching[:, b] = False
        label[label == b] = a
    return label


def _factor_correlation(
    total: npt.NDArray[np.float64], count: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """|correlation| of the factors behind two groups, from mean r² within and between them.

    With loadings l and factor correlation ρ, r = l_i l_j within a group and l_i l_j ρ between two,
    so that ρ² = mean r²(between) / √(mean r²(first) · mean r²(second)).
    """
    mean = total / np.maximum(count, 1)
    inside = np.maximum(np.diag(mean), 1e-12)
    between = np.maximum(mean, 0.0)
    rho: npt.NDArray[np.float64] = np.sqrt(between / np.sqrt(np.outer(inside, inside)))
    return rho

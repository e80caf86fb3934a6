"""From a sparse association to modules: graph, communities, refinement, core, significance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from isograph.communities.core import core_members
from isograph.communities.detection import leiden
from isograph.communities.factors import carriers, refine
from isograph.communities.fates import ASSIGNED, gene_fates
from isograph.communities.graph import GeneGraph, collapse_to_genes
from isograph.communities.growth import Grown, extended, with_faint
from isograph.communities.profile import member_pvalues, row_correlations
from isograph.communities.ranks import average_ranks
from isograph.communities.remainders import rows_without
from isograph.communities.significance import module_pvalue, pair_pvalue, strongest_tree_nats
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association, exact_correlations, pair_df
from isograph.network.significance import benjamini_hochberg, correlation_pvalue


@dataclass(frozen=True)
class Partition:
    """Modules as numbers; names come with `modules`.

    Attributes:
        labels: module of each gene with features, −1 for none, shape (n_genes,). Module 0 is the
            largest; equal sizes go by smallest gene.
        association: feature pairs that hold them: the significant ones, and weaker ones within
            faint modules.
        graph: the gene graph of the association.
        pvalue: family-wise p of each module, shape (n_modules,).
        qvalue: Benjamini–Hochberg over all candidate modules, shape (n_modules,).
        n_edges: gene edges within each module, shape (n_modules,).
        fate: of each gene, shape (n_genes,).
        fate_value: the number behind the fate, shape (n_genes,).
        edge_alpha: p at which a single edge is significant family-wise.
        joined_rows: features by which genes joined a module's factor, sorted.
        joining_alpha: the largest p that let one in.
        n_faint: modules that no significant pair proposed, among all.
    """

    labels: npt.NDArray[np.int64]
    association: Association
    graph: GeneGraph
    pvalue: npt.NDArray[np.float64]
    qvalue: npt.NDArray[np.float64]
    n_edges: npt.NDArray[np.int64]
    fate: npt.NDArray[np.str_]
    fate_value: npt.NDArray[np.float64]
    edge_alpha: float
    joined_rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    joining_alpha: float = 0.0
    n_faint: int = 0

    @property
    def n_modules(self) -> int:
        """Number of modules."""
        return len(self.pvalue)


def find_modules(
    features: FeatureSet,
    association: Association,
    settings: CommunitySettings,
    *,
    explained: npt.NDArray[np.float64] | None = None,
) -> Partition:
    """Partition genes into modules; none is a legal answer.

    Args:
        features: all features.
        association: their significant pairs, from any backend.
        settings: see `CommunitySettings`.
        explained: columns of what was taken out, bent, shape (n_samples, k), orthonormal and
            orthogonal to the design: a module that does not hold without them is a remainder.

    Returns:
        The partition. Nothing in it is random.
    """
    n_genes = len(features.gene_ids)
    graph = collapse_to_genes(association, features.gene_of, n_genes)
    found = leiden(
        n_genes, graph.source, graph.target, graph.weight, resolution=settings.resolution
    )
    community = refine(features, association, graph, found, one_factor=settings.merge_correlation)
    n_tests = _pairs_between_genes(features.gene_of, np.zeros(n_genes, dtype=np.int64), 1)[0]
    edge_alpha = settings.edge_fwer / max(int(n_tests), 1)
    inside = graph.within(community)
    member = _held(features, association, inside, community, edge_alpha, settings)
    candidate = _pieces(inside, member)
    module_p = _candidate_pvalues(features, association, inside, candidate, int(n_tests))
    if explained is not None:
        bare = _without(features, association, inside, explained)
        without = _candidate_pvalues(features, association, bare, candidate, int(n_tests))
        module_p = np.maximum(module_p, without)
    size = np.bincount(candidate[candidate >= 0], minlength=len(module_p))
    limit = np.where(size > 2, settings.module_fwer, settings.pair_fwer)
    accepted = module_p <= limit
    held = _renumbered(candidate, accepted)
    grown = extended(
        features,
        Grown(
            labels=held,
            pvalue=module_p[accepted],
            refused=module_p[~accepted],
            association=association,
        ),
        settings,
    )
    grown = with_faint(features, grown, settings, explained=explained)
    labels, order = by_size(grown.labels, len(grown.pvalue))
    pvalue = grown.pvalue[order]
    fate, value = gene_fates(graph, inside, community, candidate, module_p)
    assigned = labels >= 0
    fate[assigned], value[assigned] = ASSIGNED, pvalue[labels[assigned]]
    if grown.association is not association:
        graph = collapse_to_genes(grown.association, features.gene_of, n_genes)
    final = graph.within(labels)
    adjusted = benjamini_hochberg(np.concatenate([pvalue, grown.refused]))
    return Partition(
        labels=labels,
        association=grown.association,
        graph=graph,
        pvalue=pvalue,
        qvalue=adjusted[: len(pvalue)],
        n_edges=np.bincount(labels[final.source], minlength=len(pvalue)).astype(np.int64),
        fate=fate,
        fate_value=value,
        edge_alpha=edge_alpha,
        joined_rows=grown.rows,
        joining_alpha=grown.alpha,
        n_faint=grown.n_faint,
    )


def profile_rows(
    features: FeatureSet, association: Association, partition: Partition
) -> npt.NDArray[np.int64]:
    """Features that a module's profile is made of: `carriers`, or all that joined if it has none.

    Only modules from outside may have no significant pair.

    Args:
        features: all features.
        association: feature pairs behind the partition.
        partition: the modules.

    Returns:
        Feature rows, sorted; some of every module.
    """
    rows = carriers(features, association, partition.labels)
    carried = np.zeros(partition.n_modules + 1, dtype=bool)
    carried[partition.labels[features.gene_of[rows]]] = True
    carried[-1] = True
    joined = partition.joined_rows
    return np.union1d(rows, joined[~carried[partition.labels[features.gene_of[joined]]]])


def _held(
    features: FeatureSet,
    association: Association,
    inside: GeneGraph,
    community: npt.NDArray[np.int64],
    edge_alpha: float,
    settings: CommunitySettings,
) -> npt.NDArray[np.bool_]:
    """Genes in the core of their community that also follow the rest of it as a whole.

    Two chance edges to a large module are not rare: its features are many draws around one factor.
    One test a gene against that factor, family-wise over genes and communities, is what counts.
    """
    strong = inside.pvalue <= edge_alpha
    member = core_members(inside.n_genes, inside.source, inside.target, strong)
    core = np.where(member, community, -1)
    n_tests = inside.n_genes * max(int(core.max(initial=-1)) + 1, 1)
    p = member_pvalues(features, carriers(features, association, core), core)
    follows = p <= settings.member_fwer / n_tests
    kept = follows[inside.source] & follows[inside.target]
    return core_members(inside.n_genes, inside.source[kept], inside.target[kept], strong[kept])


def _pieces(inside: GeneGraph, member: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Connected pieces of the cores, as candidate modules; −1 for genes outside."""
    alive = inside.subset(member[inside.source] & member[inside.target])
    piece = np.full(inside.n_genes, -1, dtype=np.int64)
    touched = np.zeros(inside.n_genes, dtype=bool)
    touched[alive.source] = touched[alive.target] = True
    piece[touched] = np.unique(alive.components()[touched], return_inverse=True)[1]
    return piece


def _candidate_pvalues(
    features: FeatureSet,
    association: Association,
    inside: GeneGraph,
    candidate: npt.NDArray[np.int64],
    n_tests: int,
) -> npt.NDArray[np.float64]:
    n_candidates = int(candidate.max(initial=-1)) + 1
    if n_candidates == 0:
        return np.empty(0)
    size = np.bincount(candidate[candidate >= 0], minlength=n_candidates)
    edges = inside.within(candidate)
    nats = strongest_tree_nats(
        edges.source, edges.target, edges.pvalue, candidate, n_modules=n_candidates
    )
    union = module_pvalue(
        nats,
        size,
        n_features=features.n_features,
        features_per_gene=int(np.bincount(features.gene_of).max()),
    )
    lone = inside.within(np.where(np.append(size, 0)[candidate] == 2, candidate, -1))
    edge_p = np.maximum(lone.pvalue, _rank_pvalue(features, association, lone.pair))
    union[candidate[lone.source]] = pair_pvalue(edge_p, n_tests=n_tests)
    return union


def _without(
    features: FeatureSet,
    association: Association,
    inside: GeneGraph,
    explained: npt.NDArray[np.float64],
) -> GeneGraph:
    """The same edges with the p that they have without the columns."""
    i, j = association.i[inside.pair], association.j[inside.pair]
    rows, place = np.unique(np.concatenate([i, j]), return_inverse=True)
    rest = rows_without(features, rows, explained)
    r = exact_correlations(rest, place[: len(i)], place[len(i) :])
    df = np.maximum(pair_df(features, i, j) - explained.shape[1], 1.0)
    return replace(inside, pvalue=np.maximum(correlation_pvalue(r, df), inside.pvalue))


def _rank_pvalue(
    features: FeatureSet, association: Association, pairs: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """p of the rank correlation (Spearman 1904) of feature pairs, shape (n_pairs,).

    Nothing confirms a pair but its one edge. Two features that jump in the same few samples have a
    Pearson correlation far beyond its null for Gaussian rows; their ranks have not.
    """
    rows, place = np.unique(
        np.concatenate([association.i[pairs], association.j[pairs]]), return_inverse=True
    )
    ranks = average_ranks(features.values[rows]) - (features.n_samples + 1) / 2
    first, second = ranks[place[: len(pairs)]], ranks[place[len(pairs) :]]
    return correlation_pvalue(row_correlations(first, second), features.df_between(first, second))


def _pairs_between_genes(
    gene_of: npt.NDArray[np.int64], label: npt.NDArray[np.int64], n_labels: int
) -> npt.NDArray[np.int64]:
    """Feature pairs of different genes within each label; `label` has shape (n_genes,)."""
    per_gene = np.bincount(gene_of, minlength=len(label))
    known = label >= 0
    total = np.bincount(label[known], weights=per_gene[known], minlength=n_labels)
    squares = np.bincount(label[known], weights=per_gene[known] ** 2.0, minlength=n_labels)
    return ((total**2 - squares) / 2).astype(np.int64)


def _renumbered(
    candidate: npt.NDArray[np.int64], accepted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Accepted candidates counted from 0 in their order, −1 elsewhere; shape (n_genes,)."""
    number = np.where(accepted, np.cumsum(accepted) - 1, -1)
    renumbered: npt.NDArray[np.int64] = np.append(number, -1)[candidate]
    return renumbered


def by_size(
    labels: npt.NDArray[np.int64], n_modules: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Modules numbered by falling size, then by their first gene; and the old number of each.

    Args:
        labels: −1 for none, shape (n_genes,).
        n_modules: number of modules.

    Returns:
        New labels, shape (n_genes,), and the old label of each module, shape (n_modules,).
    """
    known = np.flatnonzero(labels >= 0)
    size = np.bincount(labels[known], minlength=n_modules)
    first = np.full(n_modules, len(labels), dtype=np.int64)
    np.minimum.at(first, labels[known], known)
    order = np.lexsort((first, -size))
    rank = np.full(n_modules + 1, -1, dtype=np.int64)
    rank[order] = np.arange(n_modules)
    return rank[labels], order

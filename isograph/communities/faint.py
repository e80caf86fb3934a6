"""Faint modules: groups of genes that follow one factor although no two of them show it.

A pair of features with loading λ correlates λ², which drowns among millions of pairs; each of them
correlates λ with the factor, and many such genes together are no chance. So pairs that noise gives
too may propose groups, and a group is judged as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from isograph.communities.detection import leiden
from isograph.communities.factors import carriers
from isograph.communities.graph import collapse_to_genes, first_of_each
from isograph.communities.profile import (
    leading_profile,
    row_correlations,
    scores_without_gene,
)
from isograph.communities.ranks import normal_scores
from isograph.communities.remainders import rows_without
from isograph.communities.significance import sequence_log_pvalue
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import (
    correlation_pvalue,
    critical_correlation,
    false_discovery_line,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST_MEMBERS = 3
_FACTORS_PER_COMMUNITY = 2
_POWER_STEPS = 20
_START_SHARE, _START_LEAST, _START_MOST = 0.2, 5, 30
_START_P = 0.01
_ROUNDS = 15


@dataclass(frozen=True)
class _Pool:
    """Rows that may follow a factor.

    Attributes:
        rows: feature rows, sorted.
        values: of these rows, or of all features, shape (n_rows or n_features, n_samples).
        gappy: positions in `rows` of features that are not observed everywhere.
        n_own: features of each gene in the data set, shape (n_genes,).
    """

    rows: Ints
    values: Floats
    gappy: Ints
    n_own: Ints

    def part(self, features: FeatureSet, rows: Ints) -> _Pool:
        """A pool of some of the rows."""
        gappy = np.flatnonzero(np.isin(rows, self.rows[self.gappy]))
        return _Pool(rows, features.values[rows], gappy, self.n_own)

    def near(self, features: FeatureSet, makers: Ints, *, most_p: float) -> tuple[Ints, Floats]:
        """Rows with a p of at most `most_p` against the factor of `makers`, and that p.

        A gene's own features are left out of the factor that it is compared with.
        """
        profile, _, loading = leading_profile(features.values[makers])
        r = self.values @ profile / features.n_samples
        r = np.abs(r if len(r) == len(self.rows) else r[self.rows])
        df = np.full(len(r), float(features.df_residual))
        if features.dependence is not None:
            between = features.dependence.share(profile[None, :])
            df = features.dependence.df(features.block_share[self.rows], between)
        if len(self.gappy):
            # rows are 0 where not observed: what counts is the profile where they are
            seen = features.observed[self.rows[self.gappy]]
            share = seen @ np.square(profile) / features.n_samples
            r[self.gappy] /= np.sqrt(np.maximum(share, 1e-12))
            missing = features.n_samples - np.count_nonzero(seen, axis=1)
            df[self.gappy] = np.maximum(df[self.gappy] - missing, 1.0)
        makes = np.zeros(len(self.n_own), dtype=bool)
        makes[features.gene_of[makers]] = True
        own = np.flatnonzero(makes[features.gene_of[self.rows]])
        r[own] = _without_own_gene(features, makers, loading, self.rows[own])
        # p falls with the degrees of freedom, so nothing below this |r| can be within most_p
        near = np.flatnonzero(r >= critical_correlation(most_p, features.df_residual))
        p = correlation_pvalue(np.minimum(r[near], 1.0), df[near])
        return self.rows[near[p <= most_p]], p[p <= most_p]


def _without_own_gene(features: FeatureSet, makers: Ints, loading: Floats, rows: Ints) -> Floats:
    """|r| of rows of maker genes with the factor of the other makers, shape (n_rows,)."""
    genes, place = np.unique(features.gene_of[rows], return_inverse=True)
    # makers are features: in a small cohort there may be more of them than genes
    of_makers, of_genes = (
        np.zeros(n, dtype=np.int64) for n in (len(makers), len(features.gene_ids))
    )
    rest = scores_without_gene(features, makers, of_makers, loading, genes, of_genes)
    return np.abs(row_correlations(features.values[rows], rest[place]))


@dataclass(frozen=True)
class FaintModule:
    """A group that follows one factor.

    Attributes:
        rows: a feature of each member gene, sorted, shape (n_members,).
        alpha: the largest p with which one of them follows the factor of the others.
        log_p: natural log of the family-wise p of the group that makes the factor.
    """

    rows: Ints
    alpha: float
    log_p: float


def faint_modules(
    features: FeatureSet,
    proposals: Association,
    free: npt.NDArray[np.bool_],
    *,
    fdr: float,
    member_fdr: float,
) -> list[FaintModule]:
    """Candidates among the genes that are free, the most significant first.

    Communities of the proposed pairs are mostly noise. Within each, features are kept that follow
    the factor of the others, starting from the most central ones, until the set stays the same;
    then the set grows over all free genes in the same way.

    Args:
        features: all features.
        proposals: pairs, most of which may be chance.
        free: genes that may become members, shape (n_genes,).
        fdr: expected share of false genes among those that make a factor.
        member_fdr: expected share of false genes among members.

    Returns:
        Candidates of three genes or more, with the p of each. They may share genes.
    """
    eligible = free[features.gene_of]
    pairs = proposals.subset(eligible[proposals.i] & eligible[proposals.j])
    graph = collapse_to_genes(pairs, features.gene_of, len(free))
    community = leiden(len(free), graph.source, graph.target, graph.weight, resolution=1.0)
    carried = carriers(features, pairs, community)
    group = community[features.gene_of[carried]]
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(1, int(group.max(initial=-1)) + 1))
    gappy = np.count_nonzero(features.observed, axis=1) < features.n_samples
    open_rows = np.flatnonzero(eligible)
    pool = _Pool(
        rows=open_rows,
        values=features.values,
        gappy=np.flatnonzero(gappy[open_rows]),
        n_own=np.bincount(features.gene_of, minlength=len(free)),
    )
    found: list[FaintModule] = []
    for rows in np.split(carried[order], bounds) if len(carried) else []:
        for start in _starts(features, pairs, pool.part(features, np.sort(rows)), fdr=fdr):
            grown = _fixed_point(features, pool, start, fdr=fdr)
            if len(grown) < _LEAST_MEMBERS:
                continue
            log_p = group_log_pvalue(features, grown)
            members, alpha = _followers(features, pool, grown, fdr=member_fdr)
            if len(members) >= _LEAST_MEMBERS:
                found.append(FaintModule(rows=members, alpha=alpha, log_p=log_p))
    return sorted(found, key=lambda module: (module.log_p, module.rows.tolist()))


def group_log_pvalue(
    features: FeatureSet, rows: Ints, *, explained: npt.NDArray[np.float64] | None = None
) -> float:
    """Natural log of the family-wise p of a group that was searched for.

    The largest of the p of the values, of their normal scores, and of the values without what
    removed programmes may have left. Rows with a few large values in the same samples correlate
    beyond any null for Gaussian rows; their ranks do not.

    Args:
        features: all features.
        rows: one a gene, shape (n_members,).
        explained: as for `find_modules`.
    """
    values, observed = features.values[rows], features.observed[rows]
    forms = [(values, 0), (normal_scores(values), 0)]
    if explained is not None:
        forms.append((rows_without(features, rows, explained), explained.shape[1]))
    return max(
        sequence_log_pvalue(
            some,
            observed,
            df_residual=max(features.df_residual - taken, 1),
            n_features=features.n_features,
            dependence=features.dependence,
        )
        for some, taken in forms
    )


def _starts(features: FeatureSet, pairs: Association, pool: _Pool, *, fdr: float) -> list[Ints]:
    """Sets of a community's features, each with a factor of its own, that are worth growing."""
    starts = []
    for _ in range(_FACTORS_PER_COMMUNITY):
        central = _central(features, pairs, pool.rows)
        if len(central) < _LEAST_MEMBERS:
            break
        alike = _alike(features, pool, central)
        # among few rows this costs little, and noise seldom gets further
        kept = _fixed_point(features, pool, alike, fdr=fdr)
        if len(kept):
            starts.append(kept)
        left = np.setdiff1d(pool.rows, alike, assume_unique=True)
        if len(alike) == 0 or len(left) < _LEAST_MEMBERS:
            break
        pool = pool.part(features, left)
    return starts


def _central(features: FeatureSet, pairs: Association, rows: Ints) -> Ints:
    """The features with the largest eigenvector centrality in the graph of the pairs."""
    place = np.full(features.n_features, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    inside = (place[pairs.i] >= 0) & (place[pairs.j] >= 0)
    if not inside.any():
        return np.empty(0, dtype=np.int64)
    half = sparse.coo_array(
        (pairs.weight[inside], (place[pairs.i[inside]], place[pairs.j[inside]])),
        shape=(len(rows), len(rows)),
    ).tocsr()
    matrix = half + half.T
    centrality = np.ones(len(rows))
    for _ in range(_POWER_STEPS):
        centrality = matrix @ centrality + 1e-9
        centrality /= np.linalg.norm(centrality)
    n = int(np.clip(_START_SHARE * len(rows), _START_LEAST, _START_MOST))
    chosen: Ints = rows[np.sort(np.argsort(-np.round(centrality, 9), kind="stable")[:n])]
    return chosen


def _alike(features: FeatureSet, pool: _Pool, start: Ints) -> Ints:
    """The rows that follow their own factor, each at a p of its own, from `start`."""
    seen = set()
    for _ in range(_ROUNDS):
        alike, _ = pool.near(features, start, most_p=_START_P)
        if len(alike) < _LEAST_MEMBERS or alike.tobytes() in seen:
            break
        seen.add(alike.tobytes())
        start = alike
    return alike


def _fixed_point(features: FeatureSet, pool: _Pool, start: Ints, *, fdr: float) -> Ints:
    """The rows, one a gene, whose genes are those that follow its own factor."""
    seen = set()
    for _ in range(_ROUNDS):
        if len(start) < _LEAST_MEMBERS:
            return np.empty(0, dtype=np.int64)
        members, _ = _followers(features, pool, start, fdr=fdr)
        if members.tobytes() in seen:
            return members
        seen.add(members.tobytes())
        start = members
    return start


def _followers(
    features: FeatureSet, pool: _Pool, makers: Ints, *, fdr: float
) -> tuple[Ints, float]:
    """The best feature of each gene that follows the factor of `makers`; and the largest p.

    The level is over all genes, those without a row in the pool included.
    """
    rows, p = pool.near(features, makers, most_p=fdr)
    best = first_of_each(features.gene_of[rows], p, rows)
    gene = features.gene_of[rows][best]
    everybody = np.ones(len(features.gene_ids))
    everybody[gene] = np.minimum(p[best] * pool.n_own[gene], 1.0)
    line = false_discovery_line(everybody, level=fdr)
    chosen = best[everybody[gene] <= line]
    return np.sort(rows[chosen]), float(p[chosen].max(initial=0.0))

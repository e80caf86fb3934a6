"""Is a direction shared by the members of several modules, beside their own factors?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import carriers
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import correlation_pvalue, critical_correlation
from isograph.programmes.directions import Directions, regress
from isograph.programmes.evidence import ModuleFactors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENOUGH_MEMBERS = 5
"""What a module's own factor leaves of fewer genes is hardly free."""

_LOADS = 1e-3
_FAMILY_WISE = 0.01
_LEAST_GENES = 2
_MOST = 0.5
_ENOUGH_CARRIERS = 10
_MANY_TIED = 20
_TIES = 1.5
_NOTHING_LEFT = 1e-3  # of a profile that another explains


@dataclass(frozen=True)
class Breadth:
    """How far one direction reaches.

    Attributes:
        n_modules: modules of five genes or more, of which two or more load on it.
        share: share of the genes of all modules of five or more that these are.
    """

    n_modules: int
    share: float

    def is_broad(self, least_share: float) -> bool:
        """Whether members of several modules share it: of three, or most members of two."""
        if self.share >= _MOST:
            return self.n_modules >= 2
        return self.n_modules >= 3 and self.share >= least_share

    @property
    def reaches_most(self) -> bool:
        """Whether most members of several modules share it."""
        return self.is_broad(_MOST)


def without_own_factor(features: FeatureSet, factors: ModuleFactors, rows: Ints) -> Floats:
    """Rows less their own module's factor, shape (n_rows, n_samples).

    The factor is fitted with the row in it: loadings that are proportional to those on the own
    factor (a trait that drives several modules as wholes) then leave nothing behind.

    Args:
        features: all features.
        factors: of the modules.
        rows: features wanted; those without a module come back as they are.
    """
    label = factors.label[rows]
    rest = features.values[rows]
    inside = np.flatnonzero(label >= 0)
    for start in range(0, len(inside), 4096):
        part = inside[start : start + 4096]
        own = factors.profiles[label[part]]
        along = np.einsum("ij,ij->i", rest[part], own)
        rest[part] -= (along / np.maximum(np.einsum("ij,ij->i", own, own), 1e-12))[:, None] * own
    return rest


def breadth(
    features: FeatureSet, directions: Directions, factors: ModuleFactors, labels: Ints
) -> list[Breadth]:
    """Breadth of each direction.

    Args:
        features: before removal.
        directions: the broad factors, curves aside.
        factors: of modules found after removal, from features before it.
        labels: those modules, shape (n_genes,).
    """
    n_modules, large = len(factors.profiles), factors.size >= ENOUGH_MEMBERS
    if np.count_nonzero(large) < 2:
        return [Breadth(0, 0.0)] * len(directions)
    rest = without_own_factor(features, factors, np.arange(features.n_features))
    df = max(features.df_residual - len(directions) - 1, 1)
    found = []
    for k in range(len(directions)):
        one = slice(k, k + 1)
        fit = regress(
            rest,
            directions.values[one],
            directions.weight[:, one],
            directions.source,
            given=factors.own,
        )
        loads = correlation_pvalue(np.sqrt(fit.r2), float(df)) <= _LOADS
        gene = np.zeros(len(labels), dtype=bool)
        gene[features.gene_of[loads]] = True
        hits = np.bincount(labels[(labels >= 0) & gene], minlength=n_modules)
        enough = large & (hits >= _LEAST_GENES)
        share = hits[enough].sum() / factors.size[large].sum()
        found.append(Breadth(int(enough.sum()), float(share)))
    return found


def shared_modules(
    features: FeatureSet, factors: ModuleFactors, labels: Ints, *, least_share: float
) -> int:
    """Modules whose factor is broad among the members of other modules, beside their own.

    A factor that binds hundreds of background genes into a module is known far better than any
    pair of genes shows it: members that follow it too faintly for an edge between two of them
    give it away together.

    Args:
        features: all features.
        factors: of the modules.
        labels: those modules, shape (n_genes,).
        least_share: see `Breadth.is_broad`.
    """
    large = factors.size >= ENOUGH_MEMBERS
    rows, n_modules = np.flatnonzero(factors.member), len(large)
    if np.count_nonzero(large) < 2:
        return 0
    df = float(max(features.df_residual - 2, 1))
    unit = factors.profiles / np.sqrt(features.n_samples)
    # what is left of a profile beside another's
    left = np.sqrt(np.maximum(1.0 - np.square(unit @ unit.T), _NOTHING_LEFT))
    found = []
    for start in range(0, len(rows), 4096):
        part = rows[start : start + 4096]
        rest = without_own_factor(features, factors, part)
        norm = np.sqrt(np.einsum("ij,ij->i", rest, rest))
        rest /= np.where(norm > 1e-9, norm, np.inf)[:, None]
        own = factors.label[part]
        loads = correlation_pvalue((rest @ unit.T) / left[own], df) <= _LOADS
        row, module = np.nonzero(loads & (own[:, None] != np.arange(n_modules)))
        found.append(np.stack([features.gene_of[part[row]], module]))
    gene, module = np.unique(np.concatenate(found, axis=1), axis=1)
    hits = np.zeros((n_modules, n_modules), dtype=np.int64)
    np.add.at(hits, (module, labels[gene]), 1)
    hits[(hits < _LEAST_GENES) | ~large] = 0
    others = factors.size[large].sum() - np.where(large, factors.size, 0)
    share = hits.sum(axis=1) / np.maximum(others, 1)
    reach = zip(np.count_nonzero(hits, axis=1).tolist(), share.tolist(), strict=True)
    return sum(Breadth(n, one).is_broad(least_share) for n, one in reach)


def residual_edges(
    features: FeatureSet, association: Association, factors: ModuleFactors, labels: Ints
) -> int:
    """Family-wise significant pairs that are left when every module's own factor is taken out.

    Pairs within a module count where it is large (taking out a factor makes the rest of a small
    module correlate negatively) and leaves as many of them as it has genes, or half as many again
    as the genes that have them if these are many: relatives that share reads, or two channels that
    follow one factor in different ways, leave a few; and background that a broad factor binds to
    modules leaves none.

    Args:
        features: all features.
        association: their pairs.
        factors: of the modules.
        labels: the modules, shape (n_genes,).

    Returns:
        The number of pairs; 0 where members follow their modules and nothing else.
    """
    rows = carriers(features, association, labels)
    if len(rows) < 2:
        return 0
    rest = without_own_factor(features, factors, rows)
    norm = np.sqrt(np.einsum("ij,ij->i", rest, rest))
    rest /= np.where(norm > 1e-9, norm, np.inf)[:, None]
    label, gene = factors.label[rows], features.gene_of[rows]
    count = np.bincount(label, minlength=len(factors.profiles))
    n_pairs = len(rows) * (len(rows) - 1) / 2
    df = float(max(features.df_residual - 1, 1))
    across = 0
    within = np.zeros(len(factors.profiles))
    tied = np.zeros(len(labels), dtype=bool)
    for start in range(0, len(rows), 1024):
        block = slice(start, start + 1024)
        r = rest[block] @ rest[start:].T
        r[np.tril_indices(len(r))] = 0.0
        i, j = np.nonzero(np.abs(r) >= _screen(n_pairs, df))
        r, i, j = r[i, j], i + start, j + start
        inside = label[i] == label[j]
        keep = (gene[i] != gene[j]) & (~inside | (count[label[j]] >= _ENOUGH_CARRIERS))
        r, i, j, inside = r[keep], i[keep], j[keep], inside[keep]
        significant = correlation_pvalue(r, df) * n_pairs <= _FAMILY_WISE
        across += int(np.count_nonzero(significant & ~inside))
        i, j = i[significant & inside], j[significant & inside]
        within += np.bincount(label[j], minlength=len(within))
        tied[gene[i]] = tied[gene[j]] = True
    n_tied = np.bincount(labels[tied & (labels >= 0)], minlength=len(within))
    many = (within >= _TIES * n_tied) & (n_tied >= _MANY_TIED)
    return across + int(within[many | (within >= factors.size)].sum())


def _screen(n_pairs: float, df: float) -> float:
    return critical_correlation(min(0.5, _FAMILY_WISE / max(n_pairs, 1.0)), df) * (1 - 1e-9)

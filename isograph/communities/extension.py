"""Genes that follow a module as a whole although no single edge says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import carriers
from isograph.communities.profile import leading_profile
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import benjamini_hochberg, correlation_pvalue

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CHUNK = 8192
_LEAST_MEMBERS = 3
_ROUNDS = 5


@dataclass(frozen=True)
class Extension:
    """Modules with the genes that joined them.

    Attributes:
        labels: module of each gene, −1 for none, shape (n_genes,).
        rows: the feature by which each gene joined, sorted, shape (n_joined,).
        alpha: the largest p that let a gene in; 0 where none joined.
    """

    labels: Ints
    rows: Ints
    alpha: float


def extend_modules(
    features: FeatureSet, association: Association, labels: Ints, *, fdr: float
) -> Extension:
    """Add genes outside to the module whose factor they follow.

    A feature with loading λ correlates λ² with another one of its module but λ with the module's
    factor, so where samples are few the factor finds members that no edge does. The factor is
    made without the gene, so under independence r has its usual null. Each round
    makes the factors of the genes that are in by then.

    Args:
        features: all features.
        association: pairs that hold the modules together.
        labels: module of each gene, −1 for none, shape (n_genes,).
        fdr: expected share of false genes among those added (Benjamini–Hochberg).

    Returns:
        The modules; nobody leaves one.
    """
    held = carriers(features, association, labels)
    joined = np.empty(0, dtype=np.int64)
    alpha = 0.0
    for _ in range(_ROUNDS):
        rows = np.union1d(held, joined)
        labels, added, p = _one_round(features, labels, rows, fdr=fdr)
        if len(added) == 0:
            break
        joined = np.union1d(joined, added)
        alpha = max(alpha, float(p.max()))
    return Extension(labels=labels, rows=joined, alpha=alpha)


def _one_round(
    features: FeatureSet, labels: Ints, rows: Ints, *, fdr: float
) -> tuple[Ints, Ints, Floats]:
    """Labels with the genes that follow factors made of `rows`; by which features, and their p."""
    nobody = np.empty(0, dtype=np.int64)
    size = np.bincount(labels[labels >= 0], minlength=1)
    # two genes have no factor but what they happen to share
    open_to = np.flatnonzero(size >= _LEAST_MEMBERS)
    outside = np.flatnonzero(labels[features.gene_of] < 0)
    if len(open_to) == 0 or len(outside) == 0:
        return labels, nobody, np.empty(0)
    group = labels[features.gene_of[rows]]
    profiles = np.stack(
        [leading_profile(features.values[rows[group == module]])[0] for module in open_to]
    )
    p, choice = _closest(features, outside, profiles)
    best = np.lexsort((outside, p, features.gene_of[outside]))
    gene = features.gene_of[outside][best]
    first = np.ones(len(gene), dtype=bool)
    first[1:] = gene[1:] != gene[:-1]
    best, gene = best[first], gene[first]
    # the best of a gene's features and of all modules, then a false discovery rate over genes
    n_own = np.bincount(features.gene_of, minlength=len(labels))[gene]
    q = benjamini_hochberg(np.minimum(p[best] * n_own * len(open_to), 1.0))
    follows = q <= fdr
    extended = labels.copy()
    extended[gene[follows]] = open_to[choice[best][follows]]
    return extended, outside[best][follows], p[best][follows]


def _closest(features: FeatureSet, rows: Ints, profiles: Floats) -> tuple[Floats, Ints]:
    """p and index of the profile that each row follows most closely."""
    n = features.n_samples
    p, choice = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        block = rows[part]
        seen = features.observed[block]
        r = features.values[block] @ profiles.T / n
        df = np.full(len(block), float(features.df_residual))
        if not seen.all():
            # rows are 0 where not observed: what counts is the profile where they are
            share = seen.astype(np.float64) @ np.square(profiles).T / n
            r = r / np.sqrt(np.maximum(share, 1e-12))
            df = np.maximum(df - np.count_nonzero(~seen, axis=1), 1.0)
        r = np.clip(r, -1.0, 1.0)
        choice[part] = np.argmax(np.abs(r), axis=1)
        top = np.take_along_axis(r, choice[part][:, None], axis=1)[:, 0]
        p[part] = correlation_pvalue(top, df)
    return p, choice

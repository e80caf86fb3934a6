"""Genes that follow a module as a whole although no single edge says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import carriers
from isograph.communities.graph import first_of_each
from isograph.communities.profile import closest_profile, leading_profile, member_pvalues
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import false_discovery_line, support_line

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
    features: FeatureSet,
    association: Association,
    labels: Ints,
    *,
    fdr: float,
    local_fdr: float,
) -> Extension:
    """Add genes outside to the module whose factor they follow.

    A feature with loading λ correlates λ² with another one of its module but λ with the module's
    factor, so where samples are few the factor finds members that no edge does. The factor is
    made without the gene, so under independence r has its usual null. Each round
    makes the factors of the genes that are in by then.

    Two levels must hold. The share of false genes among all members bounds how many there are;
    alone it would let the certain members pay for doubtful ones. The chance that the last gene in
    is false bounds each.

    Args:
        features: all features.
        association: pairs that hold the modules together.
        labels: module of each gene, −1 for none, shape (n_genes,).
        fdr: expected share of false genes among members (Benjamini–Hochberg).
        local_fdr: chance that the last gene to join is false (`support_line`).

    Returns:
        The modules; nobody leaves one.
    """
    held = carriers(features, association, labels)
    joined = np.empty(0, dtype=np.int64)
    alpha = 0.0
    for _ in range(_ROUNDS):
        rows = np.union1d(held, joined)
        labels, added, p = _one_round(features, labels, rows, fdr=fdr, local_fdr=local_fdr)
        if len(added) == 0:
            break
        joined = np.union1d(joined, added)
        alpha = max(alpha, float(p.max()))
    return Extension(labels=labels, rows=joined, alpha=alpha)


def _one_round(
    features: FeatureSet, labels: Ints, rows: Ints, *, fdr: float, local_fdr: float
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
    p, choice = closest_profile(features, outside, profiles)
    best = first_of_each(features.gene_of[outside], p, outside)
    gene = features.gene_of[outside][best]
    # the best of a gene's features and of all modules, then a level over all genes
    n_own = np.bincount(features.gene_of, minlength=len(labels))[gene]
    corrected = np.minimum(p[best] * n_own * len(open_to), 1.0)
    members = member_pvalues(features, rows, labels)[labels >= 0]
    everybody = np.concatenate([corrected, np.minimum(members * len(open_to), 1.0)])
    line = min(false_discovery_line(everybody, level=fdr), support_line(everybody, level=local_fdr))
    follows = corrected <= line
    extended = labels.copy()
    extended[gene[follows]] = open_to[choice[best][follows]]
    return extended, outside[best][follows], p[best][follows]

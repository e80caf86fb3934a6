"""What significant pairs propose grows: genes join by a module's factor, faint modules come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from isograph.communities.extension import extend_modules
from isograph.communities.factors import join_to_faint
from isograph.communities.faint import FaintModule, faint_modules, group_log_pvalue
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association, edge_pvalue, exact_correlations

Ints = npt.NDArray[np.int64]

_LEAST_MEMBERS = 3


def _no_rows() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Grown:
    """Modules while they grow.

    Attributes:
        labels: module of each gene, −1 for none, shape (n_genes,).
        pvalue: family-wise p of each module, shape (n_modules,).
        refused: p of the candidates that are no modules.
        association: pairs that hold the modules.
        rows: features by which genes joined, sorted.
        alpha: the largest p that let one in.
        n_faint: modules that no significant pair proposed.
    """

    labels: Ints
    pvalue: npt.NDArray[np.float64]
    refused: npt.NDArray[np.float64]
    association: Association
    rows: Ints = field(default_factory=_no_rows)
    alpha: float = 0.0
    n_faint: int = 0


def extended(features: FeatureSet, grown: Grown, settings: CommunitySettings) -> Grown:
    """With the genes that follow a module's factor.

    Args:
        features: all features.
        grown: the modules.
        settings: levels.
    """
    extension = extend_modules(
        features,
        grown.association,
        grown.labels,
        fdr=settings.joining_fdr,
        local_fdr=settings.joining_local_fdr,
    )
    return replace(
        grown,
        labels=extension.labels,
        rows=np.union1d(grown.rows, extension.rows),
        alpha=max(grown.alpha, extension.alpha),
    )


def with_faint(
    features: FeatureSet,
    grown: Grown,
    settings: CommunitySettings,
    *,
    explained: npt.NDArray[np.float64] | None = None,
) -> Grown:
    """With the faint modules among the genes that are left, joined to those they are part of.

    Args:
        features: all features.
        grown: the modules that significant pairs show.
        settings: levels.
        explained: as for `find_modules`.
    """
    proposals = grown.association.proposals
    if not settings.faint_modules or proposals is None:
        return grown
    candidates = faint_modules(
        features,
        proposals,
        grown.labels < 0,
        fdr=settings.faint_fdr,
        member_fdr=settings.joining_fdr,
    )
    added = _accepted(features, grown, candidates, level=settings.module_fwer, explained=explained)
    if len(added.pvalue) == len(grown.pvalue):
        return added
    first = len(grown.pvalue)
    association = _with_pairs_inside(
        features, grown.association, added.labels, added.rows, first=first
    )
    label = join_to_faint(
        features,
        association,
        added.labels,
        first_faint=first,
        one_factor=settings.merge_correlation,
    )
    kept, number = np.unique(label, return_inverse=True)
    pvalue = np.ones(len(kept))
    np.minimum.at(pvalue, number, added.pvalue)
    joined = replace(
        added,
        labels=np.append(number, -1)[added.labels],
        pvalue=pvalue,
        association=association,
        n_faint=int(np.count_nonzero(kept >= first)),
    )
    return extended(features, joined, settings)


def _accepted(
    features: FeatureSet,
    grown: Grown,
    candidates: list[FaintModule],
    *,
    level: float,
    explained: npt.NDArray[np.float64] | None,
) -> Grown:
    """The significant candidates as modules; a gene goes to the most significant one.

    What is left of a candidate must be significant itself: those who made the factor may be other
    genes than those who become members.
    """
    labels, rows = grown.labels.copy(), [grown.rows]
    accepted: list[float] = []
    refused: list[float] = []
    alpha = grown.alpha
    for module in candidates:
        log_p = module.log_p
        left = module.rows[labels[features.gene_of[module.rows]] < 0]
        enough = len(left) >= _LEAST_MEMBERS
        if enough and log_p <= np.log(level):
            log_p = max(log_p, group_log_pvalue(features, left, explained=explained))
        p = float(np.exp(max(log_p, np.log(np.finfo(np.float64).tiny))))
        if p > level:
            refused.append(p)
        elif enough:
            labels[features.gene_of[left]] = len(grown.pvalue) + len(accepted)
            accepted.append(p)
            rows.append(left)
            alpha = max(alpha, module.alpha)
    return replace(
        grown,
        labels=labels,
        pvalue=np.append(grown.pvalue, accepted),
        refused=np.append(grown.refused, refused),
        rows=np.unique(np.concatenate(rows)),
        alpha=alpha,
    )


def _with_pairs_inside(
    features: FeatureSet, association: Association, labels: Ints, rows: Ints, *, first: int
) -> Association:
    """The association with pairs within modules from `first` on.

    Those are the proposed ones, and of each of the `rows` that made such a module the strongest,
    so that every member is seen to hang together with another.
    """
    proposals = association.proposals
    assert proposals is not None
    label = labels[features.gene_of]
    inside = (label[proposals.i] >= first) & (label[proposals.i] == label[proposals.j])
    wanted = [_key(features, association.i, association.j)]
    wanted.append(_key(features, proposals.i, proposals.j)[inside])
    for module in range(first, int(labels.max(initial=-1)) + 1):
        mine = rows[label[rows] == module]
        strength = np.abs(features.values[mine] @ features.values[mine].T)
        np.fill_diagonal(strength, -1.0)
        partner = mine[np.argmax(np.round(strength, 9), axis=1)]
        wanted.append(_key(features, np.minimum(mine, partner), np.maximum(mine, partner)))
    i, j = np.divmod(np.unique(np.concatenate(wanted)), features.n_features)
    r = exact_correlations(features.values, i, j)
    return replace(
        association,
        i=i,
        j=j,
        r=r,
        weight=np.square(r),
        pvalue=edge_pvalue(features, i, j, r),
    )


def _key(features: FeatureSet, i: Ints, j: Ints) -> Ints:
    """One number a pair, in the order of pairs."""
    return i * features.n_features + j

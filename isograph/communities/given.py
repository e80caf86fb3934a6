"""Modules that somebody else found, or that a user names, in the form of ours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import strongest_of_channel
from isograph.communities.fates import ASSIGNED, OUTSIDE
from isograph.communities.graph import collapse_to_genes
from isograph.communities.partition import Partition, by_size
from isograph.communities.profile import leading_profile
from isograph.communities.significance import sequence_log_pvalue
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.network.significance import benjamini_hochberg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST_LOG_P = float(np.log(np.finfo(np.float64).tiny))


def given_partition(
    features: FeatureSet,
    association: Association,
    labels: Ints,
    *,
    named_beforehand: bool,
) -> Partition:
    """The partition with these labels, whatever their significance.

    Args:
        features: all features.
        association: pairs; edges within modules are told from it.
        labels: module of each gene, −1 for none, counted from 0 without gaps, shape (n_genes,).
        named_beforehand: whether the modules were known before the data: their p then pays for no
            search (`sequence_log_pvalue`).

    Returns:
        The partition, modules by size. Genes in none have the fate `outside_core`. Members whose
        feature carries no pair are in `joined_rows`, so that every module has a profile.
    """
    n_modules = int(labels.max(initial=-1)) + 1
    log_p, rows = _judged(features, labels, n_modules, named_beforehand=named_beforehand)
    labels, order = by_size(labels, n_modules)
    pvalue = np.exp(np.maximum(log_p, _LEAST_LOG_P))[order]
    graph = collapse_to_genes(association, features.gene_of, len(labels))
    inside = graph.within(labels)
    fate = np.full(len(labels), OUTSIDE, dtype="<U24")
    ends = np.concatenate([graph.source, graph.target])
    value = np.bincount(ends, minlength=len(labels)).astype(np.float64)
    assigned = labels >= 0
    fate[assigned], value[assigned] = ASSIGNED, pvalue[labels[assigned]]
    return Partition(
        labels=labels,
        association=association,
        graph=graph,
        pvalue=pvalue,
        qvalue=benjamini_hochberg(pvalue),
        n_edges=np.bincount(labels[inside.source], minlength=n_modules).astype(np.int64),
        fate=fate,
        fate_value=value,
        edge_alpha=association.pair_p,
        joined_rows=rows,
        joining_alpha=association.pair_p,
    )


def _judged(
    features: FeatureSet, labels: Ints, n_modules: int, *, named_beforehand: bool
) -> tuple[Floats, Ints]:
    """log p of each module, and the feature of each member that follows its module best."""
    group = labels[features.gene_of]
    members = np.flatnonzero(group >= 0)
    order = members[np.argsort(group[members], kind="stable")]
    bounds = np.searchsorted(group[order], np.arange(n_modules + 1))
    per_gene = np.bincount(features.gene_of, minlength=len(labels))
    log_p, chosen = np.zeros(n_modules), []
    strength = np.zeros(features.n_features)
    for module, (start, stop) in enumerate(pairwise(bounds)):
        rows = np.sort(order[start:stop])
        strength[rows] = np.abs(leading_profile(features.values[rows])[2])
        best = _best_of_gene(features, strength, rows)
        chosen.append(best)
        log_p[module] = sequence_log_pvalue(
            features.values[best],
            features.observed[best],
            df_residual=features.df_residual,
            n_features=features.n_features,
            named_beforehand=named_beforehand,
            dependence=features.dependence,
        )
        if named_beforehand:
            # which feature of each gene is a choice too
            paid = np.log(per_gene[features.gene_of[best]]).sum()
            log_p[module] = min(log_p[module] + paid, 0.0)
    return log_p, np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


def _best_of_gene(features: FeatureSet, strength: Floats, rows: Ints) -> Ints:
    """Of `rows`, the feature with the largest strength of each gene, sorted."""
    rows = strongest_of_channel(features, strength, rows)
    order = np.lexsort((rows, -strength[rows], features.gene_of[rows]))
    gene = features.gene_of[rows][order]
    first = np.ones(len(gene), dtype=bool)
    first[1:] = gene[1:] != gene[:-1]
    return np.sort(rows[order][first])

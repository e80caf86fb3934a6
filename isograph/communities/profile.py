"""The profile that a group of features shares, and each gene's place in it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from isograph.features.model import FeatureSet
from isograph.network.significance import correlation_pvalue

_CHUNK = 8192


def leading_profile(
    values: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], float, npt.NDArray[np.float64]]:
    """First right singular vector with mean square 1, its share of variance, and the loadings.

    Works on the smaller of the two Gram matrices. Rows of either sign align themselves.

    Args:
        values: shape (n_rows, n_samples), rows of mean 0.

    Returns:
        profile: shape (n_samples,).
        share: of the rows' variance.
        loading: correlation of each row with the profile, shape (n_rows,).
    """
    n_rows, n_samples = values.shape
    if n_rows <= n_samples:
        power, vectors = np.linalg.eigh(values @ values.T)
        profile = vectors[:, -1] @ values
    else:
        power, vectors = np.linalg.eigh(values.T @ values)
        profile = vectors[:, -1]
    profile = profile - profile.mean()
    profile = profile / np.sqrt(np.mean(np.square(profile)))
    norms = np.sqrt(np.maximum(np.einsum("ij,ij->i", values, values), 1e-300) * n_samples)
    return profile, float(power[-1] / max(power.sum(), 1e-300)), (values @ profile) / norms


def row_correlations(
    values: npt.NDArray[np.float64], profiles: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pearson r of rows, each with its own profile.

    Args:
        values: shape (n_rows, n_samples), rows of mean 0.
        profiles: shape (n_rows, n_samples), rows of mean 0.

    Returns:
        Shape (n_rows,); 0 where a row does not vary.
    """
    cross = np.einsum("ij,ij->i", values, profiles)
    size = np.einsum("ij,ij->i", values, values) * np.einsum("ij,ij->i", profiles, profiles)
    varies = size > 0
    r = np.where(varies, cross / np.sqrt(np.where(varies, size, 1.0)), 0.0)
    clipped: npt.NDArray[np.float64] = np.clip(r, -1.0, 1.0)
    return clipped


def scores_without_gene(
    features: FeatureSet,
    rows: npt.NDArray[np.int64],
    module: npt.NDArray[np.int64],
    loading: npt.NDArray[np.float64],
    genes: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Each gene's module score without its own features, loadings held.

    A gene correlates with every average that it is part of; only what the others say counts.

    Args:
        features: all features.
        rows: features behind the modules, shape (n_used,).
        module: module of each of them, shape (n_used,).
        loading: signed weight of each of them, shape (n_used,).
        genes: genes to score, shape (n_scored,).
        labels: module of each gene, shape (n_genes,); not −1 for `genes`.

    Returns:
        Shape (n_scored, n_samples).
    """
    weighted = features.values[rows] * loading[:, None]
    total = np.zeros((int(module.max(initial=-1)) + 1, features.n_samples))
    np.add.at(total, module, weighted)
    place = np.full(len(features.gene_ids), -1, dtype=np.int64)
    place[genes] = np.arange(len(genes))
    own = np.zeros((len(genes), features.n_samples))
    mine = place[features.gene_of[rows]] >= 0
    np.add.at(own, place[features.gene_of[rows][mine]], weighted[mine])
    scores: npt.NDArray[np.float64] = total[labels[genes]] - own
    return scores


def member_pvalues(
    features: FeatureSet, rows: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """p of each gene against the rest of its group: its best feature, Bonferroni over its features.

    Args:
        features: all features.
        rows: features that carry edges within groups, see `factors.carriers`.
        labels: group of each gene, −1 for none, shape (n_genes,).

    Returns:
        Shape (n_genes,); 1 for genes without such a feature.
    """
    p = np.ones(len(labels))
    if len(rows) == 0:
        return p
    group = labels[features.gene_of[rows]]
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    bounds = np.searchsorted(group, np.arange(group[-1] + 2))
    loading = np.concatenate(
        [
            leading_profile(features.values[rows[start:stop]])[2]
            for start, stop in pairwise(bounds)
            if stop > start
        ]
    )
    owner = features.gene_of[rows]
    genes, place = np.unique(owner, return_inverse=True)
    rest = scores_without_gene(features, rows, group, loading, genes, labels)
    r = row_correlations(features.values[rows], rest[place])
    df = features.df_between(features.values[rows], rest[place])
    np.minimum.at(p, owner, correlation_pvalue(r, df))
    n_features = np.bincount(owner, minlength=len(labels))
    return np.minimum(p * np.maximum(n_features, 1), 1.0)


def closest_profile(
    features: FeatureSet, rows: npt.NDArray[np.int64], profiles: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The profile that each row follows most closely.

    Args:
        features: all features.
        rows: feature rows that are not part of any profile, shape (n_rows,).
        profiles: shape (n_profiles, n_samples), mean 0 and mean square 1.

    Returns:
        p: of the largest |r|, over the samples where the row is observed, shape (n_rows,).
        choice: index of that profile, shape (n_rows,).
    """
    n = features.n_samples
    p, choice = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    between = None if features.dependence is None else features.dependence.share(profiles)
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
        if features.dependence is not None and between is not None:
            shared = features.dependence.df(features.block_share[block], between[choice[part]])
            df = np.maximum(df - features.df_residual + shared, 1.0)
        top = np.take_along_axis(r, choice[part][:, None], axis=1)[:, 0]
        p[part] = correlation_pvalue(top, df)
    return p, choice

"""Which genes drive a module: their correlation with its eigengene, plain and honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.explanation.correlation import Correlations, partial_correlations
from isograph.explanation.leave_one_out import profiles_without
from isograph.explanation.schema import DRIVERS
from isograph.explanation.source import MODULE, Profile, Source
from isograph.features.model import FeatureSet
from isograph.files import to_arrow
from isograph.network.significance import benjamini_hochberg

OUTSIDE_GENES = 20

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def driver_table(source: Source, profile: Profile, *, outside: int = OUTSIDE_GENES) -> pa.Table:
    """Genes of a module by |r| with its eigengene, and the best genes outside of it.

    Each gene shows its stronger channel. `qvalue` is Benjamini and Hochberg's over every feature of
    the data set, so that the choice of a channel, and of a gene, is paid for. A gene correlates
    with any average that it is part of: `r_loo` is its correlation with the eigengene computed anew
    without its own features, and is the one to trust in a small module. Outside genes have no part
    in it. Intervals are Fisher's.

    Args:
        source: fit and data.
        profile: module or programme.
        outside: how many genes that do not belong to it are shown, at most.

    Returns:
        Columns of `explanation.schema.DRIVERS`, by falling |r|, then gene.
    """
    features = source.features_for(profile)
    whole = feature_correlations(features, profile)
    qvalue = benjamini_hochberg(whole.pvalue)
    best = _strongest_of_gene(features, _strength(source, profile, features, whole.r))
    member = np.isin(features.gene_ids, profile.genes)
    chosen = _shown(whole.r[best], whole.pvalue[best], member, outside)
    rows, member = best[chosen], member[chosen]
    r_loo, p_loo = _without_own_part(source, profile, features, rows, member, whole)
    low, high = whole.interval()
    meta = features.meta.iloc[rows]
    frame = pd.DataFrame(
        {
            "gene_id": meta["gene_id"].to_numpy(dtype=object),
            "r": whole.r[rows],
            "pvalue": whole.pvalue[rows],
            "qvalue": qvalue[rows],
            "n_complete": whole.n_complete[rows],
            "missingness": 1.0 - whole.n_complete[rows] / features.n_samples,
            "feature_id": meta["feature_id"].to_numpy(dtype=object),
            "feature_type": meta["feature_type"].to_numpy(dtype=object),
            "r_low": low[rows],
            "r_high": high[rows],
            "r_loo": r_loo,
            "pvalue_loo": p_loo,
            "in_module": member,
        }
    )
    return to_arrow(frame, DRIVERS)


def feature_correlations(features: FeatureSet, profile: Profile) -> Correlations:
    """r of every feature with a profile, over the samples where the feature is observed."""
    found = partial_correlations(known_values(features), profile.values, profile.design)
    return _respecting_blocks(features, found, features.values, profile.values[None, :])


def _respecting_blocks(
    features: FeatureSet, found: Correlations, rows: Floats, profiles: Floats
) -> Correlations:
    """The same r with the degrees of freedom that samples in blocks leave, if they are in any."""
    if features.blocks is None:
        return found
    taken = features.df_residual - features.df_between(rows, profiles)
    return replace(found, df=np.maximum(found.df - taken, np.minimum(found.df, 1.0)))


def known_values(features: FeatureSet, rows: Ints | None = None) -> Floats:
    """Values with NaN where they are not observed, shape (n_rows, n_samples)."""
    which = slice(None) if rows is None else rows
    values, seen = features.values[which], features.observed[which]
    return values if seen.all() else np.where(seen, values, np.nan)


def _is_loaded(source: Source, profile: Profile, features: FeatureSet) -> npt.NDArray[np.bool_]:
    """Features that the fit recorded as parts of a profile, shape (n_features,)."""
    ids = features.meta["feature_id"]
    loaded: npt.NDArray[np.bool_] = ids.isin(source.loadings_of(profile.name).index).to_numpy()
    return loaded


def _strength(source: Source, profile: Profile, features: FeatureSet, r: Floats) -> Floats:
    """|r| of each feature, as far as it may stand for its gene, shape (n_features,).

    A gene follows a programme by the features that load on it: the others come after them.
    """
    strength: Floats = np.round(np.abs(np.nan_to_num(r)), 12).astype(np.float64)
    if profile.kind == MODULE:
        return strength
    # no feature is as strong as one that loads
    loads = _is_loaded(source, profile, features).astype(np.float64)
    last: Floats = np.asarray(strength + loads, dtype=np.float64)
    return last


def _strongest_of_gene(features: FeatureSet, strength: Floats) -> Ints:
    """The strongest row of each gene, shape (n_genes,); ties go to the first."""
    order = np.lexsort((np.arange(len(strength)), -strength, features.gene_of))
    return order[np.searchsorted(features.gene_of[order], np.arange(len(features.gene_ids)))]


def _shown(r: Floats, p: Floats, member: npt.NDArray[np.bool_], outside: int) -> Ints:
    """Genes to show, by falling |r|: all members, and those of the others with the smallest p.

    By |r| alone genes would come first that are known in a handful of samples.
    """
    strength = np.round(np.abs(np.nan_to_num(r)), 12)
    others = np.flatnonzero(~member & np.isfinite(p))
    others = others[np.lexsort((others, -strength[others], p[others]))][:outside]
    chosen = np.concatenate([np.flatnonzero(member), others])
    return chosen[np.lexsort((chosen, -strength[chosen]))]


def _without_own_part(
    source: Source,
    profile: Profile,
    features: FeatureSet,
    rows: Ints,
    member: npt.NDArray[np.bool_],
    whole: Correlations,
) -> tuple[Floats, Floats]:
    """r and p of each shown feature with the profile made without its gene's own features."""
    r, p = whole.r[rows].copy(), whole.pvalue[rows]
    if profile.kind != MODULE:
        # the fit recorded what loads on a programme with the feature's own part taken out
        stored = source.loadings_of(profile.name).reindex(features.meta["feature_id"].iloc[rows])
        return stored["loading"].to_numpy(dtype=float), stored["pvalue"].to_numpy(dtype=float)
    used = np.flatnonzero(_is_loaded(source, profile, features))
    genes, number = np.unique(features.gene_of[used], return_inverse=True)
    # a member that the eigengene is not made of has no part to leave out
    part = member & np.isin(features.gene_of[rows], genes)
    if part.any():
        others = profiles_without(features.values[used], number, profile.values)
        own = rows[part]
        place = np.searchsorted(genes, features.gene_of[own])
        left = partial_correlations(known_values(features, own), others[place], profile.design)
        left = _respecting_blocks(features, left, features.values[own], others[place])
        r[part], p[part] = left.r, left.pvalue
    return r, p

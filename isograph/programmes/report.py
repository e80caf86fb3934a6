"""Programmes as tables: what each follows, and which genes load on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.features.model import FeatureSet
from isograph.features.traits import SAMPLE_ID, Trait, TraitKind, infer_traits
from isograph.modules.traits import module_traits
from isograph.network.significance import benjamini_hochberg, correlation_pvalue
from isograph.programmes.find import Programmes, log_library_size

LIBRARY_SIZE = "log library size"
_LOADS_Q = 0.05


def programme_names(n: int) -> list[str]:
    """`P00`, `P01`, …"""
    return [f"P{number:02d}" for number in range(n)]


def programme_table(features: FeatureSet, programmes: Programmes) -> pd.DataFrame:
    """One row a programme, with its value in every sample.

    `variance_share` is the mean share of a feature's variance; `best_match` the sample column, or
    the library size, that it follows most closely, q over all programmes and columns.
    """
    names = programme_names(len(programmes))
    frame = pd.DataFrame(
        {
            "programme_id": names,
            "variance_share": np.mean(np.square(programmes.loading), axis=0)
            if names
            else np.empty(0),
            "n_genes": _n_genes(features, programmes),
            "removed": programmes.removed,
        }
    )
    frame = frame.join(_best_matches(features, programmes, names))
    if not names:
        values = np.empty((0, features.n_samples))
    else:
        values = programmes.values
    samples = pd.DataFrame(values, columns=list(features.sample_ids))
    return pd.concat([frame, samples], axis=1)


def programme_loadings(features: FeatureSet, programmes: Programmes) -> pd.DataFrame:
    """Features that load on each programme (q ≤ 0.05 within it), sorted by programme and feature.

    `loading` is the correlation with the programme made without the feature itself.
    """
    loads, p = _significant(features, programmes)
    k, row = np.nonzero(loads.T)
    ids = np.array(programme_names(len(programmes)), dtype=object)
    frame = pd.DataFrame(
        {
            "programme_id": ids[k],
            "gene_id": features.meta["gene_id"].to_numpy(dtype=object)[row],
            "feature_id": features.meta["feature_id"].to_numpy(dtype=object)[row],
            "loading": programmes.loading[row, k] if len(programmes) else np.empty(0),
            "pvalue": p[row, k],
        }
    )
    return frame.sort_values(["programme_id", "feature_id"], kind="stable", ignore_index=True)


def _significant(
    features: FeatureSet, programmes: Programmes
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    shape = (features.n_features, len(programmes))
    if not len(programmes):
        return np.zeros(shape, dtype=bool), np.empty(shape)
    df: npt.NDArray[np.float64] | float = float(features.df_residual)
    if features.dependence is not None:
        own, between = features.block_share[:, None], features.dependence.share(programmes.values)
        df = features.dependence.df(own, between)
    p = correlation_pvalue(programmes.loading, df)
    q = np.stack([benjamini_hochberg(column) for column in p.T], axis=1)
    return q <= _LOADS_Q, p


def _n_genes(features: FeatureSet, programmes: Programmes) -> list[int]:
    loads, _ = _significant(features, programmes)
    return [len(np.unique(features.gene_of[column])) for column in loads.T]


def _best_matches(features: FeatureSet, programmes: Programmes, names: list[str]) -> pd.DataFrame:
    columns = ["best_match", "best_match_r", "best_match_q"]
    empty = pd.DataFrame({column: [None] * len(names) for column in columns})
    if not names:
        return empty
    declared = {trait.name for trait in features.traits}
    groups = list(features.record.get("categorical", ()))
    if features.blocks is not None:
        # a factor may be what donors differ in
        groups.append(features.blocks.column)
    ordered = features.record.get("ordered_levels") or {}
    known = infer_traits(
        features.samples,
        categorical=groups,
        ordered={name: levels for name, levels in ordered.items() if name not in groups},
    )
    others = [trait for trait in known if trait.name not in declared]
    traits = [*features.traits, *others, *_library_size(features)]
    tests = module_traits(
        programmes.values,
        module_ids=names,
        traits=traits,
        samples=features.samples,
        design=features.design,
        blocks=features.blocks,
    ).dropna(subset=["pvalue"])
    tests = tests.assign(strength=tests["r"].abs())
    tests = tests.sort_values(["pvalue", "strength", "trait"], ascending=[True, False, True])
    best = tests.drop_duplicates("module_id").set_index("module_id").reindex(names)
    return pd.DataFrame(
        {
            "best_match": [name if isinstance(name, str) else None for name in best["trait"]],
            "best_match_r": best["r"].to_numpy(dtype=np.float64),
            "best_match_q": best["qvalue"].to_numpy(dtype=np.float64),
        }
    )


def _library_size(features: FeatureSet) -> list[Trait]:
    log = log_library_size(features)
    if log is None:
        return []
    ids = features.samples[SAMPLE_ID].astype(str).to_numpy(dtype=object)
    values = pd.Series(log, index=ids, dtype=np.float64)
    return [Trait(LIBRARY_SIZE, TraitKind.CONTINUOUS, (), 0, "", values)]

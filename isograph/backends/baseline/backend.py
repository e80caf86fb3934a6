"""`baseline`: sparse partial correlation with shrinkage, the simple reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.backends.baseline.settings import BaselineSettings
from isograph.backends.baseline.shrinkage import (
    PartialRows,
    analytic_shrinkage,
    null_degrees,
    partial_rows,
    products,
)
from isograph.backends.model_edges import model_association
from isograph.backends.protocol import EDGE_BUDGET, Backend, BackendRecord, Found, Task, modules_of
from isograph.errors import ConfigError, Problem
from isograph.features.model import FeatureSet
from isograph.machine import available_threads, one_thread
from isograph.network.association import (
    Association,
    among_strongest,
    edge_pvalue,
    exact_correlations,
)
from isograph.network.kernel import screen_pairs
from isograph.network.significance import (
    correlation_pvalue,
    critical_correlation,
    edge_pvalue_threshold,
)
from isograph.progress import Steps

Floats = npt.NDArray[np.float64]

MOST_SAMPLES = 5_000
"""The inverse is taken between samples; above this many it would take minutes and gigabytes."""

_NULL_SEED = 1
RECORD = BackendRecord(
    name="baseline",
    summary="Each feature's strongest partial correlations, from a correlation matrix shrunken as "
    "much as its own noise asks for, where the plain correlation is significant.",
    assumes="Genes of a module are linked directly, given all others; after winsorising, features "
    "of unrelated genes are independent across samples.",
    limits="Given all others, two of many genes that follow one factor have hardly any correlation "
    "left, so large modules are ranked by noise and only the plain correlation holds them. "
    f"At most {MOST_SAMPLES:,} samples.",
    reference="Schäfer & Strimmer (2005), Stat. Appl. Genet. Mol. Biol. 4:32",
)


def find(task: Task, steps: Steps) -> Found:
    """Modules in the graph of the strongest partial correlations that are significant."""
    features, settings = task.features, task.settings
    assert isinstance(settings, BaselineSettings)
    if features.n_samples > MOST_SAMPLES:
        what = f"inverts a matrix of samples, {features.n_samples:,} here"
        fix = f"another backend above {MOST_SAMPLES:,}"
        raise ConfigError("too many samples", [Problem("baseline", what, fix=fix)])
    with steps.step("partial correlation") as note, one_thread():
        partial = _partial(features, settings)
        df = null_degrees(partial.rows, features.gene_of, rng=np.random.default_rng(_NULL_SEED))
        note.result = f"shrinkage {partial.shrinkage:.3f}, null with {df:,.0f} df"
    with steps.step("association") as note:
        found = (
            _edges(features, partial.rows, df, settings, steps)
            if settings.similarity == "model"
            else _ablated(features, partial.rows, settings)
        )
        note.result = f"{len(found):,} feature pairs at |r| ≥ {found.floor:.3f}"
    record = {"shrinkage": partial.shrinkage, "partial_null_df": df, "evidence": settings.evidence}
    recorded = replace(found, calibration={**found.calibration, **record})
    return Found(modules_of(task, recorded, steps))


def _partial(features: FeatureSet, settings: BaselineSettings) -> PartialRows:
    shrinkage = settings.shrinkage
    if shrinkage == "auto":
        shrinkage = analytic_shrinkage(features.values, df=features.df_residual + 1)
    return partial_rows(features.values, shrinkage=shrinkage)


def _edges(
    features: FeatureSet, rows: Floats, df: float, settings: BaselineSettings, steps: Steps
) -> Association:
    """Pairs among the strongest partial correlations of a feature, and significant.

    p is never below that of the plain correlation. Whatever chose the pairs, then, the budget and
    the family-wise levels of modules hold as they do for correlations.
    """
    # the kernel wants rows of length 1; the longest one is what all are measured in
    unit = np.sqrt(max(float(np.einsum("ij,ij->i", rows, rows).max(initial=0.0)), 1e-300))
    i, j = screen_pairs(
        rows / unit,
        features.gene_of,
        floor=0.0,
        neighbours=settings.neighbours,
        threads=available_threads(),
        progress=steps.share,
    )
    strength = np.abs(products(rows, i, j))
    kept = among_strongest(i, j, strength, k=settings.neighbours) & (strength > 0)
    i, j, strength = i[kept], j[kept], np.minimum(strength[kept], 1.0)
    r = exact_correlations(features.values, i, j)
    p = edge_pvalue(features, i, j, r)
    if settings.evidence == "partial":
        p = np.maximum(p, correlation_pvalue(strength, df))
    budget = settings.false_edges_per_feature
    wider = max(budget, settings.proposals_per_feature)
    pair_p, widest_p = (
        edge_pvalue_threshold(n_features=features.n_features, false_edges_per_feature=share)
        for share in (budget, wider)
    )
    pairs = Association(
        i=i,
        j=j,
        r=r,
        weight=np.square(strength),
        pvalue=p,
        pair_p=pair_p,
        floor=critical_correlation(pair_p, features.df_residual),
    )
    edges = pairs.subset(p <= pair_p)
    if settings.proposals_per_feature:
        edges = replace(edges, proposals=pairs.subset(p <= widest_p))
    return replace(edges, calibration=_record(features, edges, settings))


def _record(features: FeatureSet, edges: Association, settings: BaselineSettings) -> dict[str, Any]:
    return {
        "similarity": settings.similarity,
        "degrees_of_freedom": features.df_residual,
        "n_features": features.n_features,
        "false_edges_per_feature": settings.false_edges_per_feature,
        "expected_false_edges": settings.false_edges_per_feature * features.n_features,
        "edge_pvalue_threshold": edges.pair_p,
        "edge_r_threshold": edges.floor,
        "neighbours": settings.neighbours,
        "neighbour_rule": "union",
        "n_feature_edges": len(edges),
    }


def _ablated(features: FeatureSet, rows: Floats, settings: BaselineSettings) -> Association:
    """The same without partial correlation."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return model_association(
        features,
        embedding=rows / np.where(length > 0, length, 1.0),
        communality=np.ones(len(rows)),
        false_edges_per_feature=settings.false_edges_per_feature,
        proposals_per_feature=settings.proposals_per_feature,
        neighbours=settings.neighbours,
        similarity=settings.similarity,
    )


BACKEND = Backend(record=RECORD, settings=BaselineSettings, find=find, main=EDGE_BUDGET)

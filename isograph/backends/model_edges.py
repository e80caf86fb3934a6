"""Edges of a backend that has a model: significance from the data, similarity from the model.

A model that has seen the data overrates what it has seen: correlations that it implies have no
null distribution to judge them by. So it may choose and weigh pairs, and only the data's own
correlation may say that a pair is no chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from isograph.config import Settings
from isograph.errors import InputError, Problems
from isograph.features.model import FeatureSet
from isograph.machine import available_threads
from isograph.network.association import (
    Association,
    among_strongest,
    edge_pvalue,
    exact_correlations,
    strongest_pairs,
)
from isograph.network.kernel import screen_pairs
from isograph.network.significance import critical_correlation, edge_pvalue_threshold
from isograph.progress import Steps

Floats = npt.NDArray[np.float64]
Similarity = Literal["model", "r2", "random"]

_LENGTH_OFF = 1e-6
_LEAST_WIDTH = 2  # in one dimension all random rows are alike up to their sign
_RANDOM_SEED = 1


class EdgeSettings(Settings):
    """How a model's view of the features becomes edges, the same for every such backend."""

    false_edges_per_feature: float = Field(
        3e-3, gt=0, lt=1, description="false edges expected per feature, in all"
    )
    neighbours: int = Field(30, ge=1, le=1000, description="strongest partners kept a feature")
    proposals_per_feature: float = Field(
        1.0, ge=0, description="false pairs a feature that may propose a faint module; 0: none"
    )
    similarity: Similarity = Field(
        "model",
        description="what ranks and weighs pairs: the model, or to see what it adds, the data's r² "
        "or a random embedding",
    )
    least_explained: float = Field(
        0.25, ge=0, le=1, description="r² that the model implies for an edge, of the data's least"
    )


def edges_of_model(
    features: FeatureSet,
    *,
    embedding: Floats,
    communality: Floats,
    settings: EdgeSettings,
    steps: Steps,
    record: Mapping[str, Any] | None = None,
) -> Association:
    """`model_association` as a step of its own.

    Args:
        features: standardised features.
        embedding: see `model_association`.
        communality: see `model_association`.
        settings: of edges.
        steps: where to show progress.
        record: what the backend has to say beside this, for `calibration.json`.
    """
    with steps.step("association") as note:
        found = model_association(
            features,
            embedding=embedding,
            communality=communality,
            false_edges_per_feature=settings.false_edges_per_feature,
            proposals_per_feature=settings.proposals_per_feature,
            neighbours=settings.neighbours,
            similarity=settings.similarity,
            least_explained=settings.least_explained,
            progress=steps.share,
        )
        note.result = (
            f"{len(found):,} feature pairs at |r| ≥ {found.floor:.3f}, "
            f"ranked by {settings.similarity}"
        )
    return replace(found, calibration={**found.calibration, **(record or {})})


def model_association(
    features: FeatureSet,
    *,
    embedding: Floats,
    communality: Floats,
    false_edges_per_feature: float,
    neighbours: int,
    similarity: Similarity = "model",
    proposals_per_feature: float = 0.0,
    least_explained: float = 0.25,
    rng_seed: int = _RANDOM_SEED,
    progress: Callable[[float], None] | None = None,
) -> Association:
    """Significant pairs among those that a model holds for the most similar, weighted by it.

    The model implies r_ij² = (E_i·E_j)² c_i c_j. A pair is an edge if

    - it is among the `neighbours` largest implied r² of at least one of its features,
    - the model implies at least `least_explained` of the least significant r²: a pair that is
      significant although the model knows nothing of it has a cause that the model does not share,
      and has no weight that it could carry,
    - the data's own p is within the budget (`edge_pvalue_threshold`, `edge_pvalue`).

    The edges are some of all significant pairs, so the budget holds however the model chose.
    Pairs within a gene are left out.

    Args:
        features: standardised features.
        embedding: rows of length 1, or 0 where the model knows nothing, shape (n_features, k).
        communality: share of each feature's variance that the model explains, 0 to 1, shape
            (n_features,).
        false_edges_per_feature: edge budget.
        neighbours: partners kept a feature.
        similarity: `model`; `r2` ranks and weighs by the data's r² and has no use for the model;
            `random` has random rows of the same width, with communality 1 throughout.
        proposals_per_feature: a second, wider budget, for `Association.proposals`; 0 for none.
        least_explained: see above, 0 to 1.
        rng_seed: of the random rows.
        progress: called with the finished share of the search.

    Returns:
        The association, with thresholds and counts in its calibration record.

    Raises:
        InputError: embedding or communality are not what they should be.
    """
    _check(features, embedding, communality)
    if similarity == "r2":
        found = strongest_pairs(
            features,
            false_edges_per_feature=false_edges_per_feature,
            proposals_per_feature=proposals_per_feature,
            neighbours=neighbours,
            progress=progress,
        )
        record: dict[str, Any] = {}
    else:
        rows = embedding * np.sqrt(communality)[:, None]
        if similarity == "random":
            rows = _random_rows(embedding.shape, seed=rng_seed)
        found, n_ranked = _edges(
            features,
            rows,
            budgets=(false_edges_per_feature, proposals_per_feature),
            neighbours=neighbours,
            least_explained=least_explained,
            progress=progress,
        )
        record = {"least_explained": least_explained, "n_pairs_of_the_model": n_ranked}
    record = {
        "similarity": similarity,
        "degrees_of_freedom": features.df_residual,
        "n_features": features.n_features,
        "false_edges_per_feature": false_edges_per_feature,
        "expected_false_edges": false_edges_per_feature * features.n_features,
        "edge_pvalue_threshold": found.pair_p,
        "edge_r_threshold": found.floor,
        "neighbours": neighbours,
        "neighbour_rule": "union",
        **record,
        "n_feature_edges": len(found),
    }
    return replace(found, calibration=record)


def _edges(
    features: FeatureSet,
    rows: Floats,
    *,
    budgets: tuple[float, float],
    neighbours: int,
    least_explained: float,
    progress: Callable[[float], None] | None,
) -> tuple[Association, int]:
    """Edges by the product of `rows`, shape (n_features, k), and how many pairs were ranked."""
    df = features.df_residual
    budget, wider = budgets[0], max(budgets)
    pair_p, widest_p = (
        edge_pvalue_threshold(n_features=features.n_features, false_edges_per_feature=share)
        for share in (budget, wider)
    )
    floor, lowest = critical_correlation(pair_p, df), critical_correlation(widest_p, df)
    least = np.sqrt(least_explained)
    i, j, implied = _ranked(
        rows, features.gene_of, floor=least * lowest, neighbours=neighbours, progress=progress
    )
    r = exact_correlations(features.values, i, j)
    pairs = Association(
        i=i,
        j=j,
        r=r,
        weight=np.square(implied),
        pvalue=edge_pvalue(features, i, j, r),
        pair_p=pair_p,
        floor=floor,
    )

    def within(p: float, r_floor: float) -> Association:
        seen = (pairs.pvalue <= p) & (np.abs(r) >= r_floor - 1e-9)
        kept: npt.NDArray[np.bool_] = seen & (implied >= least * r_floor)
        return pairs.subset(kept)

    edges = within(pair_p, floor)
    if budgets[1] > 0:
        edges = replace(edges, proposals=within(widest_p, lowest))
    return edges, len(i)


def _ranked(
    rows: Floats,
    gene_of: npt.NDArray[np.int64],
    *,
    floor: float,
    neighbours: int,
    progress: Callable[[float], None] | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Pairs among the strongest of one of their rows, and |product|, above 0; sorted by i, j.

    The float32 product only screens, as in `network.kernel`; the float64 one ranks.
    """
    i, j = screen_pairs(
        rows,
        gene_of,
        floor=floor,
        neighbours=neighbours,
        threads=available_threads(),
        progress=progress,
    )
    # `exact_correlations` divides by the width of the rows
    implied = np.abs(exact_correlations(rows * np.sqrt(rows.shape[1]), i, j))
    keep = np.flatnonzero(among_strongest(i, j, implied, k=neighbours) & (implied > 1e-6))
    return i[keep], j[keep], implied[keep]


def _random_rows(shape: tuple[int, ...], *, seed: int) -> Floats:
    """Directions drawn evenly, rows of length 1."""
    drawn = np.random.default_rng(seed).normal(size=(shape[0], max(shape[1], _LEAST_WIDTH)))
    unit: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _check(features: FeatureSet, embedding: Floats, communality: Floats) -> None:
    problems = Problems()
    n = features.n_features
    ids = features.meta["feature_id"].to_numpy(dtype=str)
    if embedding.ndim != 2 or len(embedding) != n or embedding.shape[1] == 0:
        problems.add("embedding", f"has shape {embedding.shape}", fix=f"give ({n}, k), k ≥ 1")
    else:
        length = np.linalg.norm(embedding, axis=1)
        wrong = np.flatnonzero(~((np.abs(length - 1.0) <= _LENGTH_OFF) | (length == 0.0)))
        if len(wrong):
            problems.add(
                "embedding",
                "rows that are neither of length 1 nor 0",
                examples=ids[wrong],
                count=len(wrong),
                fix="divide each row by its length",
            )
    if communality.shape != (n,):
        problems.add("communality", f"has shape {communality.shape}", fix=f"give ({n},)")
    else:
        wrong = np.flatnonzero(~((communality >= 0.0) & (communality <= 1.0)))
        if len(wrong):
            problems.add(
                "communality",
                "not between 0 and 1",
                examples=ids[wrong],
                count=len(wrong),
                fix="give shares of variance",
            )
    problems.raise_if_any(InputError, "the model says nothing that edges could be made of")

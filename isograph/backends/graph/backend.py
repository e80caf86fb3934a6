"""`graph`: factors smooth over the graph of correlations say how alike two features are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.backends.graph.choose import (
    Choice,
    choose,
    feature_graph,
    most_factors,
    searched_directions,
)
from isograph.backends.graph.factorise import graph_factors, leading_directions
from isograph.backends.graph.laplacian import signed_laplacian
from isograph.backends.graph.settings import GraphSettings
from isograph.backends.model_edges import edges_of_model
from isograph.backends.protocol import EDGE_BUDGET, Backend, BackendRecord, Found, Task, modules_of
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.progress import Steps

Floats = npt.NDArray[np.float64]

_LEAST_FEATURES = 3
_LEAST_SAMPLES = 8
_HELDOUT_SEED = 1
RECORD = BackendRecord(
    name="graph",
    summary="Factors whose loadings are smooth over the graph of significant correlations; what "
    "they imply ranks the pairs, the data's own correlations judge them.",
    assumes="Features that correlate significantly share factors; after winsorising, features of "
    "unrelated genes are independent across samples.",
    limits="What is too faint for a factor that predicts held-out entries makes no edge. The graph "
    "is made of the same correlations that it smooths over.",
    reference="Cai et al. (2011), IEEE TPAMI 33:1548; Jiang et al. (2013), CVPR 3492",
)


@dataclass(frozen=True)
class GraphFit:
    """A factor model, seen from its features.

    Attributes:
        embedding: loadings to length 1, or 0 where there are none, shape (n_features, k), k ≥ 1.
        communality: share of each feature's variance in the factors, shape (n_features,).
        record: for `calibration.json`.
    """

    embedding: Floats
    communality: Floats
    record: dict[str, Any]


def find(task: Task, steps: Steps) -> Found:
    """Modules in the graph of significant correlations that the smoothed factors imply too."""
    settings = task.settings
    assert isinstance(settings, GraphSettings)
    with steps.step("graph factors") as note, one_thread():
        model = fit_graph(task.features, settings)
        note.result = _in_words(model.record)
    association = edges_of_model(
        task.features,
        embedding=model.embedding,
        communality=model.communality,
        settings=settings,
        steps=steps,
        record={"model": model.record},
    )
    return Found(modules_of(task, association, steps))


def fit_graph(features: FeatureSet, settings: GraphSettings) -> GraphFit:
    """Choose smoothing and number of factors on held-out entries, then fit all entries.

    Args:
        features: standardised features; with fewer than 3, or fewer than 8 samples, there is no
            model, and the record says so.
        settings: of the model.

    Returns:
        The fit; the same whatever the number of threads, if BLAS has one.
    """
    n_features = features.n_features
    if n_features < _LEAST_FEATURES or features.n_samples < _LEAST_SAMPLES:
        return _nothing(n_features, f"{n_features} features of {features.n_samples} samples")
    choice = _choice(features, settings)
    if choice.n_factors == 0:
        fit = _nothing(n_features, "no factor predicts held-out entries")
        return GraphFit(fit.embedding, fit.communality, fit.record | _tried(choice))
    edges = feature_graph(features, settings)
    factors = graph_factors(
        features.values,
        signed_laplacian(edges, n_features=n_features),
        leading_directions(features.values, most=searched_directions(choice.n_factors)),
        smoothing=choice.smoothing,
        n_factors=choice.n_factors,
    )
    length = np.linalg.norm(factors.loadings, axis=1)
    embedding = factors.loadings / np.where(length > 0, length, 1.0)[:, None]
    communality = np.clip(np.square(length) / features.n_samples, 0.0, 1.0)
    record = {
        "fitted": True,
        "n_factors": factors.loadings.shape[1],
        "smoothing": choice.smoothing,
        "heldout_r2": choice.heldout_r2,
        "train_r2": _train_r2(features.values, factors.loadings, factors.scores),
        "n_graph_edges": len(edges),
        "communality_median": float(np.median(communality)),
        **_tried(choice),
    }
    return GraphFit(embedding, communality, record)


def _choice(features: FeatureSet, settings: GraphSettings) -> Choice:
    """What predicts held-out entries, within what the samples allow."""
    most = most_factors(features, settings.n_factors or settings.max_factors)
    limited = settings.model_copy(update={"n_factors": most if settings.n_factors else 0})
    return choose(features, limited, rng=np.random.default_rng(_HELDOUT_SEED))


def _nothing(n_features: int, reason: str) -> GraphFit:
    none = np.zeros((n_features, 1))
    return GraphFit(none, none[:, 0], {"fitted": False, "reason": reason})


def _tried(choice: Choice) -> dict[str, Any]:
    return {
        "tried": [
            {"smoothing": smoothing, "n_factors": k, "heldout_r2": r2}
            for smoothing, k, r2 in choice.tried
        ]
    }


def _train_r2(values: Floats, loadings: Floats, scores: Floats) -> float:
    """Share of the sum of squares that W Z explains, Z orthonormal, without making W Z."""
    cross = float(np.sum(loadings * (values @ scores.T)))
    own = float(np.sum(np.square(loadings)))
    return (2 * cross - own) / max(float(np.sum(np.square(values))), 1e-12)


def _in_words(record: dict[str, Any]) -> str:
    if not record["fitted"]:
        return str(record["reason"])
    return (
        f"{record['n_factors']} factors, smoothing {record['smoothing']:g}, R² "
        f"{record['train_r2']:.3f} in training, {record['heldout_r2']:.3f} held out"
    )


BACKEND = Backend(record=RECORD, settings=GraphSettings, find=find, main=EDGE_BUDGET)

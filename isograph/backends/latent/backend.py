"""`latent`: factor analysis says how alike two features are, the data whether they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from isograph.backends.latent.choose import (
    Choice,
    choose_factors,
    prepared,
)
from isograph.backends.latent.factor_analysis import (
    Factors,
    Floats,
    factor_analysis,
    leading_directions,
)
from isograph.backends.latent.settings import LatentSettings
from isograph.backends.model_edges import edges_of_model
from isograph.backends.protocol import EDGE_BUDGET, Backend, BackendRecord, Found, Task, modules_of
from isograph.errors import ConfigError, Problem
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.progress import Steps

_LEAST_FEATURES = 3
_LEAST_SAMPLES = 8
RECORD = BackendRecord(
    name="latent",
    summary="Factor analysis by maximum likelihood with as many factors as make held-out samples "
    "most likely; its correlations rank the pairs, the data's own judge them.",
    assumes="What genes share is linear in a few factors, the rest is independent noise of each "
    "feature; after winsorising, features of unrelated genes are independent across samples.",
    limits="A small module among many genes is no factor of its own; what is no factor makes no "
    "edge.",
    reference="Rubin & Thayer (1982), Psychometrika 47:69",
)


@dataclass(frozen=True)
class LatentFit:
    """A factor model, seen from its features.

    Attributes:
        embedding: loadings to length 1, or 0 where there are none, shape (n_features, k), k ≥ 1.
        communality: Σ loadings² as a share of each feature's variance, shape (n_features,).
        record: everything for `calibration.json`.
    """

    embedding: Floats
    communality: Floats
    record: dict[str, Any]


def find(task: Task, steps: Steps) -> Found:
    """Modules in the graph of significant correlations that the factors imply too."""
    settings, features = task.settings, task.features
    assert isinstance(settings, LatentSettings)
    with steps.step("factor analysis") as note:
        model = fit_latent(features, settings, progress=steps.tell)
        record = model.record
        note.result = (
            f"{record['n_factors']} factors, {record['iterations']} rounds, median communality "
            f"{record['communality_median']:.3f}"
            if record["fitted"]
            else record["reason"]
        )
    association = edges_of_model(
        features,
        embedding=model.embedding,
        communality=model.communality,
        settings=settings,
        steps=steps,
        record={"model": record},
    )
    return Found(modules_of(task, association, steps))


def fit_latent(
    features: FeatureSet,
    settings: LatentSettings,
    *,
    progress: Callable[[str], None] | None = None,
) -> LatentFit:
    """Choose the number of factors, fit them, and shrink what loadings owe to chance.

    Args:
        features: standardised features; with fewer than 3, or fewer than 8 samples, there is no
            model, and the record says so.
        settings: of the model.
        progress: called with a word on where it stands.

    Returns:
        The fit; the same bytes whatever the number of threads.

    Raises:
        ConfigError: more factors than the samples allow.
    """
    if features.n_features < _LEAST_FEATURES or features.n_samples < _LEAST_SAMPLES:
        reason = f"{features.n_features} features of {features.n_samples} samples"
        none = np.zeros((features.n_features, 1))
        return LatentFit(none, none[:, 0], {"fitted": False, "reason": reason})
    most = max(1, features.df_residual)
    if settings.n_factors > most:
        problem = Problem(
            "backend.n_factors",
            f"{settings.n_factors}, and {features.n_samples} samples allow {most}",
            fix="choose fewer, or 0 for as many as make held-out samples most likely",
        )
        raise ConfigError("settings refused", [problem])
    with one_thread():
        choice = (
            None if settings.n_factors else choose_factors(features, settings, progress=progress)
        )
        n_factors = choice.n_factors if choice else settings.n_factors
        if progress is not None:
            progress(f"{n_factors} factors, all samples")
        x = prepared(features.values, features.observed).astype(np.float32)
        model = factor_analysis(
            x,
            features.observed,
            leading_directions(x, most=n_factors),
            n_factors=n_factors,
            max_iterations=settings.max_iterations,
            tolerance=settings.tolerance,
            least_noise=settings.least_noise,
        )
    return _described(model, choice, df=features.df_residual + 1, fdr=settings.loading_fdr)


def _described(model: Factors, choice: Choice | None, *, df: int, fdr: float) -> LatentFit:
    shrunk = model.shrunk(df=df, fdr=fdr)
    loadings = shrunk.loadings if shrunk.n_factors else np.zeros((len(shrunk.noise), 1))
    length = np.linalg.norm(loadings, axis=1, keepdims=True)
    embedding = np.where(length > 0, loadings / np.where(length > 0, length, 1.0), 0.0)
    communality = np.clip(np.square(length[:, 0]) / shrunk.variance, 0.0, 1.0)
    record = {
        "fitted": True,
        "n_factors": model.n_factors,
        "n_factors_rule": "set" if choice is None else "log likelihood of held-out samples",
        "held_out": None if choice is None else _held_out(choice),
        "log_likelihood": model.log_likelihood[-1],
        "log_likelihood_without_factors": model.log_likelihood[0],
        "iterations": len(model.log_likelihood) - 1,
        "converged": model.converged,
        "communality_median": float(np.median(communality)),
        "communality_above_0.1": float(np.mean(communality > 0.1)),
    }
    return LatentFit(embedding, communality, record)


def _held_out(choice: Choice) -> dict[str, Any]:
    return {
        "unit": "sample",
        "folds": choice.n_folds,
        "most_factors": choice.most,
        "gain_over_none_z": choice.gain_z,
        "tried": [
            {"n_factors": k, "heldout_log_likelihood": held, "train_log_likelihood": own}
            for k, held, own in choice.tried
        ],
    }


BACKEND = Backend(record=RECORD, settings=LatentSettings, find=find, main=EDGE_BUDGET)

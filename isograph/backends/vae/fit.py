"""From features to a trained autoencoder and what it says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from isograph.backends.vae.checkpoint import Checkpoint, centre_and_scale
from isograph.backends.vae.data import TrainingData, training_data
from isograph.backends.vae.heldout import heldout_entries
from isograph.backends.vae.record import latent_record, search_record, training_record
from isograph.backends.vae.reproducible import reproducible_torch
from isograph.backends.vae.response import (
    communality,
    heldout_gain,
    response_embedding,
    standard_errors,
)
from isograph.backends.vae.search import Search, search_model
from isograph.backends.vae.select import Dimensions, parallel_analysis
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.train import Epoch, Progress, Trained
from isograph.errors import ConfigError, InputError, Problem
from isograph.features.model import FeatureSet
from isograph.network.torch_kernel import choose_device

_LEAST_FEATURES = 3
_LEAST_SAMPLES = 8


@dataclass(frozen=True)
class VaeFit:
    """A trained autoencoder, seen from its features.

    The correlation that the model implies between features i and j, squared, is
    (embedding_i · embedding_j)² · communality_i · communality_j.

    Attributes:
        embedding: rows of length 1 whose product is the correlation of two features' decoded
            values, or of 0 where a feature's never change; float64, shape (n_features, n_inputs).
        communality: share of each feature's variance that the model predicts from other genes,
            shape (n_features,); 0 throughout where `explains_heldout` is False.
        latent: posterior mean of each sample, all its entries seen, shape (n_samples, n_latent).
        history: one row an epoch of the model that was kept (columns as `Epoch` has them).
        best_epoch: the epoch whose weights the model has.
        explains_heldout: whether held-out entries are surely predicted better than by zero.
        record: everything for `calibration.json`: plain numbers, text and lists.
        checkpoint: for `save_checkpoint`.
    """

    embedding: npt.NDArray[np.float64]
    communality: npt.NDArray[np.float64]
    latent: npt.NDArray[np.float64]
    history: pd.DataFrame
    best_epoch: int
    explains_heldout: bool
    record: Mapping[str, Any]
    checkpoint: Checkpoint


def fit_vae(
    features: FeatureSet,
    settings: VaeSettings,
    *,
    seed: int,
    progress: Progress | None = None,
) -> VaeFit:
    """Train the autoencoder and say how features go together in it.

    Dimensions are those that parallel analysis finds, then as many more as improve the prediction
    of held-out entries with a linear decoder; the nonlinear part stays only if it improves that
    surely. Held-out figures are a validation score: they chose these two and the epoch.

    Args:
        features: standardised features, sorted by gene.
        settings: of model and training.
        seed: of all draws (`settings.training_seed` for a partition that no other seed changes).
        progress: called after each epoch of each model.

    Returns:
        The fit; the same bytes for the same arguments, whatever the number of threads.

    Raises:
        ConfigError: more latent dimensions than the samples allow, or no CUDA where it is asked
            for.
        InputError: too few features or samples, or values that are not finite.
        DivergenceError: training diverged at every step size.
    """
    _check(features, settings)
    device = choose_device(settings.device)
    flips, cells = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    with reproducible_torch():
        found = None if settings.latent_dim else _dimensions(features, settings, flips)
        held = heldout_entries(
            features.gene_of, features.observed, share=settings.heldout_share, rng=cells
        )
        data = training_data(
            features.values, features.observed, held, features.design.basis, device
        )
        search = search_model(data, found, settings, seed=seed, progress=progress)
        return _describe(features, data, search, settings, seed=seed)


def _dimensions(
    features: FeatureSet, settings: VaeSettings, rng: np.random.Generator
) -> Dimensions:
    return parallel_analysis(
        features.values,
        features.gene_of,
        features.design.basis,
        limit=settings.max_latent_dim,
        draws=settings.null_draws,
        rng=rng,
    )


def too_small(features: FeatureSet) -> str | None:
    """Why there are too few features or samples for an autoencoder; None if there are enough."""
    if features.n_features >= _LEAST_FEATURES and features.n_samples >= _LEAST_SAMPLES:
        return None
    return f"{features.n_features} features of {features.n_samples} samples"


def _check(features: FeatureSet, settings: VaeSettings) -> None:
    problems = []
    small = too_small(features)
    if small is not None:
        fix = f"the autoencoder needs {_LEAST_FEATURES} and {_LEAST_SAMPLES}"
        problems.append(Problem("features", small, fix=fix))
    wrong = np.flatnonzero(~np.isfinite(features.values).all(axis=1))
    if len(wrong):
        ids = features.meta["feature_id"].to_numpy(dtype=str)[wrong]
        problems.append(Problem("features", "not finite", tuple(ids), len(wrong)))
    if problems:
        raise InputError("the autoencoder cannot be trained on these features", problems)
    most = max(1, features.df_residual)
    if settings.latent_dim > most:
        problem = Problem(
            "backend.latent_dim",
            f"{settings.latent_dim}, and {features.n_samples} samples allow {most}",
            fix="choose fewer, or 0 for as many as the data show",
        )
        raise ConfigError("settings refused", [problem])


def _describe(
    features: FeatureSet,
    data: TrainingData,
    search: Search,
    settings: VaeSettings,
    *,
    seed: int,
) -> VaeFit:
    kept = search.kept
    model, device = kept.model, data.x.device
    observed = torch.from_numpy(np.ascontiguousarray(features.observed.T)).to(device)
    values = torch.from_numpy(np.ascontiguousarray(features.values.T, dtype=np.float32)).to(device)
    share = observed.float().mean(dim=1, keepdim=True).clamp(min=1e-6)
    with torch.no_grad():
        posterior = model.encode(values, share)
    generator = torch.Generator().manual_seed(seed)
    embedding = response_embedding(model, posterior, generator)
    gene_of = torch.from_numpy(features.gene_of).to(device)
    df = features.df_residual + 1
    known = communality(model, values, observed, gene_of, df=df, generator=generator)
    gain_z = standard_errors(heldout_gain(model, data))
    explains = kept.best.heldout_r2 > 0 and gain_z >= settings.sureness
    if not explains:
        known = np.zeros_like(known)
    return VaeFit(
        embedding=embedding,
        communality=known,
        latent=posterior.mean.double().cpu().numpy(),
        history=pd.DataFrame([asdict(epoch) for epoch in kept.history]),
        best_epoch=kept.best_epoch,
        explains_heldout=explains,
        record={
            "seed": seed,
            "device": device.type,
            "heldout_unit": "gene × sample",
            "heldout_share": settings.heldout_share,
            "heldout_entries": int(data.is_held.sum()),
            "training_entries": int(data.counts.double().sum()),
            "heldout_gain_z": gain_z,
            "explains_heldout": explains,
            **search_record(search, settings),
            **training_record(kept),
            **latent_record(posterior, level=settings.active_kl),
            "communality_median": float(np.median(known)),
            "communality_above_0.1": float(np.mean(known > 0.1)),
        },
        checkpoint=_checkpoint(features, kept),
    )


def _checkpoint(features: FeatureSet, kept: Trained) -> Checkpoint:
    centre, scale = centre_and_scale(features.values, features.observed)
    return Checkpoint(
        n_latent=kept.model.n_latent,
        hidden_widths=kept.model.hidden_widths,
        feature_ids=tuple(features.meta["feature_id"].astype(str)),
        centre=torch.from_numpy(centre),
        scale=torch.from_numpy(scale),
        state={
            name: value.detach().cpu().clone() for name, value in kept.model.state_dict().items()
        },
    )


__all__ = ["Epoch", "VaeFit", "fit_vae", "too_small"]

"""A fit's autoencoder with its data encoded, and an untrained one of the same build beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isograph.backends.vae.checkpoint import Checkpoint, checkpoint_of_bytes
from isograph.backends.vae.module import Vae
from isograph.backends.vae.reproducible import reproducible_torch
from isograph.errors import OutputError, Problem
from isograph.explanation.attribution.availability import (
    CHECKPOINT,
    HEADLINE,
    check_model,
    reason_against,
)
from isograph.explanation.source import Profile, Source
from isograph.features.model import FeatureSet

_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Encoded:
    """A model and the posterior means of all samples under it, nothing held out.

    Attributes:
        model: on the CPU, no gradients for its weights.
        x: standardised features, 0 where not observed, float32, shape (n_samples, n_features).
        share: share of the features observed in each sample, float32, shape (n_samples, 1).
        latent: posterior means, float64, shape (n_samples, n_latent).
    """

    model: Vae
    x: Tensor
    share: Tensor
    latent: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Autoencoder:
    """What attribution asks: made once a fit, shared by its modules.

    Attributes:
        source: fit and data.
        features: rows in the order of the model's features, as it was trained on them.
        trained: the fit's model.
        untrained: the same architecture and seed, before any training.
        record: what both are, for manifests.
    """

    source: Source
    features: FeatureSet
    trained: Encoded
    untrained: Encoded
    record: Mapping[str, Any]

    def check(self, profile: Profile) -> None:
        """Refuse a profile that the model never saw.

        Raises:
            OutputError: says why, and what to do.
        """
        reason = reason_against(self.source.fit, profile)
        if reason is not None:
            raise OutputError(HEADLINE, [Problem(profile.name, reason)])


def open_autoencoder(source: Source) -> Autoencoder:
    """The fit's autoencoder, with every observed entry of its data encoded.

    Where broad factors were removed from the features before training, they are removed here too;
    see `Source.clean` for how closely.

    Args:
        source: fit and data.

    Raises:
        OutputError: the fit has no model, or one that learned nothing; says what to do.
        CheckpointError: the checkpoint cannot be read, or was made for other features.
    """
    check_model(source.fit)
    checkpoint = checkpoint_of_bytes(source.fit.files[CHECKPOINT])
    features = source.clean
    checkpoint.check_features(features.meta["feature_id"].astype(str).tolist())
    checkpoint.check_scaling(features.values, features.observed)
    model = checkpoint.model()
    _refuse_silent(model)
    seed = _seed(source)
    with reproducible_torch():
        x, share = as_input(features)
        trained = encoded(model, x, share)
        untrained = encoded(untrained_like(model, seed=seed), x, share)
    return Autoencoder(
        source=source,
        features=features,
        trained=trained,
        untrained=untrained,
        record=_record(source, checkpoint, seed),
    )


def as_input(features: FeatureSet) -> tuple[Tensor, Tensor]:
    """What the encoder takes: values and shares, as `Encoded` has them."""
    x = torch.from_numpy(np.ascontiguousarray(features.values.T, dtype=np.float32))
    seen = torch.from_numpy(np.ascontiguousarray(features.observed.T))
    return x, seen.float().mean(dim=1, keepdim=True).clamp(min=_LEAST_SHARE)


@torch.no_grad()
def encoded(model: Vae, x: Tensor, share: Tensor) -> Encoded:
    """Posterior means of samples; arguments as `Encoded` has them."""
    model.requires_grad_(False)
    latent = model.encode(x, share).mean.double().numpy()
    return Encoded(model=model, x=x, share=share, latent=latent)


@torch.no_grad()
def untrained_like(model: Vae, *, seed: int) -> Vae:
    """A model of the same build that has learned nothing about any feature.

    Hidden layers are as a seed makes them. Loadings start training from the data's principal
    components, which is learning already, and from zero they would say nothing: here each latent
    dimension has Gaussian loadings of the size that training gave it on the whole. Noise and
    doubt are their averages over features, so no feature is told from another.

    Args:
        model: trained.
        seed: of the training, for hidden layers and loadings.
    """
    generator = torch.Generator().manual_seed(seed)
    n_features = model.loadings.shape[1]
    other = Vae(n_features, model.n_latent, model.hidden_widths, generator)
    size = model.loadings.double().square().mean(dim=1, keepdim=True).sqrt().float()
    other.loadings.copy_(size * torch.randn(model.loadings.shape, generator=generator))
    for name in ("noise", "spread", "relevance"):
        value = getattr(model, name)
        mean = value.double().mean(dim=-1, keepdim=True).float()
        getattr(other, name).copy_(mean.expand_as(value))
    return other


def _refuse_silent(model: Vae) -> None:
    if bool((model.loadings == 0).all()):
        problem = Problem(
            CHECKPOINT,
            "the autoencoder predicts no held-out entry better than by zero: it learned nothing",
            fix="explain without attribution, or fit more samples",
        )
        raise OutputError(HEADLINE, [problem])


def _seed(source: Source) -> int:
    backend = source.fit.config["settings"].get("backend", {})
    return int(backend.get("training_seed", 1))


def _record(source: Source, checkpoint: Checkpoint, seed: int) -> dict[str, Any]:
    told = (source.fit.calibration or {}).get("model", {})
    removed = source.clean is not source.features
    return {
        "n_latent": checkpoint.n_latent,
        "hidden_widths": list(checkpoint.hidden_widths),
        "n_features": len(checkpoint.feature_ids),
        "explains_heldout": told.get("explains_heldout"),
        "heldout_r2": told.get("heldout_r2"),
        "features": "those of training"
        if not removed
        else "those of training up to how programmes were taken out",
        "untrained": {
            "seed": seed,
            "loadings": "Gaussian, a latent dimension's root mean square as trained",
            "noise": "average over features",
            "hidden_layers": "as initialised",
        },
    }

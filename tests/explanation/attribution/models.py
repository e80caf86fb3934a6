"""Models with known weights."""

from __future__ import annotations

import numpy as np
import torch

from isograph.backends.vae.module import Vae


def linear_model(n_features: int, n_latent: int, *, seed: int = 1) -> Vae:
    """A linear model with random loadings and noise."""
    generator = torch.Generator().manual_seed(seed)
    model = Vae(n_features, n_latent, (), generator)
    model.loadings.normal_(generator=generator)
    model.noise.uniform_(0.2, 1.0, generator=generator)
    return model.requires_grad_(False)


def bent_model(linear: Vae, *, generator: torch.Generator, width: int = 5) -> Vae:
    """A linear model with a nonlinear part beside it, in encoder and decoder."""
    k, n_features = linear.n_latent, linear.loadings.shape[1]
    model = Vae(n_features, k, (width,), generator)
    model.loadings[:k] = linear.loadings
    model.loadings[k:] = 0.3 * torch.randn(width, n_features, generator=generator)
    model.noise.copy_(linear.noise)
    model.spread.copy_(linear.spread)
    model.straight.normal_(generator=generator)
    model.requires_grad_(False)
    model.encode_out.weight.normal_(generator=generator)
    model.encode_out.bias.normal_(generator=generator)
    return model


def samples(n_samples: int, n_features: int, *, seed: int = 2) -> torch.Tensor:
    """Standard Gaussian inputs, float32, shape (n_samples, n_features)."""
    values = np.random.default_rng(seed).normal(size=(n_samples, n_features))
    return torch.from_numpy(values.astype(np.float32))

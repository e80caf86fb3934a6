"""Where training starts: principal components of the entries that training may see."""

from __future__ import annotations

import torch
from torch import Tensor

from isograph.backends.vae.data import TrainingData
from isograph.backends.vae.module import LEAST_NOISE, Vae


@torch.no_grad()
def start_from_components(model: Vae, data: TrainingData) -> None:
    """Set the linear part to factor analysis with principal components as factors.

    Loadings are regressions of each feature on the leading components, noise is what they leave.
    The latent axes are turned so that W Ψ⁻¹ Wᵀ is diagonal: the posterior's dimensions are then
    independent, which is all the encoder can say.

    Args:
        model: on the device of the data; changed in place.
        data: what to train on; only `seen` entries are used.
    """
    k = model.n_latent
    factors = (data.components[:, -k:].flip(1) * data.n_samples**0.5).float()
    loadings = factors.T @ data.visible / (data.counts + 1.0)
    noise = (1.0 - loadings.square().sum(dim=0)).clamp(min=2 * LEAST_NOISE)
    model.loadings[:k] = _independent_axes(loadings, noise)
    model.noise.copy_(noise)


def _independent_axes(loadings: Tensor, noise: Tensor) -> Tensor:
    """Turn loadings so that W Ψ⁻¹ Wᵀ is diagonal."""
    information = ((loadings / noise) @ loadings.T).double()
    _, axes = torch.linalg.eigh(information)
    # signs of eigenvectors are arbitrary: the largest part of each is positive
    largest = axes.abs().argmax(dim=0, keepdim=True)
    axes = axes * torch.sign(torch.gather(axes, 0, largest))
    turned: Tensor = axes.T.float() @ loadings
    return turned

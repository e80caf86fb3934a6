"""The evidence lower bound, from what is as wide as the latent space only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from isograph.backends.vae.module import Evidence, Posterior, Vae


@dataclass(frozen=True)
class Loss:
    """Terms of the negative evidence lower bound, summed over samples, in nats.

    Attributes:
        reconstruction: negative log likelihood that depends on z, expected under the posterior.
        constant: the rest of it, and the divergence of the loadings from their prior.
        kl: divergence of the posteriors of z from N(0, 1).
        n_entries: training entries.
    """

    reconstruction: Tensor
    constant: Tensor
    kl: Tensor
    n_entries: float

    def per_entry(self, kl_weight: float) -> Tensor:
        """What is minimised: everything divided by the number of entries."""
        return (self.reconstruction + self.constant + kl_weight * self.kl) / self.n_entries


def bound(
    model: Vae,
    evidence: Evidence,
    posterior: Posterior,
    noise: Tensor,
    *,
    constant: Tensor,
    n_entries: float,
) -> Loss:
    """Terms of the bound (Kingma & Welling 2014, equation 3, loadings Bayesian as well).

    Args:
        model: the decoder.
        evidence: of training entries.
        posterior: of the same samples.
        noise: Gaussian, shape (n_pairs, n_samples, n_latent).
        constant: of `constant_terms`.
        n_entries: training entries.
    """
    inputs = model.inputs(posterior.draw(noise))
    pull = (inputs * evidence.pull).sum(dim=-1)
    push = ((inputs @ evidence.stiffness) * inputs).sum(dim=-1) * evidence.share[:, 0]
    return Loss(
        reconstruction=(0.5 * push - pull).sum() / inputs.shape[0],
        constant=constant,
        kl=posterior.kl().sum(),
        n_entries=n_entries,
    )


@torch.no_grad()
def constant_terms(model: Vae, squares: Tensor, counts: Tensor) -> Tensor:
    """What of the bound depends neither on z nor on the networks, in nats.

    Args:
        model: its noise, loadings and relevance.
        squares: Σ_s x² over training entries, shape (n_features,).
        counts: training entries of each feature, shape (n_features,).
    """
    likelihood = 0.5 * (squares / model.noise + counts * torch.log(2 * torch.pi * model.noise))
    total = likelihood.sum()
    k = model.n_latent
    for block, weights in enumerate((model.loadings[:k], model.loadings[k:])):
        n_inputs = len(weights)
        ratio = model.spread[block] / model.relevance[block]
        if n_inputs and bool((ratio > 0).all()):  # no spread yet at the start
            size = weights.square().sum(dim=0) / model.relevance[block]
            total = total + 0.5 * (size + n_inputs * (ratio - 1.0 - torch.log(ratio))).sum()
    return total

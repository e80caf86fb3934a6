"""Loadings, noise and relevance, which have a best value in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from isograph.backends.vae.module import LEAST_NOISE, Posterior, Vae

_LEAST_RELEVANCE = 1e-6
_LARGEST_RELEVANCE = 1.0
_LEAST_KNOWN = 1e-3
_RIDGE = 1e-6
_ROUNDS = 5  # noise, relevance and loadings depend on each other


@dataclass(frozen=True)
class Moments:
    """Sums over samples and over draws of z, all that closed-form updates need.

    Attributes:
        own: mean over samples of E(a aᵀ) with a = [1, z, h(z)], float64, shape (n_a, n_a).
        cross: Σ_s E(a) x_sf, shape (n_a, n_features).
    """

    own: Tensor
    cross: Tensor


@torch.no_grad()
def moments(model: Vae, x: Tensor, posterior: Posterior, noise: Tensor) -> Moments:
    """Moments of the decoder's inputs under the posterior.

    Args:
        model: for h.
        x: training entries, 0 elsewhere, shape (n_samples, n_features).
        posterior: of these samples.
        noise: Gaussian, shape (n_pairs, n_samples, n_latent).
    """
    z = posterior.draw(noise)
    ones = torch.ones(*z.shape[:-1], 1, device=z.device)
    parts = [ones, z, model.bent(z)] if model.n_bent else [ones, z]
    every = torch.cat(parts, dim=-1)
    flat = every.flatten(0, 1).double()
    return Moments(own=flat.T @ flat / len(flat), cross=every.mean(dim=0).T @ x)


@torch.no_grad()
def update(model: Vae, found: Moments, squares: Tensor, counts: Tensor) -> None:
    """One sweep over everything as wide as the features: T, then W and V, ψ, τ².

    Each feature's loadings are a ridge regression of its training entries on the decoder's inputs,
    the variational posterior of a Bayesian regression whose prior variance is re-estimated:
    automatic relevance determination (MacKay 1992, Neural Comput. 4:415; Bishop 1999, Variational
    principal components). Without it thousands of background features each fit a little noise, and
    held-out entries are predicted worse than by zero. A feature's missing entries are taken to be
    missing at random: its moments are its share of those of all samples.

    Args:
        model: changed in place.
        found: moments under the present posterior.
        squares: Σ_s x² over training entries, shape (n_features,).
        counts: training entries of each feature, shape (n_features,).
    """
    blocks = _uncorrelated_blocks(model, found)
    for _ in range(_ROUNDS):
        explained = torch.zeros_like(squares)
        for block, (own, cross) in enumerate(blocks):
            explained = explained + _update_block(model, block, own, cross, counts)
        noise = (squares - explained) / counts.clamp(min=1.0)
        model.noise.copy_(noise.clamp(min=LEAST_NOISE))


def _uncorrelated_blocks(model: Vae, found: Moments) -> list[tuple[Tensor, Tensor]]:
    """Moments of z and of h without what is linear in z: two regressions apart; sets T."""
    k = model.n_latent
    own, cross = found.own, found.cross
    linear, straight, bent = slice(1, 1 + k), slice(0, 1 + k), slice(1 + k, None)
    blocks = [(own[linear, linear], cross[linear])]
    if model.n_bent:
        base = own[straight, straight]
        ridge = _RIDGE * torch.eye(1 + k, dtype=base.dtype, device=base.device)
        fitted = torch.linalg.solve(base + ridge, own[straight, bent])
        model.straight.copy_(fitted)
        left = own[bent, bent] - own[bent, straight] @ fitted
        blocks.append((left, cross[bent] - fitted.T.float() @ cross[straight]))
    return blocks


def _update_block(model: Vae, block: int, own: Tensor, cross: Tensor, counts: Tensor) -> Tensor:
    """Loadings and relevance of one block of inputs; returns the squares that it explains."""
    rows = slice(0, model.n_latent) if block == 0 else slice(model.n_latent, None)
    size, axes = torch.linalg.eigh((own + own.T) / 2)
    size, axes = size.clamp(min=0.0).float()[:, None], axes.float()
    noise, relevance = model.noise, model.relevance[block]
    stiff = counts * size + noise / relevance
    turned = axes.T @ cross
    loading = turned / stiff
    spread = (noise / stiff).mean(dim=0)
    known = (1.0 - spread / relevance).clamp(min=_LEAST_KNOWN)
    model.loadings[rows] = axes @ loading
    model.spread[block] = spread
    model.relevance[block] = (loading.square().mean(dim=0) / known).clamp(
        _LEAST_RELEVANCE, _LARGEST_RELEVANCE
    )
    # Σ x² − E Σ (x − φ w)²: twice the product, less the square at the mean and its doubt
    fit = 2.0 * turned - counts * size * loading
    explained: Tensor = (loading * fit - counts * noise / stiff * size).sum(dim=0)
    return explained

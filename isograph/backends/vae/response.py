"""What a trained model says about features: how they go together, and how much it knows of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isograph.backends.vae.data import TrainingData
from isograph.backends.vae.module import Posterior, Vae

_FOLDS = 10
_DRAWS = 64  # pairs a sample behind the covariance of the decoder's inputs
_ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Collapse:
    """Whether the latent space is in use (Burda et al. 2016, arXiv:1509.00519, active units).

    Attributes:
        kl: KL divergence of each dimension, averaged over samples, nats, largest first.
        level: from which a dimension counts as active.
        n_active: how many are.
    """

    kl: tuple[float, ...]
    level: float
    n_active: int

    @property
    def collapsed(self) -> bool:
        """Whether no dimension is active: the decoder says the same for every sample."""
        return self.n_active == 0


def collapse_report(posterior: Posterior, *, level: float) -> Collapse:
    """Count the dimensions whose posterior differs from the prior.

    Args:
        posterior: of all samples.
        level: nats a sample, averaged, from which a dimension is active.
    """
    kl = posterior.kl().double().mean(dim=0).sort(descending=True).values
    return Collapse(tuple(kl.tolist()), level, int((kl > level).sum()))


@torch.no_grad()
def response_embedding(
    model: Vae, posterior: Posterior, generator: torch.Generator
) -> npt.NDArray[np.float64]:
    """Unit rows whose inner product is the correlation of two features' decoded values.

    Decoded values are φ(z) w with φ(z) the decoder's inputs, so over the samples' posteriors their
    covariance is w_iᵀ C w_j with C = Cov φ(z): bent responses and doubt about z are in C, and no
    linearisation is needed. (A Jacobian at one point would miss a response that rises on both
    sides, and an average one would cancel it.) Rows are C^½ w, to length 1.

    Args:
        model: trained.
        posterior: of all samples.
        generator: of the draws behind C.

    Returns:
        Shape (n_features, n_inputs); rows of 0 where a feature's decoded value never changes.
    """
    noise = torch.randn((_DRAWS, *posterior.mean.shape), generator=generator)
    inputs = model.inputs(posterior.draw(noise.to(posterior.mean.device))).flatten(0, 1).double()
    inputs = inputs - inputs.mean(dim=0)
    size, axes = torch.linalg.eigh(inputs.T @ inputs / len(inputs))
    rows = model.loadings.double().T @ (axes * size.clamp(min=0.0).sqrt())
    length = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    found: npt.NDArray[np.float64] = (
        torch.where(length > 0, rows / length.clamp(min=1e-300), 0.0).cpu().numpy()
    )
    return found


@torch.no_grad()
def communality(
    model: Vae,
    values: Tensor,
    observed: Tensor,
    gene_of: Tensor,
    *,
    df: int,
    generator: torch.Generator,
) -> npt.NDArray[np.float64]:
    """Share of each feature's variance that the model predicts from other genes.

    Gene × sample cells are dealt into ten folds; each fold is hidden from the encoder in turn and
    decoded, so no gene speaks for itself. Loadings did see those entries, so the share is adjusted
    for the number of them that the data determined, γ = Σ (1 − v / τ²) (MacKay 1992), as adjusted
    R² is (Wherry 1931). A background feature's γ is near 0, and so is its share.

    Args:
        model: trained.
        values: shape (n_samples, n_features), 0 where not observed.
        observed: same shape.
        gene_of: gene of each feature, shape (n_features,).
        df: samples less the rank of the design with its intercept.
        generator: of the deal.

    Returns:
        Shape (n_features,), 0 to 1.
    """
    n_genes = int(gene_of[-1]) + 1
    error = torch.zeros(values.shape[1], dtype=torch.float64, device=values.device)
    total = torch.zeros_like(error)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        x = values[start : start + _ROWS_AT_ONCE]
        seen = observed[start : start + _ROWS_AT_ONCE]
        deal = torch.randint(_FOLDS, (len(x), n_genes), generator=generator, dtype=torch.int8)
        fold = deal.to(values.device)[:, gene_of]
        for k in range(_FOLDS):
            hidden = (fold == k) & seen
            shown = seen & ~hidden
            in_sight = shown.float().mean(dim=1, keepdim=True).clamp(min=1e-6)
            mean = model.encode(torch.where(shown, x, 0.0), in_sight).mean
            miss = torch.where(hidden, x - model.decode(mean), 0.0)
            error += miss.square().sum(dim=0)
        total += x.square().sum(dim=0)
    determined = (1.0 - model.spread / model.relevance).clamp(0.0, 1.0).double()
    n_loadings = model.n_latent * determined[0] + model.n_bent * determined[1]
    adjust = df / (df - n_loadings).clamp(min=1.0)
    explained = 1.0 - adjust * error / total.clamp(min=1e-12)
    share: npt.NDArray[np.float64] = explained.clamp(0.0, 1.0).cpu().numpy()
    return share


@torch.no_grad()
def heldout_gain(model: Vae, data: TrainingData) -> npt.NDArray[np.float64]:
    """How much better than zero held-out entries are predicted, a sample.

    Args:
        model: trained.
        data: on the device of the model.

    Returns:
        Σ x² − (x − x̂)² over each sample's held-out entries, shape (n_samples,).
    """
    mean = model.encode(data.visible, data.share).mean
    gains = []
    for start in range(0, data.n_samples, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        x = torch.where(data.is_held[rows], data.x[rows], 0.0)
        miss = torch.where(data.is_held[rows], x - model.decode(mean[rows]), 0.0)
        gains.append((x.square() - miss.square()).double().sum(dim=1))
    gain: npt.NDArray[np.float64] = torch.cat(gains).cpu().numpy()
    return gain


def standard_errors(gain: npt.NDArray[np.float64]) -> float:
    """Mean of `gain` in its standard errors; 0 where they are not defined.

    Samples and not entries are what is independent: the entries of one sample share its latent
    values and the errors in them.

    Args:
        gain: one value a sample, shape (n_samples,).
    """
    if len(gain) < 2:
        return 0.0
    error = float(np.std(gain, ddof=1)) / float(np.sqrt(len(gain)))
    return float(np.mean(gain)) / error if error > 0 else 0.0

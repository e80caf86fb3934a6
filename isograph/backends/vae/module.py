"""The model: what the encoder and the decoder compute, and the state that they share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from isograph.backends.vae.nn import Dense, Hidden

# noise below this share of a feature's variance means a dimension spent on one feature (Heywood)
LEAST_NOISE = 0.05


@dataclass(frozen=True)
class Posterior:
    """q(z | x) of each sample: Gaussian, independent dimensions.

    Attributes:
        mean: shape (n_samples, n_latent).
        log_variance: same shape.
    """

    mean: Tensor
    log_variance: Tensor

    def draw(self, noise: Tensor) -> Tensor:
        """Draws for given standard Gaussian noise, in pairs around the mean.

        Args:
            noise: shape (n_pairs, n_samples, n_latent).

        Returns:
            Shape (2 · n_pairs, n_samples, n_latent) (Kingma & Welling 2014, arXiv:1312.6114,
            section 2.4; the mean of a pair is exact).
        """
        step = torch.exp(0.5 * self.log_variance) * noise
        return torch.cat([self.mean + step, self.mean - step])

    def kl(self) -> Tensor:
        """KL divergence from N(0, 1), shape (n_samples, n_latent), in nats."""
        variance = torch.exp(self.log_variance)
        return 0.5 * (self.mean.square() + variance - 1.0 - self.log_variance)


@dataclass(frozen=True)
class Evidence:
    """What the features say about the decoder's inputs, as wide as the latent space only.

    With φ the decoder's inputs and w its loadings, the log likelihood of sample s is, up to a
    constant, φ·pull_s − ½ share_s φᵀ stiffness φ.

    Attributes:
        pull: Σ_f x_sf w_f / ψ_f, shape (n_samples, n_inputs).
        stiffness: Σ_f E(w_f w_fᵀ) / ψ_f, shape (n_inputs, n_inputs).
        share: share of the features seen in each sample, shape (n_samples, 1).
    """

    pull: Tensor
    stiffness: Tensor
    share: Tensor


class Vae(nn.Module):
    """Encoder and decoder of one feature vector a sample.

    Everything as wide as the features is linear; nonlinear layers act on the few latent
    dimensions. With tens of samples and thousands of features that is what can be learned:

        decoder   x̂ = z W + (h(z) − [1, z] T) V,    x | z ~ N(x̂, diag(ψ))
        encoder   u = x Ψ⁻¹ Wᵀ S / β,    S = (I + E(W Ψ⁻¹ Wᵀ) / β)⁻¹
                  mean = u + M g(u),     log variance = log diag S + L g(u)

    g and h are small networks of tanh layers; T takes out of h what is linear in z, so that V
    holds bent responses only. u and S are the exact posterior of the linear decoder (Bishop 2006,
    Pattern Recognition and Machine Learning, equations 12.66 to 12.68): the encoder shares the
    decoder's loadings and has no weights as wide as the features to memorise with. Without hidden
    layers this is factor analysis.

    Loadings are Gaussian in the posterior, around W_f with variance v_f, under a prior N(0, τ_f²)
    with one relevance τ_f² a feature that the data set (see `sweep`). There is no bias: rows are
    centred.

    Args:
        n_features: width of the input.
        n_latent: dimensions of z.
        hidden_widths: of g and h; empty for a linear model.
        generator: of the first weights of g and h.

    Attributes:
        loadings: W above V, shape (n_latent + n_bent, n_features).
        spread: v of the two, shape (2, n_features).
        relevance: τ² of the two, shape (2, n_features).
        noise: ψ, shape (n_features,).
        straight: T, shape (1 + n_latent, n_bent).
    """

    loadings: Tensor
    spread: Tensor
    relevance: Tensor
    noise: Tensor
    straight: Tensor

    def __init__(
        self,
        n_features: int,
        n_latent: int,
        hidden_widths: tuple[int, ...],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_latent = n_latent
        self.hidden_widths = hidden_widths
        self.n_bent = hidden_widths[-1] if hidden_widths else 0
        n_inputs = n_latent + self.n_bent
        self.register_buffer("loadings", torch.zeros(n_inputs, n_features))
        self.register_buffer("spread", torch.zeros(2, n_features))
        self.register_buffer("relevance", torch.ones(2, n_features))
        self.register_buffer("noise", torch.ones(n_features))
        self.register_buffer("straight", torch.zeros(1 + n_latent, self.n_bent))
        if self.n_bent:
            self.encode_hidden = Hidden(n_latent, hidden_widths, generator)
            self.encode_out = Dense(self.n_bent, 2 * n_latent, None)
            self.decode_hidden = Hidden(n_latent, hidden_widths, generator)

    def evidence(self, x: Tensor, share: Tensor) -> Evidence:
        """What features say about each sample.

        Args:
            x: shape (n, n_features), 0 where not seen.
            share: share of the features seen in each sample, shape (n, 1). Stiffness is taken to
                fall with it: what is hidden is drawn at random.
        """
        weighted = self.loadings / self.noise
        stiffness = weighted @ self.loadings.T
        doubt = (self.spread / self.noise).sum(dim=1)
        along = torch.cat([doubt[:1].expand(self.n_latent), doubt[1:].expand(self.n_bent)])
        stiffness = stiffness + torch.diag(along)
        return Evidence(x @ weighted.T, stiffness, share)

    def posterior(self, evidence: Evidence, *, beta: float = 1.0) -> Posterior:
        """Posterior of each sample; `beta` is the weight of the KL term it is optimal for."""
        k = self.n_latent
        size, axes = torch.linalg.eigh(evidence.stiffness[:k, :k].double())
        size, axes = size.clamp(min=0.0).float(), axes.float()
        variance = 1.0 / (1.0 + evidence.share * size / beta)
        u = ((evidence.pull[:, :k] @ axes) * variance / beta) @ axes.T
        log_variance = torch.log(variance @ axes.T.square())
        if not self.n_bent:
            return Posterior(u, log_variance)
        shift, stretch = self.encode_out(self.encode_hidden(u)).chunk(2, dim=1)
        return Posterior(u + shift, log_variance + stretch)

    def encode(self, x: Tensor, share: Tensor) -> Posterior:
        """Posterior of samples from their features; arguments as `evidence` has them."""
        return self.posterior(self.evidence(x, share))

    def bent(self, z: Tensor) -> Tensor:
        """h(z) as it is, shape (..., n_bent)."""
        hidden: Tensor = self.decode_hidden(z)
        return hidden

    def inputs(self, z: Tensor) -> Tensor:
        """What loadings act on: z beside h(z) without its linear part, shape (..., n_inputs)."""
        if not self.n_bent:
            return z
        linear = self.straight[0] + z @ self.straight[1:]
        return torch.cat([z, self.bent(z) - linear], dim=-1)

    def decode(self, z: Tensor) -> Tensor:
        """Mean of the features given z, shape (n, n_features)."""
        return self.inputs(z) @ self.loadings

"""Maximum likelihood factor analysis of far more features than samples, over samples × samples.

x = W z + e with z ~ N(0, I_k) and e ~ N(0, Ψ), Ψ diagonal. Two steps in turn, neither of which
lets the likelihood fall (ECME: Liu & Rubin 1994, Biometrika 81:633):

- given Ψ, the best W is W = Ψ^½ U (Λ − I)^½, with U and Λ the k leading eigenvectors and values of
  Ψ^-½ S Ψ^-½ (Lawley & Maxwell 1971, Factor Analysis as a Statistical Method, chapter 4). Those of
  the features × features matrix are had from samples: a round of subspace iteration with a
  Rayleigh–Ritz step on the scaled data, which starts where the last round ended;
- given W, the step of Rubin & Thayer (1982, Psychometrika 47:69) for noise, which is
  Ψ = diag(S − W Wᵀ) where W is the best one.

Nothing is larger than the data: a round costs 4 · features · samples · k operations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from isograph.network.significance import false_discovery_line

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_SPARE = 4  # dimensions beside those wanted, which make subspace iteration converge faster
_LOG_2PI = float(np.log(2.0 * np.pi))
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Factors:
    """A factor model.

    Attributes:
        loadings: W, shape (n_features, k).
        noise: Ψ, shape (n_features,).
        variance: of each feature over the entries seen, shape (n_features,).
        log_likelihood: after each round, nats a sample; that of no factors first.
        converged: whether the last round changed less than the tolerance.
    """

    loadings: Floats
    noise: Floats
    variance: Floats
    log_likelihood: tuple[float, ...]
    converged: bool

    @property
    def n_factors(self) -> int:
        """Number of factors."""
        return int(self.loadings.shape[1])

    def shrunk(self, *, df: int, fdr: float) -> Factors:
        """The same model without what loadings owe to chance.

        Thousands of features that follow no factor have small loadings all the same, and together
        they spoil the prediction of a new sample. A feature keeps its loadings if they are
        significant together (F test of its regression on the factors; Benjamini & Hochberg 1995
        over features). Those kept are shrunk: they are the true ones and an error of variance
        ψ / df each, so with a prior N(0, τ² I) whose τ² is the feature's own, their squares sum
        to k (τ² + ψ / df), and 1 − k ψ / (df ‖w‖²) of each is to be kept (empirical Bayes: Efron &
        Morris 1973, J. Am. Stat. Assoc. 68:117). Variances stay as they are.

        Args:
            df: samples less the rank of the design with its intercept.
            fdr: false share of the features that keep loadings.
        """
        k = self.n_factors
        if k == 0:
            return self
        length = np.square(self.loadings).sum(axis=1)
        rest = max(df - k, 1)
        p = special.fdtrc(k, rest, length / k / (self.noise / rest))
        error = k * self.noise / max(df, 1)
        kept = np.clip(1.0 - error / np.maximum(length, 1e-300), 0.0, 1.0)
        kept[p > false_discovery_line(p, level=fdr)] = 0.0
        loadings = self.loadings * kept[:, None]
        # noise has a floor, so loadings and noise may exceed the variance together
        noise = np.maximum(self.variance - np.square(loadings).sum(axis=1), self.noise)
        return replace(self, loadings=loadings, noise=noise)


def leading_directions(x: Floats32, *, most: int) -> Floats:
    """Eigenvectors of the Gram matrix over samples, the leading first: where fits start.

    Args:
        x: shape (n_features, n_samples).
        most: how many.

    Returns:
        Shape (n_samples, most or fewer).
    """
    _, directions = np.linalg.eigh((x.T @ x).astype(np.float64))
    leading: Floats = directions[:, ::-1][:, : most + _SPARE]
    return leading


def factor_analysis(
    x: Floats32,
    seen: Bools,
    start: Floats,
    *,
    n_factors: int,
    max_iterations: int,
    tolerance: float,
    least_noise: float,
) -> Factors:
    """Fit the model.

    An entry that is not seen is filled with its mean given those of the sample that are, in every
    round anew (the E step for missing data), so that at the end factors are estimated from seen
    entries alone. Its variance is counted in the diagonal of S and not beside it.

    Args:
        x: centred rows, 0 where not seen, shape (n_features, n_samples); not changed.
        seen: same shape.
        start: `leading_directions` of x.
        n_factors: k; 0 is a model of noise alone.
        max_iterations: rounds, at most.
        tolerance: nats an entry by which the log likelihood must rise for another round.
        least_noise: share of each variance that noise is at least: the likelihood of a feature
            that a factor reproduces has no bound.

    Returns:
        The model; loadings are turned so that Wᵀ Ψ⁻¹ W is diagonal.
    """
    n_features = len(x)
    variance = _variance(x, seen)
    noise = variance.copy()
    history = [-0.5 * float(np.sum(_LOG_2PI + np.log(variance) + 1.0))]
    loadings = np.zeros((n_features, n_factors))
    if n_factors == 0:
        return Factors(loadings, noise, variance, tuple(history), converged=True)
    gappy = np.flatnonzero(~seen.all(axis=1))
    x = x.copy() if len(gappy) else x
    directions = start[:, : n_factors + _SPARE]
    converged = False
    for _ in range(max_iterations):
        scaled, size, back = _subspace_round(x, noise, directions)
        size, scaled_k = size[:n_factors], scaled[:, :n_factors]
        gain = np.maximum(size - 1.0, 0.0)
        # columns of `scaled` have length √(n λ)
        unit = np.sqrt(gain / np.maximum(size * x.shape[1], 1e-300))
        loadings = np.sqrt(noise)[:, None] * (scaled_k * unit)
        history.append(_log_likelihood(variance, noise, size, gain))
        noise = np.maximum(variance - np.square(loadings).sum(axis=1), least_noise * variance)
        if len(gappy):
            scores = back[:, :n_factors] * (unit / np.maximum(size, 1.0))
            filled = loadings[gappy] @ scores.T
            x[gappy] = np.where(seen[gappy], x[gappy], filled)
        if abs(history[-1] - history[-2]) <= tolerance * n_features and len(history) > 2:
            converged = True
            break
        directions = np.linalg.qr(back)[0]
    return Factors(loadings, noise, variance, tuple(history), converged)


def _variance(x: Floats32, seen: Bools) -> Floats:
    """Mean square over the entries seen, shape (n_features,); 1 where there is nothing."""
    total = np.einsum("fs,fs->f", x, x, dtype=np.float64)
    mean = total / np.maximum(np.count_nonzero(seen, axis=1), 1)
    return np.where(mean > 1e-12, mean, 1.0)


def _subspace_round(
    x: Floats32, noise: Floats, directions: Floats
) -> tuple[Floats, Floats, Floats]:
    """One round on Y = Ψ^-½ x, shape (n_features, n_samples).

    Args:
        x: data.
        noise: Ψ.
        directions: orthonormal, shape (n_samples, b).

    Returns:
        Y Q for the Ritz vectors Q within the span, shape (n_features, b); the Ritz values of
        Yᵀ Y / n_samples, falling, shape (b,); and Yᵀ Y Q, shape (n_samples, b).
    """
    scale = (1.0 / np.sqrt(noise))[:, None]
    scaled = (x @ directions.astype(np.float32)) * scale
    size, turn = np.linalg.eigh(scaled.T @ scaled / x.shape[1])
    turn = turn[:, ::-1]
    scaled = scaled @ turn
    back = (x.T @ (scaled * scale).astype(np.float32)).astype(np.float64)
    return scaled, np.maximum(size[::-1], 0.0), back


def _log_likelihood(variance: Floats, noise: Floats, size: Floats, gain: Floats) -> float:
    """Log likelihood, nats a sample, at the best loadings that there are given noise."""
    used = gain > 0
    total = float(np.sum(_LOG_2PI + np.log(noise) + variance / noise))
    return -0.5 * (total + float(np.sum(np.log(size[used]) - gain[used])))


def sample_log_likelihood(model: Factors, x: Floats32, seen: Bools) -> Floats:
    """Log likelihood of each sample's seen entries, exact whatever is missing.

    log N(x; 0, W Wᵀ + Ψ) over seen entries, by Woodbury: with M = I + Σ w wᵀ / ψ and
    b = Σ w x / ψ over them, −½ (Σ log 2π ψ + log det M + Σ x² / ψ − bᵀ M⁻¹ b).

    Args:
        model: of these features.
        x: 0 where not seen, shape (n_features, n_samples).
        seen: same shape.

    Returns:
        Shape (n_samples,), nats.
    """
    weighted = model.loadings / model.noise[:, None]
    square = np.square(x, dtype=np.float64).T @ (1.0 / model.noise)
    constant = seen.T.astype(np.float64) @ (_LOG_2PI + np.log(model.noise))
    pull = (x.T @ weighted.astype(np.float32)).astype(np.float64)
    k = model.n_factors
    stiff = np.broadcast_to(
        np.eye(k) + weighted.T @ model.loadings, (x.shape[1], k, k)
    ) - _stiffness_missing(model, seen)
    _, log_det = np.linalg.slogdet(stiff)
    known = np.linalg.solve(stiff, pull[:, :, None])[:, :, 0]
    total: Floats = -0.5 * (constant + log_det + square - np.einsum("sk,sk->s", pull, known))
    return total


def _stiffness_missing(model: Factors, seen: Bools) -> Floats:
    """Σ w wᵀ / ψ over each sample's missing entries, shape (n_samples, k, k)."""
    k = model.n_factors
    total = np.zeros((seen.shape[1], k * k))
    gappy = np.flatnonzero(~seen.all(axis=1))
    for start in range(0, len(gappy), _ROWS_AT_ONCE):
        rows = gappy[start : start + _ROWS_AT_ONCE]
        loadings = model.loadings[rows]
        products = loadings[:, :, None] * (loadings / model.noise[rows, None])[:, None, :]
        total += (~seen[rows]).T.astype(np.float64) @ products.reshape(len(rows), -1)
    return total.reshape(len(total), k, k)

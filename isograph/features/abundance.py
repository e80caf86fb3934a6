"""Abundance features: gene totals on a log scale, shrunk where counts are few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.config import FeatureSettings


def log_abundance(
    totals: npt.NDArray[np.float64],
    factors: npt.NDArray[np.float64],
    settings: FeatureSettings,
) -> npt.NDArray[np.float64]:
    """Logarithm of the gamma–Poisson posterior mean of each gene's rate.

    With counts y ~ Poisson(size factor · λ) and λ ~ Gamma(shape a, mean m), the posterior mean of λ
    at a typical size factor is (y/size factor + a) / (1 + a/m): on a log scale, up to a constant a
    gene, log(y/size factor + a). The shape a is the gene's moment estimate m²/(variance − m),
    bounded. Zeros get the same value in every sample whatever its depth, so that rarely seen
    genes do not correlate through library size.

    Args:
        totals: gene counts, shape (n_genes, n_samples).
        factors: size factors, shape (n_samples,).
        settings: `abundance_prior_min`, `abundance_prior_max`.

    Returns:
        Natural logarithms, shape (n_genes, n_samples).
    """
    scaled = totals / factors
    mean = scaled.mean(axis=1)
    extra = scaled.var(axis=1, ddof=1) - mean * np.mean(1 / factors)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.where(extra > 0, mean**2 / extra, np.inf)
    shape = np.clip(shape, settings.abundance_prior_min, settings.abundance_prior_max)
    scaled += shape[:, None]
    return np.log(scaled, out=scaled)

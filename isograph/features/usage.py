"""Transcript usage as log ratios, shrunk towards the gene's mean usage where counts are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.config import FeatureSettings


@dataclass(frozen=True)
class Usage:
    """Shrunk usage of the transcripts of genes with two or more.

    Attributes:
        logs: log(count + prior · mean usage), shape (n_transcripts, n_samples); transcripts of a
            gene stand together. Where the gene has no reads the row's mean over other samples.
        mean_usage: mean share of each transcript in its gene, shape (n_transcripts,).
        starts: first transcript row of each gene, shape (n_genes,).
        sizes: number of transcripts of each gene, shape (n_genes,).
        observed: whether the gene has reads, shape (n_genes, n_samples).
        count_noise: variance that counting alone gives a unit axis in the weighted geometry of
            `switch_axes`, shape (n_genes,).
        prior: strength of each gene's prior in reads, shape (n_genes,).
    """

    logs: npt.NDArray[np.float64]
    mean_usage: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    observed: npt.NDArray[np.bool_]
    count_noise: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]


def shrunk_usage(
    counts: npt.NDArray[np.float64],
    starts: npt.NDArray[np.int64],
    settings: FeatureSettings,
) -> Usage:
    """Log usage with a Dirichlet prior whose strength each gene's own spread decides.

    Shares are taken as Dirichlet–multinomial with intra-sample correlation ρ = 1/(1 + A). The sum
    over transcripts of the variance of observed shares is H·(ρ + (1 − ρ)·mean(1/N)) with
    H = Σ p(1 − p) (Weir & Hill 2002 style moments), which gives ρ and the prior strength A,
    bounded by the settings.

    Args:
        counts: shape (n_transcripts, n_samples), transcripts of a gene together.
        starts: first row of each gene, shape (n_genes,), rising; every gene has two or more rows.
        settings: `usage_prior_min`, `usage_prior_max`.

    Returns:
        The shrunk usage.
    """
    n_rows = len(counts)
    sizes = np.diff(np.append(starts, n_rows))
    gene = np.repeat(np.arange(len(starts)), sizes)
    totals = np.add.reduceat(counts, starts, axis=0)
    observed = totals > 0
    n_observed = np.maximum(observed.sum(axis=1), 2)

    everywhere = bool(observed.all())
    depth = totals if everywhere else np.where(observed, totals, 1.0)
    share = counts / depth[gene]
    mean_usage = share.sum(axis=1) / n_observed[gene]
    mean_usage = np.maximum(mean_usage, 1e-6)
    mean_usage /= np.add.reduceat(mean_usage, starts)[gene]
    share -= mean_usage[:, None]
    deviation = share if everywhere else np.where(observed[gene], share, 0.0)
    spread = np.add.reduceat(np.einsum("ij,ij->i", deviation, deviation), starts)
    spread /= n_observed - 1
    heterozygosity = np.add.reduceat(mean_usage * (1 - mean_usage), starts)
    inverse = np.where(observed, 1 / depth, 0.0).sum(axis=1) / n_observed
    # fractional totals below one read would count as more than all noise
    inverse = np.minimum(inverse, 0.99)
    rho = np.clip((spread / heterozygosity - inverse) / (1 - inverse), 1e-6, 1 - 1e-6)
    prior = np.clip(1 / rho - 1, settings.usage_prior_min, settings.usage_prior_max)

    logs = counts + (prior[gene] * mean_usage)[:, None]
    np.log(logs, out=logs)
    if not everywhere:
        hidden = ~observed[gene]
        mean_log = np.where(hidden, 0.0, logs).sum(axis=1) / n_observed[gene]
        logs = np.where(hidden, mean_log[:, None], logs)
    # delta method: Var log(x + s·p) = N·p/(N·p + s·p)² per count of share p, times p by the weights
    noise = np.where(observed, totals / (totals + prior[:, None]) ** 2, 0.0).sum(axis=1)
    return Usage(
        logs=logs,
        mean_usage=mean_usage,
        starts=starts,
        sizes=sizes,
        observed=observed,
        count_noise=noise / n_observed,
        prior=prior,
    )

"""Totals, isoform shares and counts, drawn for all genes at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from isograph.simulation.genes import Bools, Ints, Layout

Floats = npt.NDArray[np.float64]


def draw_gamma_poisson(
    rng: np.random.Generator, *, mean: Floats, size: float, shape: tuple[int, int]
) -> Ints:
    """Draw negative binomial totals as a gamma mixture of Poissons.

    Args:
        rng: stream of the step.
        mean: expected counts μ, broadcast to `shape`.
        size: φ; the variance is μ + μ²/φ.
        shape: (n_genes, n_samples).

    Returns:
        Totals, whole numbers, shape (n_genes, n_samples).
    """
    rate = rng.standard_gamma(size, shape) * (mean / size)
    return rng.poisson(rate).astype(np.int64, copy=False)


def draw_stable_means(rng: np.random.Generator, *, layout: Layout, concentration: float) -> Floats:
    """Draw each gene's mean shares from Dirichlet(concentration, …), shape (n_transcripts,)."""
    weight = rng.standard_gamma(concentration, len(layout.gene))
    return weight / np.add.reduceat(weight, layout.first)[layout.gene]


def plant_switches(means: Floats, *, layout: Layout, switching: Bools, logit: Floats) -> Floats:
    """Mean shares per sample, where switching genes follow their latent.

    Args:
        means: mean shares of every gene, shape (n_transcripts,); used for genes that are stable.
        layout: where transcripts stand.
        switching: genes whose isoform 1 has share logistic(logit) while the others split the
            rest evenly, shape (n_genes,); each has two isoforms or more.
        logit: one row a switching gene, in gene order, shape (n_switching, n_samples).

    Returns:
        Mean shares, shape (n_transcripts, n_samples).
    """
    shares = np.repeat(means[:, None], logit.shape[1], axis=1)
    rows = np.flatnonzero(switching[layout.gene])
    gene = layout.gene[rows]
    nth_switching = np.cumsum(switching) - 1
    first_share = expit(logit)[nth_switching[gene]]
    rest_share = (1.0 - first_share) / (layout.n_isoforms[gene] - 1)[:, None]
    shares[rows] = np.where(layout.isoform[rows, None] == 0, first_share, rest_share)
    return shares


def share_rest_evenly(first_share: Floats, *, layout: Layout) -> Floats:
    """Shares of all isoforms, where all but the first split the rest evenly.

    Args:
        first_share: isoform 1's share of each gene, shape (n_genes, n_samples).
        layout: where transcripts stand; each gene has two isoforms or more.

    Returns:
        Shares, shape (n_transcripts, n_samples).
    """
    rest_share = (1.0 - first_share) / (layout.n_isoforms - 1)[:, None]
    shares = rest_share[layout.gene]
    shares[layout.first] = first_share
    return shares


def draw_dirichlet(
    rng: np.random.Generator, *, means: Floats, concentration: Floats, layout: Layout
) -> Floats:
    """Draw Dirichlet(κ · mean) shares of every gene and sample, as normalised gammas.

    Args:
        rng: stream of the step.
        means: mean shares, shape (n_transcripts, n_samples); each gene's sum to 1.
        concentration: κ of each gene, shape (n_genes,); a share p has variance
            p(1 − p)/(κ + 1).
        layout: where transcripts stand.

    Returns:
        Shares, shape (n_transcripts, n_samples).
    """
    weight = rng.standard_gamma(means * concentration[layout.gene, None])
    weight /= np.add.reduceat(weight, layout.first, axis=0)[layout.gene]
    return weight


def split_totals(rng: np.random.Generator, *, totals: Ints, shares: Floats, layout: Layout) -> Ints:
    """Split each gene's total over its isoforms by a multinomial draw.

    The multinomial is drawn as binomials of what earlier isoforms left over, for all genes and
    samples of one isoform number at once.

    Args:
        rng: stream of the step.
        totals: shape (n_genes, n_samples).
        shares: shape (n_transcripts, n_samples); each gene's sum to 1.
        layout: where transcripts stand.

    Returns:
        Counts, whole numbers that add up to the totals, shape (n_transcripts, n_samples).
    """
    counts = np.zeros(shares.shape, dtype=np.int64)
    left = totals.copy()
    share_left = np.ones(totals.shape)
    for isoform in range(int(layout.n_isoforms.max())):
        last = np.flatnonzero(layout.n_isoforms == isoform + 1)
        counts[layout.first[last] + isoform] = left[last]
        gene = np.flatnonzero(layout.n_isoforms > isoform + 1)
        share = shares[layout.first[gene] + isoform]
        # rounding may leave a hair more share than was left over
        chance = np.minimum(share / np.maximum(share_left[gene], np.finfo(float).tiny), 1.0)
        drawn = rng.binomial(left[gene], chance)
        counts[layout.first[gene] + isoform] = drawn
        left[gene] -= drawn
        share_left[gene] = np.maximum(share_left[gene] - share, 0.0)
    return counts

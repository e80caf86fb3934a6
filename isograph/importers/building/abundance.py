"""Counts made from abundances, so that lengths that differ between samples cancel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.importers.options import CountsFrom
from isograph.machine import blocks, in_threads

Floats = npt.NDArray[np.float64]

_ROWS = 4096


def counts_from_abundance(
    counts: Floats,
    effective_lengths: npt.NDArray[np.floating],
    *,
    how: CountsFrom,
    gene_of: npt.NDArray[np.int64],
) -> Floats:
    """Counts scaled from abundances (Soneson, Love & Robinson 2015, F1000Research 4:1521).

    Abundance is counts over effective length. `scaledTPM` scales it to the sample's total;
    `lengthScaledTPM` multiplies it by the transcript's mean effective length over samples first,
    `dtuScaledTPM` by the median of these means over the isoforms of its gene (Love, Soneson &
    Patro 2018, F1000Research 7:952), so that within a gene counts are in proportion to molecules.
    Every sample keeps its total.

    Args:
        counts: estimated reads, shape (n_transcripts, n_samples).
        effective_lengths: in bases, same shape; where 0 or less the transcript counts nothing.
        how: which of them; `no` gives `counts` back.
        gene_of: gene of each transcript, −1 for none, shape (n_transcripts,).

    Returns:
        Shape (n_transcripts, n_samples).
    """
    if how == "no":
        return counts
    scale = np.ones(len(counts))
    if how in ("lengthScaledTPM", "dtuScaledTPM"):
        scale = mean_lengths(effective_lengths)
    if how == "dtuScaledTPM":
        scale = _medians(scale, gene_of)
    parts = blocks(len(counts), _ROWS)
    made = np.empty(counts.shape)

    def fill(part: slice) -> tuple[Floats, Floats]:
        lengths = effective_lengths[part]
        rate = np.divide(
            counts[part], lengths, out=np.zeros(lengths.shape), where=np.asarray(lengths > 0)
        )
        rate *= np.where(np.isfinite(scale[part]), scale[part], 0.0)[:, None]
        made[part] = rate
        return counts[part].sum(axis=0), rate.sum(axis=0)

    sums = in_threads(fill, parts)
    before = np.sum([one for one, _ in sums], axis=0)
    after = np.sum([other for _, other in sums], axis=0)
    made *= np.divide(before, after, out=np.zeros_like(before), where=after > 0)
    return made


def mean_lengths(effective_lengths: npt.NDArray[np.floating]) -> Floats:
    """Mean of each row over the samples where it is above 0, NaN where it never is.

    Args:
        effective_lengths: in bases, shape (n_transcripts, n_samples).

    Returns:
        Shape (n_transcripts,).
    """
    mean = np.full(len(effective_lengths), np.nan)

    def fill(part: slice) -> None:
        some = effective_lengths[part].astype(np.float64)
        there = some > 0
        n = there.sum(axis=1)
        total = np.where(there, some, 0.0).sum(axis=1)
        mean[part] = np.divide(total, n, out=np.full(len(some), np.nan), where=n > 0)

    in_threads(fill, blocks(len(effective_lengths), _ROWS))
    return mean


def _medians(lengths: Floats, gene_of: npt.NDArray[np.int64]) -> Floats:
    """Median over the isoforms of each gene, in the place of each isoform's own length."""
    medians = lengths.copy()
    known = np.flatnonzero((gene_of >= 0) & np.isfinite(lengths))
    if not len(known):
        return medians
    order = known[np.lexsort((lengths[known], gene_of[known]))]
    genes, first, size = np.unique(gene_of[order], return_index=True, return_counts=True)
    low = lengths[order[first + (size - 1) // 2]]
    high = lengths[order[first + size // 2]]
    middle = np.full(gene_of.max() + 1, np.nan)
    middle[genes] = (low + high) / 2
    medians[known] = middle[gene_of[known]]
    return medians

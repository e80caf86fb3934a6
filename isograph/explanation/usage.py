"""Transcript usage as people read it: each transcript's share of its gene's molecules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle import Bundle
from isograph.bundle.model import TABLE_OF_ASSAY
from isograph.features.counts import take_block

# what gives usage, the best first
ID_COLUMN_OF = {"transcript_counts": "transcript_id", "psi": "psi_uid"}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TranscriptUsage:
    """Usage of transcripts, sorted by gene, then transcript.

    Attributes:
        transcript_ids: shape (n_transcripts,).
        gene_ids: gene of each, never falling, shape (n_transcripts,).
        share: 0 to 1, shape (n_transcripts, n_samples); NaN where the gene has no reads.
    """

    transcript_ids: npt.NDArray[np.str_]
    gene_ids: npt.NDArray[np.str_]
    share: Floats

    def of_genes(self, genes: npt.NDArray[np.str_]) -> TranscriptUsage:
        """The transcripts of some genes only; `genes` are sorted."""
        rows = rows_of_sorted(self.gene_ids, genes)
        return TranscriptUsage(self.transcript_ids[rows], self.gene_ids[rows], self.share[rows])


class UsageReader:
    """Reads usage from a bundle, some genes at a time: all of them may not fit into memory.

    From transcript counts, over `effective_length` where the bundle has it for all transcripts of
    the gene with a read: a longer transcript gives more reads a molecule. Or else from the shares
    (psi) that the bundle recorded, whose rows then stand for transcripts.

    Args:
        bundle: the data set.
        sample_ids: which samples, in which order.
    """

    def __init__(self, bundle: Bundle, sample_ids: npt.NDArray[np.str_]) -> None:
        self._assay = next((name for name in ID_COLUMN_OF if name in bundle.matrices), None)
        self._lengths: Floats = np.empty(0)
        if self._assay is None:
            return
        table = bundle.tables[TABLE_OF_ASSAY[self._assay]]
        gene_ids = table["gene_id"].to_numpy(dtype=str)
        ids = table[ID_COLUMN_OF[self._assay]].to_numpy(dtype=str)
        self._rows = np.lexsort((ids, gene_ids))
        self._gene_ids, self._ids = gene_ids[self._rows], ids[self._rows]
        column = {name: place for place, name in enumerate(bundle.sample_ids)}
        self._order = np.array([column[name] for name in sample_ids], dtype=np.int64)
        self._matrix = bundle.matrices[self._assay]
        if self._assay == "transcript_counts":
            self._lengths = effective_lengths(table)

    @property
    def known(self) -> bool:
        """Whether the bundle has usage at all."""
        return self._assay is not None

    @property
    def unit(self) -> str:
        """What usage is a share of: a gene's molecules where lengths are known, else its reads."""
        return "molecules" if np.isfinite(self._lengths).any() else "reads"

    def read(self, genes: npt.NDArray[np.str_]) -> TranscriptUsage:
        """Usage of the transcripts of genes that have two or more.

        Transcripts without a read in any of the samples are left out.

        Args:
            genes: whose transcripts, sorted.
        """
        if not self.known:
            return TranscriptUsage(genes[:0], genes[:0], np.empty((0, 0)))
        rows = rows_of_sorted(self._gene_ids, genes)
        values = take_block(self._matrix, self._rows[rows], self._order)
        gene_ids, ids = self._gene_ids[rows], self._ids[rows]
        if self._assay == "psi":
            return TranscriptUsage(ids, gene_ids, values)
        lengths = self._lengths[self._rows[rows]]
        seen = (values > 0).any(axis=1)
        gene_ids, ids, values, lengths = gene_ids[seen], ids[seen], values[seen], lengths[seen]
        gene, size = np.unique(gene_ids, return_inverse=True, return_counts=True)[1:]
        several = size[gene] > 1
        gene = np.unique(gene[several], return_inverse=True)[1]
        amounts = values[several] / usage_weights(lengths[several], gene)[:, None]
        return TranscriptUsage(ids[several], gene_ids[several], shares(amounts, gene))


def effective_lengths(table: pd.DataFrame) -> Floats:
    """Of a transcript table in bases, NaN where it does not tell, shape (n_transcripts,)."""
    if "effective_length" not in table:
        return np.full(len(table), np.nan)
    lengths = pd.to_numeric(table["effective_length"], errors="coerce")
    known: Floats = lengths.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(known > 0, known, np.nan)


def usage_weights(lengths: Floats, gene: npt.NDArray[np.int64]) -> Floats:
    """What usage divides counts by: lengths where those of all a gene's rows are known, else 1.

    Args:
        lengths: from `effective_lengths`, shape (n_rows,).
        gene: number of each row's gene, shape (n_rows,).
    """
    unknown = np.bincount(gene, weights=np.isnan(lengths))[gene] > 0 if len(gene) else lengths > 0
    return np.where(unknown, 1.0, lengths)


def rows_of_sorted(
    sorted_ids: npt.NDArray[np.str_], wanted: npt.NDArray[np.str_]
) -> npt.NDArray[np.int64]:
    """Rows of a sorted column, repeats and all, that hold one of some sorted ids."""
    first = np.searchsorted(sorted_ids, wanted, side="left")
    size = np.searchsorted(sorted_ids, wanted, side="right") - first
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    rows: npt.NDArray[np.int64] = np.repeat(first, size) + within
    return rows


def transcript_usage(
    bundle: Bundle, *, sample_ids: npt.NDArray[np.str_], genes: npt.NDArray[np.str_]
) -> TranscriptUsage | None:
    """Usage of the transcripts of some genes; None where the bundle knows of none.

    Args:
        bundle: the data set.
        sample_ids: which samples, in which order.
        genes: whose transcripts, sorted.
    """
    reader = UsageReader(bundle, sample_ids)
    return reader.read(genes) if reader.known else None


def shares(counts: Floats, gene: npt.NDArray[np.int64]) -> Floats:
    """Share of each row in the sum over its gene, NaN where that is 0.

    Args:
        counts: shape (n_rows, n_samples).
        gene: number of each row's gene, never falling, all of 0 … n − 1 present, shape (n_rows,).
    """
    if len(counts) == 0:
        return counts
    starts = np.searchsorted(gene, np.arange(gene[-1] + 1))
    totals = np.add.reduceat(counts, starts, axis=0)[gene]
    share: Floats = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return share

"""Numbers of each sample that need no other sample: reads, genes, where the reads went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.bundle.names import gene_names
from isograph.features.counts import SortedCounts, take_block
from isograph.features.design import ROWS_A_BLOCK
from isograph.machine import blocks, in_threads
from isograph.quality.model import Floats

LEAST_COUNT = 1.0
"""A gene or transcript is detected in a sample with this many reads."""

TOP_GENES = 50
_MITOCHONDRIAL_NAME = "mt-"
_MITOCHONDRIAL_CHROMOSOMES = frozenset(("chrm", "chrmt", "mt", "m"))
_COLUMNS_AT_ONCE = 16


@dataclass(frozen=True)
class Reads:
    """Reads of genes, samples and genes sorted by id.

    Attributes:
        assay: the matrix that they come from.
        gene_ids: shape (n_genes,).
        totals: reads, shape (n_genes, n_samples).
        n_transcripts: detected transcripts a sample, shape (n_samples,); None without any.
    """

    assay: str
    gene_ids: npt.NDArray[np.str_]
    totals: Floats
    n_transcripts: npt.NDArray[np.int64] | None


def read_counts(bundle: Bundle, order: npt.NDArray[np.int64]) -> Reads | None:
    """Reads of genes: of their transcripts where the bundle counts these, else as it has them.

    Args:
        bundle: the data set.
        order: columns of its matrices to take, in this order.

    Returns:
        None where the bundle has no counts.
    """
    if "transcript_counts" in bundle.matrices:
        return _from_transcripts(bundle, order)
    if "gene_counts" not in bundle.matrices:
        return None
    totals, ids = gene_rows(bundle, "gene_counts", order)
    return Reads("gene_counts", ids, totals, None)


def gene_rows(
    bundle: Bundle, assay: str, order: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.str_]]:
    """A matrix of genes with its rows sorted by id, and the ids."""
    ids = bundle.tables["gene"]["gene_id"].to_numpy(dtype=str)
    rows = np.argsort(ids, kind="stable")
    values = np.empty((len(rows), len(order)))

    def fill(part: slice) -> None:
        values[part] = take_block(bundle.matrices[assay], rows[part], order)

    in_threads(fill, blocks(len(rows), ROWS_A_BLOCK))
    return values, ids[rows]


def _from_transcripts(bundle: Bundle, order: npt.NDArray[np.int64]) -> Reads:
    table = bundle.tables["transcript"]
    gene_ids = table["gene_id"].to_numpy(dtype=str)
    rows = np.lexsort((table["transcript_id"].to_numpy(dtype=str), gene_ids))
    genes, starts = np.unique(gene_ids[rows], return_index=True)
    matrix = bundle.matrices["transcript_counts"]
    counts = SortedCounts(matrix, rows, order, starts, table.iloc[rows])
    totals = np.empty((len(genes), len(order)))

    def add_up(some: slice) -> npt.NDArray[np.int64]:
        part, first = counts.block(some)
        values = counts.values(part)
        np.add.reduceat(values, first, axis=0, out=totals[some])
        detected: npt.NDArray[np.int64] = np.count_nonzero(values >= LEAST_COUNT, axis=0)
        return detected

    found = in_threads(add_up, counts.gene_blocks()) if len(genes) else []
    n_transcripts = np.zeros(len(order), dtype=np.int64)
    for part in found:
        n_transcripts += part
    return Reads("transcript_counts", genes, totals, n_transcripts)


def mitochondrial_genes(
    bundle: Bundle, gene_ids: npt.NDArray[np.str_]
) -> npt.NDArray[np.bool_] | None:
    """Genes of the mitochondrial genome by chromosome or name (`MT-…`), shape (n_genes,).

    None where neither tells of any.
    """
    found = np.char.startswith(np.char.lower(gene_names(bundle, gene_ids)), _MITOCHONDRIAL_NAME)
    for table in bundle.tables.values():
        if {"gene_id", "chrom"} <= set(table.columns):
            on_it = table["chrom"].astype(str).str.casefold().isin(_MITOCHONDRIAL_CHROMOSOMES)
            found |= np.isin(gene_ids, table.loc[on_it, "gene_id"].to_numpy(dtype=str))
    return found if found.any() else None


def top_share(totals: Floats) -> Floats:
    """Share of the reads in each sample's 50 genes with most reads, NaN without reads.

    Args:
        totals: shape (n_genes, n_samples).
    """
    n_genes, n_samples = totals.shape
    shares = np.full(n_samples, np.nan)
    if n_genes <= TOP_GENES:
        return shares

    def fill(part: slice) -> None:
        columns = np.ascontiguousarray(totals[:, part].T)
        library = columns.sum(axis=1)
        most = np.partition(columns, n_genes - TOP_GENES, axis=1)[:, n_genes - TOP_GENES :]
        some = library > 0
        shares[part][some] = np.sort(most, axis=1).sum(axis=1)[some] / library[some]

    in_threads(fill, blocks(n_samples, _COLUMNS_AT_ONCE))
    return shares

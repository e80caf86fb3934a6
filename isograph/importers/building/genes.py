"""From transcripts to their genes: the gene table and sums of counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

_GENE_COLUMNS = ("gene_name", "chrom")
"""Columns of a transcript table that say something about the gene."""


def sum_genes(
    transcripts: pd.DataFrame, counts: npt.NDArray[np.float64]
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """The genes of a transcript table, and the sums of their transcripts' counts.

    Args:
        transcripts: `gene_id`, and what is known of genes.
        counts: rows follow the table, shape (n_transcripts, n_samples).

    Returns:
        genes: sorted by `gene_id`; `gene_name` and `chrom` where a gene's transcripts agree.
        sums: shape (n_genes, n_samples).
    """
    ids = transcripts["gene_id"].to_numpy(dtype=str)
    gene_ids, gene_of = np.unique(ids, return_inverse=True)
    genes = pd.DataFrame({"gene_id": gene_ids.astype(object)})
    for column in agreeing(transcripts, _GENE_COLUMNS):
        text = column.reindex(gene_ids).to_numpy(dtype=object)
        text[pd.isna(text)] = None
        genes[column.name] = text
    # a product with zeros and ones sums in the order of rows, without a sorted copy of the counts
    n = len(gene_of)
    members = sparse.csr_matrix((np.ones(n), (gene_of, np.arange(n))), shape=(len(gene_ids), n))
    return genes, np.asarray(members @ counts)


def agreeing(transcripts: pd.DataFrame, columns: Sequence[str]) -> list[pd.Series[str]]:
    """For each column that is there its values by gene, where a gene's transcripts agree."""
    found = []
    for column in columns:
        if column in transcripts:
            pairs = transcripts[["gene_id", column]].dropna().drop_duplicates()
            once = pairs[~pairs["gene_id"].duplicated(keep=False)]
            found.append(once.set_index("gene_id")[column])
    return found

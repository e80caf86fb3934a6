"""Abundance of genes in the other cohort, by gene id."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.features.abundance import log_abundance
from isograph.features.counts import take_block
from isograph.features.filtering import expressed_genes
from isograph.features.normalisation import size_factors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def gene_values(
    bundle: Bundle, order: Ints, settings: FeatureSettings
) -> tuple[npt.NDArray[np.str_], Floats, npt.NDArray[np.bool_]]:
    """Log abundance of every gene, from the assay that a fit of this bundle would take.

    Args:
        bundle: the cohort.
        order: columns of its matrices to take, in this order.
        settings: of the fit.

    Returns:
        ids: genes, shape (n_genes,).
        values: NaN where there is none, shape (n_genes, n_samples).
        expressed: whether they pass the expression filter, shape (n_genes,).
    """
    if "transcript_counts" in bundle.matrices:
        gene_ids = bundle.tables["transcript"]["gene_id"].to_numpy(dtype=str)
        rows = np.argsort(gene_ids, kind="stable")
        ids, starts = np.unique(gene_ids[rows], return_index=True)
        totals = np.add.reduceat(
            take_block(bundle.matrices["transcript_counts"], rows, order), starts, axis=0
        )
    elif "gene_expression" in bundle.matrices:
        ids = bundle.tables["gene"]["gene_id"].to_numpy(dtype=str)
        values = take_block(bundle.matrices["gene_expression"], np.arange(len(ids)), order)
        return ids, values, np.ones(len(ids), dtype=bool)
    elif "gene_counts" in bundle.matrices:
        ids = bundle.tables["gene"]["gene_id"].to_numpy(dtype=str)
        totals = take_block(bundle.matrices["gene_counts"], np.arange(len(ids)), order)
    else:
        none = np.empty((0, len(order)))
        return np.empty(0, dtype=str), none, np.empty(0, dtype=bool)
    keep, _, _ = expressed_genes(totals, settings)
    values = np.full(totals.shape, np.nan)
    if keep.any():
        factors = size_factors(totals[keep], method=settings.normalisation)
        values[keep] = log_abundance(totals[keep], factors, settings)
    return ids, values, keep

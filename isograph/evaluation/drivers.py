"""Whether a fit points at the transcript that was planted to switch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.explanation.correlation import partial_correlations
from isograph.explanation.usage import UsageReader
from isograph.features.design import intercept_only, residualise
from isograph.results.model import Fit

Floats = npt.NDArray[np.float64]

_LEAST_ISOFORMS = 3
_TIE = 1e-12


def driver_top1(bundle: Bundle, fit: Fit) -> float | None:
    """Share of switching genes whose transcript closest to the eigengene is isoform 1.

    Counted are assigned switching genes of three isoforms or more (with two isoforms both have
    the same |r|). Usage is the transcript's share of its gene's counts; samples without a count
    of the gene are left out of its r. Isoform 1 is the gene's first transcript.

    Args:
        bundle: a fixture.
        fit: of that bundle.

    Returns:
        None where there is no such gene.
    """
    transcripts, switch = bundle.tables.get("transcript"), bundle.tables.get("truth_switch")
    if transcripts is None or switch is None or "transcript_counts" not in bundle.matrices:
        return None
    if "eigengenes" not in fit.tables:
        return None
    gene_of = transcripts["gene_id"].astype(str)
    switching = switch.loc[switch["has_switch"].astype(bool), "gene_id"].astype(str)
    module_of = fit.modules.set_index("gene_id")["module_id"]
    several = gene_of.groupby(gene_of).transform("size").to_numpy() >= _LEAST_ISOFORMS
    used = np.flatnonzero(several & gene_of.isin(switching) & gene_of.isin(module_of.index))
    if len(used) == 0:
        return None
    genes = np.unique(gene_of.iloc[used].to_numpy(dtype=str))
    # samples that the fit left out have no eigengene
    kept = np.array([name for name in bundle.sample_ids if name in fit.eigengenes.columns])
    usage = UsageReader(bundle, kept).read(genes)
    eigengenes = fit.eigengenes.set_index("module_id")
    module = eigengenes.index.get_indexer(pd.Index(module_of.reindex(pd.Index(usage.gene_ids))))
    target = eigengenes[list(kept)].to_numpy(dtype=float)[module]
    design = intercept_only(len(kept))
    found = partial_correlations(
        residualise(usage.share, design), residualise(target, design), design
    )
    first = transcripts.groupby(gene_of)["transcript_id"].first().reindex(pd.Index(usage.gene_ids))
    is_first = first.to_numpy(dtype=str) == usage.transcript_ids
    return _first_wins(np.abs(np.nan_to_num(found.r)), is_first, usage.gene_ids, n_genes=len(genes))


def _first_wins(
    strength: Floats, is_first: npt.NDArray[np.bool_], gene_ids: npt.NDArray[np.str_], n_genes: int
) -> float:
    """Share of genes in which no other transcript is stronger than the first."""
    gene = np.unique(gene_ids, return_inverse=True)[1]
    best = np.zeros(gene.max(initial=-1) + 1)
    np.maximum.at(best, gene, strength)
    return float(np.sum(is_first & (strength >= best[gene] - _TIE)) / n_genes)

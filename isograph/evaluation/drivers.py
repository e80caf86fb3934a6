"""Whether a fit points at the transcript that was planted to switch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.results.model import Fit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
    gene, names = pd.factorize(gene_of.iloc[used])
    eigengenes = fit.eigengenes.set_index("module_id")
    module = eigengenes.index.get_indexer(pd.Index(module_of.loc[names]))
    # samples that the fit left out have no eigengene
    kept = np.flatnonzero(pd.Index(bundle.sample_ids).isin(eigengenes.columns))
    target = eigengenes[list(bundle.sample_ids[kept])].to_numpy(dtype=float)[module[gene]]
    counts = np.asarray(bundle.matrices["transcript_counts"], dtype=float)[np.ix_(used, kept)]
    return _first_wins(np.abs(_correlations(_usage(counts, gene), target)), gene)


def _usage(counts: Floats, gene: Ints) -> Floats:
    """Share of each transcript in its gene, NaN where the gene has no count."""
    totals = np.zeros((gene.max() + 1, counts.shape[1]))
    np.add.at(totals, gene, counts)
    total = totals[gene]
    share: Floats = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    return share


def _correlations(values: Floats, target: Floats) -> Floats:
    """Pearson's r of each row with the same row of `target`, over what is not NaN."""
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    x, y = np.where(known, values, 0.0), np.where(known, target, 0.0)
    x = np.where(known, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    y = np.where(known, y - y.sum(axis=1, keepdims=True) / n, 0.0)
    scale = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    r: Floats = np.divide((x * y).sum(axis=1), scale, out=np.zeros(len(x)), where=scale > 0)
    return r


def _first_wins(strength: Floats, gene: Ints) -> float:
    """Share of genes in which no later transcript is stronger than the first."""
    best = np.zeros(gene.max() + 1)
    np.maximum.at(best, gene, strength)
    first = np.unique(gene, return_index=True)[1]
    return float(np.mean(strength[first] >= best - _TIE))

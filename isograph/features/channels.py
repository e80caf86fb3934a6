"""From the assays of a bundle to its channels: rows of switches and of abundance, unscaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.features.abundance import log_abundance
from isograph.features.axes import (
    SwitchAxes,
    join_axes,
    reference_transcripts,
    switch_axes,
)
from isograph.features.counts import SortedCounts, take_block
from isograph.features.design import ROWS_A_BLOCK, Design, residualise, residualise_block
from isograph.features.filtering import expressed_genes, refuse_empty_samples, seen_transcripts
from isograph.features.model import ABUNDANCE, META_COLUMNS, SWITCH
from isograph.features.normalisation import size_factors
from isograph.features.usage import Usage, shrunk_usage
from isograph.machine import blocks, in_threads

_PSI_EDGE = 1e-4


@dataclass(frozen=True)
class Channel:
    """Rows of one kind of feature before standardising.

    Attributes:
        meta: one row a feature, columns `META_COLUMNS`.
        values: without the design, shape (n_features, n_samples).
        observed: where the values mean something, same shape.
        axis_weights: of switch axes, as `FeatureSet.axis_weights`; None for other features.
    """

    meta: pd.DataFrame
    values: npt.NDArray[np.float64]
    observed: npt.NDArray[np.bool_]
    axis_weights: pd.DataFrame | None = None


def assay_channels(
    bundle: Bundle,
    order: npt.NDArray[np.int64],
    design: Design,
    settings: FeatureSettings,
) -> tuple[list[Channel], pd.DataFrame, npt.NDArray[np.float64] | None]:
    """Every channel that the bundle's assays give.

    Transcript counts give both channels; else recorded shares (psi) give switches, and gene
    expression or gene counts abundance.

    Args:
        bundle: the data set.
        order: columns of its matrices to take, in this order.
        design: removed from every row.
        settings: see `FeatureSettings`.

    Returns:
        channels: one a kind of feature.
        genes: `gene_id`, `value`, `meaning` of the expression filter, sorted.
        factors: size factors of the columns; None without counts.
    """
    if "transcript_counts" in bundle.matrices:
        return _from_transcripts(bundle, order, design, settings)
    channels: list[Channel] = []
    genes = pd.DataFrame({"gene_id": bundle.gene_ids})
    genes["value"], genes["meaning"] = np.nan, ""
    factors = None
    if "psi" in bundle.matrices:
        channels.append(_from_psi(bundle, order, design))
        known = set(genes["gene_id"])
        extra = sorted(set(channels[-1].meta["gene_id"]) - known)
        genes = pd.concat([genes, pd.DataFrame({"gene_id": extra, "value": np.nan, "meaning": ""})])
    if "gene_expression" in bundle.matrices:
        channels.append(_from_expression(bundle, order, design))
        seen = pd.Series(channels[-1].observed.sum(axis=1), index=channels[-1].meta["gene_id"])
        genes["value"] = seen.reindex(genes["gene_id"]).to_numpy(dtype=float)
        genes["meaning"] = "samples with a value; too few, or they do not vary"
    elif "gene_counts" in bundle.matrices:
        totals, ids = _sorted_rows(bundle, "gene", "gene_counts", "gene_id", order)
        refuse_empty_samples(totals, bundle.sample_ids[order])
        keep, n_enough, needed = expressed_genes(totals, settings)
        factors = size_factors(totals[keep], method=settings.normalisation)
        channels.append(_abundance(totals[keep], ids[keep], None, factors, design, settings))
        enough = pd.Series(n_enough, index=ids)
        genes["value"] = enough.reindex(genes["gene_id"]).to_numpy(dtype=float)
        genes["meaning"] = _meaning(settings, needed)
    return channels, genes.sort_values("gene_id", ignore_index=True), factors


def _sorted_rows(
    bundle: Bundle, kind: str, assay: str, id_column: str, order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    ids = bundle.tables[kind][id_column].to_numpy(dtype=str)
    rows = np.argsort(ids, kind="stable")
    matrix = bundle.matrices[assay]
    values = np.empty((len(rows), len(order)))

    def fill(part: slice) -> None:
        values[part] = take_block(matrix, rows[part], order)

    in_threads(fill, blocks(len(rows), ROWS_A_BLOCK))
    return values, ids[rows]


def _from_transcripts(
    bundle: Bundle,
    order: npt.NDArray[np.int64],
    design: Design,
    settings: FeatureSettings,
) -> tuple[list[Channel], pd.DataFrame, npt.NDArray[np.float64]]:
    table = bundle.tables["transcript"]
    gene_ids = table["gene_id"].to_numpy(dtype=str)
    rows = np.lexsort((table["transcript_id"].to_numpy(dtype=str), gene_ids))
    gene_ids = gene_ids[rows]
    genes, starts, sizes = np.unique(gene_ids, return_index=True, return_counts=True)
    matrix = bundle.matrices["transcript_counts"]
    counts = SortedCounts(matrix, rows, order, starts, table.iloc[rows])
    totals, seen = _gene_totals(counts, settings)
    refuse_empty_samples(totals, bundle.sample_ids[order])
    keep, n_enough, needed = expressed_genes(totals, settings)
    totals = totals[keep]
    factors = size_factors(totals, method=settings.normalisation)

    gene_of_row = np.repeat(np.arange(len(genes)), sizes)
    use = keep[gene_of_row] & seen
    n_used = np.bincount(gene_of_row[use], minlength=len(genes))
    channels = [_abundance(totals, genes[keep], n_used[keep], factors, design, settings)]
    del totals
    use &= n_used[gene_of_row] >= 2
    if use.any():
        several, starts = np.unique(gene_ids[use], return_index=True)
        channels.append(_switches(counts.take(use, starts), several, design, settings))

    fates = pd.DataFrame({"gene_id": bundle.gene_ids})
    value = pd.Series(n_enough, index=genes).reindex(fates["gene_id"], fill_value=0)
    fates["value"] = value.to_numpy(dtype=float)
    fates["meaning"] = _meaning(settings, needed)
    return channels, fates, factors


def _gene_totals(
    counts: SortedCounts, settings: FeatureSettings
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Gene totals, shape (n_genes, n_samples), and which transcripts are seen."""
    totals = np.empty((len(counts.starts), len(counts.order)))
    seen = np.empty(len(counts.rows), dtype=bool)

    def fill(genes: slice) -> None:
        part, starts = counts.block(genes)
        values = counts.values(part)
        seen[part] = seen_transcripts(values, settings)
        np.add.reduceat(values, starts, axis=0, out=totals[genes])

    in_threads(fill, counts.gene_blocks())
    return totals, seen


def _meaning(settings: FeatureSettings, needed: int) -> str:
    return f"samples with at least {settings.min_count:g} reads; {needed} needed"


def _abundance(
    totals: npt.NDArray[np.float64],
    gene_ids: npt.NDArray[np.str_],
    n_transcripts: npt.NDArray[np.int64] | None,
    factors: npt.NDArray[np.float64],
    design: Design,
    settings: FeatureSettings,
) -> Channel:
    values = np.empty(totals.shape)

    def fill(part: slice) -> None:
        values[part] = residualise_block(log_abundance(totals[part], factors, settings), design)

    in_threads(fill, blocks(len(totals), ROWS_A_BLOCK))
    meta = _abundance_meta(gene_ids)
    if n_transcripts is not None:
        meta["n_transcripts"] = n_transcripts
    return Channel(meta, values, np.ones(values.shape, dtype=bool))


def _abundance_meta(gene_ids: npt.NDArray[np.str_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature_id": np.char.add(gene_ids, f"::{ABUNDANCE}"),
            "gene_id": gene_ids,
            "feature_type": ABUNDANCE,
            "n_transcripts": 0,
            "axis": 1,
            "variance_share": np.full(len(gene_ids), np.nan),
        },
        columns=list(META_COLUMNS),
    )


def _switches(
    counts: SortedCounts, genes: npt.NDArray[np.str_], design: Design, settings: FeatureSettings
) -> Channel:
    marked = _optional(counts.table, "is_reference", bool)
    length = _optional(counts.table, "length", float)
    sizes = np.diff(np.append(counts.starts, len(counts.rows)))
    observed = np.empty((len(genes), len(counts.order)), dtype=bool)
    mean_usage, prior = np.empty(len(counts.rows)), np.empty(len(genes))

    def find(some: slice) -> SwitchAxes:
        part, starts = counts.block(some)
        usage = shrunk_usage(counts.values(part), starts, settings)
        observed[some] = usage.observed
        mean_usage[part], prior[some] = usage.mean_usage, usage.prior
        reference = reference_transcripts(
            starts,
            usage.mean_usage,
            is_reference=None if marked is None else marked[part],
            length=None if length is None else length[part],
        )
        return switch_axes(
            usage,
            _without_covariates(usage, design),
            reference,
            max_axes=settings.max_axes,
            noise_ratio=settings.axis_noise_ratio,
        )

    parts = counts.gene_blocks()
    axes = join_axes(
        in_threads(find, parts),
        [part.start for part in parts],
        [int(counts.starts[part.start]) for part in parts],
    )
    ids = genes[axes.gene]
    suffix = np.where(axes.axis > 1, np.char.add(".", axes.axis.astype(str)), "")
    meta = pd.DataFrame(
        {
            "feature_id": np.char.add(np.char.add(ids, f"::{SWITCH}"), suffix),
            "gene_id": ids,
            "feature_type": SWITCH,
            "n_transcripts": sizes[axes.gene],
            "axis": axes.axis,
            "variance_share": axes.variance_share,
        },
        columns=list(META_COLUMNS),
    )
    of = axes.weights
    weights = pd.DataFrame(
        {
            "feature_id": meta["feature_id"].to_numpy()[of.axis],
            "transcript_id": counts.table["transcript_id"].to_numpy(dtype=object)[of.row],
            "weight": of.weight,
            "mean_usage": mean_usage[of.row],
            "prior": prior[axes.gene[of.axis]],
        }
    )
    return Channel(meta, axes.scores, observed[axes.gene], weights)


def _without_covariates(usage: Usage, design: Design) -> npt.NDArray[np.float64]:
    """Log usage less its fit on the design over samples with reads; 0 in the others."""
    if not design.rank or usage.observed.all():
        return residualise_block(usage.logs, design)
    hidden = np.repeat(~usage.observed, usage.sizes, axis=0)
    logs = residualise_block(np.where(hidden, np.nan, usage.logs), design)
    logs[hidden] = 0.0
    return logs


def _optional(table: pd.DataFrame, column: str, dtype: type) -> npt.NDArray[Any] | None:
    if column not in table.columns:
        return None
    if dtype is bool:
        return table[column].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _from_psi(bundle: Bundle, order: npt.NDArray[np.int64], design: Design) -> Channel:
    """One switch coordinate a row: the log odds of the share that the bundle recorded."""
    table = bundle.tables["psi"]
    psi, _ = _sorted_rows(bundle, "psi", "psi", "psi_uid", order)
    table = table.iloc[np.argsort(table["psi_uid"].to_numpy(dtype=str), kind="stable")]
    gene_ids = table["gene_id"].to_numpy(dtype=str)
    rows = np.argsort(gene_ids, kind="stable")
    gene_ids, psi = gene_ids[rows], psi[rows]
    _, first, count = np.unique(gene_ids, return_index=True, return_counts=True)
    axis = np.arange(len(gene_ids)) - np.repeat(first, count) + 1
    suffix = np.where(axis > 1, np.char.add(".", axis.astype(str)), "")
    meta = pd.DataFrame(
        {
            "feature_id": np.char.add(np.char.add(gene_ids, f"::{SWITCH}"), suffix),
            "gene_id": gene_ids,
            "feature_type": SWITCH,
            "n_transcripts": 2,
            "axis": axis,
            "variance_share": np.full(len(gene_ids), np.nan),
        },
        columns=list(META_COLUMNS),
    )
    values = residualise(log_odds(psi), design)
    # no sum over transcripts: the one share that each row is
    weights = pd.DataFrame(
        {
            "feature_id": meta["feature_id"],
            "transcript_id": table["psi_uid"].to_numpy(dtype=object)[rows],
            "weight": 1.0,
            "mean_usage": np.nan,
            "prior": np.nan,
        }
    )
    return Channel(meta, values, np.ones(values.shape, dtype=bool), weights)


def log_odds(psi: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """log(psi / (1 − psi)) of shares, kept off 0 and 1 by 0.0001."""
    inside = np.clip(psi, _PSI_EDGE, 1 - _PSI_EDGE)
    odds: npt.NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds


def _from_expression(bundle: Bundle, order: npt.NDArray[np.int64], design: Design) -> Channel:
    """Ready-made log expression, taken as it is; missing values stay out of every fit."""
    values, ids = _sorted_rows(bundle, "gene", "gene_expression", "gene_id", order)
    observed = ~np.isnan(values)
    return Channel(_abundance_meta(ids), residualise(values, design), observed)

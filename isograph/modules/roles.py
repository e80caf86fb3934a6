"""Which channel carries a gene in its module: usage, abundance, both together, or against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.communities.profile import row_correlations, scores_without_gene
from isograph.features.model import FeatureSet
from isograph.modules.eigengenes import Eigengenes
from isograph.network.significance import benjamini_hochberg, correlation_pvalue

SUPPORT_Q = 0.05


def module_roles(
    features: FeatureSet,
    labels: npt.NDArray[np.int64],
    eigengenes: Eigengenes,
    *,
    module_ids: npt.NDArray[np.str_],
    active_r: float,
) -> pd.DataFrame:
    """Role of every module gene, as `module_gene_roles.parquet` has it.

    A channel is active at |r| ≥ `active_r` with the eigengene. Both active and |r| between them at
    least as large: `coupled` if positive, `discordant` if negative; both active but unrelated: the
    channel with the larger |r|. q values test each channel against the eigengene without the
    gene's own features (a gene always correlates with an average that it is part of),
    Benjamini–Hochberg over all rows of a channel; `role_supported` says that every channel the
    role rests on has q < 0.05.

    Args:
        features: all features.
        labels: module of each gene, −1 for none, shape (n_genes,).
        eigengenes: of the modules.
        module_ids: name of each module.
        active_r: see above.

    Returns:
        One row a module gene, sorted by module, then gene.
    """
    genes = np.flatnonzero(labels >= 0)
    genes = genes[np.lexsort((genes, labels[genes]))]
    switch_row = _best_rows(features, labels, eigengenes, genes, switch=True)
    abundance_row = _best_rows(features, labels, eigengenes, genes, switch=False)
    profile = eigengenes.values[labels[genes]]
    without = scores_without_gene(
        features, eigengenes.rows, eigengenes.module, eigengenes.loading, genes, labels
    )

    switch_r = _row_r(features, switch_row, profile)
    abundance_r = _row_r(features, abundance_row, profile)
    both_r = _row_r(features, switch_row, _rows_or_zero(features, abundance_row))
    both_r[(switch_row < 0) | (abundance_row < 0)] = np.nan
    switch_q = _loo_qvalues(features, switch_row, without)
    abundance_q = _loo_qvalues(features, abundance_row, without)

    role, uses_switch, uses_abundance = _classify(switch_r, abundance_r, both_r, active_r)
    supported = (uses_switch | uses_abundance) & (role != "inactive")
    supported &= ~uses_switch | (np.nan_to_num(switch_q, nan=1.0) < SUPPORT_Q)
    supported &= ~uses_abundance | (np.nan_to_num(abundance_q, nan=1.0) < SUPPORT_Q)
    return pd.DataFrame(
        {
            "module_id": module_ids[labels[genes]],
            "gene_id": features.gene_ids[genes],
            "module_role": role,
            "switch_r": switch_r,
            "abundance_r": abundance_r,
            "switch_abundance_r": both_r,
            "switch_active": np.nan_to_num(np.abs(switch_r)) >= active_r,
            "abundance_active": np.nan_to_num(np.abs(abundance_r)) >= active_r,
            "switch_q": switch_q,
            "abundance_q": abundance_q,
            "role_supported": supported,
        }
    )


def _best_rows(
    features: FeatureSet,
    labels: npt.NDArray[np.int64],
    eigengenes: Eigengenes,
    genes: npt.NDArray[np.int64],
    *,
    switch: bool,
) -> npt.NDArray[np.int64]:
    """Feature row that stands for a channel of each gene, −1 where it has none.

    The axis that carries the gene in its eigengene, else the leading one.
    """
    rows = np.flatnonzero(features.is_switch == switch)
    axis = features.meta["axis"].to_numpy(dtype=np.int64)[rows]
    carried = np.isin(rows, eigengenes.rows)
    order = np.lexsort((axis, ~carried, features.gene_of[rows]))
    owner = features.gene_of[rows][order]
    place = np.searchsorted(owner, genes)
    found = place < len(owner)
    found[found] = owner[place[found]] == genes[found]
    best = np.full(len(genes), -1, dtype=np.int64)
    best[found] = rows[order][place[found]]
    return best


def _rows_or_zero(features: FeatureSet, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    values = features.values[np.maximum(rows, 0)]
    values[rows < 0] = 0.0
    return values


def _row_r(
    features: FeatureSet, rows: npt.NDArray[np.int64], profile: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """r of given feature rows with profiles; NaN where the row is −1."""
    r = row_correlations(_rows_or_zero(features, rows), profile)
    r[rows < 0] = np.nan
    return r


def _loo_qvalues(
    features: FeatureSet, rows: npt.NDArray[np.int64], without: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """q of a channel against the module without the gene; NaN where it has no such channel."""
    df = features.df_between(_rows_or_zero(features, rows), without)
    return benjamini_hochberg(correlation_pvalue(_row_r(features, rows, without), df))


def _classify(
    switch_r: npt.NDArray[np.float64],
    abundance_r: npt.NDArray[np.float64],
    both_r: npt.NDArray[np.float64],
    active_r: float,
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Role, and whether it rests on the switch and on the abundance channel."""
    s, a = np.nan_to_num(np.abs(switch_r)), np.nan_to_num(np.abs(abundance_r))
    switch_on, abundance_on = s >= active_r, a >= active_r
    related = np.nan_to_num(np.abs(both_r)) >= active_r
    together = switch_on & abundance_on & related
    role = np.select(
        [
            together & (both_r > 0),
            together,
            switch_on & (~abundance_on | (s >= a)),
            abundance_on,
        ],
        ["coupled", "discordant", "switch_only", "abundance_only"],
        default="inactive",
    )
    return role, together | (role == "switch_only"), together | (role == "abundance_only")

"""Feature pairs that go together more than noise allows, exact and in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from isograph.features.model import FeatureSet
from isograph.machine import available_threads
from isograph.network.approximate import approximate_pairs, cells_for, measure_recall
from isograph.network.kernel import screen_pairs
from isograph.network.significance import (
    correlation_pvalue,
    critical_correlation,
    edge_pvalue_threshold,
)
from isograph.network.torch_kernel import Device, choose_device, screen_pairs_torch

_CHUNK = 16_384


@dataclass(frozen=True)
class Search:
    """How candidates for edges are found. It decides on time, not on edges, unless approximate.

    Attributes:
        kernel: library of the exact product.
        device: device of the torch kernel.
        approximate_above: features above which neighbours are searched for approximately; 0 for
            never.
        probes: cells that an approximate query looks into.
    """

    kernel: Literal["numpy", "torch"] = "numpy"
    device: Device = "auto"
    approximate_above: int = 0
    probes: int = 16


@dataclass(frozen=True)
class Association:
    """A sparse association between features: what every backend hands to the shared stages.

    Attributes:
        i, j: feature rows with i < j, shape (n_pairs,), sorted by i, then j.
        r: Pearson correlation of the two features, 0 where not observed, shape (n_pairs,).
        weight: similarity that communities are found on, above 0, shape (n_pairs,).
        pvalue: two-sided p under independence, see `edge_pvalue`, shape (n_pairs,).
        pair_p: probability that one independent pair becomes an edge.
        floor: least |r| of an edge at full degrees of freedom.
        calibration: the backend's record for `calibration.json`.
        proposals: these pairs and weaker ones, which noise gives too: where to look for modules
            that no pair shows; None if there are none.
    """

    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    r: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    pvalue: npt.NDArray[np.float64]
    pair_p: float
    floor: float
    calibration: dict[str, Any] = field(default_factory=dict)
    proposals: Association | None = None

    def __len__(self) -> int:
        return len(self.i)

    def subset(self, pairs: npt.NDArray[np.bool_]) -> Association:
        """Some of the pairs, as if there were no others; `pairs` has shape (n_pairs,)."""
        return replace(
            self,
            i=self.i[pairs],
            j=self.j[pairs],
            r=self.r[pairs],
            weight=self.weight[pairs],
            pvalue=self.pvalue[pairs],
        )


def strongest_pairs(
    features: FeatureSet,
    *,
    false_edges_per_feature: float,
    neighbours: int,
    proposals_per_feature: float = 0.0,
    search: Search | None = None,
    progress: Callable[[float], None] | None = None,
) -> Association:
    """Significant pairs among each feature's strongest partners, weighted by r².

    A pair is an edge if its p is within the budget and it is among the `neighbours` largest |r| of
    at least one of its features (the union of neighbour lists; equal |r| go to the smaller
    index). Pairs within a gene are left out. Association is sign-free, because the sign of a
    switch axis is a convention.

    Args:
        features: standardised features.
        false_edges_per_feature: edge budget, see `edge_pvalue_threshold`.
        neighbours: partners kept a feature.
        proposals_per_feature: a second, wider budget, for `Association.proposals`; 0 for none.
        search: how candidates are found; None for the exact product on numpy.
        progress: called with the finished share of the product.

    Returns:
        The association, with the search that was made and its recall in its calibration record.

    Raises:
        ConfigError: the search needs a device or a library that is not there.
    """
    df = features.df_residual
    budgets = (false_edges_per_feature, max(false_edges_per_feature, proposals_per_feature))
    pair_p, widest_p = (
        edge_pvalue_threshold(n_features=features.n_features, false_edges_per_feature=budget)
        for budget in budgets
    )
    floor, lowest = critical_correlation(pair_p, df), critical_correlation(widest_p, df)
    i, j, record = _candidates(
        features, search or Search(), floor=lowest, neighbours=neighbours, progress=progress
    )
    r = exact_correlations(features.values, i, j)
    # ranks first: what the screen handed on beyond them must not move up where p removes a pair
    keep = np.flatnonzero(among_strongest(i, j, np.abs(r), k=neighbours))
    i, j, r = i[keep], j[keep], r[keep]
    pairs = Association(
        i=i,
        j=j,
        r=r,
        weight=np.square(r),
        pvalue=edge_pvalue(features, i, j, r),
        pair_p=pair_p,
        floor=floor,
        calibration=record,
    )
    edges = pairs.subset(_within(pairs, p=pair_p, floor=floor))
    if proposals_per_feature == 0:
        return edges
    return replace(edges, proposals=pairs.subset(_within(pairs, p=widest_p, floor=lowest)))


def _within(pairs: Association, *, p: float, floor: float) -> npt.NDArray[np.bool_]:
    """Pairs within a budget; the screen promises nothing below the floor, p does without gaps."""
    kept: npt.NDArray[np.bool_] = (pairs.pvalue <= p) & (np.abs(pairs.r) >= floor - 1e-9)
    return kept


def _candidates(
    features: FeatureSet,
    search: Search,
    *,
    floor: float,
    neighbours: int,
    progress: Callable[[float], None] | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], dict[str, Any]]:
    """Pairs that may be edges, and the record of how they were found."""
    unit = np.empty(features.values.shape, dtype=np.float32)
    np.divide(features.values, np.sqrt(features.n_samples), out=unit, casting="same_kind")
    groups, threads = features.gene_of, available_threads()
    wanted: dict[str, Any] = {"floor": floor, "neighbours": neighbours}
    if 0 < search.approximate_above < features.n_features:
        i, j = approximate_pairs(
            unit, groups, probes=search.probes, threads=threads, progress=progress, **wanted
        )
        recall = measure_recall(unit, groups, i, j, **wanted)
        return (
            i,
            j,
            {
                "neighbour_search": "approximate",
                "approximate_method": "inverted file (faiss IndexIVFFlat, inner product)",
                "approximate_cells": cells_for(features.n_features),
                "approximate_probes": search.probes,
                "approximate_recall": recall.share,
                "approximate_recall_pairs": recall.expected,
                "approximate_recall_rows": recall.rows,
            },
        )
    if search.kernel == "torch":
        device = choose_device(search.device)
        i, j = screen_pairs_torch(
            unit, groups, threads=threads, device=device, progress=progress, **wanted
        )
        return i, j, {"neighbour_search": "exact", "kernel": "torch", "device": device}
    i, j = screen_pairs(unit, groups, threads=threads, progress=progress, **wanted)
    return i, j, {"neighbour_search": "exact", "kernel": "numpy", "device": "cpu"}


def exact_correlations(
    values: npt.NDArray[np.float64], i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Correlation of given pairs of rows, in float64 and always summed in the same order.

    Args:
        values: rows of mean 0 and mean square 1, shape (n_features, n_samples).
        i, j: rows of each pair, shape (n_pairs,).

    Returns:
        r, shape (n_pairs,), within −1 and 1.
    """
    n_samples = values.shape[1]
    r = np.empty(len(i))

    def fill(start: int) -> None:
        part = slice(start, start + _CHUNK)
        r[part] = np.einsum("ps,ps->p", values[i[part]], values[j[part]])

    with ThreadPoolExecutor(available_threads()) as pool:
        list(pool.map(fill, range(0, len(i), _CHUNK)))
    exact: npt.NDArray[np.float64] = np.clip(r / n_samples, -1.0, 1.0)
    return exact


def edge_pvalue(
    features: FeatureSet,
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    r: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Two-sided p of given pairs, from the samples where both features are observed.

    Rows are 0 where not observed, which draws r towards 0. Over the shared samples the correlation
    is r / √(e_i e_j), e_i the share of row i's sum of squares that lies where j is observed.

    Args:
        features: all features.
        i, j: rows of each pair, shape (n_pairs,).
        r: correlation of each pair over all samples, shape (n_pairs,).

    Returns:
        Shape (n_pairs,); at the degrees of freedom of `pair_df`.
    """
    df = pair_df(features, i, j)
    inside = np.abs(r)
    affected = _pairs_with_gaps(features, i, j)
    for start in range(0, len(affected), _CHUNK):
        part = affected[start : start + _CHUNK]
        first = np.square(features.values[i[part]]) * features.observed[j[part]]
        second = np.square(features.values[j[part]]) * features.observed[i[part]]
        shared = np.sqrt(first.sum(axis=1) * second.sum(axis=1)) / features.n_samples
        inside[part] /= np.where(shared > 0, shared, 1.0)
    return correlation_pvalue(np.minimum(inside, 1.0), df)


def pair_df(
    features: FeatureSet, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Degrees of freedom of each pair: samples where both are observed, less what was fitted.

    Where samples come in blocks, fewer for features in which those of a block are alike.
    """
    df = np.full(len(i), float(features.df_residual))
    if features.dependence is not None:
        df = features.dependence.df(features.block_share[i], features.block_share[j])
    affected = _pairs_with_gaps(features, i, j)
    for start in range(0, len(affected), _CHUNK):
        part = affected[start : start + _CHUNK]
        seen = features.observed[i[part]] & features.observed[j[part]]
        missing = features.n_samples - np.count_nonzero(seen, axis=1)
        df[part] = np.maximum(df[part] - missing, 1.0)
    return df


def _pairs_with_gaps(
    features: FeatureSet, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.intp]:
    """Positions of the pairs of which a feature is not observed somewhere."""
    gappy = np.count_nonzero(features.observed, axis=1) < features.n_samples
    return np.flatnonzero(gappy[i] | gappy[j])


def among_strongest(
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    strength: npt.NDArray[np.float64],
    *,
    k: int,
) -> npt.NDArray[np.bool_]:
    """Pairs that are among the k strongest of at least one of their ends.

    Args:
        i, j: ends, shape (n_pairs,).
        strength: shape (n_pairs,); ties go to the partner with the smaller index.
        k: list length.

    Returns:
        Shape (n_pairs,).
    """
    n_pairs = len(i)
    row, partner = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.lexsort((partner, -np.concatenate([strength, strength]), row))
    sorted_row = row[order]
    first = np.searchsorted(sorted_row, sorted_row)
    chosen = np.zeros(2 * n_pairs, dtype=bool)
    chosen[order] = np.arange(2 * n_pairs) - first < k
    return chosen[:n_pairs] | chosen[n_pairs:]

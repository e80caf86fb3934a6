"""Library sizes: how deep each sample was sequenced, robust to the genes that really change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MAX_GAPS = 0.05
_TRIM_M = 0.30
_TRIM_A = 0.05
_REWEIGHTINGS = 3
_WEIGHT_CAP = 10.0


def size_factors(totals: npt.NDArray[np.float64], *, method: str) -> npt.NDArray[np.float64]:
    """Size factors with geometric mean 1.

    Args:
        totals: gene counts, shape (n_genes, n_samples).
        method: `median_of_ratios` (Anders & Huber 2010, eq. 5, with weights), `tmm` (Robinson &
            Oshlack 2010) or `none`.

    Returns:
        Shape (n_samples,), positive.
    """
    if method == "none" or totals.shape[0] == 0:
        return np.ones(totals.shape[1])
    factors = _median_of_ratios(totals) if method == "median_of_ratios" else _tmm(totals)
    good = np.isfinite(factors) & (factors > 0)
    # a sample without a single usable gene keeps the typical size rather than none
    factors = np.where(good, factors, np.median(factors[good]) if good.any() else 1.0)
    scaled: npt.NDArray[np.float64] = factors / np.exp(np.mean(np.log(factors)))
    return scaled


def _median_of_ratios(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Median of ratios in which genes count by how steady they are.

    A plain median moves when many genes rise together and fewer fall, and then every other gene
    follows the module a little, with the opposite sign. Genes that change vary more, so weights of
    1/variance (of the normalised log ratio, bounded) take that away.
    """
    with np.errstate(divide="ignore"):
        logs = np.where(totals > 0, np.log(totals), np.nan)
    gaps = np.isnan(logs).mean(axis=1)
    # seen in nearly all samples, not in all: one failed sample must not choose the genes for all
    nearly, half = gaps <= max(_MAX_GAPS, 1.0 / logs.shape[1]), gaps <= 0.5
    # a shallow sample misses low counts, and the rest looks high; in sparse data noise is worse
    usable = nearly if 2 * np.count_nonzero(nearly) >= np.count_nonzero(half) else half
    # geometric means over positive counts; zeros are left out of the medians too
    ratios = logs[usable & (gaps < 1)]
    if ratios.shape[0] == 0:
        return np.ones(totals.shape[1])
    ratios = ratios - np.nanmean(ratios, axis=1, keepdims=True)
    factor = _weighted_median(ratios, np.ones(ratios.shape[0]))
    for _ in range(_REWEIGHTINGS):
        variance = np.nanvar(ratios - (factor - np.nanmean(factor)), axis=1)
        weight = 1.0 / np.maximum(variance, 1e-12)
        weight = np.minimum(weight, _WEIGHT_CAP * np.median(weight))
        factor = _weighted_median(ratios, weight)
    factors: npt.NDArray[np.float64] = np.exp(factor)
    return factors


def _weighted_median(
    values: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Weighted median of each column, NaN left out; NaN where nothing is left.

    Args:
        values: shape (n_rows, n_columns).
        weight: shape (n_rows,), above 0.
    """
    order = np.argsort(values, axis=0, kind="stable")  # NaN last
    ranked = np.take_along_axis(values, order, axis=0)
    mass = np.cumsum(np.where(np.isnan(ranked), 0.0, weight[order]), axis=0)
    half = mass[-1] / 2
    # the mean of the values on both sides of one half: the usual median for equal weights
    low = np.argmax(mass >= half * (1 - 1e-12), axis=0)
    high = np.argmax(mass > half * (1 + 1e-12), axis=0)
    columns = np.arange(values.shape[1])
    median: npt.NDArray[np.float64] = (ranked[low, columns] + ranked[high, columns]) / 2
    return median


def _tmm(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    libraries: npt.NDArray[np.float64] = totals.sum(axis=0)
    full = np.flatnonzero(libraries > 0)
    if len(full) == 0:
        return libraries
    with np.errstate(divide="ignore", invalid="ignore"):
        share = totals / libraries
        quartile = np.quantile(share[:, full], 0.75, axis=0)
        reference = int(full[np.argmin(np.abs(quartile - np.mean(quartile)))])
        both = (totals > 0) & (totals[:, [reference]] > 0)
        logs = np.log2(share)
        fold = np.where(both, logs - logs[:, [reference]], np.nan)
        level = np.where(both, (logs + logs[:, [reference]]) / 2, np.nan)
        variance = (1 - share) / totals + ((1 - share) / totals)[:, [reference]]
    kept = both & _inner(fold, _TRIM_M) & _inner(level, _TRIM_A)
    weight = np.where(kept & (variance > 0), 1 / np.where(variance > 0, variance, 1), 0.0)
    with np.errstate(invalid="ignore"):
        mean_fold = (weight * np.where(kept, fold, 0.0)).sum(axis=0) / weight.sum(axis=0)
    mean_fold[reference] = 0.0
    factors: npt.NDArray[np.float64] = libraries * np.exp2(np.nan_to_num(mean_fold))
    return factors


def _inner(values: npt.NDArray[np.float64], trim: float) -> npt.NDArray[np.bool_]:
    """Entries whose rank within their column is not in the lower or upper `trim`."""
    order = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")
    count = np.count_nonzero(~np.isnan(values), axis=0)
    low = np.floor(count * trim)
    inner: npt.NDArray[np.bool_] = (order >= low) & (order < count - low)
    return inner

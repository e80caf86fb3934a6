"""Library sizes: how deep each sample was sequenced, robust to the genes that really change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks, in_threads

_MAX_GAPS = 0.05
_TRIM_M = 0.30
_TRIM_A = 0.05
_REWEIGHTINGS = 3
_WEIGHT_CAP = 10.0
_ROWS_AT_ONCE = 1024
_COLUMNS_AT_ONCE = 8


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
    gaps = np.count_nonzero(~(totals > 0), axis=1) / totals.shape[1]
    # seen in nearly all samples, not in all: one failed sample must not choose the genes for all
    nearly, half = gaps <= max(_MAX_GAPS, 1.0 / totals.shape[1]), gaps <= 0.5
    # a shallow sample misses low counts, and the rest looks high; in sparse data noise is worse
    usable = nearly if 2 * np.count_nonzero(nearly) >= np.count_nonzero(half) else half
    rows = np.flatnonzero(usable & (gaps < 1))
    if len(rows) == 0:
        return np.ones(totals.shape[1])
    ratios = _log_ratios(totals, rows)
    ranked = _ranked(ratios)
    factor = _weighted_median(ratios, ranked, np.ones(len(rows)))
    for _ in range(_REWEIGHTINGS):
        variance = _row_variance(ratios, factor - np.nanmean(factor))
        weight = 1.0 / np.maximum(variance, 1e-12)
        weight = np.minimum(weight, _WEIGHT_CAP * np.median(weight))
        factor = _weighted_median(ratios, ranked, weight)
    factors: npt.NDArray[np.float64] = np.exp(factor)
    return factors


def _log_ratios(
    totals: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log counts less their mean over positive counts, NaN for zeros, shape (n_rows, n_samples)."""
    ratios = np.empty((len(rows), totals.shape[1]))

    def fill(part: slice) -> None:
        with np.errstate(divide="ignore"):
            logs = np.log(totals[rows[part]])
        seen = np.isfinite(logs)
        if seen.all():
            ratios[part] = logs - logs.mean(axis=1, keepdims=True)
        else:
            logs[~seen] = np.nan
            ratios[part] = logs - np.nanmean(logs, axis=1, keepdims=True)

    in_threads(fill, blocks(len(rows), _ROWS_AT_ONCE))
    return ratios


def _row_variance(
    ratios: npt.NDArray[np.float64], shift: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Variance of each row less `shift`, NaN left out, shape (n_rows,)."""
    variance = np.empty(len(ratios))

    def fill(part: slice) -> None:
        shifted = ratios[part] - shift
        spread = np.nanvar if np.isnan(shifted).any() else np.var
        variance[part] = spread(shifted, axis=1)

    in_threads(fill, blocks(len(ratios), _ROWS_AT_ONCE))
    return variance


def _ranked(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Rows of each column by rising value, NaN last, shape (n_columns, n_rows)."""
    order = np.empty(values.shape[::-1], dtype=np.int32)

    def fill(part: slice) -> None:
        # equal values need no order: their weights are summed before anybody looks
        order[part] = np.argsort(np.ascontiguousarray(values[:, part].T), axis=1)

    in_threads(fill, blocks(values.shape[1], _COLUMNS_AT_ONCE))
    return order


def _weighted_median(
    values: npt.NDArray[np.float64],
    order: npt.NDArray[np.int32],
    weight: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Weighted median of each column, NaN left out; NaN where nothing is left.

    Args:
        values: shape (n_rows, n_columns).
        order: see `_ranked`.
        weight: of the rows, shape (n_rows,), above 0.
    """
    median = np.empty(len(order))
    count = np.count_nonzero(~np.isnan(values), axis=0)

    def fill(part: slice) -> None:
        columns = np.arange(part.start, part.stop)
        mass = weight[order[part]]
        np.cumsum(mass, axis=1, out=mass)
        half = mass[columns - part.start, np.maximum(count[part], 1) - 1][:, None] / 2
        # the mean of the values on both sides of one half: the usual median for equal weights
        low = np.argmax(mass >= half * (1 - 1e-12), axis=1)
        high = np.argmax(mass > half * (1 + 1e-12), axis=1)
        median[part] = (
            values[order[columns, low], columns] + values[order[columns, high], columns]
        ) / 2

    in_threads(fill, blocks(len(order), _COLUMNS_AT_ONCE))
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

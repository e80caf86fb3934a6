"""Rows on one scale, with no sample able to speak for a feature alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.features.covariates import Design, residualise

_MAD_TO_SD = 1.4826
_DECILES_TO_SD = 1 / 2.5631031310892007


def standardise(
    values: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    design: Design,
    *,
    clip: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Winsorise, remove the design once more, and scale to unit variance.

    The scale behind the limits is the larger of the median absolute deviation and the distance
    between the deciles: a group of more than a tenth of the samples counts as signal, a single
    bad sample does not.

    Args:
        values: rows without covariates, shape (n_features, n_samples).
        observed: same shape; entries that are not observed become 0.
        design: what the rows must stay orthogonal to (clipping brings a little back).
        clip: limit in robust standard deviations from the median.

    Returns:
        scaled: same shape, mean 0 and variance 1 a row, 0 where not observed.
        varies: rows with any variance, shape (n_features,).
    """
    complete = bool(observed.all())
    source = values if complete else np.where(observed, values, np.nan)
    quantile = np.quantile if complete else np.nanquantile
    low, centre, high = quantile(source, [0.1, 0.5, 0.9], axis=1)
    median = np.median if complete else np.nanmedian
    spread = np.maximum(
        _MAD_TO_SD * median(np.abs(source - centre[:, None]), axis=1),
        _DECILES_TO_SD * (high - low),
    )
    limit = clip * spread
    clipped = np.clip(values, (centre - limit)[:, None], (centre + limit)[:, None])
    if not complete:
        count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
        mean = np.where(observed, clipped, 0.0).sum(axis=1, keepdims=True) / count
        clipped = np.where(observed, clipped, mean)
    clean = residualise(clipped, design)
    if not complete:
        clean = np.where(observed, clean, 0.0)
    norm = np.sqrt(np.einsum("ij,ij->i", clean, clean) / clean.shape[1])
    varies = norm > 1e-9 * np.maximum(np.abs(centre), 1.0)
    scaled = clean / np.where(varies, norm, 1.0)[:, None]
    return scaled, varies

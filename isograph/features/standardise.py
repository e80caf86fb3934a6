"""Rows on one scale, with no sample able to speak for a feature alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from isograph.features.design import ROWS_A_BLOCK, Design, residualise_block
from isograph.machine import blocks, in_threads, one_thread

_MAD_TO_SD = 1.4826
_SMALLEST_GROUP = 5


def standardise(
    values: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    design: Design,
    *,
    clip: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Winsorise, remove the design once more, and scale to unit variance.

    The scale behind the limits is the larger of the median absolute deviation and the distance
    between an upper and a lower quantile, both as standard deviations of a Gaussian. A group of
    samples counts as signal if it holds a tenth of them and at least five: in a small cohort two
    rows share three samples by chance more often than the edge budget allows.

    Args:
        values: rows without covariates, shape (n_features, n_samples).
        observed: same shape; entries that are not observed become 0.
        design: what the rows must stay orthogonal to (clipping brings a little back).
        clip: limit in robust standard deviations from the median.

    Returns:
        scaled: same shape, mean 0 and variance 1 a row, 0 where not observed.
        varies: rows with any variance, shape (n_features,).
    """
    scaled = np.empty(values.shape)
    varies = np.empty(len(values), dtype=bool)

    def fill(part: slice) -> None:
        scaled[part], varies[part] = _standardise_block(
            values[part], observed[part], design, clip=clip
        )

    with one_thread():
        in_threads(fill, blocks(len(values), ROWS_A_BLOCK))
    return scaled, varies


def _standardise_block(
    values: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    design: Design,
    *,
    clip: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    complete = bool(observed.all())
    source = values if complete else np.where(observed, values, np.nan)
    n_samples = source.shape[1]
    # the quantile that is the least of a group just as large as counts
    group = max(n_samples / 10, _SMALLEST_GROUP)
    tail = min(0.25, (group - 1) / max(n_samples - 1, 1))
    low, centre, high = row_quantiles(source, (tail, 0.5, 1 - tail))
    distance = source - centre[:, None]
    spread = np.maximum(
        _MAD_TO_SD * row_quantiles(np.abs(distance, out=distance), (0.5,))[0],
        (high - low) / (-2 * special.ndtri(tail)),
    )
    limit = clip * spread
    clipped = np.clip(values, (centre - limit)[:, None], (centre + limit)[:, None], out=distance)
    if complete:
        clean = residualise_block(clipped, design)
    else:
        # fitted on observed samples alone: then zeros elsewhere keep rows orthogonal to the design
        clean = residualise_block(np.where(observed, clipped, np.nan), design)
        clean = np.where(observed, clean, 0.0)
    norm = np.sqrt(np.einsum("ij,ij->i", clean, clean) / n_samples)
    varies = norm > 1e-9 * np.maximum(np.abs(centre), 1.0)
    clean /= np.where(varies, norm, 1.0)[:, None]
    return clean, varies


def row_quantiles(
    values: npt.NDArray[np.float64], levels: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Quantiles of each row, NaN left out, interpolated linearly (Hyndman & Fan 1996, type 7).

    Args:
        values: shape (n_rows, n_columns).
        levels: 0 to 1.

    Returns:
        Shape (n_levels, n_rows); NaN for rows without a number.
    """
    ranked = np.sort(values, axis=1)  # NaN last
    last = np.maximum(values.shape[1] - np.count_nonzero(np.isnan(ranked), axis=1) - 1, 0)
    rows = np.arange(len(values))
    place = np.multiply.outer(np.asarray(levels), last)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, last)
    low, high = ranked[rows, below], ranked[rows, above]
    quantiles: npt.NDArray[np.float64] = low + (place - below) * (high - low)
    return quantiles

"""A smooth mean with spread of rows along a profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_STEPS = 48
_EDGE = 0.02
_SILVERMAN = 1.06
_LEAST_VARYING = 1e-6

Floats = npt.NDArray[np.float64]


def smooth_mean(x: Floats, rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Local linear regression of rows on x (Fan 1992, J. Am. Stat. Assoc. 87:998).

    Gaussian weights of Silverman's width (1986, eq. 3.28), 1.06 · sd · n^(−1/5), from the 2nd to
    the 98th percentile of x; gaps have no weight. The spread is that around the local line.

    Args:
        x: shape (n_samples,).
        rows: shape (n_rows, n_samples), NaN where unknown.

    Returns:
        Grid of shape (n_steps,), mean and standard deviation of shape (n_rows, n_steps), NaN
        in rows without a value.
    """
    first, last = (float(np.quantile(x, edge)) for edge in (_EDGE, 1 - _EDGE))
    grid = np.linspace(first, last, _STEPS)
    width = _SILVERMAN * max(float(x.std()), 1e-12) * len(x) ** -0.2
    apart = (x[None, :] - grid[:, None]) / width
    square = np.square(apart)
    # the nearest sample has weight 1, however far a grid point lies from all
    weights = np.exp(-0.5 * (square - square.min(axis=1, keepdims=True))).T
    known = np.isfinite(rows)
    values, there = np.where(known, rows, 0.0), known.astype(np.float64)
    n, of_x, of_xx = (there @ (weights * by) for by in (1.0, apart.T, square.T))
    of_y, of_xy, of_yy = values @ weights, values @ (weights * apart.T), np.square(values) @ weights
    with np.errstate(divide="ignore", invalid="ignore"):
        vary_x = of_xx - np.square(of_x) / n
        slope = (of_xy - of_x * of_y / n) / vary_x
        slope = np.where(vary_x > _LEAST_VARYING * n, slope, 0.0)
        mean = (of_y - slope * of_x) / n
        spread = (of_yy - np.square(of_y) / n - np.square(slope) * vary_x) / n
    return grid, mean, np.sqrt(np.maximum(spread, 0.0))

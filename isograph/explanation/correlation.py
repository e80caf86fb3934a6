"""Correlation of rows with a profile where rows have gaps and a design was taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from isograph.features.design import Design, residualise
from isograph.network.significance import correlation_pvalue

_LEVEL = 0.95
_LEAST_SHARE = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Correlations:
    """Partial correlations over the samples in which each row is known, each of shape (n_rows,).

    Attributes:
        r: NaN where a row or the profile does not vary there.
        n_complete: samples behind it.
        df: n_complete − 2 − rank of the design.
    """

    r: Floats
    n_complete: npt.NDArray[np.int64]
    df: Floats

    @property
    def pvalue(self) -> Floats:
        """Two-sided p; NaN where there is no r or no degree of freedom."""
        testable = np.isfinite(self.r) & (self.df > 0)
        p = np.full(self.r.shape, np.nan)
        p[testable] = correlation_pvalue(self.r[testable], self.df[testable])
        return p

    def interval(self) -> tuple[Floats, Floats]:
        """95% confidence interval of r by Fisher's z (1921, Metron 1:3), error 1/√(df − 1)."""
        width = special.ndtri(0.5 + _LEVEL / 2) / np.sqrt(
            np.where(self.df > 1, self.df - 1, np.nan)
        )
        z = np.arctanh(np.clip(self.r, -1 + 1e-15, 1 - 1e-15))
        return np.tanh(z - width), np.tanh(z + width)


def partial_correlations(values: Floats, profiles: Floats, design: Design) -> Correlations:
    """Pearson's r of rows with a profile, given a design, over the samples where a row is known.

    Both sides are residualised over those samples, so a gap neither counts as a zero nor lets the
    design back in.

    Args:
        values: shape (n_rows, n_samples), NaN where unknown; orthogonal to the design over known
            samples, as `residualise` leaves them.
        profiles: orthogonal to the design over all samples; one for all rows, shape (n_samples,),
            or one a row, shape (n_rows, n_samples).
        design: what was taken out of both.
    """
    known = np.isfinite(values)
    n_complete = np.count_nonzero(known, axis=1)
    x = np.where(known, values, 0.0)
    y = np.broadcast_to(profiles, values.shape)
    gaps = np.flatnonzero(n_complete < values.shape[1])
    cross = np.einsum("ij,ij->i", x, y)
    size = np.einsum("ij,ij->i", y, y)
    if len(gaps):
        part = residualise(np.where(known[gaps], y[gaps], np.nan), design)
        part = np.where(known[gaps], part, 0.0)
        left = np.einsum("ij,ij->i", part, part)
        size[gaps] = np.where(left > _LEAST_SHARE * size[gaps], left, 0.0)
    scale = np.sqrt(np.einsum("ij,ij->i", x, x) * size)
    r = np.divide(cross, scale, out=np.full(len(x), np.nan), where=scale > 0)
    return Correlations(
        r=np.clip(r, -1.0, 1.0),
        n_complete=n_complete.astype(np.int64),
        df=(n_complete - 2 - design.rank).astype(np.float64),
    )

"""Samples that stand out from the rest of the cohort: flagged with a reason, never dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from isograph.quality.model import Check, Flag, Floats

Z_LIMIT = 3.5
"""Of the modified z score, as Iglewicz & Hoaglin (1993) recommend."""

LEAST_SAMPLES = 6
_MAD_TO_SD = 1.4826
_NO_DISTANCE = 1e-6  # below it there is rounding only

LEAST_DIFFERENCE = {
    Check.LIBRARY_SIZE: 1.0,
    Check.GENES: 0.05,
    Check.CORRELATION: 0.1,
    Check.DISTANCE: float(np.log2(1.5)),
}
"""What is nearer to the median is never flagged, however much the others agree: a library within a
factor of two; detected genes within 5%; correlations within 0.1 of Fisher's z; a distance within a
factor of 1.5."""

TYPICAL_R = 0.8
"""Below it samples share no profile, and a correlation says nothing of quality; what ENCODE asks of
replicates of different donors (its bulk RNA-seq standards)."""

MEASURED = {
    Check.LIBRARY_SIZE: "library_size",
    Check.GENES: "detected_genes",
    Check.CORRELATION: "median_r",
    Check.DISTANCE: "distance",
}
"""Columns of `sample_quality` that have a z."""


def robust_z(values: Floats, *, least_difference: float) -> Floats:
    """Modified z score: distance from the median in units of 1.4826 × MAD.

    Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers, ASQC, eq. 3.1 (0.6745 = 1/1.4826).

    Args:
        values: shape (n,); NaN stays NaN.
        least_difference: the unit is at least a `Z_LIMIT`th of it, so that no smaller difference
            reaches the limit.
    """
    centre = np.nanmedian(values)
    spread = _MAD_TO_SD * np.nanmedian(np.abs(values - centre))
    z: Floats = (values - centre) / max(float(spread), least_difference / Z_LIMIT)
    return z


def measured_z(check: Check, values: Floats) -> Floats:
    """Robust z of a measure on the scale on which its differences count.

    Library sizes and distances as log2 (a sample without reads counts as one with one read),
    correlations as Fisher's z, detected genes as they are.

    Args:
        check: one of `MEASURED`.
        values: its column, shape (n,).
    """
    least = LEAST_DIFFERENCE[check]
    if check == Check.LIBRARY_SIZE:
        values = np.log2(np.maximum(values, 1.0))
    elif check == Check.DISTANCE:
        values = np.log2(np.maximum(values, _NO_DISTANCE))
    elif check == Check.CORRELATION:
        values = np.arctanh(np.clip(values, -0.999999, 0.999999))
    else:
        least *= max(float(np.median(values)), 1.0)
    return robust_z(values, least_difference=least)


def outlier_flags(
    check: Check, ids: npt.NDArray[np.str_], values: Floats, z: Floats
) -> Sequence[Flag]:
    """Flags of the samples beyond the limit.

    A correlation is flagged below only, a distance above only, the others on both sides.

    Args:
        check: one of the three that have a z.
        ids: samples, shape (n,).
        values: that the words tell, shape (n,).
        z: shape (n,).
    """
    low = (z < -Z_LIMIT) & (check != Check.DISTANCE)
    out = low | ((z > Z_LIMIT) & (check != Check.CORRELATION))
    typical = float(np.nanmedian(values))
    return [
        Flag(str(ids[i]), check, float(values[i]), float(z[i]), _REASONS[check](values[i], typical))
        for i in np.flatnonzero(out).tolist()
    ]


def reads_in_words(reads: float) -> str:
    """`1.9 million`, `21,400`."""
    return f"{reads / 1e6:.1f} million" if reads >= 1e6 else f"{reads:,.0f}"


def _library(value: float, typical: float) -> str:
    side = "small" if value < typical else "large"
    return f"{side} library: {reads_in_words(value)} reads; the median is {reads_in_words(typical)}"


def _genes(value: float, typical: float) -> str:
    side = "few" if value < typical else "many"
    return f"{side} genes seen: {value:,.0f}; the median is {typical:,.0f}"


def _correlation(value: float, typical: float) -> str:
    return (
        f"unlike the other samples: median correlation {value:.3f}; typical samples have "
        f"{typical:.3f}"
    )


def _distance(value: float, typical: float) -> str:
    if typical <= _NO_DISTANCE:
        return "far from the other samples, which are all alike"
    return f"far from the other samples: {value / typical:.1f} times as far as is typical"


_REASONS = {
    Check.LIBRARY_SIZE: _library,
    Check.GENES: _genes,
    Check.CORRELATION: _correlation,
    Check.DISTANCE: _distance,
}

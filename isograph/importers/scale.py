"""Whether a matrix that is called counts can be some."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems

_MOST_LOG2 = 30.0
"""Log2 of a billion: no logarithm of counts is above it, and nearly all tables of counts are."""

_LEAST_CELLS = 200
_LEAST_SAMPLES = 3
_EQUAL = 1e-3
_MILLION = 1e6
_PART = 0.9
_MOST_CELLS = 1 << 21
_COUNTS = "give estimated counts (NumReads, est_counts, expected_count), not normalised"


def note_other_scale(values: npt.NDArray[np.float64], where: str, problems: Problems) -> None:
    """Note logarithms and values normalised to one total (TPM, CPM) in the place of counts.

    Both are fractions, as estimated counts are; but all logarithms are small, and all samples of
    TPM have the same sum. Small tables, which may be anything, are let through.

    Args:
        values: not negative and finite, or this says nothing, shape (n_features, n_samples).
        where: the file.
        problems: collects what is wrong.
    """
    step = max(1, values.size // _MOST_CELLS)
    some = values[::step]
    some = some[some > 0]
    if some.size < _LEAST_CELLS or not np.isfinite(some).all():
        return
    if np.mean(some != np.rint(some)) < 0.5:
        return
    largest = float(values.max())
    if largest <= _MOST_LOG2:
        what = f"look like logarithms: fractions, none above {largest:.3g}"
        problems.add(where, f"values {what}", fix=_COUNTS)
        return
    sums = values.sum(axis=0)
    mean = float(sums.mean())
    alike = np.ptp(sums) <= _EQUAL * mean
    # transcripts that were filtered leave most of a million
    parts = sums.min() >= _PART * _MILLION and sums.max() <= (1 + _EQUAL) * _MILLION
    if len(sums) >= _LEAST_SAMPLES and (alike or parts):
        what = f"look like TPM or another share: each sample sums to {mean:,.0f}"
        problems.add(where, f"values {what}", fix=_COUNTS)

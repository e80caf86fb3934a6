"""The values that each assay may take."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems

Ids = npt.NDArray[np.object_] | None

_EXPRESSION = "gene_expression"
_PSI = "psi"


def check_values(
    problems: Problems,
    where: str,
    assay: str,
    data: npt.NDArray[Any],
    *,
    rows: Ids = None,
    columns: Ids = None,
) -> None:
    """Note values outside an assay's range.

    Counts are finite and at least 0, psi lies in 0 to 1, expression may be anything but infinite;
    only expression may be missing.

    Args:
        problems: collects what is wrong.
        where: what messages call the matrix.
        assay: decides the range.
        data: shape (n_features, n_samples).
        rows: feature ids for messages, shape (n_features,).
        columns: sample ids for messages, shape (n_samples,).
    """
    if data.dtype.kind not in "iuf":
        what = f"values are not numeric (dtype {data.dtype})"
        problems.add(where, what, fix="give integers or floats")
        return
    low, high = _range(assay)
    if data.size == 0 or _all_inside(data, low=low, high=high):
        return
    is_float = data.dtype.kind == "f"
    missing = np.isnan(data) if is_float else np.zeros(data.shape, dtype=bool)
    infinite = np.isinf(data) if is_float else missing
    below, above = ~infinite & (data < low), ~infinite & (data > high)
    kinds = [
        (infinite, "infinite values", "replace them by measured values"),
        (
            below,
            "negative values",
            "give counts, not log ratios" if assay != _PSI else "give shares",
        ),
        (above, "values above 1", "give shares, not percentages"),
    ]
    if assay != _EXPRESSION:
        fix = "remove the feature or the sample; 0 means not seen"
        kinds.insert(0, (missing, "missing values (NaN)", fix))
    for mask, what, fix in kinds:
        count = int(np.count_nonzero(mask))
        if count:
            examples = _cells(mask, data, rows=rows, columns=columns)
            problems.add(where, what, examples=examples, count=count, fix=fix)


def _range(assay: str) -> tuple[float, float]:
    if assay == _EXPRESSION:
        return -np.inf, np.inf
    return (0.0, 1.0) if assay == _PSI else (0.0, np.inf)


def _all_inside(data: npt.NDArray[Any], *, low: float, high: float) -> bool:
    """One pass each for minimum and maximum, which NaN turns to NaN; no mask is made."""
    least, most = float(data.min()), float(data.max())
    return bool(np.isfinite(least) and np.isfinite(most) and least >= low and most <= high)


def _cells(
    mask: npt.NDArray[np.bool_], data: npt.NDArray[Any], *, rows: Ids, columns: Ids
) -> list[str]:
    at = np.flatnonzero(mask)[:3]
    cells = zip(*np.unravel_index(at, mask.shape), strict=True)
    return [
        f"{_name(rows, i, 'row')} in {_name(columns, j, 'column')} = {data[i, j]}" for i, j in cells
    ]


def _name(ids: Ids, at: int, side: str) -> str:
    return str(ids[at]) if ids is not None and at < len(ids) else f"{side} {at + 1}"

"""The samples at either end of a profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SHARE = 3
_LEAST = 2


@dataclass(frozen=True)
class Ends:
    """The upper and the lower third of the samples.

    Attributes:
        high, low: bool, shape (n_samples,).
    """

    high: npt.NDArray[np.bool_]
    low: npt.NDArray[np.bool_]


def ends_of(values: npt.NDArray[np.float64]) -> Ends:
    """Upper and lower third of the samples by a profile, equally many; ties go by position.

    Args:
        values: shape (n_samples,).
    """
    n = len(values)
    size = max(n // _SHARE, min(_LEAST, n // 2))
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(np.round(values, 12), kind="stable")] = np.arange(n)
    return Ends(high=rank >= n - size, low=rank < size)

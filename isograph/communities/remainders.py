"""What is left of features without columns that something else may explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.features.model import FeatureSet

_NOTHING = 1e-9


def rows_without(
    features: FeatureSet, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Rows with columns taken out, scaled to mean square 1; 0 where not observed.

    Genes that respond to a broad factor in a bent way leave the same bend behind when the factor
    is taken out; a module among them must hold without it.

    Args:
        features: all features.
        rows: feature rows, shape (n_rows,).
        columns: orthonormal, orthogonal to the design, shape (n_samples, k).

    Returns:
        Shape (n_rows, n_samples); rows of which nothing is left are 0.
    """
    values = features.values[rows]
    rest = (values - (values @ columns) @ columns.T) * features.observed[rows]
    rest -= rest.mean(axis=1, keepdims=True)
    size = np.sqrt(np.mean(np.square(rest), axis=1, keepdims=True))
    scaled: npt.NDArray[np.float64] = rest / np.where(size > _NOTHING, size, np.inf)
    return scaled

"""Graph-regularised factors in closed form, through a samples × samples problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from isograph.backends.graph.laplacian import smooth

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GraphFactors:
    """Factors, the leading one first; the first k of them are the solution with k factors.

    Attributes:
        loadings: W, shape (n_features, n_factors).
        scores: Z, orthonormal rows, shape (n_factors, n_samples).
    """

    loadings: Floats
    scores: Floats


def leading_directions(values: Floats, *, most: int) -> Floats:
    """The directions among samples along which rows vary most, orthonormal, the leading first.

    Args:
        values: shape (n_features, n_samples).
        most: directions wanted.

    Returns:
        Shape (n_samples, min(most, n_samples)).
    """
    _, vectors = np.linalg.eigh(values.T @ values)
    leading: Floats = np.ascontiguousarray(vectors[:, ::-1][:, :most])
    return leading


def graph_factors(
    values: Floats,
    laplacian: sparse.csr_array,
    directions: Floats,
    *,
    smoothing: float,
    n_factors: int,
) -> GraphFactors:
    """Minimise ‖X − W Z‖² + λ tr(Wᵀ L W) over W and orthonormal Z within some directions.

    The graph term is that of graph-regularised matrix factorisation (Cai et al. 2011, IEEE TPAMI
    33:1548, eq. 8), the orthonormal side that of graph-Laplacian PCA (Jiang et al. 2013, CVPR
    3492, eq. 5), here among samples. For given Z the best W is (I + λL)⁻¹ X Zᵀ, and what is left to
    maximise is tr(Z Xᵀ (I + λL)⁻¹ X Zᵀ): Z holds the leading eigenvectors of a matrix of samples
    by samples. So the minimum is the global one, and nothing of features by features is made.

    Args:
        values: X, shape (n_features, n_samples).
        laplacian: L, see `signed_laplacian`.
        directions: orthonormal columns that Z is searched in, shape (n_samples, n_directions);
            all of them, where there are as many as samples.
        smoothing: λ.
        n_factors: at most as many as directions.

    Returns:
        The factors.
    """
    projected = values @ directions
    smoothed = smooth(laplacian, projected, smoothing=smoothing)
    inner = projected.T @ smoothed
    _, vectors = np.linalg.eigh((inner + inner.T) / 2)
    chosen = vectors[:, ::-1][:, :n_factors]
    return GraphFactors(
        loadings=smoothed @ chosen, scores=np.ascontiguousarray((directions @ chosen).T)
    )

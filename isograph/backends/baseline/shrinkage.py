"""Shrunken partial correlation without any matrix of features by features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

LEAST, MOST = 0.01, 0.99
"""Bounds of the estimated shrinkage: at 0 there may be no inverse, at 1 no partial correlation."""

_TINY = 1e-300
_NOTHING = 1e-12
_NULL_PAIRS = 200_000
_DF_BOUNDS = (1e-3, 1e12)


@dataclass(frozen=True)
class PartialRows:
    """Rows whose products are partial correlations.

    Attributes:
        rows: z, shape (n_features, n_samples); z_i · z_j is the partial correlation of i and j.
        shrinkage: λ.
    """

    rows: Floats
    shrinkage: float


def analytic_shrinkage(values: Floats, *, df: int) -> float:
    """Weight of the identity that makes the shrunken correlation matrix most accurate.

    λ = Σ Var(r_ij) / Σ r_ij² over i ≠ j (Schäfer & Strimmer 2005, Stat. Appl. Genet. Mol. Biol.
    4:32, target D with unit variances). With w_ijs = x_is x_js, both sums need only the Gram
    matrix of samples: Σ_ij w_ijs² = (Σ_i x_is²)² and Σ_ij r_ij² = ‖XᵀX‖² / n².

    Args:
        values: X, rows of mean 0 and mean square 1, shape (n_features, n_samples).
        df: samples − 1 − rank of what was removed.

    Returns:
        λ within `LEAST` and `MOST`.
    """
    n = values.shape[1]
    squares = np.square(values)
    every = np.square(values.T @ values).sum() / n**2
    r2 = every - np.square(squares.mean(axis=1)).sum()
    raw = np.square(squares.sum(axis=0)).sum() - np.square(squares).sum()
    variance = (raw - n * r2) / (n * max(df, 1))
    if r2 <= _NOTHING * len(values):
        return MOST
    return float(np.clip(variance / r2, LEAST, MOST))


def partial_rows(values: Floats, *, shrinkage: float) -> PartialRows:
    """Rows whose products are the partial correlations of a shrunken correlation matrix.

    With R = λI + (1 − λ) X Xᵀ / n, Woodbury's identity (1950) gives R⁻¹ = (I − Y Yᵀ) / λ with
    Y = X A^½ and the samples × samples matrix A = (1 − λ)/n · (λI + (1 − λ) XᵀX / n)⁻¹. The
    partial correlation −R⁻¹_ij / √(R⁻¹_ii R⁻¹_jj) is then z_i · z_j with z_i = y_i / √(1 − |y_i|²).

    Args:
        values: X, rows of mean square 1, shape (n_features, n_samples).
        shrinkage: λ, above 0 and below 1.

    Returns:
        The rows.
    """
    n = values.shape[1]
    power, vectors = np.linalg.eigh(values.T @ values / n)
    kept = 1.0 - shrinkage
    middle = kept / n / (shrinkage + kept * np.maximum(power, 0.0))
    rows = values @ (vectors * np.sqrt(middle))
    left = 1.0 - np.einsum("ij,ij->i", rows, rows)
    return PartialRows(rows / np.sqrt(np.maximum(left, _TINY))[:, None], shrinkage)


def null_degrees(
    rows: Floats, gene_of: npt.NDArray[np.int64], *, rng: np.random.Generator
) -> float:
    """Degrees of freedom of a partial correlation that is 0, fitted to its own distribution.

    Under independence the density is ∝ (1 − ρ²)^((κ − 3)/2), that of a correlation with κ − 1
    degrees of freedom (Hotelling 1953; Schäfer & Strimmer 2005 fit κ in the same way, by
    likelihood). Most pairs of many genes are unrelated, so the median of ρ² over pairs drawn at
    random fits κ: the few related ones hardly move it.

    Args:
        rows: see `PartialRows`.
        gene_of: gene of each row; pairs within one say nothing.
        rng: draws the pairs.

    Returns:
        κ − 1; infinite where no partial correlation differs from 0.
    """
    first, second = rng.integers(0, len(rows), (2, _NULL_PAIRS))
    apart = gene_of[first] != gene_of[second]
    squared = products(rows, first[apart], second[apart]) ** 2
    median = float(np.median(squared)) if len(squared) else 0.0
    low, high = np.log(_DF_BOUNDS)

    def beyond(log_df: float) -> float:
        return float(special.betaincinv(0.5, np.exp(log_df) / 2, 0.5)) - median

    if beyond(high) >= 0:
        return float("inf")
    if beyond(low) <= 0:
        return _DF_BOUNDS[0]
    # slow to load, and only one of the baseline's two ways needs it
    from scipy import optimize

    return float(np.exp(optimize.brentq(beyond, low, high)))


def products(rows: Floats, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> Floats:
    """Product of given pairs of rows, always summed in the same order; shape (n_pairs,)."""
    found = np.empty(len(i))
    for start in range(0, len(i), 16_384):
        part = slice(start, start + 16_384)
        found[part] = np.einsum("ps,ps->p", rows[i[part]], rows[j[part]])
    return found

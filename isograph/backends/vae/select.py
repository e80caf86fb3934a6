"""How many latent dimensions the data have to show, by parallel analysis with sign flips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]

_MOST_ROUNDS = 8


@dataclass(frozen=True)
class Dimensions:
    """What parallel analysis found.

    Attributes:
        n: number of dimensions that stand out of noise.
        rounds: (leading eigenvalue, bar) of each round, per sample; the last round's does not
            reach its bar unless the limit was hit.
        most: what the limit and the number of samples allow.
        limited: the number was cut there.
    """

    n: int
    rounds: tuple[tuple[float, float], ...]
    most: int
    limited: bool


def parallel_analysis(
    values: npt.NDArray[np.floating],
    gene_of: npt.NDArray[np.int64],
    basis: npt.NDArray[np.float64],
    *,
    limit: int,
    draws: int,
    rng: np.random.Generator,
) -> Dimensions:
    """Count the eigenvalues of the n × n Gram matrix that exceed those of sign-flipped data.

    Flipping the sign of every gene × sample cell at random destroys what genes share and keeps
    each gene's noise, its zeros and what its own axes share (Hong, Sheng & Dobriban 2020,
    arXiv:2012.02985, FlipPA with the largest eigenvalue as bar). A strong factor's variance is
    flipped into noise as well and hides weak ones, so the factors found are taken out and the rest
    is looked at again (deflation: Dobriban & Owen 2019, J. R. Stat. Soc. B 81:163). Flipped
    data are made orthogonal to the design and to the factors taken out, as the data are.

    The bar is the largest of `draws` flipped copies: a round on pure noise finds something with
    probability 1 / (draws + 1).

    Args:
        values: standardised features, 0 where missing, shape (n_features, n_samples).
        gene_of: gene of each feature, never falling, shape (n_features,).
        basis: orthonormal basis of the design with its intercept, shape (n_samples, rank + 1).
        limit: most dimensions to return, at least 1.
        draws: sign-flipped copies.
        rng: generator of the signs.
    """
    rest = values.astype(np.float32)
    n_samples = rest.shape[1]
    limit = min(limit, max(1, (n_samples - basis.shape[1]) // 3))
    out = basis.astype(np.float64)
    found, rounds = 0, []
    for _ in range(_MOST_ROUNDS):
        gram = _projected_gram(rest, out)
        size, direction = np.linalg.eigh(gram)
        bar = max(
            _flipped_top(rest, gene_of, out, total=float(np.trace(gram)), rng=rng)
            for _ in range(draws)
        )
        rounds.append((float(size[-1]) / n_samples, bar / n_samples))
        n_new = min(int(np.count_nonzero(size > bar)), limit - found)
        if not n_new:
            break
        found += n_new
        factors = direction[:, -n_new:]
        out = np.hstack([out, factors])
        rest = rest - (rest @ factors.astype(np.float32)) @ factors.T.astype(np.float32)
    return Dimensions(n=found, rounds=tuple(rounds), most=limit, limited=found == limit)


def _projected_gram(rows: Floats32, out: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gram matrix over samples with the directions `out` taken from both sides."""
    gram = (rows.T @ rows).astype(np.float64)
    gram -= out @ (out.T @ gram)
    gram -= (gram @ out) @ out.T
    return (gram + gram.T) / 2


def _flipped_top(
    rows: Floats32,
    gene_of: npt.NDArray[np.int64],
    out: npt.NDArray[np.float64],
    *,
    total: float,
    rng: np.random.Generator,
) -> float:
    """Largest eigenvalue of one sign-flipped copy of the same total variance."""
    n_genes = int(gene_of[-1]) + 1
    signs = rng.integers(0, 2, (n_genes, rows.shape[1]), dtype=np.int8)
    flipped = rows * (2 * signs - 1).astype(np.float32)[gene_of]
    gram = _projected_gram(flipped, out)
    trace = float(np.trace(gram))
    return float(np.linalg.eigvalsh(gram)[-1]) * (total / trace if trace > 0 else 1.0)

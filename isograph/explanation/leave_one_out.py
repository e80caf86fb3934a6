"""A module's eigengene computed anew without each of its genes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MOST_ROUNDS = 2000
_TOLERANCE = 1e-10
_FEW_ROWS = 64

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def profiles_without(values: Floats, gene: Ints, profile: Floats) -> Floats:
    """Leading right singular vector of a module's features without those of each gene in turn.

    Leaving a gene out of the sum while the loadings of the others stay is not enough: they were
    fitted to a vector that it had a part in, and in noise its r stays half as large again as it
    should be. The vector without it is found by power iteration in the space of samples, from the
    whole module's, where K − Σ x xᵀ over the gene's features x needs K = XᵀX only once.

    Args:
        values: the features behind the eigengene, rows of mean 0, shape (n_rows, n_samples).
        gene: number of each row's gene, never falling, 0 … n_genes − 1, shape (n_rows,).
        profile: eigengene of all rows, shape (n_samples,).

    Returns:
        Shape (n_genes, n_samples), mean square 1, on the side of `profile`; zeros where the gene
        is alone.
    """
    n_genes = int(gene[-1]) + 1 if len(gene) else 0
    n_samples = values.shape[1]
    if len(gene) <= _FEW_ROWS:
        found = _exact(values, gene, n_genes)
        side = np.where(found @ profile < 0, -1.0, 1.0)
        exact: Floats = found * (side * np.sqrt(n_samples))[:, None]
        return exact
    gram = values.T @ values
    own = _rows_a_gene(values, gene, n_genes)
    start = profile / np.linalg.norm(profile)
    found = np.tile(start, (n_genes, 1))
    left = np.arange(n_genes)
    for _ in range(_MOST_ROUNDS):
        v = found[left]
        mine = own[left]
        step = v @ gram - np.einsum("gk,gkn->gn", np.einsum("gkn,gn->gk", mine, v), mine)
        size = np.linalg.norm(step, axis=1, keepdims=True)
        gone = size[:, 0] <= _TOLERANCE * max(float(np.trace(gram)), 1e-300)
        step = np.where(gone[:, None], 0.0, step / np.where(size > 0, size, 1.0))
        found[left] = step
        left = left[~gone & (np.abs(step - v).max(axis=1) > _TOLERANCE)]
        if not len(left):
            break
    side = np.where(found @ start < 0, -1.0, 1.0)
    profiles: Floats = found * (side * np.sqrt(n_samples))[:, None]
    return profiles


def _exact(values: Floats, gene: Ints, n_genes: int) -> Floats:
    """Unit vectors by eigenvectors of small Gram matrices, where power iteration may find a tie.

    Rows of 0 where the gene is alone.
    """
    kept = gene[None, :] != np.arange(n_genes)[:, None]
    gram = (values @ values.T) * kept[:, :, None] * kept[:, None, :]
    vectors = np.linalg.eigh(gram)[1][:, :, -1] * kept
    found = vectors @ values
    size = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Floats = np.divide(found, size, out=np.zeros_like(found), where=size > 1e-12)
    return unit


def _rows_a_gene(values: Floats, gene: Ints, n_genes: int) -> Floats:
    """Each gene's rows, zeros where it has fewer, shape (n_genes, most, n_samples)."""
    place = np.arange(len(gene)) - np.searchsorted(gene, gene)
    rows = np.zeros((n_genes, int(place.max(initial=-1)) + 1, values.shape[1]))
    rows[gene, place] = values
    return rows

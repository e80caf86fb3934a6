"""Which entries training never sees, and what of them must not leak into those it sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.machine import blocks

_ROWS_AT_ONCE = 512


def heldout_entries(
    gene_of: npt.NDArray[np.int64],
    observed: npt.NDArray[np.bool_],
    *,
    share: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Draw gene × sample cells; every observed feature of a drawn cell is held out.

    The axes and the abundance of a gene come from the same counts and share their noise: were one
    left in the input, the others could be predicted from noise. Genes share none with each other,
    so what predicts a whole cell is variation common to several genes.

    Every gene gives the same number of samples up to one, and so do samples nearly: each gene's
    cells are the samples with its smallest draws.

    Args:
        gene_of: gene of each feature, never falling, shape (n_features,).
        observed: shape (n_features, n_samples).
        share: of the cells, above 0 and below 1.
        rng: generator of the draw.

    Returns:
        Shape (n_features, n_samples); True where held out, only ever where observed.
    """
    n_genes, n_samples = int(gene_of[-1]) + 1, observed.shape[1]
    draws = rng.random((n_genes, n_samples), dtype=np.float32)
    # a share of 0.1 of 25 samples is 2 or 3: the fraction is drawn gene by gene
    wanted = share * n_samples + rng.random(n_genes) - 0.5
    number = np.clip(np.rint(wanted), 1, n_samples - 1).astype(np.int64)
    bar = np.take_along_axis(np.sort(draws, axis=1), number[:, None], axis=1)
    held: npt.NDArray[np.bool_] = (draws < bar)[gene_of] & observed
    return held


def without_leak(
    values: npt.NDArray[np.float64],
    seen: npt.NDArray[np.bool_],
    observed: npt.NDArray[np.bool_],
    basis: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Make rows orthogonal to the design over the entries that training sees.

    Rows of features are centred over all samples, so those seen give away the sum of those held
    out: with 20 samples that alone predicts 5% of their variance, and a flexible model learns it.
    Here the design is fitted to the entries seen and taken from all, as for a new sample.

    Args:
        values: orthogonal to the design over observed entries, shape (n_features, n_samples).
        seen: entries of training, same shape.
        observed: those and the held-out ones, same shape.
        basis: orthonormal basis of the design with its intercept, shape (n_samples, rank + 1).

    Returns:
        Same shape, 0 where not observed.
    """
    clean = np.empty(values.shape)
    products = np.einsum("si,sj->sij", basis, basis).reshape(len(basis), -1)
    ridge = 1e-9 * np.eye(basis.shape[1])
    for part in blocks(len(values), _ROWS_AT_ONCE):
        gram = (seen[part] @ products).reshape(-1, *ridge.shape) + ridge
        right = np.where(seen[part], values[part], 0.0) @ basis
        fitted = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
        clean[part] = np.where(observed[part], values[part] - fitted @ basis.T, 0.0)
    return clean

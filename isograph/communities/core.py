"""Which members of a community are held by more than a single chance edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def core_members(
    n_genes: int,
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    strong: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Genes in the 2-core of their community, or held by an edge that is significant family-wise.

    Genes with fewer than two remaining edges are peeled off until none is left, except those with
    a strong edge to a gene that remains (k-core: Seidman 1983).

    Args:
        n_genes: number of nodes.
        source, target: edges within communities, shape (n_edges,).
        strong: edges that are significant on their own, shape (n_edges,).

    Returns:
        Shape (n_genes,).
    """
    member = np.zeros(n_genes, dtype=bool)
    member[source] = member[target] = True
    while True:
        alive = member[source] & member[target]
        ends = np.concatenate([source[alive], target[alive]])
        degree = np.bincount(ends, minlength=n_genes)
        held = np.bincount(ends, weights=np.tile(strong[alive], 2), minlength=n_genes) > 0
        stays = member & ((degree >= 2) | held)
        if stays.sum() == member.sum():
            return member
        member = stays

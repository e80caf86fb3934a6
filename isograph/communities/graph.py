"""The gene graph: feature pairs collapsed to one weighted edge between two genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from isograph.network.association import Association


@dataclass(frozen=True)
class GeneGraph:
    """Undirected weighted graph over genes; every edge is carried by one pair of features.

    Attributes:
        n_genes: number of nodes.
        source, target: gene rows with source < target, shape (n_edges,), sorted.
        weight: of the strongest feature pair, shape (n_edges,).
        pvalue: of that pair, shape (n_edges,).
        pair: row of that pair in the association, shape (n_edges,).
    """

    n_genes: int
    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    pvalue: npt.NDArray[np.float64]
    pair: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.source)

    def subset(self, edges: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> GeneGraph:
        """The same nodes with some of the edges."""
        return GeneGraph(
            n_genes=self.n_genes,
            source=self.source[edges],
            target=self.target[edges],
            weight=self.weight[edges],
            pvalue=self.pvalue[edges],
            pair=self.pair[edges],
        )

    def within(self, labels: npt.NDArray[np.int64]) -> GeneGraph:
        """Edges whose ends share a label; label −1 means none. `labels` has shape (n_genes,)."""
        label = labels[self.source]
        return self.subset((label >= 0) & (label == labels[self.target]))

    def components(self) -> npt.NDArray[np.int64]:
        """Connected component of each gene, shape (n_genes,)."""
        return connected(self.n_genes, self.source, self.target)


def connected(
    n: int, source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Connected component of each of `n` nodes, given edges; shape (n,)."""
    ones = np.ones(len(source), dtype=np.int8)
    matrix = sparse.coo_array((ones, (source, target)), shape=(n, n)).tocsr()
    _, label = sparse.csgraph.connected_components(matrix, directed=False)
    component: npt.NDArray[np.int64] = label.astype(np.int64)
    return component


def collapse_to_genes(
    association: Association, gene_of: npt.NDArray[np.int64], n_genes: int
) -> GeneGraph:
    """One edge a pair of genes: that of their strongest feature pair.

    Args:
        association: feature pairs.
        gene_of: gene row of each feature, never falling, shape (n_features,).
        n_genes: number of genes.

    Returns:
        The gene graph, edges sorted by source, then target.
    """
    source, target = gene_of[association.i], gene_of[association.j]
    pair = first_of_each(
        source * n_genes + target,
        -association.weight,
        -np.abs(association.r),
        association.i,
        association.j,
    )
    return GeneGraph(
        n_genes=n_genes,
        source=source[pair],
        target=target[pair],
        weight=association.weight[pair],
        pvalue=association.pvalue[pair],
        pair=pair,
    )


def first_of_each(
    group: npt.NDArray[np.int64], *by: npt.NDArray[np.integer] | npt.NDArray[np.floating]
) -> npt.NDArray[np.int64]:
    """Place of the first entry of each group, groups ascending.

    Args:
        group: shape (n,).
        by: what orders the entries of a group, the most important first, each of shape (n,).
    """
    order = np.lexsort((*reversed(by), group)).astype(np.int64)
    ranked = group[order]
    first = np.ones(len(ranked), dtype=bool)
    first[1:] = ranked[1:] != ranked[:-1]
    return order[first]

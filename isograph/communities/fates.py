"""Why a gene is in a module or in none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.communities.graph import GeneGraph

NO_EDGE = "no_significant_edge"
OUTSIDE = "outside_core"
TOO_SMALL = "module_too_small"
NOT_SIGNIFICANT = "module_not_significant"
ASSIGNED = "assigned"


def gene_fates(
    graph: GeneGraph,
    inside: GeneGraph,
    community: npt.NDArray[np.int64],
    candidate: npt.NDArray[np.int64],
    module_p: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float64]]:
    """Why each gene that is in no module is not, and the number behind it (see `FATE_MEANINGS`).

    Args:
        graph: the gene graph.
        inside: its edges within communities.
        community: of each gene, −1 for none, shape (n_genes,).
        candidate: candidate module of each gene, −1 for none, shape (n_genes,).
        module_p: p of each candidate.

    Returns:
        fate: shape (n_genes,); that of genes in modules is for the caller to set.
        value: the number behind it, shape (n_genes,).
    """

    def degree(edges: GeneGraph) -> npt.NDArray[np.float64]:
        ends = np.concatenate([edges.source, edges.target])
        return np.bincount(ends, minlength=edges.n_genes).astype(np.float64)

    p = np.append(module_p, np.nan)[candidate]
    own = degree(inside)
    size = np.bincount(community[community >= 0], minlength=int(community.max(initial=-1)) + 1)
    fate = np.full(graph.n_genes, NO_EDGE, dtype="<U24")
    value = np.zeros(graph.n_genes)
    joined = community >= 0
    fate[joined], value[joined] = OUTSIDE, own[joined]
    alone = joined.copy()
    alone[joined] = size[community[joined]] < 3
    alone &= candidate < 0
    fate[alone] = TOO_SMALL
    value[alone] = np.append(size, 0)[community[alone]]
    tested = candidate >= 0
    fate[tested], value[tested] = NOT_SIGNIFICANT, p[tested]
    return fate, value


FATE_MEANINGS = {
    NO_EDGE: "significant edges",
    OUTSIDE: "edges to its community; its core or the module's profile does not hold it",
    TOO_SMALL: "genes in its community; held by no significant edge",
    NOT_SIGNIFICANT: "p of its candidate module",
    ASSIGNED: "p of its module",
}

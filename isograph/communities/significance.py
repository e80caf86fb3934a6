"""How unlikely a module is where nothing is planted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse, special
from scipy.sparse import csgraph

_TINY = float(np.finfo(np.float64).tiny)
_LOG_TINY = float(np.log(_TINY))
_EXACT_ABOVE = -600.0


def module_pvalue(
    tree_nats: npt.NDArray[np.float64],
    n_members: npt.NDArray[np.int64],
    *,
    n_features: int,
    features_per_gene: int,
) -> npt.NDArray[np.float64]:
    """Union bound over every tree that could hold a module of the same size together.

    Edges of a tree are independent where genes are, unlike those of a triangle, so by Fisher's
    method (1932) the product of their p values is as small as seen with probability
    P(χ²₂₍ₘ₋₁₎ ≥ 2·nats). There are Σ Πf · (Σf)ᵐ⁻² trees on features of m genes (Cayley's formula
    with weights, f the features of a gene), at most Fᵐ/m! · (m·max f)ᵐ⁻² over all sets of m genes
    with F features in all. The product of both bounds the chance that any search finds so strong
    a module anywhere.

    Args:
        tree_nats: sum of −log p over the edges of each module's strongest spanning tree, shape
            (n_modules,).
        n_members: genes of the module, shape (n_modules,).
        n_features: features in the data set.
        features_per_gene: of the gene that has most.

    Returns:
        p, shape (n_modules,), at most 1, at least the smallest normal double.
    """
    m = n_members.astype(np.float64)
    log_trees = m * np.log(max(n_features, 1)) - special.gammaln(m + 1)
    log_trees += (m - 2) * np.log(m * max(features_per_gene, 1))
    log_p = log_trees + log_fisher_tail(tree_nats, n_members - 1)
    p: npt.NDArray[np.float64] = np.exp(np.clip(log_p, _LOG_TINY, 0.0))
    return np.where(log_p <= _LOG_TINY, _TINY, p)


def log_fisher_tail(
    nats: npt.NDArray[np.float64], n: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """log P that n independent uniform values have −Σ log ≥ nats: e⁻ˣ Σ xᵏ/k! over k < n.

    Where that underflows: the last term times 1/(1 − (n − 1)/x), which is never below it.

    Args:
        nats: x, shape (n_modules,).
        n: shape (n_modules,).
    """
    a = np.maximum(n, 1).astype(np.float64)
    x = np.maximum(nats, 0.0)
    with np.errstate(divide="ignore"):
        exact = np.log(special.gammaincc(a, x))
    beyond = np.maximum(x, a)
    bound = (a - 1) * np.log(beyond) - beyond - special.gammaln(a) - np.log1p(-(a - 1) / beyond)
    tail: npt.NDArray[np.float64] = np.where(exact > _EXACT_ABOVE, exact, bound)
    return tail


def strongest_tree_nats(
    source: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
    pvalue: npt.NDArray[np.float64],
    label: npt.NDArray[np.int64],
    *,
    n_modules: int,
) -> npt.NDArray[np.float64]:
    """Sum of −log p over the strongest spanning tree of each module (Kruskal 1956).

    Args:
        source, target: gene edges within modules, shape (n_edges,).
        pvalue: of the edges.
        label: module of each gene, −1 for none, shape (n_genes,).
        n_modules: number of modules.

    Returns:
        Shape (n_modules,).
    """
    n_genes = len(label)
    # an edge of weight 0 is no edge to the solver: p = 1 must not vanish
    nats = -np.log(np.maximum(pvalue, _TINY))
    graph = sparse.coo_array((-nats - 1.0, (source, target)), shape=(n_genes, n_genes)).tocsr()
    tree = csgraph.minimum_spanning_tree(graph).tocoo()
    total = np.bincount(label[tree.row], weights=-tree.data - 1.0, minlength=n_modules)
    return total.astype(np.float64)


def pair_pvalue(edge_p: npt.NDArray[np.float64], *, n_tests: int) -> npt.NDArray[np.float64]:
    """Family-wise p of a module of two genes: its edge's p times all feature pairs (Bonferroni).

    Args:
        edge_p: p of the edge, shape (n_modules,).
        n_tests: feature pairs between different genes in the whole data set.
    """
    return np.clip(edge_p * n_tests, _TINY, 1.0)

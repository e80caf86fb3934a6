"""How unlikely a module is where nothing is planted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse, special
from scipy.sparse import csgraph

from isograph.communities.profile import leading_profile, row_correlations
from isograph.features.dependence import Dependence
from isograph.network.significance import correlation_pvalue

_TINY = float(np.finfo(np.float64).tiny)
_LOG_TINY = float(np.log(_TINY))
_EXACT_ABOVE = -600.0
_NAMED_FIRST = (1, 2, 3, 5, 8, 12)


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


def sequence_log_pvalue(
    values: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    *,
    df_residual: int,
    n_features: int,
    named_beforehand: bool = False,
    dependence: Dependence | None = None,
) -> float:
    """Log of a union bound over all sets of genes that could follow one factor so well.

    Take the members one after the other, each against the sum of those before it: where genes are
    independent, each p is uniform whatever came before, so by Fisher's method (1932) their product
    has a known tail. That holds for members named beforehand; the bound pays for the choice: k of
    F features in order for the first k, a set of m − k for the others, which follow in the order
    of their rows, and a sign for each. Strong first members make the sum a good factor early, so
    the best of a few k is taken, which is paid for too.

    Args:
        values: one feature a member gene, mean 0, 0 where not observed, shape (m, n_samples).
        observed: shape (m, n_samples).
        df_residual: degrees of freedom of a correlation over all samples.
        n_features: F, in the data set.
        named_beforehand: the members were known before the data; only their order and signs are
            a choice.
        dependence: where samples come in blocks; each p then has degrees of freedom of its own.

    Returns:
        Natural log of the p, at most 0.
    """
    m = len(values)
    if m < 2:
        return 0.0
    _, _, loading = leading_profile(values)
    signed = np.where(loading < 0, -1.0, 1.0)[:, None] * values
    strongest = np.argsort(-np.round(np.abs(loading), 9), kind="stable")
    missing = np.count_nonzero(~observed, axis=1)
    best = 0.0
    choices = [k for k in _NAMED_FIRST if k <= m]
    for k in choices:
        order = np.concatenate([strongest[:k], np.sort(strongest[k:])])
        before = np.cumsum(signed[order], axis=0)[:-1] * observed[order][1:]
        r = row_correlations(signed[order][1:], before)
        df = np.full(m - 1, float(df_residual))
        if dependence is not None:
            shares = dependence.share(signed[order][1:]), dependence.share(before)
            df -= dependence.most - dependence.df(*shares)
        both = correlation_pvalue(r, np.maximum(df - missing[order][1:], 1.0))
        one_sided = np.where(r > 0, both / 2, 1 - both / 2)
        nats = -np.log(np.maximum(one_sided, _TINY)).sum()
        among = m if named_beforehand else n_features
        log_sets = _log_choose(among - k, m - k) + _log_ordered(among, k)
        log_sets += (m - 1) * np.log(2.0) + np.log(len(choices))
        tail = log_fisher_tail(np.array([nats]), np.array([m - 1]))[0]
        best = min(best, log_sets + float(tail))
    return best


def _log_choose(n: int, k: int) -> float:
    """log of n choose k."""
    return float(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _log_ordered(n: int, k: int) -> float:
    """log of the number of ordered choices of k from n."""
    return float(special.gammaln(n + 1) - special.gammaln(n - k + 1))

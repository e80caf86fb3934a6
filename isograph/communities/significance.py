"""How unlikely a module is where nothing is planted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special, stats

_TINY = float(np.finfo(np.float64).tiny)


def module_pvalue(
    n_edges: npt.NDArray[np.int64],
    n_pairs: npt.NDArray[np.int64],
    n_members: npt.NDArray[np.int64],
    *,
    n_genes: int,
    pair_p: float,
) -> npt.NDArray[np.float64]:
    """Union bound over every gene set of the same size.

    C(G, m) · P(Binomial(pairs, p of an edge) ≥ edges): however the set was found, no search can
    find one with a smaller p than the bound allows.

    Args:
        n_edges: significant feature pairs within each module, shape (n_modules,).
        n_pairs: feature pairs between different genes of the module, shape (n_modules,).
        n_members: genes of the module, shape (n_modules,).
        n_genes: genes with features.
        pair_p: probability that an independent pair is an edge.

    Returns:
        p, shape (n_modules,), at most 1, at least the smallest normal double.
    """
    log_sets = (
        special.gammaln(n_genes + 1)
        - special.gammaln(n_members + 1)
        - special.gammaln(n_genes - n_members + 1)
    )
    log_tail = stats.binom.logsf(n_edges - 1, n_pairs, pair_p)
    # where the tail underflows: Chernoff's bound −N·KL(e/N ‖ p), which is never below the tail
    share = np.clip(n_edges / np.maximum(n_pairs, 1), pair_p, 1.0)
    bound = -n_pairs * (special.rel_entr(share, pair_p) + special.rel_entr(1 - share, 1 - pair_p))
    log_tail = np.where(np.isfinite(log_tail), log_tail, bound)
    p: npt.NDArray[np.float64] = np.exp(np.minimum(log_sets + log_tail, 0.0))
    return np.maximum(p, _TINY)


def pair_pvalue(edge_p: npt.NDArray[np.float64], *, n_tests: int) -> npt.NDArray[np.float64]:
    """Family-wise p of a module of two genes: its edge's p times all feature pairs (Bonferroni).

    Args:
        edge_p: p of the edge, shape (n_modules,).
        n_tests: feature pairs between different genes in the whole data set.
    """
    return np.clip(edge_p * n_tests, _TINY, 1.0)

"""Null distribution of a correlation, and the threshold that an edge budget implies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special


def correlation_pvalue(
    r: npt.NDArray[np.float64], df: npt.NDArray[np.float64] | float
) -> npt.NDArray[np.float64]:
    """Two-sided p of Pearson's r between independent rows, one of them Gaussian.

    r² is Beta(½, df/2) (Fisher 1915), which keeps its precision in the far tail.

    Args:
        r: correlations, any shape.
        df: degrees of freedom, samples − 2 − rank of what was removed; scalar or of r's shape.

    Returns:
        p values, shape of r; 0 only where they are below the smallest double.
    """
    squared = np.minimum(np.square(r), 1.0)
    p: npt.NDArray[np.float64] = special.betainc(np.asarray(df) / 2.0, 0.5, 1.0 - squared)
    return p


def critical_correlation(p: float, df: float) -> float:
    """The |r| that two independent rows exceed with probability `p`.

    Args:
        p: two-sided probability, above 0.
        df: degrees of freedom.
    """
    t = -float(special.stdtrit(df, p / 2.0))
    return t / float(np.hypot(t, np.sqrt(df)))


def edge_pvalue_threshold(*, n_features: int, false_edges_per_feature: float) -> float:
    """Two-sided p that gives the budgeted number of false edges a feature, in all.

    An edge has two ends: a budget of b edges per feature means 2b false neighbours for each,
    among n_features − 1 candidates.

    Args:
        n_features: features that are correlated with each other.
        false_edges_per_feature: budget, in expectation under independence.
    """
    return min(0.5, 2.0 * false_edges_per_feature / max(n_features - 1, 1))


def benjamini_hochberg(pvalues: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Benjamini–Hochberg adjusted p values (1995, J. R. Stat. Soc. B 57:289); NaN stays NaN.

    Args:
        pvalues: shape (n,).
    """
    p = np.asarray(pvalues, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        order = np.argsort(p[tested], kind="stable")
        n = len(order)
        scaled = p[tested][order] * (n / np.arange(1, n + 1))
        adjusted = np.empty(n)
        adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
        q[tested] = np.clip(adjusted, 0.0, 1.0)
    return q


def false_discovery_line(pvalues: npt.NDArray[np.float64], *, level: float) -> float:
    """The largest p that Benjamini & Hochberg (1995) call a discovery; −1 if there is none.

    Args:
        pvalues: shape (n,), n at least 1.
        level: expected share of false discoveries.
    """
    ordered = np.sort(pvalues)
    passed = np.flatnonzero(ordered <= level * np.arange(1, len(ordered) + 1) / len(ordered))
    return float(ordered[passed[-1]]) if len(passed) else -1.0


def support_line(pvalues: npt.NDArray[np.float64], *, level: float) -> float:
    """The largest p whose own chance to be false is within the level; −1 if there is none.

    The share of false discoveries among all is small where thousands are certain, however doubtful
    the last one is. Here the last one counts: with a fraction π₀ of true nulls it is false with
    probability π₀ · level (Soloff, Xiang & Fithian 2024, Ann. Stat. 52:580).

    Args:
        pvalues: shape (n,), n at least 1.
        level: local false discovery rate at the margin.
    """
    ordered = np.sort(pvalues)
    gain = level * np.arange(1, len(ordered) + 1) / len(ordered) - ordered
    last = int(np.argmax(gain))
    return float(ordered[last]) if gain[last] > 0 else -1.0

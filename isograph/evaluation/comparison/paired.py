"""Differences paired over seeds: an interval for their mean, a test that it is zero.

With d = right − left of each pair, the hypothesis of both tests is that left and right could be
exchanged within every pair, so that all 2ᵐ signs of the m differences other than zero are equally
likely. No p is then smaller than 2/2ᵐ: five pairs cannot give less than 0.0625, six 0.03125.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

SIGNED_RANK = "signed-rank"
SIGN_FLIP = "sign-flip"
WILCOXON_PAIRS = 6
_EXACT_PAIRS = 100
_TIE = 1e-12


@dataclass(frozen=True)
class PairedTest:
    """A test of paired differences.

    Attributes:
        name: `signed-rank` or `sign-flip`; None for fewer than two pairs.
        pvalue: two-sided; 1 where all differences are zero; None without a test.
        smallest_p: the smallest that so many differences other than zero can give.
        n_nonzero: how many there are.
    """

    name: str | None
    pvalue: float | None
    smallest_p: float | None
    n_nonzero: int


def paired_test(differences: Floats, *, weights: Floats | None = None) -> PairedTest:
    """Wilcoxon's signed-rank test from six differences other than zero, else exact sign flips.

    Args:
        differences: right − left of each pair, shape (n,).
        weights: of the pairs in the mean, for the sign flips, shape (n,); equal if None.
    """
    d = np.asarray(differences, dtype=np.float64)
    if len(d) < 2:
        return PairedTest(None, None, None, int(np.count_nonzero(d)))
    other = np.abs(d) > _TIE
    m = int(other.sum())
    if m == 0:
        return PairedTest(SIGN_FLIP, 1.0, 1.0, 0)
    smallest = 2.0 ** (1 - m)
    if m >= WILCOXON_PAIRS:
        return PairedTest(SIGNED_RANK, signed_rank_pvalue(d[other]), smallest, m)
    weighted = d if weights is None else d * weights
    return PairedTest(SIGN_FLIP, sign_flip_pvalue(weighted[other]), smallest, m)


def sign_flip_pvalue(differences: Floats) -> float:
    """Share of all 2ⁿ sign patterns whose sum is at least as far from zero; n of at most 20.

    Source: Fisher (1935), The Design of Experiments, section 21.
    """
    n = len(differences)
    signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    sums = np.abs(signs @ differences)
    observed = abs(float(differences.sum()))
    return float((sums >= observed - _TIE * max(1.0, observed)).mean())


def signed_rank_pvalue(differences: Floats) -> float:
    """Two-sided p of Wilcoxon's signed-rank test; ties get mean ranks, none may be zero.

    Exact, ties included, for up to 100 differences: the distribution of the sum of positive ranks
    over all signs is built up rank by rank. Beyond, its normal approximation with the variance
    Σ r²/4, which ties are part of, and a continuity correction.

    Args:
        differences: shape (n,).

    Source: Wilcoxon (1945), Biometrics Bulletin 1:80; Streitberg and Röhmel (1986).
    """
    # differences that are equal but for rounding are ties
    size = np.round(np.abs(differences), 12)
    ranks = stats.rankdata(size)
    positive = float(ranks[differences > 0].sum())
    centre = float(ranks.sum()) / 2.0
    if len(ranks) > _EXACT_PAIRS:
        sd = float(np.sqrt((ranks**2).sum())) / 2.0
        z = max(abs(positive - centre) - 0.5, 0.0) / sd
        return min(1.0, 2.0 * float(stats.norm.sf(z)))
    # mean ranks are multiples of one half: twice a rank is whole
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    chance = np.zeros(int(doubled.sum()) + 1)
    chance[0] = 1.0
    for rank in doubled.tolist():
        chance[rank:] = (chance[rank:] + chance[: len(chance) - rank]) / 2.0
        chance[:rank] /= 2.0
    far = np.abs(np.arange(len(chance)) - 2.0 * centre) >= abs(2.0 * positive - 2.0 * centre) - 0.5
    return min(1.0, float(chance[far].sum()))


def bootstrap_interval(
    groups: Sequence[Floats],
    *,
    rng: np.random.Generator,
    n_resamples: int = 9999,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Expanded percentile interval of the mean over groups of their mean difference.

    Pairs are drawn again within each group; where any group has one pair only, groups are drawn
    instead, each as a whole. The percentiles are not α/2 and 1 − α/2 but Φ(∓t √(n/(n − 1))), n
    being the smallest group and t Student's quantile, its degrees of freedom Welch and
    Satterthwaite's: for a handful of seeds the plain percentile interval is too narrow.

    Args:
        groups: differences of each data set, each of shape (n_pairs,), none empty.
        rng: draws the resamples.
        n_resamples: how many.
        confidence: of the interval.

    Returns:
        Its ends; the value itself twice where nothing varies; None where there is too little to
        draw from: one pair in all.

    Source: Hesterberg (2015), What teachers should know about the bootstrap, The American
    Statistician 69:371, section 4.3.
    """
    if not all(len(group) >= 2 for group in groups):
        groups = [np.array([group.mean() for group in groups])]
    if not groups or len(groups[0]) < 2:
        return None
    drawn = np.zeros(n_resamples)
    for group in groups:
        drawn += _resampled_means(group, rng, n_resamples)
    drawn /= len(groups)
    n = min(len(group) for group in groups)
    tail = expanded_tail(n, df=_degrees(groups), confidence=confidence)
    low, high = np.quantile(drawn, [tail, 1.0 - tail]).tolist()
    return low, high


def expanded_tail(n: int, *, df: float, confidence: float) -> float:
    """Share to cut off at either end of the bootstrap distribution of a mean of n values."""
    t = stats.t.ppf(0.5 + confidence / 2.0, df)
    return float(stats.norm.cdf(-t * np.sqrt(n / (n - 1))))


def _degrees(groups: Sequence[Floats]) -> float:
    """Welch and Satterthwaite's degrees of freedom of the mean of group means."""
    df = np.array([len(group) - 1.0 for group in groups])
    variance = np.array([group.var(ddof=1) / len(group) for group in groups])
    if not (variance > 0).any():
        return float(df.sum())
    share = variance / variance.max()
    return float(share.sum() ** 2 / (share**2 / df).sum())


def _resampled_means(values: Floats, rng: np.random.Generator, n_resamples: int) -> Floats:
    """Means of values drawn with replacement, shape (n_resamples,)."""
    if (values == values[0]).all():
        # summing equal numbers would leave rounding errors
        return np.full(n_resamples, values[0])
    means: Floats = values[rng.integers(len(values), size=(n_resamples, len(values)))].mean(axis=1)
    return means

"""How many factors: the number under which held-out samples are most likely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.backends.latent.factor_analysis import (
    Bools,
    Floats,
    Floats32,
    factor_analysis,
    leading_directions,
    sample_log_likelihood,
)
from isograph.backends.latent.settings import LatentSettings
from isograph.backends.vae.heldout import without_leak
from isograph.features.model import FeatureSet
from isograph.machine import in_threads

_ENTRIES = 20_000_000  # in all folds that are looked at
_MISSES = 2  # doublings in a row that do not help


@dataclass(frozen=True)
class Choice:
    """Which numbers of factors were tried, and what became of them.

    Attributes:
        n_factors: the best.
        tried: (number of factors, log likelihood of held-out samples, the same of those trained
            on), nats a sample, by number.
        gain_z: gain of the best over no factor, in standard errors between samples.
        n_folds: folds that were looked at.
        most: what the limit and the number of samples allow.
    """

    n_factors: int
    tried: tuple[tuple[int, float, float], ...]
    gain_z: float
    n_folds: int
    most: int


@dataclass(frozen=True)
class _Fold:
    """Samples apart, each without the design that those of training show."""

    x: Floats32
    seen: Bools
    held_x: Floats32
    held_seen: Bools
    start: Floats
    df: int


def prepared(values: Floats, observed: Bools) -> Floats:
    """Rows with mean square 1 over the entries observed, instead of over all.

    Args:
        values: 0 where not observed, mean square 1 over all samples, shape (n_features, n_samples).
        observed: same shape.
    """
    share = np.count_nonzero(observed, axis=1) / max(observed.shape[1], 1)
    rows: Floats = values * np.sqrt(share)[:, None]
    return rows


def most_factors(features: FeatureSet, limit: int) -> int:
    """Factors that the samples allow, a third of their degrees of freedom, and at least 1."""
    return min(limit, max(1, (features.df_residual + 1) // 3))


def choose_factors(
    features: FeatureSet,
    settings: LatentSettings,
    *,
    progress: Callable[[str], None] | None = None,
) -> Choice:
    """Fit to some samples, score the others: 0, 1, 2, 4, … factors, then between the best ones.

    Whole samples are held out, and the design is fitted anew to those of training: features are
    orthogonal to it over all samples, which tells something of those held out. Loadings are
    shrunk (`Factors.shrunk`), or each factor would cost more in noise than small modules gain.

    Args:
        features: standardised features.
        settings: of the model.
        progress: called with a word on each number of factors.

    Returns:
        The choice; of equal ones the smaller.
    """
    parts = _parts(features.n_samples, settings)
    within = int(np.clip(_ENTRIES // max(features.values.size, 1), 1, len(parts)))
    most = most_factors(features, settings.max_factors)
    folds = [_fold(features, part, most) for part in parts[:within]]
    scores: dict[int, tuple[Floats, float]] = {}

    def score(n_factors: int) -> float:
        if n_factors not in scores:
            found = in_threads(lambda fold: _score(fold, n_factors, settings), folds)
            held = np.concatenate([one[0] for one in found])
            scores[n_factors] = held, float(np.mean([one[1] for one in found]))
            if progress is not None:
                progress(f"{n_factors} factors, held-out log likelihood {held.mean():,.1f}")
        return float(scores[n_factors][0].mean())

    best = _climb(score, most)
    gain = scores[best][0] - scores[0][0]
    error = float(np.std(gain, ddof=1)) / float(np.sqrt(len(gain))) if len(gain) > 1 else 0.0
    return Choice(
        n_factors=best,
        tried=tuple((k, float(held.mean()), own) for k, (held, own) in sorted(scores.items())),
        gain_z=float(np.mean(gain)) / error if error > 0 else 0.0,
        n_folds=within,
        most=most,
    )


def _climb(score: Callable[[int], float], most: int) -> int:
    """The number with the best score: doubled until that stops helping, then narrowed down."""
    tried, misses, n_factors = {0: score(0)}, 0, 1
    while misses < _MISSES:
        misses = misses + 1 if score(n_factors) <= max(tried.values()) else 0
        tried[n_factors] = score(n_factors)
        if n_factors == most:
            break
        n_factors = min(2 * n_factors, most)
    while True:
        order = sorted(tried)
        best = min(order, key=lambda k: (-tried[k], k))
        place = order.index(best)
        near = [order[p] for p in (place - 1, place + 1) if 0 <= p < len(order)]
        new = [(best + k) // 2 for k in near if abs(best - k) > 1]
        if not new:
            return best
        tried |= {k: score(k) for k in new}


def _parts(n_samples: int, settings: LatentSettings) -> list[npt.NDArray[np.int64]]:
    order = np.random.default_rng(settings.fold_seed).permutation(n_samples)
    return [np.sort(part) for part in np.array_split(order, min(settings.folds, n_samples))]


def _fold(features: FeatureSet, held: npt.NDArray[np.int64], most: int) -> _Fold:
    trains = np.ones(features.n_samples, dtype=bool)
    trains[held] = False
    basis = features.design.basis
    clean = without_leak(
        prepared(features.values, features.observed),
        features.observed & trains,
        features.observed,
        basis,
    ).astype(np.float32)
    x = np.ascontiguousarray(clean[:, trains])
    return _Fold(
        x=x,
        seen=features.observed[:, trains],
        held_x=np.ascontiguousarray(clean[:, held]),
        held_seen=features.observed[:, held],
        start=leading_directions(x, most=most),
        df=x.shape[1] - basis.shape[1],
    )


def _score(fold: _Fold, n_factors: int, settings: LatentSettings) -> tuple[Floats, float]:
    """Log likelihood of each held-out sample, and the mean of those of training."""
    model = factor_analysis(
        fold.x,
        fold.seen,
        fold.start,
        n_factors=n_factors,
        max_iterations=settings.max_iterations,
        tolerance=settings.tolerance,
        least_noise=settings.least_noise,
    )
    held = sample_log_likelihood(
        model.shrunk(df=fold.df, fdr=settings.loading_fdr), fold.held_x, fold.held_seen
    )
    return held, model.log_likelihood[-1]

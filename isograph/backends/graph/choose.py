"""How many factors and how smooth: what predicts entries best that were held out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from isograph.backends.graph.factorise import GraphFactors, graph_factors, leading_directions
from isograph.backends.graph.laplacian import signed_laplacian
from isograph.backends.graph.settings import GraphSettings
from isograph.backends.vae.heldout import heldout_entries, without_leak
from isograph.features.model import FeatureSet
from isograph.machine import blocks
from isograph.network.association import Association, strongest_pairs

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_MOST_ENTRIES = 200_000
_ENTRIES_AT_ONCE = 8192
_TINY = 1e-12


@dataclass(frozen=True)
class Choice:
    """The best of what was tried.

    Attributes:
        n_factors: 0 where no factor predicts anything.
        smoothing: λ.
        heldout_r2: of held-out entries; 0 without factors.
        tried: (λ, best number of factors, its held-out R²) of each λ.
    """

    n_factors: int
    smoothing: float
    heldout_r2: float
    tried: tuple[tuple[float, int, float], ...]


def most_factors(features: FeatureSet, limit: int) -> int:
    """Factors that the samples allow, half of their degrees of freedom, and at least 1."""
    return min(limit, features.n_features, max(1, (features.df_residual + 1) // 2))


def searched_directions(n_factors: int) -> int:
    """Directions among samples that factors are searched in: all, unless samples are many."""
    return max(200, 3 * n_factors)


def feature_graph(features: FeatureSet, settings: GraphSettings) -> Association:
    """Significant correlations, those of the `calibrated` backend."""
    return strongest_pairs(
        features,
        false_edges_per_feature=settings.false_edges_per_feature,
        neighbours=settings.graph_neighbours,
    )


def choose(features: FeatureSet, settings: GraphSettings, *, rng: np.random.Generator) -> Choice:
    """Try every smoothing with every number of factors on features with entries held out.

    The graph too is made without the held-out entries. Cells of a gene and a sample are held out
    with all features of the gene (`heldout_entries`).

    Args:
        features: standardised features.
        settings: what to try.
        rng: draws the held-out entries.

    Returns:
        The choice; ties go to less smoothing and fewer factors.
    """
    held = heldout_entries(
        features.gene_of, features.observed, share=settings.heldout_share, rng=rng
    )
    masked, values = without_heldout(features, held)
    laplacian = signed_laplacian(feature_graph(masked, settings), n_features=features.n_features)
    at = _some(np.flatnonzero(held), rng)
    grid = settings.smoothing_grid if settings.smoothing == "auto" else (settings.smoothing,)
    most = settings.n_factors or most_factors(features, settings.max_factors)
    directions = leading_directions(masked.values, most=searched_directions(most))
    tried = []
    for smoothing in sorted(grid):
        factors = graph_factors(
            masked.values, laplacian, directions, smoothing=smoothing, n_factors=most
        )
        r2 = heldout_r2(factors, values, at)
        best = len(r2) - 1 if settings.n_factors else int(np.argmax(np.round(r2, 9)))
        tried.append((smoothing, best + 1, float(r2[best])))
    smoothing, n_factors, score = max(tried, key=lambda one: round(one[2], 9))
    if score <= 0 and not settings.n_factors:
        return Choice(0, smoothing, 0.0, tuple(tried))
    return Choice(n_factors, smoothing, score, tuple(tried))


def without_heldout(features: FeatureSet, held: Bools) -> tuple[FeatureSet, Floats]:
    """Features with 0 for what is held out, standardised by the rest; and all values so.

    Args:
        features: standardised features.
        held: held-out entries, shape (n_features, n_samples).

    Returns:
        The features, orthogonal to the design over what is seen, all of their entries counted as
        observed; and the values in the same scale with the held-out ones, 0 where not observed.
    """
    design = features.design
    seen = features.observed & ~held
    values = without_leak(features.values, seen, features.observed, design.basis)
    visible = np.where(seen, values, 0.0)
    size = np.sqrt(np.mean(np.square(visible), axis=1, keepdims=True))
    size = np.where(size > _TINY, size, np.inf)
    # a held-out entry counts as a value of 0: it draws correlations towards 0, and costs no time
    everything = np.ones_like(features.observed)
    return replace(features, values=visible / size, observed=everything), values / size


def heldout_r2(factors: GraphFactors, values: Floats, at: npt.NDArray[np.int64]) -> Floats:
    """Share of the held-out entries' sum of squares that the first 1, 2, … factors predict.

    Args:
        factors: made without these entries.
        values: shape (n_features, n_samples).
        at: flat positions of the entries, shape (n_entries,).

    Returns:
        Shape (n_factors,); below 0 where the prediction is worse than 0.
    """
    scores = np.ascontiguousarray(factors.scores.T)
    error = np.zeros(factors.loadings.shape[1])
    total = 0.0
    for part in blocks(len(at), _ENTRIES_AT_ONCE):
        row, sample = np.divmod(at[part], values.shape[1])
        truth = values[row, sample]
        predicted = np.cumsum(factors.loadings[row] * scores[sample], axis=1)
        error += np.square(truth[:, None] - predicted).sum(axis=0)
        total += float(truth @ truth)
    explained: Floats = 1.0 - error / max(total, _TINY)
    return explained


def _some(positions: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """At most `_MOST_ENTRIES` of them, sorted."""
    if len(positions) <= _MOST_ENTRIES:
        return positions
    return np.sort(rng.choice(positions, _MOST_ENTRIES, replace=False))

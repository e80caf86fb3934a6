"""How alike samples are: correlation, clustering, near-identical pairs, principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from isograph.machine import blocks
from isograph.quality.model import Components, Floats

MOST_COMPONENTS = 5
NEAR_IDENTICAL = 0.999
MOST_PAIRS = 1000
_CLOSER = 0.1
_EQUAL = 1e-9
_PAIRS_AT_ONCE = 64
_LEAST_SHARE = 1e-10


@dataclass(frozen=True)
class Similarity:
    """Samples compared by log abundance.

    Attributes:
        r: Pearson's correlation over genes, shape (n_samples, n_samples), 1 on the diagonal.
        centred: the same after each gene's mean over the samples is taken away, NaN where a
            sample is the mean itself.
        distance: median over the other samples of the root mean square difference of log
            abundance, shape (n_samples,).
        components: principal components.
    """

    r: Floats
    centred: Floats
    distance: Floats
    components: Components


@dataclass(frozen=True)
class NearPairs:
    """Pairs of samples that may be one sample twice, the closest first.

    Attributes:
        pairs: places of the samples, first < second, shape (n, 2).
        r: their correlation, shape (n,).
        identical: whether all values agree, shape (n,).
        limit: the r that a pair had to pass.
    """

    pairs: npt.NDArray[np.int64]
    r: Floats
    identical: npt.NDArray[np.bool_]
    limit: float


def no_pairs() -> NearPairs:
    """What there is where samples cannot be compared."""
    empty = np.empty((0, 2), dtype=np.int64)
    return NearPairs(empty, np.empty(0), np.empty(0, dtype=bool), NEAR_IDENTICAL)


def compare_samples(values: Floats) -> Similarity:
    """Compare all samples with each other; one product serves all three.

    Args:
        values: log abundance, shape (n_genes, n_samples).
    """
    n_genes, n = values.shape
    gram = values.T @ values
    sums = values.sum(axis=0)
    covariance = gram - np.outer(sums, sums) / n_genes
    # HGH with H = I − 11'/n is the product of rows without their means
    centred = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
    return Similarity(
        r=_correlation(covariance, least=1e-12),
        centred=_correlation(centred, least=np.nan),
        distance=_median_distance(centred, n_genes),
        components=_components(centred, n),
    )


def _correlation(covariance: Floats, *, least: float) -> Floats:
    variance = np.diag(covariance)
    size = np.sqrt(np.where(variance > 1e-10 * max(variance.max(), 1e-300), variance, least))
    r = np.clip(covariance / np.outer(size, size), -1.0, 1.0)
    r = (r + r.T) / 2
    np.fill_diagonal(r, 1.0)
    return np.asarray(r, dtype=np.float64)


def _median_distance(products: Floats, n_genes: int) -> Floats:
    """Squared distances are the sum of two samples' products less twice their common one."""
    own = np.diag(products)
    squares = np.maximum(own[:, None] + own - 2 * products, 0.0) / n_genes
    return median_with_others(np.sqrt(squares))


def _components(centred: Floats, n: int) -> Components:
    """From the inner products of the samples; the largest coordinate is positive."""
    total = float(np.trace(centred))
    found, vectors = np.linalg.eigh((centred + centred.T) / 2)
    found, vectors = found[::-1], vectors[:, ::-1]
    kept = min(MOST_COMPONENTS, n - 2, int(np.count_nonzero(found > _LEAST_SHARE * total)))
    kept = max(kept, 0) if total > 0 else 0
    scores = vectors[:, :kept].T * np.sqrt(np.maximum(found[:kept], 0.0))[:, None]
    if kept:
        largest = np.argmax(np.round(np.abs(scores), 9), axis=1)
        scores *= np.sign(scores[np.arange(kept), largest])[:, None]
    return Components(scores=scores, shares=found[:kept] / total if kept else np.empty(0))


def median_with_others(r: Floats) -> Floats:
    """Median of each row without its diagonal, shape (n_samples,).

    Of correlations it is the D-statistic ('t Hoen et al. 2013, Nat. Biotechnol. 31:1015).
    """
    n = len(r)
    others = r[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    medians: Floats = np.median(others, axis=1)
    return medians


def connectivity_z(r: Floats) -> Floats:
    """Standardised connectivity Z.k of Oldham, Langfelder & Horvath (2012, BMC Syst. Biol. 6:63).

    Adjacency is ((1 + r)/2)², connectivity its sum over the other samples; NaN where all agree.
    """
    k = np.square((1 + r) / 2).sum(axis=1) - 1.0
    spread = float(np.std(k, ddof=1))
    if spread <= 1e-12 * max(float(np.abs(k).max()), 1e-300):
        return np.full(len(k), np.nan)
    z: Floats = (k - k.mean()) / spread
    return z


def cluster_order(r: Floats) -> npt.NDArray[np.int64]:
    """Leaves of average-linkage clustering on 1 − r, shape (n_samples,)."""
    if len(r) < 3:
        return np.arange(len(r), dtype=np.int64)
    distance = np.clip(1.0 - r, 0.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    # rounded, so that ties are ties on every machine
    tree = linkage(squareform(np.round(distance, 10), checks=False), method="average")
    order: npt.NDArray[np.int64] = leaves_list(tree).astype(np.int64)
    return order


def near_identical(r: Floats, columns: Floats) -> NearPairs:
    """Pairs of samples that may be one sample twice.

    A pair is near-identical if r > 0.999 and if it also is ten times as close as a typical pair
    (1 − r below a tenth of its median): where all samples agree that well, nothing is told.
    Pairs with equal values are named in any case.

    Args:
        r: of log abundance, shape (n_samples, n_samples).
        columns: what was measured, shape (n_genes, n_samples).
    """
    first, second = np.triu_indices(len(r), k=1)
    distance = 1.0 - r[first, second]
    limit = 1.0 - NEAR_IDENTICAL
    if len(distance) > 1:
        limit = min(limit, _CLOSER * float(np.median(distance)))
    some = np.flatnonzero((distance < limit) | (distance < _EQUAL))
    order = np.lexsort((second[some], first[some], np.round(distance[some], 12)))
    some = some[order][:MOST_PAIRS]
    equal = _equal_columns(columns, first[some], second[some])
    kept = equal | (distance[some] < limit)
    pairs = np.column_stack([first[some], second[some]])[kept]
    return NearPairs(pairs, r[pairs[:, 0], pairs[:, 1]], equal[kept], 1.0 - limit)


def _equal_columns(
    columns: Floats, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether both samples of each pair have the same values, and any but zeros; (n_pairs,)."""
    parts = [
        (columns[:, first[part]] == columns[:, second[part]]).all(axis=0)
        & columns[:, first[part]].any(axis=0)
        for part in blocks(len(first), _PAIRS_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=bool)

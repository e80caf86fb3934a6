"""Approximate neighbour search for more features than an exact product can serve, and its recall.

faiss's inverted file (Jégou, Douze & Schmid 2011, IEEE Trans. Pattern Anal. Mach. Intell. 33:117,
without its compression): rows are put into cells by k-means, and a query looks into the nearest
few. Features that go together share a cell, so those that matter are found; a pair of unrelated
features may be missed, which does no harm. How many were missed is measured, not assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from isograph.errors import ConfigError, Problem
from isograph.network.kernel import screen_margin

_QUERIES = 1024
_SAMPLED = 500
_SAMPLED_AT_ONCE = 25
_ITERATIONS = 10
_ROWS_A_CELL = 39  # faiss asks for at least so many a cell to train on


@dataclass(frozen=True)
class Recall:
    """How many of the pairs that count an approximate search found.

    Attributes:
        found, expected: pairs, among those that touch a sampled row.
        rows: sampled rows.
    """

    found: int
    expected: int
    rows: int

    @property
    def share(self) -> float | None:
        """found / expected; None where nothing was to be found."""
        return self.found / self.expected if self.expected else None


def require_faiss() -> ModuleType:
    """The faiss module.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        problem = Problem(
            "backend.approximate_above",
            "asks for an approximate neighbour search, and faiss is not installed",
            fix="pip install 'isograph-assets[approximate]', or set approximate_above=0 for the "
            "exact search",
        )
        raise ConfigError("settings refused", [problem]) from error
    module: ModuleType = faiss
    return module


def approximate_pairs(
    rows: npt.NDArray[np.float32],
    groups: npt.NDArray[np.int64],
    *,
    floor: float,
    neighbours: int,
    probes: int,
    threads: int,
    progress: Callable[[float], None] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Most pairs of rows that may be among the strongest; the same ones on any number of threads.

    Args:
        rows: unit-norm rows, shape (n_features, n_samples); the product of two is their r.
        groups: gene of each row, never falling, shape (n_features,); pairs within one are left out.
        floor: least |r| of interest.
        neighbours: partners sought a row.
        probes: cells that a query looks into.
        threads: worker threads of the search; cells are made by one, so that they never differ.
        progress: called with the finished share of the search, 0 to 1.

    Returns:
        i, j: row indices with i < j, sorted by i, then j.

    Raises:
        ConfigError: faiss is not installed.
    """
    faiss = require_faiss()
    n = len(rows)
    lowest = floor - screen_margin(rows.shape[1])
    # rows of the same gene take places in the list: its own, and its partners' in the worst case
    places = min(n, neighbours + int(np.bincount(groups).max(initial=0)))

    def search(start: int) -> npt.NDArray[np.int64]:
        part = np.ascontiguousarray(rows[start : start + _QUERIES])
        own = np.arange(start, start + len(part))
        keys = []
        # association is sign-free: the strongest partners of x and of −x
        for query in (part, -part):
            strength, partner = index.search(query, places)
            at, place = np.nonzero((strength >= lowest) & (partner >= 0))
            first, second = own[at], partner[at, place]
            apart = groups[first] != groups[second]
            first, second = first[apart], second[apart]
            keys.append(np.minimum(first, second) * n + np.maximum(first, second))
        return np.unique(np.concatenate(keys))

    starts = range(0, n, _QUERIES)
    found = [np.empty(0, dtype=np.int64)]
    with threadpool_limits(limits=1):
        index = _make_cells(faiss, rows, probes=probes)
        # OpenMP counts threads for each thread that calls it
        pool = ThreadPoolExecutor(threads, initializer=faiss.omp_set_num_threads, initargs=(1,))
        with pool:
            for done, keys in enumerate(pool.map(search, starts), start=1):
                found.append(keys)
                if progress is not None:
                    progress(done / len(starts))
    i, j = np.divmod(np.unique(np.concatenate(found)), max(n, 1))
    return i, j


def cells_for(n: int) -> int:
    """Cells of the inverted file: 4 √n, as faiss advises, fewer where that leaves too few rows.

    Args:
        n: number of rows.
    """
    return max(1, min(int(4 * np.sqrt(n)), n // _ROWS_A_CELL))


def _make_cells(faiss: ModuleType, rows: npt.NDArray[np.float32], *, probes: int) -> Any:
    """Inverted file over the rows, by inner product; k-means starts from a fixed seed."""
    n, n_samples = rows.shape
    quantiser = faiss.IndexFlatIP(n_samples)
    index = faiss.IndexIVFFlat(quantiser, n_samples, cells_for(n), faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _ITERATIONS
    index.cp.spherical = True
    index.nprobe = probes
    rows = np.ascontiguousarray(rows)
    if n:
        index.train(rows)
        index.add(rows)
    return index


def measure_recall(
    rows: npt.NDArray[np.float32],
    groups: npt.NDArray[np.int64],
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    *,
    floor: float,
    neighbours: int,
) -> Recall:
    """Compare the pairs that a search found with an exact product for evenly spaced rows.

    Args:
        rows: unit-norm rows, shape (n_features, n_samples).
        groups: gene of each row, shape (n_features,).
        i, j: pairs found, i < j, shape (n_pairs,).
        floor: |r| from which a pair counts.
        neighbours: a pair counts if it is among this many strongest of the sampled row.

    Returns:
        The recall, over distinct pairs.
    """
    n = len(rows)
    sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLED)).astype(np.int64)) if n else i[:0]
    expected = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(sample), _SAMPLED_AT_ONCE):
        part = sample[start : start + _SAMPLED_AT_ONCE]
        with threadpool_limits(limits=1):
            strength = np.abs(rows[part] @ rows.T)
        strength[groups[part][:, None] == groups[None, :]] = 0.0
        k = min(neighbours, n)
        last = np.partition(strength, n - k, axis=1)[:, n - k]
        at, partner = np.nonzero((strength >= last[:, None]) & (strength >= floor))
        expected.append(np.minimum(part[at], partner) * n + np.maximum(part[at], partner))
    wanted = np.unique(np.concatenate(expected))
    found = int(np.count_nonzero(np.isin(wanted, i * n + j)))
    return Recall(found=found, expected=len(wanted), rows=len(sample))

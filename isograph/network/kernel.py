"""All-pairs correlation as blocked float32 products that never hold the full matrix.

The float32 product only screens: what comes near a place among a row's strongest partners is
handed on, recomputed in float64 in a fixed order, and only that decides (`network.association`).
So the edges do not depend on the number of threads, on block order or on the BLAS at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

_BLOCK = 1024
_DENSE_SHARE = 1 / 16
_COMPACT_AT = 6_000_000
_HALF = np.uint64(32)

_T = TypeVar("_T")
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]
_Buffers = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class _Problem:
    rows: npt.NDArray[np.float32]
    groups: npt.NDArray[np.int64]
    bar: npt.NDArray[np.float32]  # per row: what a partner must exceed; only ever rises
    neighbours: int
    margin: np.float32


def screen_margin(n_samples: int) -> float:
    """How far below a bar a float32 product may lie while the exact one reaches it.

    Whatever the order of summation, a product of unit rows is off by at most (n + 2) u, u = 2⁻²⁴:
    n for the sum and two for rounding the rows (Higham 2002, Accuracy and Stability of Numerical
    Algorithms, eq. 3.5). A bar is itself a product, so the error counts twice.

    Args:
        n_samples: length n of the rows.
    """
    return max(1e-4, 2.0**-23 * (n_samples + 3))


def screen_pairs(
    rows: npt.NDArray[np.floating[Any]],
    groups: npt.NDArray[np.int64],
    *,
    floor: float,
    neighbours: int,
    threads: int,
    block: int = _BLOCK,
    progress: Callable[[float], None] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of rows that may be among the strongest, a superset of those that are.

    Args:
        rows: unit-norm rows, shape (n_features, n_samples); the product of two is their r.
            float32 is used as it is, anything else is copied.
        groups: gene of each row, never falling, shape (n_features,); pairs within one are left out.
        floor: least |r| of interest.
        neighbours: a pair counts if it is among this many strongest of either row.
        threads: worker threads; each runs its own single-threaded product.
        block: rows a block.
        progress: called with the finished share, 0 to 1.

    Returns:
        i, j: row indices with i < j, sorted by i, then j. Every pair with |r| ≥ `floor` that is
        among the `neighbours` strongest of one of its rows is there.
    """
    n, n_samples = rows.shape
    margin = screen_margin(n_samples)
    problem = _Problem(
        rows=np.ascontiguousarray(rows, dtype=np.float32),
        groups=groups,
        # never below 0: pairs left out have product 0, and 0 must not pass
        bar=np.full(n, max(floor - margin, 0.0), dtype=np.float32),
        neighbours=neighbours,
        margin=np.float32(margin),
    )
    tasks = block_pairs(n, block)
    kept: list[Pairs] = []
    size = 0
    compact_at = _COMPACT_AT
    for done, pairs in enumerate(_run(problem, tasks, block=block, threads=threads), start=1):
        kept.append(pairs)
        size += len(pairs[0])
        if size > compact_at:
            kept = [_compact(problem, kept)]
            size = len(kept[0][0])
            compact_at = max(_COMPACT_AT, 2 * size)
        if progress is not None:
            progress(done / len(tasks))
    i, j, _ = _compact(problem, kept)
    order = np.lexsort((j, i))
    return i[order], j[order]


def block_pairs(n: int, block: int) -> list[tuple[int, int]]:
    """First rows of every pair of blocks on or above the diagonal.

    Diagonal blocks come first: they raise the bars soonest when everything correlates.

    Args:
        n: number of rows.
        block: rows a block.
    """
    starts = range(0, n, block)
    return [(a, a) for a in starts] + [(a, b) for a in starts for b in starts if a < b]


def in_parallel(
    work: Callable[[int, int], _T], tasks: list[tuple[int, int]], *, threads: int
) -> Iterator[_T]:
    """Results of all block pairs, as they finish; a few wait in line, never all of them.

    Args:
        work: called with the first rows of the two blocks.
        tasks: see `block_pairs`.
        threads: worker threads.
    """
    with ThreadPoolExecutor(threads) as pool:
        running: set[Future[_T]] = set()
        for first, second in tasks:
            running.add(pool.submit(work, first, second))
            if len(running) >= 4 * threads:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        for future in running:
            yield future.result()


def _run(
    problem: _Problem, tasks: list[tuple[int, int]], *, block: int, threads: int
) -> Iterator[Pairs]:
    """Candidates of all block pairs."""
    # fresh memory for every product would cost a third as much as the product
    free: SimpleQueue[_Buffers] = SimpleQueue()
    side = min(block, len(problem.rows))
    for _ in range(threads):
        free.put((np.empty(side * side, dtype=np.float32), np.empty(side * side, dtype=bool)))

    def work(first: int, second: int) -> Pairs:
        buffers = free.get()
        try:
            return _block_pairs(problem, first, second, block, buffers)
        finally:
            free.put(buffers)

    with threadpool_limits(limits=1):
        yield from in_parallel(work, tasks, threads=threads)


def _block_pairs(
    problem: _Problem, first: int, second: int, block: int, buffers: _Buffers
) -> Pairs:
    """Candidate pairs of one block, and higher bars for its rows where it is dense."""
    a = slice(first, min(first + block, len(problem.rows)))
    b = slice(second, min(second + block, len(problem.rows)))
    shape = (a.stop - a.start, b.stop - b.start)
    size = shape[0] * shape[1]
    product, high = buffers[0][:size].reshape(shape), buffers[1][:size].reshape(shape)
    np.matmul(problem.rows[a], problem.rows[b].T, out=product)
    np.abs(product, out=product)
    if problem.groups[a.stop - 1] >= problem.groups[b.start]:
        product[problem.groups[a][:, None] == problem.groups[b][None, :]] = 0.0
    if first == second:
        product[np.tri(shape[0], dtype=bool)] = 0.0
    lowest = min(problem.bar[a].min(), problem.bar[b].min())
    flat = np.flatnonzero(np.greater(product, lowest, out=high))
    if len(flat) > _DENSE_SHARE * product.size:
        _raise_bars(problem, a, product)
        _raise_bars(problem, b, product.T)
    i, j = np.divmod(flat, shape[1])
    value = product.ravel()[flat]
    near = (value > problem.bar[a][i]) | (value > problem.bar[b][j])
    return i[near] + a.start, j[near] + b.start, value[near]


def _raise_bars(problem: _Problem, part: slice, block: npt.NDArray[np.float32]) -> None:
    """Raise the bar of each row of `part` to the row's k-th strongest partner in this block.

    Two threads may race for one row: the loser's bar is lower than it could be, which keeps more
    candidates, never fewer.
    """
    k = problem.neighbours
    if block.shape[1] <= k:
        return
    kth = np.partition(block, block.shape[1] - k, axis=1)[:, -k]
    np.maximum(problem.bar[part], kth - problem.margin, out=problem.bar[part])


def _compact(problem: _Problem, kept: list[Pairs]) -> Pairs:
    """Join candidate lists, raise every bar to what is known, drop what fell below both."""
    if not kept:
        none = np.empty(0, dtype=np.int64)
        return none, none, np.empty(0, dtype=np.float32)
    i, j, value = (np.concatenate(part) for part in zip(*kept, strict=True))
    kth = kth_strongest(i, j, value, n_rows=len(problem.bar), k=problem.neighbours)
    np.maximum(problem.bar, kth - problem.margin, out=problem.bar)
    near = (value > problem.bar[i]) | (value > problem.bar[j])
    return i[near], j[near], value[near]


def kth_strongest(
    i: npt.NDArray[np.int64],
    j: npt.NDArray[np.int64],
    value: npt.NDArray[np.float32],
    *,
    n_rows: int,
    k: int,
) -> npt.NDArray[np.float32]:
    """Each row's k-th largest value over its pairs; minus infinity where it has fewer.

    Args:
        i, j: ends of the pairs, shape (n_pairs,).
        value: strength of the pairs, 0 or more, shape (n_pairs,).
        n_rows: number of rows.
        k: which largest.

    Returns:
        Shape (n_rows,).
    """
    row = np.concatenate([i, j]).astype(np.uint64)
    # floats that are not negative sort as their bits do, and one key sorts ten times as fast as two
    bits = np.concatenate([value, value]).view(np.uint32)
    key = np.sort((row << _HALF) | ~bits)
    first = np.searchsorted(key, np.arange(n_rows + 1, dtype=np.uint64) << _HALF)
    kth = np.full(n_rows, -np.inf, dtype=np.float32)
    enough = np.diff(first) >= k
    place = first[:-1][enough] + k - 1
    kth[enough] = (~key[place]).astype(np.uint32).view(np.float32)
    return kth

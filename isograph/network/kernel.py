"""All-pairs correlation as blocked float32 products that never hold the full matrix.

The float32 product only screens: what comes near a place among a row's strongest partners is
handed on, recomputed in float64 in a fixed order, and only that decides (`network.association`).
So the edges do not depend on the number of threads, on block order or on the BLAS at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

MARGIN = 1e-4
_BLOCK = 2048
_DENSE_SHARE = 1 / 16
_COMPACT_AT = 6_000_000

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class _Problem:
    rows: npt.NDArray[np.float32]
    groups: npt.NDArray[np.int64]
    bar: npt.NDArray[np.float32]  # per row: what a partner must exceed; only ever rises
    neighbours: int


def screen_pairs(
    rows: npt.NDArray[np.float64],
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
    n = rows.shape[0]
    problem = _Problem(
        rows=np.ascontiguousarray(rows, dtype=np.float32),
        groups=groups,
        # never below 0: pairs left out have product 0, and 0 must not pass
        bar=np.full(n, max(floor - MARGIN, 0.0), dtype=np.float32),
        neighbours=neighbours,
    )
    starts = range(0, n, block)
    # diagonal blocks first: they raise the bars soonest when everything correlates
    tasks = [(a, a) for a in starts] + [(a, b) for a in starts for b in starts if a < b]
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


def _run(
    problem: _Problem, tasks: list[tuple[int, int]], *, block: int, threads: int
) -> Iterable[Pairs]:
    """Results of all block pairs, as they finish; a few wait in line, never all of them."""
    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:
        waiting = iter(tasks)
        running: set[Future[Pairs]] = set()
        for first, second in waiting:
            running.add(pool.submit(_block_pairs, problem, first, second, block))
            if len(running) >= 2 * threads:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        for future in running:
            yield future.result()


def _block_pairs(problem: _Problem, first: int, second: int, block: int) -> Pairs:
    """Candidate pairs of one block, and higher bars for its rows where it is dense."""
    a = slice(first, min(first + block, len(problem.rows)))
    b = slice(second, min(second + block, len(problem.rows)))
    product = problem.rows[a] @ problem.rows[b].T
    np.abs(product, out=product)
    if problem.groups[a.stop - 1] >= problem.groups[b.start]:
        product[problem.groups[a][:, None] == problem.groups[b][None, :]] = 0.0
    if first == second:
        product[np.tri(product.shape[0], dtype=bool)] = 0.0
    lowest = min(problem.bar[a].min(), problem.bar[b].min())
    flat = np.flatnonzero(product > lowest)
    if len(flat) > _DENSE_SHARE * product.size:
        _raise_bars(problem.bar[a], product, problem.neighbours)
        _raise_bars(problem.bar[b], product.T, problem.neighbours)
    i, j = np.divmod(flat, product.shape[1])
    value = product.ravel()[flat]
    near = (value > problem.bar[a][i]) | (value > problem.bar[b][j])
    return i[near] + a.start, j[near] + b.start, value[near]


def _raise_bars(
    bar: npt.NDArray[np.float32], block: npt.NDArray[np.float32], neighbours: int
) -> None:
    """Raise each row's bar to its k-th strongest partner in this block, less the margin.

    Two threads may race for one row: the loser's bar is lower than it could be, which keeps more
    candidates, never fewer.
    """
    if block.shape[1] <= neighbours:
        return
    kth = np.partition(block, block.shape[1] - neighbours, axis=1)[:, -neighbours]
    np.maximum(bar, kth - np.float32(MARGIN), out=bar)


def _compact(problem: _Problem, kept: list[Pairs]) -> Pairs:
    """Join candidate lists, raise every bar to what is known, drop what fell below both."""
    if not kept:
        none = np.empty(0, dtype=np.int64)
        return none, none, np.empty(0, dtype=np.float32)
    i, j, value = (np.concatenate(part) for part in zip(*kept, strict=True))
    kth = kth_strongest(i, j, value, n_rows=len(problem.bar), k=problem.neighbours)
    np.maximum(problem.bar, kth - np.float32(MARGIN), out=problem.bar)
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
        value: strength of the pairs, shape (n_pairs,).
        n_rows: number of rows.
        k: which largest.

    Returns:
        Shape (n_rows,).
    """
    row = np.concatenate([i, j])
    both = np.concatenate([value, value])
    order = np.lexsort((-both, row))
    first = np.searchsorted(row[order], np.arange(n_rows))
    count = np.diff(np.append(first, len(row)))
    place = np.minimum(first + k - 1, len(row) - 1)
    kth = np.full(n_rows, -np.inf, dtype=np.float32)
    enough = count >= k
    kth[enough] = both[order][place[enough]]
    return kth

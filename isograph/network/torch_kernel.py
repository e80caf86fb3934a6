"""The screen of `network.kernel` on torch: CPU or CUDA, the same superset, so the same edges.

Products, thresholds, bars and lists of candidates stay on the device; only the pairs that are left
come back. torch is imported when it is used: it takes longer to load than many a fit takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from isograph.errors import ConfigError, Problem
from isograph.network.kernel import block_pairs, in_parallel, screen_margin

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]

# a GPU is idle between blocks unless they are large; a CPU wants them in its cache
_BLOCK = {"cpu": 1024, "cuda": 8192}
_COMPACT_AT = {"cpu": 6_000_000, "cuda": 30_000_000}
_DENSE_SHARE = 1 / 16
_LOW_BITS = 0x7FFFFFFF


@dataclass
class _Problem:
    rows: torch.Tensor
    groups: torch.Tensor
    bounds: npt.NDArray[np.int64]  # groups again, where they can be read without a wait
    bar: torch.Tensor  # per row: what a partner must exceed; only ever rises
    neighbours: int
    margin: float


def choose_device(device: Device) -> Literal["cpu", "cuda"]:
    """The device that a setting means on this machine.

    Args:
        device: `auto` takes CUDA where there is one.

    Raises:
        ConfigError: CUDA is asked for and torch sees none.
    """
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    built = torch.version.cuda or "none: a CPU build"
    problem = Problem(
        "backend.device",
        f"cuda, and torch {torch.__version__} (CUDA {built}) sees no such device",
        fix="set device=auto or device=cpu, or install a CUDA build of torch and its driver",
    )
    raise ConfigError("settings refused", [problem])


def screen_pairs_torch(
    rows: npt.NDArray[np.floating[Any]],
    groups: npt.NDArray[np.int64],
    *,
    floor: float,
    neighbours: int,
    threads: int,
    device: Device = "auto",
    block: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of rows that may be among the strongest, a superset of those that are.

    Args:
        rows: unit-norm rows, shape (n_features, n_samples); the product of two is their r.
        groups: gene of each row, never falling, shape (n_features,); pairs within one are left out.
        floor: least |r| of interest.
        neighbours: a pair counts if it is among this many strongest of either row.
        threads: worker threads, on a CPU; each runs its own single-threaded product.
        device: see `choose_device`.
        block: rows a block; None for what suits the device.
        progress: called with the finished share, 0 to 1.

    Returns:
        i, j: row indices with i < j, sorted by i, then j. Every pair with |r| ≥ `floor` that is
        among the `neighbours` strongest of one of its rows is there.

    Raises:
        ConfigError: CUDA is asked for and torch sees none.
    """
    import torch

    chosen = choose_device(device)
    side = _BLOCK[chosen] if block is None else block
    n, n_samples = rows.shape
    margin = screen_margin(n_samples)
    with _plain_float32():
        problem = _Problem(
            rows=torch.tensor(rows, dtype=torch.float32, device=chosen),
            groups=torch.tensor(groups, dtype=torch.int64, device=chosen),
            bounds=groups,
            # never below 0: pairs left out have product 0, and 0 must not pass
            bar=torch.full((n,), max(floor - margin, 0.0), dtype=torch.float32, device=chosen),
            neighbours=neighbours,
            margin=margin,
        )
        workers = threads if chosen == "cpu" else 1
        i, j = _all_blocks(problem, side, threads=workers, progress=progress)
    order = np.lexsort((j, i))
    return i[order], j[order]


@contextmanager
def _plain_float32() -> Iterator[None]:
    """Products in float32 proper (no TF32, no bfloat16), each on one CPU thread."""
    import torch

    precision, before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    torch.set_float32_matmul_precision("highest")
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.set_num_threads(before)


def _all_blocks(
    problem: _Problem, block: int, *, threads: int, progress: Callable[[float], None] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Candidates of all pairs of blocks, joined now and then."""
    import torch

    def work(first: int, second: int) -> tuple[torch.Tensor, torch.Tensor]:
        return _block_candidates(problem, first, second, block)

    device = problem.rows.device
    # pairs are kept as i · n + j: half the memory of two indices
    keys = [torch.empty(0, dtype=torch.int64, device=device)]
    values = [torch.empty(0, dtype=torch.float32, device=device)]
    size, limit = 0, _COMPACT_AT[device.type]
    tasks = block_pairs(len(problem.rows), block)
    for done, (key, value) in enumerate(in_parallel(work, tasks, threads=threads), start=1):
        keys.append(key)
        values.append(value)
        size += len(key)
        if size > limit:
            key, value = _compact(problem, torch.cat(keys), torch.cat(values))
            keys, values, size = [key], [value], len(key)
            limit = max(limit, 2 * size)
        if progress is not None:
            progress(done / len(tasks))
    key, _ = _compact(problem, torch.cat(keys), torch.cat(values))
    i, j = np.divmod(key.cpu().numpy(), max(len(problem.rows), 1))
    return i, j


def _block_candidates(
    problem: _Problem, first: int, second: int, block: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and |r| of the candidates of one block, and higher bars for its rows if it is dense."""
    import torch

    n = len(problem.rows)
    a, b = slice(first, min(first + block, n)), slice(second, min(second + block, n))
    product = (problem.rows[a] @ problem.rows[b].T).abs_()
    if problem.bounds[a.stop - 1] >= problem.bounds[b.start]:
        product.masked_fill_(problem.groups[a, None] == problem.groups[None, b], 0.0)
    if first == second:
        product.triu_(diagonal=1)
    lowest = torch.minimum(problem.bar[a].min(), problem.bar[b].min())
    flat = _where(product > lowest)
    value = product.view(-1)[flat]
    if len(flat) > _DENSE_SHARE * product.numel():
        _raise_bars(problem, a, product)
        _raise_bars(problem, b, product.T)
    i = torch.div(flat, product.shape[1], rounding_mode="floor")
    j = flat - i * product.shape[1]
    near = (value > problem.bar[a][i]) | (value > problem.bar[b][j])
    return ((i + a.start) * n + j + b.start)[near], value[near]


def _where(mask: torch.Tensor) -> torch.Tensor:
    """Flat positions that are true; numpy finds them ten times as fast on a CPU."""
    import torch

    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return torch.nonzero(mask.view(-1)).view(-1)


def _raise_bars(problem: _Problem, part: slice, block: torch.Tensor) -> None:
    """Raise the bar of each row of `part` to the row's k-th strongest partner in this block.

    Threads may race as in `network.kernel`: it keeps more candidates, never fewer.
    """
    k = problem.neighbours
    if block.shape[1] > k:
        kth = block.topk(k, dim=1, sorted=True).values[:, -1]
        problem.bar[part].clamp_(min=kth - problem.margin)


def _compact(
    problem: _Problem, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Raise every bar to what is known, drop the pairs that fell below both of theirs."""
    import torch

    n = max(len(problem.bar), 1)
    i = torch.div(key, n, rounding_mode="floor")
    j = key - i * n
    # floats that are not negative sort as their bits do: by row, then from the strongest down
    falling = _LOW_BITS - value.view(torch.int32).to(torch.int64)
    ordered = torch.cat([(i << 32) | falling, (j << 32) | falling]).sort().values
    rows = torch.arange(n + 1, dtype=torch.int64, device=key.device)
    starts = torch.searchsorted(ordered, rows << 32)
    enough = torch.nonzero(starts.diff() >= problem.neighbours).view(-1)
    bits = _LOW_BITS - (ordered[starts[enough] + problem.neighbours - 1] & _LOW_BITS)
    kth = bits.to(torch.int32).view(torch.float32)
    problem.bar[enough] = torch.maximum(problem.bar[enough], kth - problem.margin)
    near = (value > problem.bar[i]) | (value > problem.bar[j])
    return key[near], value[near]

"""What the machine gives: processors, threads for numerical libraries, memory used so far."""

from __future__ import annotations

import math
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil
from threadpoolctl import threadpool_limits

# work on rows waits for memory, not for processors: more threads only hold more blocks at a time
_MOST_THREADS = 8

_T = TypeVar("_T")
_R = TypeVar("_R")


def machine_cores() -> int:
    """Processor cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota_cores()))


def _quota_cores() -> int:
    """Cores that a container's quota allows; many where there is none."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        return 1_000_000


def processor_name() -> str:
    """The processor's model, where the system tells; else its architecture."""
    with suppress(OSError, StopIteration, IndexError):
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        named = next(line for line in lines if line.lower().startswith("model name"))
        return named.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def memory_bytes() -> int:
    """Memory of the machine, or what a container may use of it."""
    total = psutil.virtual_memory().total
    with suppress(OSError, ValueError):
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def available_threads() -> int:
    """Threads for our own work: `machine_cores`, or fewer if `ISOGRAPH_THREADS` says so."""
    cores = machine_cores()
    asked = os.environ.get("ISOGRAPH_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) else cores


@contextmanager
def one_thread() -> Iterator[None]:
    """Run BLAS and LAPACK on one thread: their last bits depend on how many there are."""
    with threadpool_limits(limits=1):
        yield


def in_threads(work: Callable[[_T], _R], items: list[_T]) -> list[_R]:
    """Results of `work` for every item, in the order of the items.

    Nothing may depend on how many threads there are: `work` gets its own part, and numerical
    libraries should be held at one thread (`one_thread`).

    Args:
        work: called once an item, several at a time; numpy's error state is not inherited.
        items: what to call it with.
    """
    threads = min(available_threads(), len(items), _MOST_THREADS)
    if threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def blocks(n: int, size: int) -> list[slice]:
    """Slices of `size` that cover n rows, the last one shorter."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def peak_memory_bytes() -> int:
    """Resident memory of this process at its largest so far."""
    # the kernel hands ru_maxrss of a parent on to the processes it starts, VmHWM it does not
    with suppress(OSError, StopIteration, ValueError, IndexError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

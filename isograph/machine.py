"""What the machine gives: processors, threads for numerical libraries, memory used so far."""

from __future__ import annotations

import math
import os
import platform
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil
from threadpoolctl import threadpool_limits

# work on rows waits for memory, not for processors: more threads only hold more blocks at a time
_MOST_THREADS = 8
_PROC = Path("/proc/self")

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
    return max(_PEAKS.highest, _mark())


class PeakMemory:
    """Resident memory of this process at its largest from here until `close`.

    Several may be open at a time, one within another or in threads side by side: resetting the
    system's mark for one is made up for in all others, and in `peak_memory_bytes`.

    Attributes:
        whole_process: the system's mark cannot be reset (it can on Linux): what `close` gives is
            the largest since the process began.
    """

    def __init__(self) -> None:
        self._highest = 0
        self.whole_process = not _PEAKS.open(self)

    def close(self) -> int | None:
        """Bytes; None where the system does not tell."""
        return _PEAKS.close(self) or None

    def raise_to(self, mark: int) -> int:
        """Take note of what was in use while this is open; the largest of it so far."""
        self._highest = max(self._highest, mark)
        return self._highest


class _Peaks:
    """The system keeps one mark a process; here is who wants to know of it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a forked process has a mark of its own, and nobody measures in it yet."""
        self.highest = 0
        self._open: list[PeakMemory] = []
        self._lock = threading.Lock()

    def open(self, window: PeakMemory) -> bool:
        """Begin to measure; whether the mark could be reset."""
        with self._lock:
            self._note()
            self._open.append(window)
            return _reset_mark()

    def close(self, window: PeakMemory) -> int:
        with self._lock:
            self._note()
            # not there in a process that was forked while it was open
            if window in self._open:
                self._open.remove(window)
            return window.raise_to(0)

    def _note(self) -> None:
        mark = _mark()
        self.highest = max(self.highest, mark)
        for window in self._open:
            window.raise_to(mark)


_PEAKS = _Peaks()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_PEAKS.forget)


def _mark() -> int:
    """The system's high-water mark of resident memory, bytes; 0 where it does not tell."""
    # the kernel hands ru_maxrss of a parent on to the processes it starts, VmHWM it does not
    with suppress(OSError, StopIteration, ValueError, IndexError):
        lines = (_PROC / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _reset_mark() -> bool:
    """Set the mark back to what is resident now; False where it cannot be (`man 5 proc`)."""
    try:
        (_PROC / "clear_refs").write_text("5")
    except OSError:
        return False
    return True

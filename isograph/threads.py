"""How many threads numerical libraries may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


def available_threads() -> int:
    """Processors that this process may use; `ISOGRAPH_THREADS` lowers it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    asked = os.environ.get("ISOGRAPH_THREADS", "")
    return max(1, min(cores or 1, int(asked) if asked.isdigit() and int(asked) else cores or 1))


@contextmanager
def one_thread() -> Iterator[None]:
    """Run BLAS and LAPACK on one thread: their last bits depend on how many there are."""
    with threadpool_limits(limits=1):
        yield

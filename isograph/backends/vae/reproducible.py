"""The same bytes every time: torch's global switches, set for a block and then put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from isograph.machine import one_thread

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def reproducible_torch() -> Iterator[None]:
    """One thread and deterministic algorithms, for torch and for BLAS behind numpy.

    Sums depend in their last bits on how they are split over threads, so there is one. Torch's
    global random state is not touched here: all draws come from a `torch.Generator`.
    """
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get(_CUBLAS)
    torch.set_num_threads(1)
    # cuBLAS reads this when it starts; without it deterministic products are refused
    os.environ[_CUBLAS] = workspace or ":4096:8"
    torch.use_deterministic_algorithms(True)
    try:
        with one_thread():
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.set_num_threads(threads)
        if workspace is None:
            del os.environ[_CUBLAS]

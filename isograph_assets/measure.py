"""What a step costs: wall-clock seconds and memory."""

from __future__ import annotations

import time
from types import TracebackType

from isograph.machine import PeakMemory

_MIB = 1024.0**2


class Cost:
    """Measures the block that it is entered around.

    Attributes:
        seconds: wall-clock time of the block.
        peak_mib: highest resident memory of the process, in MiB: within the block where the
            system lets the mark be reset (Linux), else since the process began (`whole_process`).
        whole_process: whether `peak_mib` covers more than the block.
    """

    seconds: float = 0.0
    peak_mib: float = 0.0
    whole_process: bool = True

    def __enter__(self) -> Cost:
        self._memory = PeakMemory()
        self.whole_process = self._memory.whole_process
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._start
        self.peak_mib = (self._memory.close() or 0) / _MIB

"""What a step costs: wall-clock seconds and memory."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from isograph.machine import peak_memory_bytes

_MIB = 1024.0**2
_PROC = Path("/proc/self")


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
        self.whole_process = not _reset_mark()
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._start
        self.peak_mib = _since_reset() if not self.whole_process else peak_memory_bytes() / _MIB


def _reset_mark() -> bool:
    """Reset the kernel's high-water mark of resident memory; False where it cannot be."""
    try:
        (_PROC / "clear_refs").write_text("5")
    except OSError:
        return False
    return _since_reset() > 0


def _since_reset() -> float:
    try:
        status = (_PROC / "status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return float(lines[0].split()[1]) / 1024 if lines else 0.0

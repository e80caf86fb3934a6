"""Work in threads gives what one thread gives, in the order it was asked for."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from isograph.machine import (
    PeakMemory,
    available_threads,
    blocks,
    in_threads,
    peak_memory_bytes,
)

MIB = 2**20


@pytest.mark.parametrize(("n", "size"), [(0, 4), (3, 4), (4, 4), (9, 4)])
def test_blocks_cover_every_row_once(n: int, size: int) -> None:
    rows = [row for part in blocks(n, size) for row in range(n)[part]]
    assert rows == list(range(n))
    assert all(part.stop - part.start <= size for part in blocks(n, size))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_results_keep_the_order_of_the_items(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGRAPH_THREADS", threads)

    def late_if_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0.0)
        return item * item

    assert in_threads(late_if_first, list(range(20))) == [item * item for item in range(20)]


def test_an_error_in_a_thread_is_raised() -> None:
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        in_threads(work, [1, 1, 0])


def test_nobody_gets_more_threads_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGRAPH_THREADS", "1")
    assert available_threads() == 1


def use(mib: int) -> None:
    """Have so much resident memory for a moment; a block this large is given back when freed."""
    held = bytearray(mib * MIB)
    held[::4096] = b"x" * len(held[::4096])


def test_the_peak_of_a_block_is_its_own_and_that_of_the_process_stays() -> None:
    large = PeakMemory()
    use(96)
    first = large.close()
    after = PeakMemory()
    second = after.close()
    assert first is not None
    assert second is not None
    assert peak_memory_bytes() >= first > 96 * MIB
    if not after.whole_process:
        assert second < first - 48 * MIB


def test_what_is_measured_inside_takes_nothing_from_what_is_measured_around_it() -> None:
    around = PeakMemory()
    use(96)
    inside = PeakMemory()
    small = inside.close()
    total = around.close()
    assert small is not None
    assert total is not None
    assert total >= small
    assert total > 96 * MIB


def test_a_process_that_was_forked_has_a_peak_of_its_own() -> None:
    if sys.platform != "linux":
        pytest.skip("marks of memory are reset and forks are safe on Linux only")
    code = (
        "import os\n"
        "from isograph.machine import PeakMemory, peak_memory_bytes\n"
        "held = bytearray(b'x') * (96 << 20)\n"
        "window = PeakMemory()\n"
        "del held\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    window.close()\n"
        "    os._exit(0 if peak_memory_bytes() < 96 << 20 else 1)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
        "assert peak_memory_bytes() > 96 << 20\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

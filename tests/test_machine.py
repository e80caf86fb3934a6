"""Work in threads gives what one thread gives, in the order it was asked for."""

from __future__ import annotations

import time

import pytest

from isograph.machine import available_threads, blocks, in_threads


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

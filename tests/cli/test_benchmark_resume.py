"""A benchmark that was killed goes on: no cell lost, none run twice, nobody left at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from isograph.evaluation.history import read_history

WORDS = (
    *("benchmark", "--datasets", "toy_v1,toy_multiplex_v1", "--seeds", "3"),
    *("--backend", "calibrated", "--backend", "wgcna"),
)
COMMAND = (sys.executable, "-c", "import sys; from isograph.cli import main; sys.exit(main())")
HISTORY = Path("artifacts/reports/history.jsonl")
N_CELLS = 2 * 3 * 2


def wait_for(happened: Callable[[], bool], *, seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.005)
    return happened()


def group_is_gone(group: int) -> bool:
    """Whether no process of a group is left; one that has ended but was not waited for is none."""
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.info["status"] != "zombie":
                return False
    return True


@pytest.mark.slow
def test_a_killed_benchmark_goes_on_without_losing_or_repeating_a_cell(tmp_path: Path) -> None:
    history = tmp_path / HISTORY
    # a group of its own, to see what is left of it
    with subprocess.Popen(
        [*COMMAND, *WORDS],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as killed:
        assert wait_for(lambda: len(read_history(history)) >= 4)
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert wait_for(lambda: group_is_gone(killed.pid), seconds=30)
    first = read_history(history)
    assert 4 <= len(first) < N_CELLS
    assert not list(tmp_path.rglob("*-benchmark.json"))

    again = subprocess.run(
        [*COMMAND, *WORDS], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert again.returncode == 0, again.stderr
    lines = read_history(history)
    cells = [(line["backend"], line["dataset"], line["seed"]) for line in lines]
    assert lines[: len(first)] == first
    assert len(cells) == len(set(cells)) == N_CELLS
    assert len({line["run"] for line in lines}) == 2
    assert again.stderr.count("(finished before)") == len(first)
    for backend in ("calibrated", "wgcna"):
        path = tmp_path / "artifacts" / "reports" / f"selected-{backend}-benchmark.json"
        rows = json.loads(path.read_text())["results"]
        assert [row["status"] for row in rows] == ["ok"] * 6

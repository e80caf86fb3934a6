"""Tasks in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from isograph.errors import InputError, Problem
from isograph.evaluation.processes import Outcome, one_line, run_in_processes
from isograph.files import write_text


def work(task: str) -> bytes:
    """What the child does, by the name of the task."""
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "exit":
        os._exit(3)
    if task == "memory":
        raise MemoryError
    if task == "hang":
        time.sleep(60)
    if task == "large":
        return b"x" * 1_000_000
    return task.encode()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    tasks = ["well", "killed", "exit", "memory", "hang", "large"]
    found = run_in_processes(tasks, work, jobs=2, timeout=5)
    return {tasks[outcome.index]: outcome for outcome in found}


def test_each_way_to_die_has_its_reason(outcomes: dict[str, Outcome]) -> None:
    reasons = {name: outcome.error or "" for name, outcome in outcomes.items()}
    assert "SIGKILL" in reasons["killed"]
    assert "exit status 3" in reasons["exit"]
    assert reasons["memory"] == "MemoryError: out of memory"
    assert reasons["hang"] == "took more than 5 s"
    assert all("\n" not in reason for reason in reasons.values())


def test_the_others_lose_nothing(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["well"].data == b"well"
    assert outcomes["large"].data == b"x" * 1_000_000
    assert len(outcomes) == 6


def test_an_error_of_several_lines_becomes_one() -> None:
    error = InputError("refused", [Problem("a", "b"), Problem("c", "d")])
    assert one_line(error) == "InputError: refused; - a: b; - c: d"


def test_work_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "from tests.evaluation.test_processes import tell_and_hang\n"
        "from isograph.evaluation.processes import run_in_processes\n"
        f"list(run_in_processes([{str(told)!r}], tell_and_hang))\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root) as parent:
        assert within(60, told.exists)
        worker = int(told.read_text())
        assert is_running(worker)
        parent.kill()
    assert within(20, lambda: not is_running(worker))


def tell_and_hang(told: str) -> bytes:
    """Write the process's id to a file and stay for a minute."""
    write_text(Path(told), str(os.getpid()))
    time.sleep(60)
    return b""


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()

"""Tasks in processes of their own."""

from __future__ import annotations

import os
import signal
import time

import pytest

from isograph.errors import InputError, Problem
from isograph.evaluation.processes import Outcome, one_line, run_in_processes


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

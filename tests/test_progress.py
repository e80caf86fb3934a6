"""What a user sees while a run goes on, and what the log keeps."""

from __future__ import annotations

import io
import re
import time

import pytest

from isograph.machine import PeakMemory
from isograph.progress import Steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_the_running_step_and_its_share() -> None:
    stream = Terminal()
    steps = Steps(stream=stream)
    with steps.step("association") as note:
        steps.share(0.5)
        note.result = "12 edges"
    assert "… association" in stream.getvalue()
    assert "association 50%" in stream.getvalue()
    assert stream.getvalue().endswith("12 edges\n")


def test_a_file_gets_whole_lines_only() -> None:
    stream = io.StringIO()
    steps = Steps(stream=stream)
    with steps.step("features"):
        steps.share(0.5)
    steps.say("a note")
    assert re.fullmatch(r"  features +\d+\.\d\d s\n  a note\n", stream.getvalue())


def test_the_log_has_the_time_of_day_and_steps_their_seconds() -> None:
    steps = Steps()
    with steps.step("modules") as note:
        note.result = "3 modules"
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ modules ", steps.lines[0])
    assert steps.done[0].name == "modules"
    assert steps.done[0].result == "3 modules"
    assert steps.done[0].seconds >= 0


def test_a_step_has_its_own_processor_time_and_memory() -> None:
    steps = Steps()
    with steps.step("large"):
        held = bytearray(80 * 2**20)
        held[::4096] = b"x" * len(held[::4096])
        del held
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass
    with steps.step("small"):
        time.sleep(0.05)
    large, small = steps.done
    assert large.cpu_seconds >= 0.02
    assert small.cpu_seconds < 0.04 < small.seconds
    assert large.peak_memory_bytes is not None
    assert small.peak_memory_bytes is not None
    assert large.peak_memory_bytes > 80 * 2**20
    if not PeakMemory().whole_process:
        assert small.peak_memory_bytes < large.peak_memory_bytes - 40 * 2**20


def test_a_step_within_a_step_leaves_the_outer_one_its_peak() -> None:
    steps = Steps()
    with steps.step("outer"):
        held = bytearray(80 * 2**20)
        held[::4096] = b"x" * len(held[::4096])
        del held
        with steps.step("inner"):
            pass
    inner, outer = steps.done
    assert (inner.name, outer.name) == ("inner", "outer")
    assert outer.peak_memory_bytes is not None
    assert outer.peak_memory_bytes > 80 * 2**20


def test_a_step_that_fails_is_not_done_and_the_next_one_is_measured() -> None:
    steps = Steps()
    with pytest.raises(ValueError, match="no"), steps.step("bad"):
        raise ValueError("no")
    with steps.step("good"):
        pass
    assert [step.name for step in steps.done] == ["good"]


def test_a_branch_keeps_what_was_done_and_adds_to_itself_alone() -> None:
    steps = Steps()
    with steps.step("features"):
        pass
    first, second = steps.branch(), steps.branch()
    with first.step("modules"):
        pass
    assert [step.name for step in first.done] == ["features", "modules"]
    assert [step.name for step in second.done] == [step.name for step in steps.done] == ["features"]
    assert len(first.lines) == 2

"""Named, timed steps: what the user sees while a run goes on, what `run.log` keeps afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from isograph.machine import PeakMemory


@dataclass(frozen=True)
class Step:
    """One finished step.

    Attributes:
        name: of the step.
        seconds: wall clock.
        result: a few words for people.
        cpu_seconds: processor time of the process, all its threads.
        peak_memory_bytes: resident memory of the process at its largest while the step ran; since
            the process began where the system cannot tell the difference
            (`isograph.machine.PeakMemory`), None where it tells nothing.
    """

    name: str
    seconds: float
    result: str
    cpu_seconds: float = 0.0
    peak_memory_bytes: int | None = None


class Note:
    """What a step has to say for itself; set `result` inside the step's block."""

    result: str = ""


@dataclass
class Steps:
    """Runs steps one after the other, times them and tells about them.

    Args:
        stream: where to show progress; None keeps silent.
    """

    stream: TextIO | None = None
    done: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    _running: str = ""

    @classmethod
    def to_stderr(cls) -> Steps:
        """Steps that show their progress on standard error."""
        return cls(stream=sys.stderr)

    @contextmanager
    def step(self, name: str) -> Iterator[Note]:
        """Measure a block; yields a `Note` for its result."""
        note = Note()
        self._running = name
        if self._live:
            self._write(f"  … {name}")
        memory = PeakMemory()
        start, cpu = time.perf_counter(), time.process_time()
        try:
            yield note
        finally:
            seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
            peak = memory.close()
        self.done.append(Step(name, seconds, note.result, cpu_seconds, peak))
        self.say(f"{name:<24} {seconds:7.2f} s  {note.result}".rstrip())

    def branch(self) -> Steps:
        """Steps that go on from here by themselves, such as one backend's of several."""
        return Steps(stream=self.stream, done=list(self.done), lines=list(self.lines))

    def share(self, done: float) -> None:
        """Show how far the running step is, 0 to 1, where somebody is watching."""
        self.tell(f"{done:.0%}")

    def tell(self, text: str) -> None:
        """Show where the running step is, in words, where somebody is watching."""
        if self._live:
            self._write(f"\r\x1b[K  … {self._running} {text}")

    @property
    def _live(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def _write(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()

    def say(self, text: str) -> None:
        """Show one line and keep it, with the time of day, for the log."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.lines.append(f"{now} {text}")
        self._write(("\r\x1b[K" if self._live else "") + f"  {text}\n")

"""Tasks in fresh processes: one that crashes, hangs or eats all memory costs the others nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection as mp_connection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess, parent_process
from threading import Thread
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from isograph.machine import available_threads

Task = TypeVar("Task")

_ENDED, _REFUSED = b"+", b"-"
_LONGEST_REASON = 500


@dataclass(frozen=True)
class Outcome:
    """What became of one task.

    Attributes:
        index: of the task.
        data: what the work returned; None where it failed.
        error: why it failed, in one line; None where it did not.
        seconds: wall clock of the process.
    """

    index: int
    data: bytes | None
    error: str | None
    seconds: float


@dataclass
class _Running(Generic[Task]):
    index: int
    process: BaseProcess
    connection: Connection
    started: float

    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def stop(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.connection.close()


def run_in_processes(
    tasks: Sequence[Task],
    work: Callable[[Task], bytes],
    *,
    jobs: int = 1,
    timeout: float | None = None,
    preload: Sequence[str] = (),
) -> Iterator[Outcome]:
    """Run each task in a process of its own.

    Args:
        tasks: arguments of `work`, one a process.
        work: a function of a module, so that the new process can import it.
        jobs: processes at a time; threads of numerical libraries are shared out among them.
        timeout: wall-clock seconds after which a process is killed; None waits for ever.
        preload: modules that the processes find imported, where the system can do so safely; for
            small tasks imports cost more than the work. Only the first call of a program counts.

    Yields:
        One outcome a task, as they end. Nothing is left running when the caller stops early.
    """
    threads = max(1, available_threads() // jobs)
    context = _context(preload)
    waiting = list(enumerate(tasks))[::-1]
    running: list[_Running[Task]] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(_start(*waiting.pop(), work=work, threads=threads, context=context))
            for one in _ended(running, timeout=timeout):
                running.remove(one)
                yield _outcome(one, timeout=timeout)
    finally:
        for one in running:
            one.stop()


def _context(preload: Sequence[str]) -> ForkServerContext | SpawnContext:
    """A server that has imported and forks (Linux); elsewhere each process starts from nothing.

    System libraries of macOS may break in a fork; Windows has none.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def _start(
    index: int,
    task: Task,
    *,
    work: Callable[[Task], bytes],
    threads: int,
    context: ForkServerContext | SpawnContext,
) -> _Running[Task]:
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, work, task, threads), daemon=True)
    process.start()
    # with our copy closed, a dead process reads as the end of the file
    theirs.close()
    return _Running(index, process, ours, time.perf_counter())


def _ended(running: Sequence[_Running[Task]], *, timeout: float | None) -> list[_Running[Task]]:
    """Wait until at least one has answered, died or run out of time."""
    left = None if timeout is None else max(0.0, timeout - max(r.seconds() for r in running))
    ready = mp_connection.wait([one.connection for one in running], timeout=left)
    late = [one for one in running if timeout is not None and one.seconds() >= timeout]
    return [one for one in running if one.connection in ready or one in late]


def _outcome(one: _Running[Task], *, timeout: float | None) -> Outcome:
    if not one.connection.poll():
        one.stop()
        return Outcome(one.index, None, f"took more than {timeout:g} s", one.seconds())
    try:
        answer = one.connection.recv_bytes()
    except (EOFError, OSError):
        answer = b""
    if answer:
        one.process.join(timeout=10)
    else:
        one.process.join()
    exit_code = one.process.exitcode
    one.stop()
    if answer.startswith(_ENDED):
        return Outcome(one.index, answer[1:], None, one.seconds())
    reason = answer[1:].decode() if answer else _death(exit_code)
    return Outcome(one.index, None, reason, one.seconds())


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the process was killed by {name}{hint}"
    return f"the process ended with exit status {exit_code} and no result"


def _child(connection: Connection, work: Callable[[Task], bytes], task: Task, threads: int) -> None:
    """Body of the new process: answers with bytes, never with a pickle."""
    os.environ["ISOGRAPH_THREADS"] = str(threads)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        with threadpool_limits(limits=threads):
            answer = _ENDED + work(task)
    except Exception as error:
        answer = _REFUSED + one_line(error).encode()
    # whoever waited for the answer may be gone
    with suppress(BrokenPipeError):
        connection.send_bytes(answer)
    connection.close()


def _end_with_parent() -> None:
    """A parent that was killed can stop nobody: work that nobody waits for would slow others."""
    parent = parent_process()
    if parent is not None:
        mp_connection.wait([parent.sentinel])
        os._exit(1)


def one_line(error: BaseException) -> str:
    """An error as one line, with its kind."""
    text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if isinstance(error, MemoryError):
        text = text or "out of memory"
    return f"{type(error).__name__}: {text}"[:_LONGEST_REASON]

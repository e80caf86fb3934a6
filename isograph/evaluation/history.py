"""The history of scores and costs: one line a finished cell, appended and never rewritten."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isograph.evaluation.cells import CellResult
from isograph.files import SCHEMA_VERSION, plain
from isograph.provenance import git_state, machine, version

HISTORY = "history.jsonl"
"""Name of the file, in the folder of the reports."""

_SCORES = (
    "n_modules",
    "n_truth_modules",
    "recovery",
    "ari",
    "coverage",
    "background_fraction",
    "role_accuracy",
)


def history_line(
    result: CellResult,
    *,
    suite: str | None,
    stage: str,
    run: str,
    jobs: int = 1,
    when: datetime | None = None,
) -> dict[str, Any]:
    """One finished cell as the history keeps it.

    Args:
        result: of a cell that did not fail.
        suite: that the data set belongs to; None for the user's own.
        stage: name of the report that it went into.
        run: what tells the cells of one run from those of the next.
        jobs: cells that ran side by side.
        when: it ended; now if None.

    Raises:
        ValueError: the cell failed: it has nothing to tell.
    """
    if result.failed:
        raise ValueError(f"{result.cell.dataset} failed: {result.error}")
    line = {
        "schema_version": SCHEMA_VERSION,
        "time": (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "run": run,
        "stage": stage,
        "suite": suite,
        "dataset": result.cell.dataset,
        "seed": result.cell.seed,
        "backend": result.cell.backend,
        "settings": dict(result.cell.settings),
        "bundle_content_hash": result.bundle_content_hash,
        **{name: result.metrics.get(name) for name in _SCORES},
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "peak_memory_bytes": result.peak_memory_bytes,
        "jobs": jobs,
        "machine": machine()["id"],
        "code_version": result.code_version,
        "isograph_version": version(),
        "commit": git_state()["commit"],
        "dirty": git_state()["dirty"],
    }
    found: dict[str, Any] = plain(line)
    return found


def append_history(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Append lines; several processes may do so at a time, and none sees half of another's.

    Args:
        path: of the file; made, with its folder, where it is not there.
        lines: as `history_line` makes them.
    """
    text = "".join(json.dumps(plain(dict(line)), sort_keys=True) + "\n" for line in lines)
    if not text:
        return
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # a writer that was killed may have left a line without its end
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and _last_byte(file.fileno(), size) != b"\n"
        file.write((b"\n" if torn else b"") + text.encode())
        file.flush()


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)


def read_history(path: Path) -> list[dict[str, Any]]:
    """Every line in the order in which it was written; a torn or strange one is passed over.

    Args:
        path: of the file; no lines where it is not there.
    """
    path = Path(path)
    if not path.exists():
        return []
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {"dataset", "backend", "seed", "run"} <= line.keys():
            found.append(line)
    return found

"""The history loses no line, whoever writes it and however they end."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isograph.evaluation.cells import Cell, CellResult, failure
from isograph.evaluation.history import append_history, history_line, read_history

WRITERS, LINES = 3, 50
WRITE = (
    "import sys\n"
    "from pathlib import Path\n"
    "from isograph.evaluation.history import append_history\n"
    "for k in range({n}):\n"
    "    line = {{'dataset': 'a' * 300, 'backend': 'b', 'seed': k, 'run': sys.argv[2]}}\n"
    "    append_history(Path(sys.argv[1]), [line])\n"
)


def line(seed: int, **more: Any) -> dict[str, Any]:
    return {"dataset": "a", "backend": "b", "seed": seed, "run": "r"} | more


def cell(**metrics: Any) -> CellResult:
    return CellResult(
        cell=Cell("toy_v1", 7, "calibrated", (("resolution", "2"),)),
        metrics={"n_modules": 2, "ari": 0.5} | metrics,
        seconds=1.5,
        cpu_seconds=2.5,
        peak_memory_bytes=1000,
        steps={},
        code_version="c",
        bundle_content_hash="h",
    )


def test_what_several_processes_append_is_all_there(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "history.jsonl"
    command = [sys.executable, "-c", WRITE.format(n=LINES), str(path)]
    running = [subprocess.Popen([*command, str(number)]) for number in range(WRITERS)]
    assert [process.wait(timeout=120) for process in running] == [0] * WRITERS
    found = [(row["run"], row["seed"]) for row in read_history(path)]
    assert len(path.read_text().splitlines()) == WRITERS * LINES
    assert sorted(found) == sorted((str(w), k) for w in range(WRITERS) for k in range(LINES))


def test_a_torn_line_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    append_history(path, [line(1), line(2)])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"dataset": "a", "ba')
    assert [row["seed"] for row in read_history(path)] == [1, 2]
    append_history(path, [line(3)])
    assert [row["seed"] for row in read_history(path)] == [1, 2, 3]
    assert path.read_bytes().startswith(whole)


def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('[1]\n{"dataset": "a"}\n\n' + json.dumps(line(4)) + "\n")
    assert read_history(path) == [line(4)]
    assert read_history(tmp_path / "none.jsonl") == []


def test_nothing_to_append_makes_no_file(tmp_path: Path) -> None:
    append_history(tmp_path / "history.jsonl", [])
    assert list(tmp_path.iterdir()) == []


def test_a_line_tells_what_ran_what_it_gave_and_what_it_cost(tmp_path: Path) -> None:
    when = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    found = history_line(cell(), suite="core_v1", stage="s", run="r", jobs=2, when=when)
    assert found["time"] == "2030-01-02T03:04:05Z"
    assert (found["run"], found["stage"], found["suite"], found["jobs"]) == ("r", "s", "core_v1", 2)
    assert found["settings"] == {"resolution": "2"}
    assert (found["ari"], found["n_modules"], found["recovery"]) == (0.5, 2, None)
    assert (found["seconds"], found["cpu_seconds"], found["peak_memory_bytes"]) == (1.5, 2.5, 1000)
    assert (found["code_version"], found["bundle_content_hash"]) == ("c", "h")
    assert {"machine", "commit", "dirty", "isograph_version"} <= found.keys()
    append_history(tmp_path / "h.jsonl", [found])
    assert read_history(tmp_path / "h.jsonl") == [found]


def test_a_failed_cell_has_no_line() -> None:
    failed = failure(Cell("toy_v1", 7, "calibrated"), "no memory", wall_seconds=1.0, code="c")
    with pytest.raises(ValueError, match="toy_v1 failed: no memory"):
        history_line(failed, suite=None, stage="s", run="r")

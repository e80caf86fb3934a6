"""`isograph benchmark` from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from isograph.cli import main

REPORTS = Path("artifacts/reports")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def report(stage: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPORTS / f"{stage}-benchmark.json").read_text())
    return found


def test_peers_stand_in_the_same_report_with_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "--datasets", "no_harm-nothing", "--peers", "--stage", "x"]) == 0
    rows = report("x")["results"]
    assert [row["backend"] for row in rows] == [
        "calibrated",
        "peer:knn",
        "peer:correlation_wgcna",
        "peer:told_factors",
    ]
    assert (REPORTS / "x-benchmark.png").read_bytes().startswith(b"\x89PNG")
    cells = Path("artifacts/benchmarks")
    assert (cells / "x/no_harm-nothing/cell.json").exists()
    assert (cells / "x-peer-knn/no_harm-nothing/cell.json").exists()
    said = capsys.readouterr()
    assert "[4/4]" in said.err
    assert "3 left, about" in said.err
    assert "no_harm " in said.out


def test_a_failed_cell_is_a_row_and_an_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--timeout", "0.01", "--stage", "x"]
    assert main(words) == 1
    assert "1 cell failed" in capsys.readouterr().err
    (row,) = report("x")["results"]
    assert (row["status"], row["error"]) == ("failed", "took more than 0.01 s")
    assert main([*words[:3], "--stage", "x"]) == 0
    assert report("x")["results"][0]["status"] == "ok"


def test_settings_name_the_stage_and_stand_in_the_report() -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--set", "communities.resolution=1.5"]
    assert main(words) == 0
    assert report("selected-calibrated-resolution-1.5")["settings"] == {
        "communities.resolution": "1.5"
    }


def test_a_killed_run_goes_on_where_it_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--seeds", "3", "--stage", "x"]
    first = Path("artifacts/benchmarks/x/toy_v1/cell.json")
    command = [sys.executable, "-c", "from isograph.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        deadline = time.monotonic() + 60
        while not first.exists() and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    assert first.exists()
    before = first.read_bytes()
    assert main(words) == 0
    assert first.read_bytes() == before
    assert [row["seed"] for row in report("x")["results"]] == [7, 8, 9]
    assert "finished before" in capsys.readouterr().err

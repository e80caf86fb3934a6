"""`isograph benchmark` from the command line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import isograph
from isograph.cli import main
from isograph.evaluation import gates
from isograph.evaluation.history import HISTORY, read_history
from isograph.evaluation.published import VAE, Figure

REPORTS = Path("artifacts/reports")
HARD = Figure("toy_v1", VAE, 1.5, "s", point=True)


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


def words_of(folder: Path, *more: str) -> list[str]:
    return ["benchmark", "--bundles", str(folder), *more]


def test_a_folder_of_bundles_is_fitted_scored_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my cohorts"
    isograph.save_bundle(isograph.simulate("toy_v1", seed=3), folder / "first")
    isograph.save_bundle(isograph.simulate("toy_v1", seed=4), folder / "second")
    (folder / "second" / "samples.parquet").unlink()
    assert main(words_of(folder)) == 1
    rows = report("my-cohorts-calibrated")["results"]
    assert [(row["dataset"], row["status"]) for row in rows] == [
        ("first", "ok"),
        ("second", "failed"),
    ]
    assert rows[0]["ari"] == 1.0
    assert "1 cell failed" in capsys.readouterr().err
    shutil.rmtree(folder / "second")
    assert main(words_of(folder)) == 0
    assert "finished before" in capsys.readouterr().err


def test_options_for_fixtures_are_refused_with_bundles_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--suite", "core_v1", "--scenario", "weak", "--datasets", "a"]
    more += ["--seeds", "1", "--seed-from", "x"]
    assert main(words_of(tmp_path, *more)) == 2
    said = capsys.readouterr().err
    assert "--suite, --scenario, --datasets, --seeds, --seed-from: is for fixtures" in said
    assert not REPORTS.exists()


def test_finished_cells_are_lines_of_the_history_unless_it_is_switched_off() -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--stage", "x"]
    assert main([*words, "--no-history"]) == 0
    assert not (REPORTS / HISTORY).exists()
    assert main(words) == 0
    assert not (REPORTS / HISTORY).exists()
    assert main([*words, "--fresh"]) == 0
    (line,) = read_history(REPORTS / HISTORY)
    assert (line["dataset"], line["stage"], line["suite"]) == ("toy_v1", "x", "core_v1")


def test_a_failed_gate_of_the_default_backend_is_said_and_an_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--backend", "calibrated", "--backend", "wgcna"]
    assert main([*words, "--stage", "x"]) == 0
    assert "1 gate passed" in capsys.readouterr().out
    monkeypatch.setattr(gates, "PUBLISHED", (HARD,))
    assert main([*words, "--stage", "x"]) == 1
    said = capsys.readouterr()
    assert "gate failed: toy_v1 ARI 1 is below 1.5 (IsoGraph 0.1, s)" in said.err
    assert said.err.count("gate failed") == 1
    assert "wgcna misses 1 of 1 gate: told only" in said.out
    assert [row["bound"] for row in report("x-calibrated")["gate_failures"]] == [1.5]
    assert [row["bound"] for row in report("x-wgcna")["gate_failures"]] == [1.5]

"""`isograph snapshot` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Bundle) -> None:
    monkeypatch.chdir(tmp_path)
    isograph.save_bundle(toy, tmp_path / "bundle")
    assert main(["fit", "--dataset-path", "bundle", "--output-dir", "fit", "--quiet"]) == 0


def metrics(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("snapshots", name, "metrics.json").read_text())
    return found


def test_a_fit_is_kept_with_its_recovery_and_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "fit", "before"]) == 0
    assert metrics("before")["recovery"] == 1.0
    assert metrics("before")["runtime_seconds"] > 0
    said = capsys.readouterr().out
    assert "2 modules" in said
    assert "recovery 1.000" in said


def test_it_says_why_there_is_no_recovery(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bundle").rename("moved")
    assert main(["snapshot", "fit", "a"]) == 0
    assert metrics("a")["recovery"] is None
    assert "no data set can be read at" in capsys.readouterr().out
    assert main(["snapshot", "fit", "b", "--dataset-path", "moved"]) == 0
    assert metrics("b")["recovery"] == 1.0


def test_a_kept_fit_of_a_benchmark_is_taken() -> None:
    words = ["benchmark", "--datasets", "toy_v1", "--keep-fits", "--stage", "x"]
    assert main(words) == 0
    cell = Path("artifacts/benchmarks/x/toy_v1")
    assert main(["snapshot", str(cell / "fit"), "toy"]) == 0
    record = json.loads((cell / "cell.json").read_text())
    assert metrics("toy")["recovery"] == record["metrics"]["recovery"]
    assert metrics("toy")["runtime_seconds"] == record["runtime_seconds"]


def test_what_stands_there_is_replaced_only_when_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["snapshot", "fit", "a", "--output-dir", "kept"]
    assert main(words) == 0
    assert main(words) == 2
    assert "exists" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_a_bad_name_or_no_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "fit", "../out"]) == 2
    assert main(["snapshot", "bundle", "a"]) == 2
    assert main(["snapshot", "gone", "a"]) == 2
    said = capsys.readouterr().err
    assert "is no name" in said
    assert "is a data set bundle" in said
    assert "there is no such folder" in said
    assert not Path("snapshots").exists()

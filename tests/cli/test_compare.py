"""`isograph compare` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main
from isograph.evaluation.snapshots import save_snapshot
from isograph.results import Fit


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def fits(toy: Bundle) -> tuple[Fit, Fit]:
    """The same data by two backends."""
    return isograph.fit(toy), isograph.fit(toy, backend="wgcna")


def record(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return found


def report(name: str, aris: list[float], *, backend: str = "calibrated") -> str:
    rows = [
        {"dataset": "toy_v1", "seed": k, "backend": backend, "ari": v, "seconds": 1.0 + k}
        for k, v in enumerate(aris)
    ]
    content = {"suite": "core_v1", "backend": backend, "stage": name, "results": rows}
    Path(f"{name}-benchmark.json").write_text(json.dumps(content))
    return f"{name}-benchmark.json"


def test_a_snapshot_and_its_fit_are_the_same(
    fits: tuple[Fit, Fit], capsys: pytest.CaptureFixture[str]
) -> None:
    save_snapshot(fits[0], "a")
    isograph.write_fit(fits[0], Path("fit"))
    assert main(["compare", "snapshots/a", "fit", "--output", "out.json"]) == 0
    assert record("out.json")["passed"] is True
    assert record("out.json")["differences"] == []
    assert "passed: no difference" in capsys.readouterr().out


def test_two_results_end_with_one_and_say_what_differs(
    fits: tuple[Fit, Fit], capsys: pytest.CaptureFixture[str]
) -> None:
    for name, fit in zip(("a", "b"), fits, strict=True):
        save_snapshot(fit, name)
    words = ["compare", "snapshots/a", "snapshots/b"]
    assert main([*words, "--output", "out.json"]) == 1
    said = capsys.readouterr().out
    assert "FAILED: " in said
    assert "run_config.yaml: backend" in said
    assert record("out.json")["passed"] is False
    loose = ["--min-ari", "0.5", "--min-eigengene-r", "0.5", "--max-role-changes", "1"]
    assert main([*words, *loose]) == 0
    assert main([*words, *loose, "--strict"]) == 1


def test_reports_are_compared_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    left, right = report("l", [0.5, 0.6, 0.7]), report("r", [0.7, 0.9, 0.8], backend="wgcna")
    assert main(["compare", left, right, "--output", "out.json", "--resamples", "200"]) == 0
    said = capsys.readouterr().out
    assert "ari" in said
    assert "3 pairs of seeds cannot give a p below 0.25" in said
    (row,) = [r for r in record("out.json")["results"] if r["metric"] == "ari"]
    assert row["delta"] == pytest.approx(0.2)
    assert row["pvalue"] == 0.25


def test_equal_reports_say_that_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    path = report("l", [0.5, 0.6])
    assert main(["compare", path, path]) == 0
    assert "no difference on the whole: ari" in capsys.readouterr().out


def test_options_of_the_other_kind_are_refused(
    fits: tuple[Fit, Fit], capsys: pytest.CaptureFixture[str]
) -> None:
    path = report("l", [0.5])
    assert main(["compare", path, path, "--strict", "--tolerance", "0"]) == 2
    assert "--tolerance, --strict" in capsys.readouterr().err
    folder = str(save_snapshot(fits[0], "a"))
    assert main(["compare", folder, folder, "--top", "3"]) == 2
    assert main(["compare", folder, folder, "--tolerance", "-1"]) == 2
    assert main(["compare", folder, path]) == 2
    assert main(["compare", folder, "gone"]) == 2

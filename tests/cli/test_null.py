"""`isograph null` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isograph.bundle import Bundle, save_bundle
from isograph.cli import main


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_report_picture_and_table(toy: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_bundle(toy, Path("toy"))
    assert main(["null", "--dataset-path", "toy", "--permutations", "6"]) == 0
    record = json.loads(Path("artifacts/null/toy/calibrated/null.json").read_text())
    assert record["n_permutations"] == len(record["smallest_p"]) == 6
    assert record["with_modules"]["total"] == 6
    assert Path("artifacts/null/toy/calibrated/null.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr()
    assert f"with any module: {record['with_modules']['n']} of 6" in said.out
    assert "6 of 6 permutations" in said.err


def test_covariates_and_settings_reach_the_permutations(toy: Bundle) -> None:
    save_bundle(toy, Path("toy"))
    words = ["null", "--dataset-path", "toy", "--permutations", "2", "--quiet"]
    words += ["--covariates", "~ Age", "--set", "neighbours=5", "--output-dir", "here"]
    assert main(words) == 0
    record = json.loads(Path("here/null.json").read_text())
    assert record["covariates"] == "~ Age"
    assert record["settings"] == {"neighbours": "5"}


def test_bad_words_are_refused(toy: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    save_bundle(toy, Path("toy"))
    assert main(["null", "--dataset-path", "toy", "--permutations", "0"]) == 2
    assert main(["null", "--dataset-path", "toy", "--set", "neighbours"]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
    assert not Path("artifacts").exists()


def test_a_backend_that_promises_nothing_has_no_table_of_p(
    toy: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(toy, Path("toy"))
    words = ["null", "--dataset-path", "toy", "--backend", "wgcna", "--permutations", "2"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "nan" not in said
    assert "smallest p" not in said
    assert "wgcna keeps its modules whatever their p" in said
    record = json.loads(Path("artifacts/null/toy/wgcna/null.json").read_text())
    assert record["edges"]["ratio"] is None

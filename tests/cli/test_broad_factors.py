"""`isograph fit --broad-factors`, and what the table at the end says of programmes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def confounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "confounded"
    return isograph.save_bundle(isograph.simulate("cell_composition_all-cv0.20", seed=3), folder)


def test_the_table_shows_what_was_found_and_what_became_of_it(
    confounded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--dataset-path", str(confounded), "--output-dir", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 broad factor" in lines
    line = next(line for line in lines if line.startswith("  P00"))
    assert "neuron_fraction (r " in line
    assert line.endswith("taken out")
    programmes = isograph.read_fit(Path("out")).programmes
    assert f"{programmes['n_genes'].iloc[0]:,}" in line.split()


@pytest.mark.parametrize("mode", ["report", "off"])
def test_the_flag_reaches_the_fit(
    confounded: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    words = ["--output-dir", "out", "--broad-factors", mode]
    assert main(["fit", "--dataset-path", str(confounded), *words]) == 0
    out = capsys.readouterr().out
    config = json.loads(Path("out/fit_config.json").read_text())
    assert config["settings"]["programmes"]["broad_factors"] == mode
    assert out.count("stays in") == (1 if mode == "report" else 0)
    assert ("broad factor" in out) == (mode == "report")
    assert "taken out" not in out


def test_a_data_set_without_broad_factors_says_nothing_of_them(
    toy: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    isograph.save_bundle(toy, Path("toy"))
    assert main(["fit", "--dataset-path", "toy", "--broad-factors", "auto"]) == 0
    assert "broad factor" not in capsys.readouterr().out


def test_an_unknown_choice_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--dataset-path", "toy", "--broad-factors", "no"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "invalid choice: 'no'" in error
    assert all(word in error for word in ("auto", "report", "off"))


def test_it_is_not_said_beside_a_study_file(
    toy: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    isograph.save_bundle(toy, Path("toy"))
    Path("s.yaml").write_text("bundle: toy\n")
    assert main(["fit", "--study", "s.yaml", "--broad-factors", "off"]) == 2
    assert "--broad-factors: not together with --study" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["broad_factors", "programmes.broad_factors"])
def test_it_is_not_said_twice(toy: Bundle, capsys: pytest.CaptureFixture[str], key: str) -> None:
    isograph.save_bundle(toy, Path("toy"))
    words = ["--broad-factors", "off", "--set", f"{key}=auto"]
    assert main(["fit", "--dataset-path", "toy", *words]) == 2
    assert f"--broad-factors: is said again by --set {key}" in capsys.readouterr().err

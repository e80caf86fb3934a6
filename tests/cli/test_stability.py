"""`isograph fit --stability-selection`, as its users type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main
from isograph.selection import select_by_stability, stability_report

NAME = "toy-calibrated-toy_multiplex_v1-stability"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bundle(toy: Bundle, tmp_path: Path) -> Path:
    return isograph.save_bundle(toy, tmp_path / "toy")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said about refused words; nothing is written and no work is done."""
    assert main(["fit", *words, "--output-dir", "out"]) == 2
    told = capsys.readouterr().err
    assert "features  " not in told
    assert not Path("out").exists()
    assert not Path("artifacts").exists()
    return told


def test_a_report_and_a_picture_follow_the_fit(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--stability-selection", "--stability-pairs", "2", "--stability-grid", "1e-3,1e-2"]
    assert main(["fit", "--dataset-path", str(bundle), *words]) == 0
    out, err = capsys.readouterr()
    assert Path("artifacts/fits/toy/calibrated/modules.parquet").exists()
    reports = Path("artifacts/reports")
    assert sorted(path.name for path in reports.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    report = json.loads((reports / f"{NAME}.json").read_text())
    assert report["grid"] == [0.001, 0.003, 0.01]
    assert report["recommended"] == 0.003
    assert "4 halves × 3 values of false_edges_per_feature" in err
    assert "recommended, the study's" in out
    assert "split-half ARI" in out


def test_it_equals_the_library(bundle: Path) -> None:
    words = ["--stability-selection", "--stability-pairs", "2", "--quiet", "--seed", "4"]
    words += ["--reports-dir", "here", "--stability-grid", "1e-3"]
    assert main(["fit", "--dataset-path", str(bundle), *words]) == 0
    study = isograph.make_study(bundle=bundle, seed=4)
    found = select_by_stability(bundle, study=study, n_pairs=2, values=[1e-3])
    assert json.loads((Path("here") / f"{NAME}.json").read_text()) == stability_report(found)


def test_a_study_file_may_ask_for_it(bundle: Path) -> None:
    Path("mine.yaml").write_text(f"bundle: {bundle.name}\nstability_selection: true\n")
    words = ["--stability-pairs", "2", "--stability-grid", "1e-3", "--quiet"]
    assert main(["fit", "--study", "mine.yaml", *words]) == 0
    assert Path("artifacts/reports/mine-calibrated-toy_multiplex_v1-stability.json").exists()


def test_the_flag_may_be_added_to_a_study_file(bundle: Path) -> None:
    Path("mine.yaml").write_text(f"bundle: {bundle.name}\nbackends: [calibrated, baseline]\n")
    words = ["--stability-selection", "--stability-pairs", "2", "--stability-grid", "1e-3"]
    assert main(["fit", "--study", "mine.yaml", "--quiet", *words]) == 0
    written = {path.name for path in Path("artifacts/reports").glob("*.json")}
    assert written == {
        f"mine-{name}-toy_multiplex_v1-stability.json" for name in ("calibrated", "baseline")
    }


def test_without_the_flag_nothing_is_reported(bundle: Path) -> None:
    assert main(["fit", "--dataset-path", str(bundle), "--quiet"]) == 0
    assert not Path("artifacts/reports").exists()


def test_all_bad_values_are_refused_at_once(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--stability-selection", "--stability-pairs", "1", "--stability-grid", "many,2,1e-3"]
    told = refused(capsys, "--dataset-path", str(bundle), *words)
    assert "no standard error" in told
    assert "'many'" in told
    assert "got '2'" in told


def test_options_alone_are_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--stability-pairs", "3", "--stability-grid", "1e-3"]
    told = refused(capsys, "--dataset-path", str(bundle), *words)
    assert "--stability-pairs, --stability-grid: only with --stability-selection" in told


def test_named_modules_are_refused(
    bundle: Path, toy: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("modules.csv").write_text(f"gene_id,module\n{toy.gene_ids[0]},a\n{toy.gene_ids[1]},a\n")
    words = ["--modules", "modules.csv", "--stability-selection"]
    told = refused(capsys, "--dataset-path", str(bundle), *words)
    assert "not together with --modules" in told


def test_a_cohort_whose_halves_are_too_small_is_refused_before_any_work(
    toy: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from isograph.selection.halves import half_bundle

    small = isograph.save_bundle(half_bundle(toy, toy.sample_ids[:11]), tmp_path / "small")
    told = refused(capsys, "--dataset-path", str(small), "--stability-selection")
    assert "11 samples make halves of 5" in told

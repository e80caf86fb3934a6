"""`isograph fit --modules FILE`, as its users type it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bundle(toy: Bundle, tmp_path: Path) -> Path:
    return isograph.save_bundle(toy, tmp_path / "toy")


@pytest.fixture
def modules(toy: Bundle) -> Path:
    genes = toy.gene_ids
    names = ["brown" if k % 2 else "turquoise" for k in range(len(genes) - 1)]
    path = Path("modules.tsv")
    pd.DataFrame({"gene_id": genes[:-1], "module": names}).to_csv(path, sep="\t", index=False)
    return path


def test_modules_are_written_beside_the_backends_fits(
    bundle: Path, modules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--dataset-path", str(bundle), "--modules", str(modules)]) == 0
    assert "names: M000 turquoise, M001 brown" in capsys.readouterr().out
    folder = Path("artifacts/fits/toy/given")
    calibration = json.loads((folder / "calibration.json").read_text())
    assert calibration["backend"] == "given"
    assert calibration["given_modules"]["names"] == {"M000": "turquoise", "M001": "brown"}
    config = json.loads((folder / "fit_config.json").read_text())
    assert config["backend"] == "given"
    assert config["modules"]["source"] == "modules.tsv"
    assert len(isograph.read_fit(folder).modules) == 39


def test_it_equals_the_library(bundle: Path, modules: Path) -> None:
    words = ["--modules", str(modules), "--output-dir", "out", "--quiet"]
    main(["fit", "--dataset-path", str(bundle), *words])
    fit = isograph.fit(isograph.load_bundle(bundle), modules=modules)
    assert isograph.read_fit(Path("out")).content_hash == fit.content_hash


def test_a_study_file_takes_modules_too(bundle: Path, modules: Path) -> None:
    Path("mine.yaml").write_text(f"bundle: {bundle.name}\ncovariates: ~ Age\n")
    assert main(["fit", "--study", "mine.yaml", "--modules", str(modules), "--quiet"]) == 0
    assert isograph.read_fit(Path("artifacts/fits/mine/given")).config["covariates"] == "~ Age"


def test_a_bad_file_is_refused_before_any_work_and_nothing_is_written(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.csv").write_text("gene_id,module\nnobody,a\nnobody,b\n")
    words = ["fit", "--dataset-path", str(bundle), "--output-dir", "out", "--modules"]
    assert main([*words, "bad.csv"]) == 2
    err = capsys.readouterr().err
    assert "genes that stand twice (1): nobody" in err
    assert "most of its 1 genes are not in the data set (1): nobody" in err
    assert "features" not in err.replace("features.", "")
    assert main([*words, "missing.csv"]) == 2
    assert "missing.csv: no such file" in capsys.readouterr().err
    Path("empty.csv").write_text("")
    assert main([*words, "empty.csv"]) == 2
    assert "empty.csv: holds no rows" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_backend_beside_it_is_refused(
    bundle: Path, modules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--modules", str(modules), "--backend", "calibrated"]
    assert main(["fit", "--dataset-path", str(bundle), *words]) == 2
    assert "--modules: not together with --backend" in capsys.readouterr().err


def test_unknown_settings_are_refused(
    bundle: Path, modules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--modules", str(modules), "--set", "neighbors=3"]
    assert main(["fit", "--dataset-path", str(bundle), *words]) == 2
    assert "did you mean backend.neighbours?" in capsys.readouterr().err

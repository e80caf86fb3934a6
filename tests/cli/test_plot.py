"""`isograph fit --plot` and `isograph plot`."""

from __future__ import annotations

from pathlib import Path

import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main

NETWORK = {"module_traits", "modules", "soft_threshold", "dendrogram"}


@pytest.fixture(autouse=True)
def own_folder(toy: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    isograph.save_bundle(toy, Path("toy"))
    return tmp_path


def pictures(folder: str) -> set[str]:
    found = {path.name for path in Path(folder).iterdir() if path.suffix in (".png", ".pdf")}
    assert len(found) == 2 * len({Path(name).stem for name in found})
    return {Path(name).stem for name in found}


def fit(*words: str) -> int:
    return main(["fit", "--dataset-path", "toy", "--output-dir", "out", "--quiet", *words])


def test_a_fit_draws_only_when_asked() -> None:
    assert fit("--backend", "wgcna") == 0
    assert pictures("out") == set()
    assert fit("--backend", "wgcna", "--plot") == 0
    assert pictures("out") == NETWORK


def test_a_fit_with_pictures_can_be_fitted_again() -> None:
    assert fit("--plot") == 0
    assert pictures("out") == {"module_traits", "modules"}
    assert fit() == 0
    assert pictures("out") == set()


def test_pictures_are_drawn_from_stored_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("--backend", "wgcna", "--plot") == 0
    assert main(["plot", "out", "--output-dir", "elsewhere"]) == 0
    assert pictures("elsewhere") == NETWORK
    written = capsys.readouterr().out.splitlines()
    assert len(written) == 8
    for name in NETWORK:
        for ending in ("png", "pdf"):
            first, second = (Path(f, f"{name}.{ending}") for f in ("out", "elsewhere"))
            assert first.read_bytes() == second.read_bytes()
            assert str(second) in written


def test_without_a_folder_they_go_into_the_fit() -> None:
    assert fit("--backend", "wgcna") == 0
    assert main(["plot", "out"]) == 0
    assert pictures("out") == NETWORK


def test_what_is_no_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "toy"]) == 2
    assert "toy is not a fit that can be read" in capsys.readouterr().err

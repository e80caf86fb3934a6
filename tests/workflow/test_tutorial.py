"""The commands of the tutorial, as they stand on its page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import isograph
from isograph.cli import main
from tests.shared_data import shared_path

PAGE = Path(isograph.__file__).parents[1] / "docs" / "tutorial.md"


def commands(kind: str) -> list[list[str]]:
    """The isograph commands of the page's blocks of a kind, as words."""
    # from fence to fence, so that an end is not taken for a beginning
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    blocks = [text for own, text in fences if own == kind]
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("isograph ")]


@pytest.mark.slow
def test_the_simulated_cohort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = commands("sh")
    assert [words[0] for words in said] == ["simulate", "run", "run", "explain-module", "export"]
    for words in said:
        assert main([*words]) == 0, words
    fit = isograph.read_fit("artifacts/runs/medium/fit")
    assert len(fit.summary) == 6, "the page promises six"
    adjusted = isograph.read_fit("artifacts/runs/adjusted/fit")
    assert adjusted.config["covariates"] == "~ Age + C(Sex)"
    assert Path("artifacts/explain/one/M000/module.html").is_file()
    assert Path("artifacts/export/modules.gmt").is_file()


@pytest.mark.slow
def test_the_real_cohorts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    geuvadis = shared_path("data", "real", "geuvadis_chr19_ceu91")
    six = shared_path("data", "quants", "geuvadis6")
    (tmp_path / "geuvadis_chr19_ceu91").symlink_to(geuvadis)
    (tmp_path / "geuvadis6").symlink_to(six)
    monkeypatch.chdir(tmp_path)
    [plain, by_lab, imported] = commands("")
    assert main([*plain, "--top", "2"]) == 0
    programmes = isograph.read_fit("artifacts/runs/geuvadis/fit").programmes
    assert "lab" in set(programmes.loc[programmes["removed"].astype(bool), "best_match"])
    assert Path("artifacts/runs/geuvadis/explain/M000/module.html").is_file()
    assert main([*by_lab, "--top", "2"]) == 0
    told = isograph.read_fit("artifacts/runs/geuvadis-by-lab/fit").programmes
    assert "lab" not in set(told["best_match"].dropna())
    assert main(imported) == 0
    assert isograph.load_bundle("bundles/six").n_samples == 6

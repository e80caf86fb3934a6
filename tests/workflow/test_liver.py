"""The mouse liver cohort of the WGCNA tutorials, from its tables to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

import isograph
from isograph.cli import main
from tests.shared_data import shared_path


@pytest.mark.evidence
def test_the_run_reports_the_module_of_body_weight(tmp_path: Path) -> None:
    source, out = shared_path("data", "real", "liver_f2_female"), tmp_path / "run"
    words = ["run", str(source), "--traits", "weight_g", "--out", str(out), "--top", "1", "--quiet"]
    assert main(words) == 0
    fit = isograph.read_fit(out / "fit")
    tests = fit.traits[fit.traits["module_id"].isin(fit.summary["module_id"])]
    best = tests.loc[tests["pvalue"].idxmin()]
    assert abs(best["r"]) > 0.55
    assert best["qvalue"] < 1e-9
    page = (out / "index.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert f"weight_g (r = {'−' if best['r'] < 0 else ''}{abs(best['r']):.2f})" in page

"""Donors and ordered levels of a study, through the graph."""

from __future__ import annotations

from dataclasses import replace

import pytest

import isograph
from isograph.simulation import simulate
from isograph.study import read_study
from isograph_assets.partitions import fit_key
from tests.assets.conftest import Pipeline


@pytest.mark.slow
def test_a_study_with_donors_gives_the_fit_of_the_library(pipeline: Pipeline) -> None:
    bundle = simulate("toy_v1")
    samples = bundle.samples.assign(
        donor=[f"d{i // 4:02d}" for i in range(bundle.n_samples)],
        stage=["late", "early"] * (bundle.n_samples // 2),
    )
    known = replace(bundle, samples=samples, provenance={"block": "donor"})
    isograph.save_bundle(known, pipeline.studies / "cohort")
    path = pipeline.studies / "repeated.yaml"
    path.write_text("bundle: cohort\nordered: {stage: [early, late]}\n")
    assert pipeline.run("all_studies", "repeated").success
    assert pipeline.run("study_fits", fit_key("repeated", "calibrated")).success
    study = read_study(path)
    expected = isograph.fit(isograph.load_bundle(study.bundle), study=study)
    stored = isograph.read_fit(pipeline.artifacts.fit("repeated", "calibrated"))
    assert stored.content_hash == expected.content_hash
    assert stored.config["blocks"] == expected.config["blocks"]
    assert stored.config["blocks"]["column"] == "donor"
    assert stored.config["ordered_levels"] == {"stage": ["early", "late"]}

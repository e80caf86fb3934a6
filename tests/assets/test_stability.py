"""Stability selection of a study through the graph."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest
from PIL import Image

import isograph
from isograph import selection
from isograph.selection import run as selection_run
from isograph.simulation import simulate
from isograph.study import read_study
from isograph_assets.partitions import fit_key
from tests.assets.conftest import Pipeline
from tests.assets.test_graph import data_version, metadata_of
from tests.assets.test_sensors import follow

KEY = fit_key("mine", "calibrated")
PLACE = "mine-calibrated-toy_multiplex_v1-stability"
# two pairs at two values: what the library does is tested elsewhere
FEW = {**selection_run.select_by_stability.__kwdefaults__, "n_pairs": 2, "values": (1e-3,)}


@pytest.fixture
def study(pipeline: Pipeline) -> Path:
    isograph.save_bundle(simulate("toy_multiplex_v1"), pipeline.studies / "cohort")
    path = pipeline.studies / "mine.yaml"
    path.write_text("bundle: cohort\nseed: 3\nset: {false_edges_per_feature: 0.002}\n")
    return path


def test_a_study_gets_the_librarys_report_and_its_picture(
    pipeline: Pipeline, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_run.select_by_stability, "__kwdefaults__", FEW)
    assert pipeline.run("all_studies", "mine").success
    result = pipeline.run("study_stability", KEY)
    assert result.success
    found = selection.select_by_stability(pipeline.studies / "cohort", study=read_study(study))
    written = json.loads(pipeline.artifacts.report(f"{PLACE}.json").read_text())
    assert written == selection.stability_report(found)
    assert 0.002 in written["grid"]
    with Image.open(pipeline.artifacts.report(f"{PLACE}.png")) as image:
        assert image.size[0] > 800


def test_the_materialization_shows_table_picture_and_recommendation(
    pipeline: Pipeline, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_run.select_by_stability, "__kwdefaults__", FEW)
    assert pipeline.run("all_studies", "mine").success
    result = pipeline.run("study_stability", KEY)
    about = metadata_of(result, "study_stability_report")
    assert about["recommended"] == about["value of the study"] == 0.002
    assert "split-half ARI" in str(about["values"])
    assert str(about["picture"]).startswith("![")
    assert len(str(about["picture"])) < 40_000
    assert str(about["path"]).endswith(f"{PLACE}.json")
    assert about["seconds"] > 0  # type: ignore[operator]
    again = pipeline.run("study_stability", KEY)
    version = data_version(result, "study_stability_report")
    assert data_version(again, "study_stability_report") == version


def test_a_study_whose_halves_are_too_small_fails_with_the_message(pipeline: Pipeline) -> None:
    bundle = simulate("toy_v1")
    small = selection.halves.half_bundle(bundle, bundle.sample_ids[:11])
    isograph.save_bundle(small, pipeline.studies / "mine")
    assert pipeline.run("all_studies", "mine").success
    result = pipeline.run("study_stability", KEY)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    told = str(failure.step_failure_data.user_failure_data.description)
    assert "11 samples make halves of 5" in told


def test_a_study_that_asks_for_it_gets_it_after_its_fits(pipeline: Pipeline, study: Path) -> None:
    study.write_text("bundle: cohort\nbackends: [calibrated, latent]\nstability_selection: true\n")
    requests = follow(pipeline, "all_studies", "mine")
    wanted = [fit_key("mine", name) for name in ("calibrated", "latent")]
    assert [(item.job_name, item.partition_key) for item in requests] == [
        *(("study_fits", key) for key in wanted),
        *(("study_stability", key) for key in wanted),
    ]
    assert len({item.run_key for item in requests}) == 4
    assert {item.tags["isograph/dataset"] for item in requests} == {"mine"}


def test_a_study_that_does_not_ask_gets_its_fits_alone(pipeline: Pipeline, study: Path) -> None:
    requests = follow(pipeline, "all_studies", "mine")
    assert [item.job_name for item in requests] == ["study_fits"]


def test_fixtures_have_no_stability_report(pipeline: Pipeline) -> None:
    keys = pipeline.defs.resolve_asset_graph().get_all_asset_keys()
    assert dg.AssetKey("study_stability_report") in keys
    assert dg.AssetKey("fixture_stability_report") not in keys

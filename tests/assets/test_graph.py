"""Every asset through the graph, for a fixture and for a study."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from PIL import Image

import isograph
from isograph.cli import main as cli
from isograph.files import read_json
from isograph.simulation import simulate
from isograph.study import read_study
from isograph_assets.partitions import BACKENDS, USUAL_FIXTURES, fit_key
from tests.assets.conftest import Pipeline

TOY = "toy_multiplex_v1"


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    events = result.get_asset_materialization_events()
    (made,) = [e.materialization for e in events if e.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in made.metadata.items()}


def data_version(result: dg.ExecuteInProcessResult, asset: str) -> str:
    events = result.get_asset_materialization_events()
    (made,) = [e.materialization for e in events if e.asset_key == dg.AssetKey(asset)]
    assert made.tags is not None
    return made.tags["dagster/data_version"]


def test_a_fixture_runs_from_bundle_to_leaderboard(pipeline: Pipeline) -> None:
    assert pipeline.run("all_fixtures", TOY).success
    result = pipeline.run("fixture_fits", fit_key(TOY, "calibrated"))
    assert result.success
    assert pipeline.run("leaderboard_report").success
    place = pipeline.artifacts
    assert isograph.load_bundle(place.bundle(TOY)).has_truth
    assert (place.features(TOY) / "feature_scores.parquet").exists()
    assert isograph.read_fit(place.fit(TOY, "calibrated")).config["study"] == TOY
    metrics = read_json(place.metrics(TOY, "calibrated"))
    assert metrics["n_modules"] == metrics["n_truth_modules"] == 2
    assert metrics["ari"] == pytest.approx(1.0)
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["module_count_is_planted"].passed
    assert checks["background_below_1_percent"].passed
    assert {check.partition for check in checks.values()} == {f"calibrated|{TOY}"}


def test_a_fixture_fit_has_the_hash_of_the_librarys(pipeline: Pipeline) -> None:
    result = pipeline.run_fixture(TOY)
    expected = isograph.fit(simulate(TOY))
    stored = isograph.read_fit(pipeline.artifacts.fit(TOY, "calibrated"))
    assert stored.content_hash == expected.content_hash
    assert data_version(result, "fixture_fit") == expected.content_hash
    config = read_json(pipeline.artifacts.fit(TOY, "calibrated") / "fit_config.json")
    assert config["content_hash"] == expected.content_hash
    assert config["bundle"]["content_hash"] == simulate(TOY).content_hash


def test_a_fixture_fit_has_the_hash_of_the_command_lines(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    result = pipeline.run_fixture(TOY)
    bundle, out = tmp_path / "bundle", tmp_path / "fit"
    assert cli(["simulate", TOY, "--out", str(bundle)]) == 0
    words = ["fit", "--dataset-path", str(bundle), "--output-dir", str(out), "--quiet"]
    assert cli(words) == 0
    written = read_json(out / "fit_config.json")["content_hash"]
    assert data_version(result, "fixture_fit") == written


def test_a_study_fit_has_the_hash_of_the_librarys(pipeline: Pipeline) -> None:
    isograph.save_bundle(simulate("realistic_v1", seed=11), pipeline.studies / "cohort")
    path = pipeline.studies / "adjusted.yaml"
    path.write_text('bundle: cohort\ncovariates: "~ Age"\ntraits: [Dx, Sex]\nseed: 5\n')
    assert pipeline.run("all_studies", "adjusted").success
    result = pipeline.run("study_fits", fit_key("adjusted", "calibrated"))
    assert result.success
    study = read_study(path)
    expected = isograph.fit(isograph.load_bundle(study.bundle), study=study)
    stored = isograph.read_fit(pipeline.artifacts.fit("adjusted", "calibrated"))
    assert stored.content_hash == expected.content_hash
    assert stored.config["covariates"] == "~ Age"
    assert stored.config["seed"] == 5
    assert set(stored.traits["trait"]) <= {"Dx", "Sex"}


def test_two_studies_of_one_bundle_are_two_results(pipeline: Pipeline) -> None:
    isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    (pipeline.studies / "adjusted.yaml").write_text('bundle: cohort\ncovariates: "~ Dx"\n')
    for name in ("cohort", "adjusted"):
        assert pipeline.run("all_studies", name).success
        assert pipeline.run("study_fits", fit_key(name, "calibrated")).success
    plain, adjusted = (
        isograph.read_fit(pipeline.artifacts.fit(name, "calibrated"))
        for name in ("cohort", "adjusted")
    )
    assert plain.config["bundle"]["content_hash"] == adjusted.config["bundle"]["content_hash"]
    assert plain.content_hash != adjusted.content_hash


def test_a_fit_keeps_to_the_study_that_its_bundle_was_stored_for(pipeline: Pipeline) -> None:
    isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    path = pipeline.studies / "adjusted.yaml"
    path.write_text('bundle: cohort\ncovariates: "~ Dx"\n')
    assert pipeline.run("all_studies", "adjusted").success
    path.write_text('bundle: cohort\ncovariates: "~ Age"\n')
    assert pipeline.run("study_fits", fit_key("adjusted", "calibrated")).success
    stored = isograph.read_fit(pipeline.artifacts.fit("adjusted", "calibrated"))
    assert stored.config["covariates"] == "~ Dx"


def test_features_of_an_older_definition_are_refused(pipeline: Pipeline) -> None:
    isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    path = pipeline.studies / "adjusted.yaml"
    path.write_text('bundle: cohort\ncovariates: "~ Dx"\n')
    assert pipeline.run("all_studies", "adjusted").success
    path.write_text('bundle: cohort\ncovariates: "~ Age"\n')
    only_bundle = [dg.AssetKey("study_bundle")]
    assert pipeline.run("all_studies", "adjusted", asset_selection=only_bundle).success
    result = pipeline.run("study_fits", fit_key("adjusted", "calibrated"))
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "do not belong to study" in str(failure.step_failure_data.user_failure_data.description)


def test_a_study_that_asks_for_what_is_not_there_fails_with_the_message(
    pipeline: Pipeline,
) -> None:
    isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    (pipeline.studies / "odd.yaml").write_text('bundle: cohort\ncovariates: "~ RIN"\n')
    result = pipeline.run("all_studies", "odd")
    assert not result.success
    failures = [event for event in result.all_events if event.is_step_failure]
    assert {event.step_key for event in failures} == {"study_quality", "study_feature_scores"}
    for failure in failures:
        assert "RIN" in str(failure.step_failure_data.user_failure_data.description)
    assert not pipeline.artifacts.features("odd").exists()


def test_every_materialization_tells_sizes_cost_and_hash(pipeline: Pipeline) -> None:
    data = pipeline.run("all_fixtures", TOY)
    fits = pipeline.run("fixture_fits", fit_key(TOY, "calibrated"))
    about_fit = metadata_of(fits, "fixture_fit")
    modules = pd.read_parquet(pipeline.artifacts.fit(TOY, "calibrated") / "modules.parquet")
    assert about_fit["dagster/row_count"] == len(modules)
    schema = about_fit["dagster/column_schema"]
    assert [column.name for column in schema.columns] == list(modules.columns)  # type: ignore[attr-defined]
    records = {record.data["table"]: record.data for record in about_fit["tables"].records}  # type: ignore[attr-defined]
    assert set(records) == set(isograph.read_fit(pipeline.artifacts.fit(TOY, "calibrated")).tables)
    assert records["modules"]["rows"] == len(modules)
    for result, asset in ((data, "fixture_bundle"), (data, "fixture_feature_scores")):
        about = metadata_of(result, asset)
        assert about["dagster/row_count"] > 0  # type: ignore[operator]
        assert data_version(result, asset).startswith(str(about["content hash"]))
    for about in (about_fit, metadata_of(fits, "fixture_metrics")):
        assert about["seconds"] > 0  # type: ignore[operator]
        (memory,) = [value for name, value in about.items() if name.startswith("peak memory")]
        assert 10 < memory < 100_000  # type: ignore[operator]


def test_the_picture_of_a_fit_is_small(pipeline: Pipeline) -> None:
    about = metadata_of(pipeline.run_fixture("medium_multiplex_v1"), "fixture_fit")
    assert str(about["picture"]).startswith("![")
    assert len(str(about["picture"])) < 20_000


def test_sample_columns_do_not_flood_a_schema(pipeline: Pipeline) -> None:
    about = metadata_of(pipeline.run("all_fixtures", TOY), "fixture_feature_scores")
    columns = about["dagster/column_schema"].columns  # type: ignore[attr-defined]
    assert [c.name for c in columns][:2] == ["feature_id", "gene_id"]
    assert columns[-1].name == "…"
    assert len(columns) < 15


def test_the_leaderboard_shows_what_is_there_and_names_the_rest(pipeline: Pipeline) -> None:
    for name in ("toy_v1", TOY):
        pipeline.run_fixture(name)
    result = pipeline.run("leaderboard_report")
    assert result.success
    document = read_json(pipeline.artifacts.report("leaderboard.json"))
    assert [row["dataset"] for row in document["results"]] == ["toy_v1", TOY]
    cells = len(USUAL_FIXTURES) * len(BACKENDS.get_partition_keys())
    assert len(document["not_there_yet"]) == cells - 2
    (summary,) = document["summary"]
    assert (summary["backend"], summary["n"]) == ("calibrated", 2)
    for row in document["results"]:
        assert row["ari"] is not None
        assert row["seconds"] > 0
        assert row["peak_memory_mib"] > 10
    with Image.open(pipeline.artifacts.report("leaderboard.png")) as image:
        assert image.size[0] > 800


def test_an_empty_leaderboard_can_be_made(pipeline: Pipeline) -> None:
    assert pipeline.run("leaderboard_report").success
    document = read_json(pipeline.artifacts.report("leaderboard.json"))
    assert document["results"] == []
    assert document["summary"] == document["families"] == []


def test_leaderboard_content_does_not_depend_on_times(pipeline: Pipeline) -> None:
    pipeline.run_fixture("toy_v1")
    first = data_version(pipeline.run("leaderboard_report"), "leaderboard")
    pipeline.run_fixture("toy_v1")
    assert data_version(pipeline.run("leaderboard_report"), "leaderboard") == first


def test_nothing_is_pickled(pipeline: Pipeline) -> None:
    pipeline.run_fixture("toy_v1")
    pipeline.run("leaderboard_report")
    suffixes = {path.suffix for path in pipeline.artifacts.root.rglob("*") if path.is_file()}
    assert suffixes <= {".parquet", ".json", ".jsonl", ".npz", ".log", ".png"}


def test_results_lie_where_the_design_says(pipeline: Pipeline) -> None:
    pipeline.run_fixture("toy_v1")
    root = pipeline.artifacts.root
    for place in (
        "bundles/toy_v1/manifest.json",
        "features/toy_v1/feature_scores.parquet",
        "fits/toy_v1/calibrated/fit_config.json",
        "metrics/calibrated/toy_v1.json",
    ):
        assert Path(root / place).is_file()

"""The code location as a whole."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from isograph.backends import backend_names
from isograph.simulation import list_fixtures
from isograph_assets.definitions import defs
from isograph_assets.jobs import RUN_TAG, SCHEDULE_TAG
from isograph_assets.partitions import (
    BACKENDS,
    FIXTURE,
    FIXTURES,
    OF_SUITE,
    SUITE_REPORTS,
    USUAL_FIXTURES,
    fit_key,
    split_key,
    suite_key,
)
from isograph_assets.schedules import SCHEDULES

PROJECT = Path(__file__).resolve().parents[2]
ASSETS = {
    "fixture_bundle",
    "fixture_feature_scores",
    "fixture_fit",
    "fixture_explanation",
    "fixture_metrics",
    "study_bundle",
    "study_feature_scores",
    "study_fit",
    "study_explanation",
    "study_quality",
    "study_stability_report",
    "benchmark_summary",
    "runtime_memory_report",
    "calibration_report",
    "leaderboard",
    "trends",
}


def test_definitions_load_with_every_asset_of_the_design() -> None:
    dg.Definitions.validate_loadable(defs)
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert keys == ASSETS


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_every_asset_says_what_it_is(name: str) -> None:
    node = defs.resolve_asset_graph().get(dg.AssetKey(name))
    assert node.description
    assert node.group_name in {"fixtures", "studies", "reports"}
    assert node.kinds
    assert node.code_version
    assert node.owners == ["team:isograph"]
    assert "isograph/stage" in node.tags


def test_a_fit_depends_on_the_bundle_and_the_features_of_its_own_data_set() -> None:
    graph = defs.resolve_asset_graph()
    for kind in ("fixture", "study"):
        parents = {
            key.to_user_string() for key in graph.get(dg.AssetKey(f"{kind}_fit")).parent_keys
        }
        assert parents == {f"{kind}_bundle", f"{kind}_feature_scores"}


def test_partitions_are_the_fixtures_and_the_registered_backends() -> None:
    assert FIXTURES.get_partition_keys() == [info.name for info in list_fixtures()]
    assert BACKENDS.get_partition_keys() == list(backend_names())


def test_the_night_makes_the_small_fixtures_only() -> None:
    usual = {info.name for info in list_fixtures() if info.suite in ("core_v1", "multiplex_v1")}
    assert len(USUAL_FIXTURES) == 11
    assert set(USUAL_FIXTURES) < usual
    assert {"cell_composition-cv0.30", "overlap-p0.30"} < set(FIXTURES.get_partition_keys())


def test_a_fit_key_splits_into_what_it_was_made_of() -> None:
    key = fit_key("toy_v1", "calibrated")
    assert str(key) == "calibrated|toy_v1"
    assert split_key(key) == ("toy_v1", "calibrated")
    assert split_key(str(key)) == ("toy_v1", "calibrated")
    assert split_key("toy_v1") == ("toy_v1", None)


def test_a_suites_reports_depend_on_the_fits_of_its_own_fixtures() -> None:
    graph = defs.resolve_asset_graph()
    for report in ("benchmark_summary", "runtime_memory_report", "calibration_report"):
        parents = {key.to_user_string() for key in graph.get(dg.AssetKey(report)).parent_keys}
        assert "fixture_metrics" in parents
    asked = SUITE_REPORTS.subset_with_partition_keys([suite_key("core_v1", "vae")])
    mapped = OF_SUITE.get_upstream_mapped_partitions_result_for_partitions(
        asked, SUITE_REPORTS, FIXTURE.fits
    )
    found = {split_key(key) for key in mapped.partitions_subset.get_partition_keys()}
    core = {info.name for info in list_fixtures() if info.suite == "core_v1"}
    assert found == {(name, "vae") for name in core}


def test_schedules_cover_every_fixture_each_in_runs_of_its_own_name() -> None:
    at = datetime(2026, 3, 1, 4, tzinfo=UTC)
    covered: dict[str, str] = {}
    for schedule in SCHEDULES:
        with dg.build_schedule_context(
            scheduled_execution_time=at, repository_def=defs.get_repository_def()
        ) as context:
            requests = list(schedule.evaluate_tick(context).run_requests or [])
        assert {r.tags[SCHEDULE_TAG] for r in requests} == {schedule.name}
        assert {r.tags[RUN_TAG] for r in requests} == {f"{schedule.name}:2026-03-01"}
        assert len({r.run_key for r in requests}) == len(requests)
        for request in requests:
            assert request.partition_key not in covered
            covered[str(request.partition_key)] = schedule.name
    assert set(covered) == set(FIXTURES.get_partition_keys())
    assert covered["toy_v1"] == covered["toy_multiplex_v1"] == "nightly_core"
    assert covered["xxlarge_v1"] == covered["xxlarge_multiplex_v1"] == "weekly_scale"
    assert covered["batch_effects-sd1.00"] == "weekly_scenarios"


def test_a_leaderboard_that_no_night_renewed_is_told_to_be_stale() -> None:
    policy = defs.resolve_asset_graph().get(dg.AssetKey("leaderboard")).freshness_policy
    assert isinstance(policy, TimeWindowFreshnessPolicy)
    assert timedelta(hours=24) < policy.fail_window.to_timedelta() < timedelta(days=7)


def test_sensors_and_schedules_run_by_default() -> None:
    repository = defs.get_repository_def()
    statuses = {sensor.name: sensor.default_status.value for sensor in repository.sensor_defs}
    assert statuses == {
        "studies_sensor": "RUNNING",
        "fits_follow_data": "RUNNING",
        "reports_follow_scores": "RUNNING",
        "record_failures": "RUNNING",
    }
    assert {s.default_status.value for s in repository.schedule_defs} == {"RUNNING"}
    assert len(repository.schedule_defs) == 3


def test_workspace_and_project_table_name_the_same_code_location() -> None:
    workspace = yaml.safe_load((PROJECT / "workspace.yaml").read_text())
    module = workspace["load_from"][0]["python_module"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert module["location_name"] == project["code_location_name"]
    assert module["module_name"] == f"{project['root_module']}.definitions"


def _run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_library_never_imports_dagster() -> None:
    code = (
        "import pkgutil, importlib, sys, isograph\n"
        "for module in pkgutil.walk_packages(isograph.__path__, 'isograph.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules if 'dagster' in name}))"
    )
    done = _run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_a_new_backend_needs_no_change_of_the_assets(tmp_path: Path) -> None:
    code = f"""
import dataclasses
from pathlib import Path
import isograph.backends.registry as registry
known = registry._BACKENDS["calibrated"]
record = dataclasses.replace(known.record, name="twin")
registry._BACKENDS["twin"] = dataclasses.replace(known, record=record)
import dagster as dg
from isograph_assets.definitions import build_defs
from isograph_assets.partitions import fit_key
root = Path({str(tmp_path)!r})
defs = build_defs(artifacts=root, studies=root / "studies")
with dg.DagsterInstance.ephemeral() as instance:
    for job, key in [
        ("all_fixtures", "toy_v1"),
        ("fixture_fits", fit_key("toy_v1", "twin")),
        ("leaderboard_report", None),
    ]:
        defs.resolve_job_def(job).execute_in_process(partition_key=key, instance=instance)
"""
    done = _run_python(code)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "fits" / "toy_v1" / "twin" / "modules.parquet").exists()
    assert (tmp_path / "metrics" / "twin" / "toy_v1.json").exists()

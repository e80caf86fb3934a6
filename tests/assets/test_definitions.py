"""The code location as a whole."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from isograph.backends import backend_names
from isograph.simulation import list_fixtures
from isograph_assets.definitions import defs
from isograph_assets.partitions import BACKENDS, FIXTURES, USUAL_FIXTURES, fit_key, split_key

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
    "study_stability_report",
    "leaderboard",
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


def test_a_fit_depends_on_the_bundle_and_the_features_of_its_own_data_set() -> None:
    graph = defs.resolve_asset_graph()
    for kind in ("fixture", "study"):
        parents = {
            key.to_user_string() for key in graph.get(dg.AssetKey(f"{kind}_fit")).parent_keys
        }
        assert parents == {f"{kind}_bundle", f"{kind}_feature_scores"}


def test_partitions_are_the_regular_fixtures_and_the_registered_backends() -> None:
    regular = [info.name for info in list_fixtures() if info.regular]
    assert FIXTURES.get_partition_keys() == regular
    assert BACKENDS.get_partition_keys() == list(backend_names())


def test_the_stress_grids_are_partitions_that_nothing_makes_by_itself() -> None:
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


def test_sensors_and_the_schedule_run_by_default() -> None:
    repository = defs.get_repository_def()
    statuses = {sensor.name: sensor.default_status.value for sensor in repository.sensor_defs}
    assert statuses == {
        "studies_sensor": "RUNNING",
        "fits_follow_data": "RUNNING",
        "leaderboard_follows_metrics": "RUNNING",
    }
    assert [s.default_status.value for s in repository.schedule_defs] == ["RUNNING"]


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

"""What people do in a running UI: backfill, tick a schedule, see a regression, follow lineage."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isograph.evaluation.history import HISTORY, append_history, read_history
from isograph.files import read_json
from isograph.simulation import list_fixtures
from tests.assets.live import CHROMIUM, LOCATION, Live, live_ui

DATA = ("fixture_bundle", "fixture_feature_scores")
FITS = ("fixture_fit", "fixture_metrics")
REPORTS = ("benchmark_summary", "runtime_memory_report", "calibration_report")
CORE = tuple(info.name for info in list_fixtures() if info.suite == "core_v1")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_ui(tmp_path_factory.mktemp("live")) as running:
        yield running


def backfill_to_reports(
    live: Live, fixtures: Sequence[str], backends: Sequence[str], *, seconds: float
) -> None:
    """Fill partitions of data sets, then of fits; wait for the reports that follow."""
    live.backfill(DATA, fixtures, seconds=seconds)
    keys = [f"{backend}|{name}" for backend in backends for name in fixtures]
    live.backfill(FITS, keys, seconds=seconds)
    assert live.materialized("fixture_metrics") >= set(keys)
    wanted = {f"{backend}|core_v1" for backend in backends}
    for report in REPORTS:
        live.wait_for(
            f"{report} after the scores",
            lambda report=report: live.materialized(report) >= wanted,
            seconds=180,
        )
    live.wait_for("leaderboard", lambda: live.materialized("leaderboard"), seconds=180)
    live.wait_for("trends", lambda: live.materialized("trends"), seconds=180)


def last_check(live: Live, name: str, *, asset: str = "benchmark_summary") -> dict[str, Any]:
    found = live.query(
        """query ($k: AssetKeyInput!, $n: String!) {
             assetCheckExecutions(assetKey: $k, checkName: $n, limit: 1) {
               status evaluation { severity success description } } }""",
        k={"path": [asset]},
        n=name,
    )["assetCheckExecutions"]
    assert found, f"{name} never ran"
    first: dict[str, Any] = found[0]
    return first


def upstream(live: Live, asset: str) -> set[str]:
    """Every asset that one is made of, however far up."""
    nodes = live.query("{ assetNodes { assetKey { path } dependencyKeys { path } } }")["assetNodes"]
    parents = {n["assetKey"]["path"][0]: [d["path"][0] for d in n["dependencyKeys"]] for n in nodes}
    found: set[str] = set()
    waiting = [asset]
    while waiting:
        for parent in parents[waiting.pop()]:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def column_sources(live: Live, asset: str) -> dict[str, set[tuple[str, str]]]:
    """By column of the latest materialization, the columns of other assets it comes from."""
    nodes = live.query(
        """query ($k: [AssetKeyInput!]) { assetNodes(assetKeys: $k) {
             assetMaterializations(limit: 1) { metadataEntries { label
               ... on TableColumnLineageMetadataEntry { lineage { columnName
                 columnDeps { assetKey { path } columnName } } } } } } }""",
        k=[{"path": [asset]}],
    )["assetNodes"]
    (made,) = nodes[0]["assetMaterializations"]
    (entry,) = [e for e in made["metadataEntries"] if e["label"] == "dagster/column_lineage"]
    return {
        row["columnName"]: {(d["assetKey"]["path"][0], d["columnName"]) for d in row["columnDeps"]}
        for row in entry["lineage"]
    }


def plant_better_past(live: Live, *, backend: str) -> None:
    """A former run in which ARI was higher than it can be."""
    path = live.artifacts / "reports" / HISTORY
    lines = [line for line in read_history(path) if line["backend"] == backend]
    now = [line | {"run": "after"} for line in lines]
    append_history(path, [line | {"run": "before", "ari": 1.5} for line in lines])
    append_history(path, now)


def check_a_regression_is_seen(live: Live) -> None:
    assert last_check(live, "no_worse_than_the_last_good_run")["evaluation"]["success"]
    plant_better_past(live, backend="calibrated")
    live.launch("suite_reports", "calibrated|core_v1", seconds=90)
    failed = last_check(live, "no_worse_than_the_last_good_run")
    assert failed["evaluation"]["severity"] == "ERROR"
    assert not failed["evaluation"]["success"]
    assert "in the last good run 1.500" in failed["evaluation"]["description"]


def check_lineage(live: Live) -> None:
    assert {"fixture_bundle", "fixture_feature_scores", "fixture_fit"} <= upstream(
        live, "leaderboard"
    )
    ((asset, column),) = column_sources(live, "leaderboard")["recovery"]
    assert (asset, column) == ("fixture_metrics", "recovery")
    assert ("fixture_fit", "module_id") in column_sources(live, asset)[column]


def tick(live: Live, schedule: str, *, at: float) -> list[dict[str, Any]]:
    """The runs that a tick of a schedule asks for, as its page shows them before it is due."""
    found = live.query(
        """mutation ($s: ScheduleSelector!, $t: Float!) {
             scheduleDryRun(selectorData: $s, timestamp: $t) {
             __typename ... on DryRunInstigationTick { evaluationResult {
               error { message } runRequests { runKey jobName tags { key value } } } }
             ... on PythonError { message } } }""",
        s={**LOCATION, "scheduleName": schedule},
        t=at,
    )["scheduleDryRun"]
    assert found["__typename"] == "DryRunInstigationTick", found
    assert found["evaluationResult"]["error"] is None
    requests: list[dict[str, Any]] = found["evaluationResult"]["runRequests"]
    return requests


@pytest.mark.evidence
def test_partitions_fill_and_reports_follow(live: Live) -> None:
    backfill_to_reports(live, ["toy_v1"], ["calibrated"], seconds=120)
    report = read_json(live.artifacts / "reports" / "core_v1-calibrated-benchmark.json")
    assert [row["dataset"] for row in report["results"]] == ["toy_v1"]
    check_a_regression_is_seen(live)
    check_lineage(live)


@pytest.mark.slow
def test_what_runs_by_the_clock_is_on_and_asks_for_its_fixtures(live: Live) -> None:
    states = live.query(
        """query ($r: RepositorySelector!) {
             schedulesOrError(repositorySelector: $r) { ... on Schedules { results {
               name scheduleState { status } futureTicks(limit: 1) { results { timestamp } } } } }
             sensorsOrError(repositorySelector: $r) { ... on Sensors { results {
               name sensorState { status } } } } }""",
        r=LOCATION,
    )
    schedules = states["schedulesOrError"]["results"]
    assert {s["name"] for s in schedules} == {"nightly_core", "weekly_scale", "weekly_scenarios"}
    assert all(s["scheduleState"]["status"] == "RUNNING" for s in schedules)
    assert all(s["futureTicks"]["results"] for s in schedules)
    sensors = states["sensorsOrError"]["results"]
    assert all(s["sensorState"]["status"] == "RUNNING" for s in sensors)
    (night,) = [s for s in schedules if s["name"] == "nightly_core"]
    requests = tick(live, "nightly_core", at=night["futureTicks"]["results"][0]["timestamp"])
    asked = {t["value"] for r in requests for t in r["tags"] if t["key"] == "dagster/partition"}
    assert set(CORE) < asked


PAGES = {
    "lineage": "/asset-groups",
    "leaderboard": "/assets/leaderboard",
    "fit": "/assets/fixture_fit?partition=calibrated%7Ctoy_v1",
    "checks": "/assets/benchmark_summary?view=checks",
    "trends": "/assets/trends",
    "automation": "/automation",
    "runs": "/runs",
}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to look at pages with")
@pytest.mark.parametrize("page", ["leaderboard"])
def test_pages_show_what_was_made(live: Live, tmp_path: Path, page: str) -> None:
    """`ISOGRAPH_SCREENSHOTS` names a folder that keeps the pictures for people to look at."""
    folder = Path(os.environ.get("ISOGRAPH_SCREENSHOTS") or tmp_path)
    picture = live.picture(PAGES[page], folder / f"{page}.png")
    with Image.open(picture) as image:
        # an empty page has a handful of grey values
        assert len(np.unique(np.asarray(image.convert("L")))) > 60


@pytest.mark.evidence
def test_the_core_suite_by_three_backends(live: Live) -> None:
    backends = ("calibrated", "baseline", "wgcna")
    backfill_to_reports(live, CORE, backends, seconds=1200)
    for backend in backends:
        report = read_json(live.artifacts / "reports" / f"core_v1-{backend}-benchmark.json")
        assert [row["dataset"] for row in report["results"]] == list(CORE)
    board = read_json(live.artifacts / "reports" / "leaderboard.json")
    assert {(r["dataset"], r["backend"]) for r in board["results"]} == {
        (name, backend) for name in CORE for backend in backends
    }
    check_lineage(live)
    check_a_regression_is_seen(live)

"""Reports of suites, the history that they judge by, and trends over it."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from isograph.evaluation.history import HISTORY, append_history, read_history
from isograph.evaluation.reports import benchmark_report
from isograph.files import read_json
from isograph_assets.assets.suites import ACCEPTED
from isograph_assets.jobs import RUN_TAG
from isograph_assets.partitions import fit_key, suite_key
from tests.assets.conftest import Pipeline

TOY = "toy_multiplex_v1"
SUITE = "multiplex_v1"
KEY = suite_key(SUITE, "calibrated")


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    events = result.get_asset_materialization_events()
    (made,) = [e.materialization for e in events if e.asset_key == dg.AssetKey(asset)]
    return {name: value.value for name, value in made.metadata.items()}


def test_a_suites_reports_are_the_files_of_the_benchmark_command(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    assert pipeline.run("suite_reports", KEY).success
    report = read_json(pipeline.artifacts.report(f"{SUITE}-calibrated-benchmark.json"))
    expected = benchmark_report([], suite=SUITE, backend="calibrated", stage="x")
    assert set(expected) <= set(report)
    (row,) = report["results"]
    assert (row["dataset"], row["status"], row["ari"]) == (TOY, "ok", pytest.approx(1.0))
    for name in ("git", "packages", "isograph_version", "inputs"):
        assert report[name]
    stored = read_json(pipeline.artifacts.metrics(TOY, "calibrated"))
    assert report["inputs"][0]["bundle_content_hash"] == stored["bundle_content_hash"]
    assert row["fit_content_hash"] == stored["fit_content_hash"]
    runtime = read_json(pipeline.artifacts.report(f"{SUITE}-calibrated-runtime-memory.json"))
    (cost,) = runtime["results"]
    assert cost["runtime_seconds"] > 0
    assert cost["peak_memory_bytes"] > 2**26
    assert "memory_gib" in runtime["machine"]
    assert {"seconds", "cpu_seconds", "peak_memory_bytes"} <= set(
        next(iter(cost["steps"].values()))
    )
    calibration = read_json(pipeline.artifacts.report(f"{SUITE}-calibrated-calibration.json"))
    assert calibration["results"][0]["calibration"]
    assert pipeline.artifacts.report(f"{SUITE}-calibrated-benchmark.png").exists()


def test_a_number_of_a_report_is_traced_back_to_the_bundle(pipeline: Pipeline) -> None:
    fits = pipeline.run_fixture(TOY)
    board = pipeline.run("leaderboard_report")
    lineage = metadata_of(board, "leaderboard")["dagster/column_lineage"].deps_by_column
    (source,) = lineage["recovery"]
    assert (source.asset_key, source.column_name) == (dg.AssetKey("fixture_metrics"), "recovery")
    before = metadata_of(fits, "fixture_metrics")["dagster/column_lineage"].deps_by_column
    assert {dep.asset_key.to_user_string() for dep in before["recovery"]} == {
        "fixture_fit",
        "fixture_bundle",
    }
    columns = [c.name for c in metadata_of(board, "leaderboard")["dagster/column_schema"].columns]
    assert set(lineage) <= set(columns)


def test_a_report_without_any_fit_says_what_to_run(pipeline: Pipeline) -> None:
    result = pipeline.run("suite_reports", KEY)
    assert not result.success
    failures = [event for event in result.all_events if event.is_step_failure]
    (failure,) = [event for event in failures if "summary" in str(event.step_key)]
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert "all_fixtures" in str(told.description)


def test_every_scored_fit_is_a_line_of_the_history(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    pipeline.run("fixture_fits", fit_key(TOY, "calibrated"), tags={RUN_TAG: "nightly:2026-01-01"})
    first, second = read_history(pipeline.artifacts.report(HISTORY))
    assert second["run"] == "nightly:2026-01-01"
    assert first["run"] != second["run"]
    for line in (first, second):
        assert (line["dataset"], line["suite"], line["backend"]) == (TOY, SUITE, "calibrated")
        assert line["seconds"] > 0
        assert line["peak_memory_bytes"] > 2**26


def better_history(pipeline: Pipeline, *, runs: int = 4, **better: float) -> None:
    """Former runs, good ones, in which something was better than it is now."""
    path = pipeline.artifacts.report(HISTORY)
    (now,) = read_history(path)
    path.unlink()
    former = [now | {"run": f"former-{k}"} | better for k in range(runs)]
    append_history(path, [*former, now])


@pytest.mark.parametrize(
    ("better", "told"),
    [
        ({"ari": 1.2}, "ari 1.000, in the last good run 1.200"),
        ({"peak_memory_bytes": 2**27}, "MiB at its peak"),
    ],
)
def test_a_planted_regression_fails_its_check_loudly(
    pipeline: Pipeline, better: dict[str, float], told: str
) -> None:
    pipeline.run_fixture(TOY)
    passed = checks_of(pipeline.run("suite_reports", KEY))["no_worse_than_the_last_good_run"]
    assert passed.passed
    better_history(pipeline, **better)
    failed = checks_of(pipeline.run("suite_reports", KEY))["no_worse_than_the_last_good_run"]
    assert not failed.passed
    assert failed.severity == dg.AssetCheckSeverity.ERROR
    assert told in str(failed.description)
    assert "accept" in str(failed.metadata["what got worse"].value)


def test_a_drop_that_was_meant_can_be_accepted(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    better_history(pipeline, ari=1.2)
    config = {"ops": {"benchmark_summary": {"config": {"accept": True}}}}
    result = pipeline.run("suite_reports", KEY, run_config=config)
    assert checks_of(result)["no_worse_than_the_last_good_run"].passed
    assert read_json(pipeline.artifacts.report(ACCEPTED))
    again = checks_of(pipeline.run("suite_reports", KEY))["no_worse_than_the_last_good_run"]
    assert again.passed


def test_gates_hold_the_default_backend_and_warn_of_others(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    pipeline.run("fixture_fits", fit_key(TOY, "wgcna"))
    for backend, severity in (
        ("calibrated", dg.AssetCheckSeverity.ERROR),
        ("wgcna", dg.AssetCheckSeverity.WARN),
    ):
        result = pipeline.run("suite_reports", suite_key(SUITE, backend))
        assert checks_of(result)["gates_of_the_specification"].severity == severity


def test_trends_show_every_run_of_the_history(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    better_history(pipeline, runs=3)
    result = pipeline.run("leaderboard_report")
    document = read_json(pipeline.artifacts.report("trends.json"))
    assert len(document["results"]) == 4
    assert document["results"][0]["mean_recovery"] == pytest.approx(1.0)
    assert document["inputs"][HISTORY]
    assert metadata_of(result, "trends")["runs"] == 4
    assert pipeline.artifacts.report("trends.png").exists()


def test_trends_without_a_history_are_empty(pipeline: Pipeline) -> None:
    assert pipeline.run("leaderboard_report").success
    assert read_json(pipeline.artifacts.report("trends.json"))["results"] == []

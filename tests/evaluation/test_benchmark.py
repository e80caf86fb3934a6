"""The runner over fixtures, backends and seeds, and what its reports add up."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

import isograph
from isograph.errors import IsographError
from isograph.evaluation.cache import cell_folder, read_cell, write_cell
from isograph.evaluation.cells import (
    Cell,
    CellResult,
    Progress,
    cell_key,
    code_version,
    failure,
    from_record,
    to_record,
)
from isograph.evaluation.history import read_history
from isograph.evaluation.measure import run_cell
from isograph.evaluation.plan import derived_seeds, fixtures_of, stage_name
from isograph.evaluation.reports import benchmark_report, calibration_report, runtime_report
from isograph.evaluation.summary import summarise, summarise_scenarios, summarise_suites
from isograph.provenance import machine

NULL = "negative_control_noise-noise0.50"


def result(dataset: str, seed: int, *, backend: str = "calibrated", **metrics: Any) -> CellResult:
    given = {
        "n_modules": 2,
        "n_truth_modules": 2,
        "n_genes": 200,
        "recovery": 1.0,
        "ari": 1.0,
        "ami": 1.0,
        "coverage": 1.0,
        "background_fraction": 0.0,
        "role_accuracy": 1.0,
        "n_background_assigned": 0,
        "n_assigned": 100,
    } | metrics
    return CellResult(
        cell=Cell(dataset, seed, backend),
        metrics=given,
        seconds=1.0 + seed,
        cpu_seconds=2.0,
        peak_memory_bytes=1000 + seed,
        steps={"modules": {"seconds": 0.5, "cpu_seconds": 1.0, "peak_memory_bytes": 900}},
        code_version="c",
        bundle_content_hash=f"{dataset}-{seed}",
    )


# --- plan ----------------------------------------------------------------------------------


def test_derived_seeds_follow_from_the_text_alone() -> None:
    seeds = derived_seeds("abc", 3)
    assert seeds == derived_seeds("abc", 5)[:3]
    assert len(set(seeds)) == 3
    assert seeds[1] == int(hashlib.sha256(b"abc:1").hexdigest()[:8], 16)
    assert set(seeds).isdisjoint(derived_seeds("abd", 3))


def test_suites_give_their_regular_fixtures() -> None:
    core, multiplex = fixtures_of(["core_v1"]), fixtures_of(["multiplex_v1"])
    assert len(core) == 7
    assert len(multiplex) == 4
    assert "xxlarge_multiplex_v1" not in multiplex
    assert set(fixtures_of(["core_v1", "multiplex_v1"])) == {*core, *multiplex}
    assert "xxlarge_multiplex_v1" in fixtures_of(["multiplex_v1"], large=True)


def test_a_suite_of_large_fixtures_alone_gives_them_all() -> None:
    assert len(fixtures_of(["scale_v1"])) == 3


def test_a_scenario_is_found_in_whatever_suite_has_it() -> None:
    chosen = fixtures_of(scenarios=["batch_effects", "weak"])
    assert len(chosen) == 6
    assert all(name.startswith(("batch_effects-", "weak-")) for name in chosen)


def test_stages_are_named_by_selection_backend_and_changed_settings() -> None:
    def name(stage: str | None, *, several: bool, **settings: str) -> str:
        return stage_name("b", selection="core_v1", stage=stage, several=several, settings=settings)

    assert name(None, several=False) == name(None, several=True) == "core_v1-b"
    assert name("x", several=False) == "x"
    assert name("x", several=True) == "x-b"
    assert name(None, several=False, resolution="2") == "core_v1-b-resolution-2"


# --- key and cache -------------------------------------------------------------------------


def test_the_key_changes_with_everything_that_scores_depend_on() -> None:
    cell = Cell("a", 1, "b")
    keys = {
        cell_key(other, code=code)
        for other, code in (
            (cell, "c"),
            (cell, "d"),
            (replace(cell, dataset="z"), "c"),
            (replace(cell, seed=2), "c"),
            (replace(cell, backend="z"), "c"),
            (replace(cell, settings=(("resolution", "2"),)), "c"),
            (replace(cell, bundle_files="h"), "c"),
            (replace(cell, bundle_files="other"), "c"),
        )
    }
    assert len(keys) == 8
    here, there = (replace(cell, bundle_files="h", bundle=Path(p)) for p in ("here", "there"))
    assert cell_key(here, code="c") == cell_key(there, code="c") in keys
    assert code_version() == code_version()


def test_a_record_gives_its_result_again(tmp_path: Path) -> None:
    cell = result("a", 3)
    assert from_record(to_record(cell)) == cell
    write_cell(tmp_path, cell)
    assert read_cell(tmp_path, cell=cell.cell, code="c") == cell


def test_a_record_of_former_versions_has_seconds_of_steps_only() -> None:
    record = to_record(result("a", 3))
    for name in ("bundle_files", "bundle_content_hash"):
        del record[name]
    old = from_record(record | {"steps": {"modules": 0.5}})
    assert old.steps == {
        "modules": {"seconds": 0.5, "cpu_seconds": None, "peak_memory_bytes": None}
    }
    assert old.bundle_content_hash is None
    assert old.cell.is_fixture


def test_cells_of_other_code_failed_ones_and_damaged_files_are_run_again(tmp_path: Path) -> None:
    cell = result("a", 3)
    assert read_cell(tmp_path, cell=cell.cell, code="c") is None
    write_cell(tmp_path, cell)
    assert read_cell(tmp_path, cell=cell.cell, code="d") is None
    write_cell(tmp_path, failure(cell.cell, "no", wall_seconds=1.0, code="c"))
    assert read_cell(tmp_path, cell=cell.cell, code="c") is None
    (tmp_path / "cell.json").write_text('{"key": ')
    assert read_cell(tmp_path, cell=cell.cell, code="c") is None


def test_the_suite_seed_has_the_folder_of_the_data_set(tmp_path: Path) -> None:
    assert cell_folder(tmp_path, stage="s", cell=Cell("a", 7, "b")) == tmp_path / "s" / "a"
    other = cell_folder(tmp_path, stage="s", cell=Cell("a", 8, "b"))
    assert other == tmp_path / "s" / "a" / "seed-8"


# --- summaries -----------------------------------------------------------------------------


def test_background_is_pooled_over_seeds_with_an_interval() -> None:
    rows = [
        result("a", 0, n_background_assigned=3, n_assigned=100),
        result("a", 1, n_background_assigned=0, n_assigned=300),
        result("b", 0),
    ]
    first, second = summarise(rows)
    interval = stats.binomtest(3, 400).proportion_ci(0.95, method="exact")
    assert first["background_pooled"] == 3 / 400
    assert first["background_low"] == pytest.approx(interval.low)
    assert first["background_high"] == pytest.approx(interval.high)
    assert first["n"] == 2
    assert second["background_low"] == 0.0


def test_means_leave_out_what_is_undefined() -> None:
    row = summarise([result("a", 0, ari=None), result("a", 1, ari=0.5)])[0]
    assert row["ari"] == 0.5
    assert row["ari_sd"] is None
    assert row["seconds"] == 1.5
    assert row["peak_memory_bytes"] == 1001
    nothing = summarise([result("a", 0, ari=None, n_assigned=0)])[0]
    assert nothing["ari"] is None
    assert nothing["background_pooled"] is None


def test_failed_cells_are_counted_and_left_out_of_means() -> None:
    failed = failure(Cell("a", 1, "calibrated"), "no", wall_seconds=1.0, code="c")
    row = summarise([result("a", 0, ari=0.5), failed])[0]
    assert (row["n"], row["n_failed"], row["ari"]) == (1, 1, 0.5)
    assert summarise([failed])[0]["ari"] is None


def test_backends_are_summed_up_apart() -> None:
    rows = summarise([result("a", 0), result("a", 0, backend="peer:knn", ari=0.1)])
    assert [(row["backend"], row["ari"]) for row in rows] == [
        ("calibrated", 1.0),
        ("peer:knn", 0.1),
    ]


def test_a_scenario_has_its_mean_its_worst_point_and_figures_of_others() -> None:
    points = ("batch_effects-sd0.00", "batch_effects-sd1.00")
    rows = [
        result(points[0], 0, ari=1.0, n_background_assigned=1),
        result(points[1], 0, ari=0.4),
        result(points[1], 1, ari=0.6),
        result("toy_v1", 0),
    ]
    (row,) = summarise_scenarios(rows)
    assert row["scenario"] == "batch_effects"
    assert row["ari"] == pytest.approx(2 / 3)
    assert (row["ari_min"], row["ari_min_dataset"]) == (0.5, points[1])
    assert (row["n_points"], row["n"]) == (2, 3)
    assert row["background_pooled"] == 1 / 300
    assert {f["method"]: f["value"] for f in row["published"]}["IsoGraph 0.1"] == 0.627
    assert [r["suite"] for r in summarise_suites(rows)] == ["scenarios_v1", "core_v1"]


def test_where_nothing_is_planted_modules_and_genes_are_counted() -> None:
    nothing = {"ari": None, "coverage": None, "n_modules": 0, "n_assigned": 0}
    (row,) = summarise_scenarios(
        [result(NULL, 0, **nothing), result(NULL, 1, **(nothing | {"n_modules": 1}))]
    )
    assert row["ari"] is None
    assert row["ari_min"] is None
    assert row["n_with_modules"] == 1


# --- runs ----------------------------------------------------------------------------------


def test_one_cell_is_simulated_fitted_and_scored() -> None:
    cell = run_cell(Cell("toy_multiplex_v1", 3, "calibrated"))
    assert cell.metrics["ari"] == 1.0
    assert cell.metrics["n_genes"] == 40
    assert cell.peak_memory_bytes > 2**20
    assert 0 < sum(step["seconds"] for step in cell.steps.values()) <= cell.seconds
    assert 0 < sum(step["cpu_seconds"] or 0 for step in cell.steps.values()) <= cell.cpu_seconds
    peaks = [step["peak_memory_bytes"] or 0 for step in cell.steps.values()]
    assert 2**20 < max(peaks) <= cell.peak_memory_bytes
    assert cell.bundle_content_hash == isograph.simulate("toy_multiplex_v1", seed=3).content_hash


def test_the_null_scenario_is_scored_by_what_is_assigned() -> None:
    metrics = run_cell(Cell(NULL, 3, "calibrated")).metrics
    assert metrics["ari"] is None
    assert (metrics["n_modules"], metrics["n_assigned"]) == (0, 0)


def test_settings_reach_the_fit() -> None:
    strict = run_cell(Cell("toy_multiplex_v1", 3, "calibrated", (("active_r", "0.999"),)))
    assert strict.metrics["role_accuracy"] == 0.0


@pytest.fixture
def planned(tmp_path: Path) -> dict[str, Any]:
    return {"datasets": ["toy_multiplex_v1"], "seeds": (7, 8), "cache": tmp_path, "stage": "s"}


def test_a_second_run_takes_finished_cells_and_runs_the_missing_one(
    planned: dict[str, Any], tmp_path: Path
) -> None:
    seen: list[Progress] = []
    first = isograph.benchmark(**planned, keep_fits=True, report=seen.append)
    assert [p.cached for p in seen] == [False, False]
    assert (tmp_path / "s/toy_multiplex_v1/fit/modules.parquet").exists()
    assert (tmp_path / "s/toy_multiplex_v1/seed-8/run.log").exists()
    (tmp_path / "s/toy_multiplex_v1/seed-8/cell.json").unlink()
    seen.clear()
    second = isograph.benchmark(**planned, report=seen.append)
    assert [(p.result.cell.seed, p.cached) for p in seen] == [(7, True), (8, False)]
    assert second[0] == first[0]
    assert second[1].metrics == first[1].metrics
    assert seen[-1].done == seen[-1].total == 2


def test_a_cell_that_was_run_is_a_line_of_the_history_and_a_cached_or_failed_one_is_not(
    planned: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "reports" / "history.jsonl"
    seen: list[int] = []

    def count(progress: Progress) -> None:
        seen.append(len(read_history(path)))

    isograph.benchmark(**planned, history=path, jobs=1, report=count)
    assert seen == [1, 2]
    isograph.benchmark(**planned, history=path)
    isograph.benchmark(**planned, history=path, fresh=True, timeout=0.01)
    assert len(read_history(path)) == 2
    isograph.benchmark(**(planned | {"seeds": (7,)}), history=path, fresh=True)
    lines = read_history(path)
    assert [line["seed"] for line in lines] == [7, 8, 7]
    assert lines[0]["run"] == lines[1]["run"] != lines[2]["run"]
    assert {(line["suite"], line["stage"]) for line in lines} == {("multiplex_v1", "s")}


def test_without_a_history_none_is_written(planned: dict[str, Any], tmp_path: Path) -> None:
    isograph.benchmark(**(planned | {"seeds": (7,)}))
    assert not list(tmp_path.rglob("history.jsonl"))


def test_a_cell_that_runs_out_of_time_is_a_failed_row_and_loses_no_other(
    planned: dict[str, Any],
) -> None:
    (row,) = isograph.benchmark(**(planned | {"seeds": (7,)}), timeout=0.01)
    assert row.error is not None
    assert "took more than" in row.error
    (again,) = isograph.benchmark(**(planned | {"seeds": (7,)}))
    assert again.error is None


def test_every_nonsense_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(IsographError) as caught:
        isograph.benchmark(
            datasets=["toy_v2"], suites=["core_v9"], scenarios=["batch"], peers=["x"], jobs=0
        )
    for part in ("toy_v2", "core_v9", "no such scenario", "no such peer", "jobs: is 0"):
        assert part in str(caught.value)
    with pytest.raises(IsographError, match="no such setting"):
        isograph.benchmark(datasets=["toy_v1"], settings={"resolutoin": "1"})
    with pytest.raises(IsographError, match="no such backend"):
        isograph.benchmark(datasets=["toy_v1"], backends=["x"])


# --- reports -------------------------------------------------------------------------------


def test_reports_say_what_made_them() -> None:
    failed = failure(Cell("b", 5, "calibrated"), "no memory", wall_seconds=1.0, code="c")
    rows = [result("a", 5), failed]
    report = benchmark_report(rows, suite="core_v1", backend="calibrated", stage="x")
    assert report["results"][0]["dataset"] == "a"
    assert report["results"][0]["seed"] == 5
    assert report["results"][1]["error"] == "no memory"
    assert [row["status"] for row in report["results"]] == ["ok", "failed"]
    assert report["code_versions"] == ["c"]
    assert set(report["git"]) == {"commit", "dirty"}
    assert "numpy" in report["packages"]
    runtime = runtime_report(rows, stage="x", backend="calibrated")
    assert len(runtime["results"]) == 1
    assert runtime["results"][0]["runtime_seconds"] == 6.0
    assert runtime["machine"]["cores"] >= 1


def test_every_report_says_which_code_and_which_data_made_it() -> None:
    failed = failure(Cell("b", 5, "calibrated"), "no memory", wall_seconds=1.0, code="c")
    peer = replace(result("a", 5, backend="peer:knn"), calibration=None)
    rows = [replace(result("a", 5), calibration={"neighbours": 30}), failed, peer]
    for made in (
        benchmark_report(rows, suite="core_v1", backend="calibrated", stage="x"),
        runtime_report(rows, stage="x", backend="calibrated"),
        calibration_report(rows, stage="x", backend="calibrated"),
    ):
        assert set(made["git"]) == {"commit", "dirty"}
        assert "numpy" in made["packages"]
        assert made["code_versions"] == ["c"]
        assert made["isograph_version"]
        assert made["inputs"] == [{"dataset": "a", "seed": 5, "bundle_content_hash": "a-5"}]


def test_the_runtime_report_has_the_cost_of_every_step_and_the_machine() -> None:
    runtime = runtime_report([result("a", 5)], stage="x", backend="calibrated", jobs=3)
    assert runtime["results"][0]["steps"] == {
        "modules": {"seconds": 0.5, "cpu_seconds": 1.0, "peak_memory_bytes": 900}
    }
    assert runtime["jobs"] == 3
    assert runtime["machine"] == machine()


def test_gates_stand_in_the_report() -> None:
    rows = [result("xxlarge_multiplex_v1", 7, recovery=0.5)]
    report = benchmark_report(rows, suite="multiplex_v1", backend="calibrated", stage="x")
    (row,) = report["gate_failures"]
    assert set(row) == {"where", "metric", "value", "bound", "source", "sentence"}
    assert (row["metric"], row["value"], row["bound"]) == ("recovery", 0.5, 0.927)
    assert report["gates_checked"] >= 2


def test_the_calibration_report_has_a_row_where_there_is_a_record() -> None:
    rows = [replace(result("a", 5), calibration={"neighbours": 30}), result("b", 5)]
    report = calibration_report(rows, stage="x", backend="calibrated")
    assert report["results"] == [{"dataset": "a", "seed": 5, "calibration": {"neighbours": 30}}]

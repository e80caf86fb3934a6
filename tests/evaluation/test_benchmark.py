"""The runner over fixtures and seeds, and what its reports add up."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from scipy import stats

import isograph
from isograph.evaluation.benchmark import (
    Cell,
    CellResult,
    benchmark_report,
    derived_seeds,
    fixtures_of,
    run_cell,
    runtime_report,
    summarise,
)


def result(dataset: str, seed: int, **metrics: Any) -> CellResult:
    given = {
        "n_modules": 2,
        "n_truth_modules": 2,
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
        cell=Cell(dataset, seed, "calibrated"),
        metrics=given,
        seconds=1.0 + seed,
        cpu_seconds=2.0,
        peak_memory_bytes=1000 + seed,
        steps={"modules": 0.5},
    )


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


def test_one_cell_is_simulated_fitted_and_scored() -> None:
    cell = run_cell(Cell("toy_multiplex_v1", 3, "calibrated"))
    assert cell.metrics["ari"] == 1.0
    assert cell.metrics["n_genes"] == 40
    assert cell.peak_memory_bytes > 2**20
    assert 0 < sum(cell.steps.values()) <= cell.seconds


def test_benchmark_runs_each_data_set_in_a_fresh_process() -> None:
    seen: list[int] = []
    results = isograph.benchmark(
        datasets=["toy_multiplex_v1"], seeds=(1, 2), report=lambda r: seen.append(r.cell.seed)
    )
    assert seen == [1, 2]
    assert [r.metrics["n_modules"] for r in results] == [2, 2]


def test_reports_say_what_made_them() -> None:
    rows = [result("a", 5)]
    report = benchmark_report(rows, suite="core_v1", backend="calibrated", stage="x")
    assert report["results"][0]["dataset"] == "a"
    assert report["results"][0]["seed"] == 5
    assert set(report["git"]) == {"commit", "dirty"}
    assert "numpy" in report["packages"]
    runtime = runtime_report(rows, stage="x", backend="calibrated")
    assert runtime["results"][0]["runtime_seconds"] == 6.0
    assert runtime["machine"]["cores"] >= 1

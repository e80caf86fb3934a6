"""Gates come from the specification, are judged on what ran, and fail with a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import binom

from isograph.backends import backend_names
from isograph.evaluation.cells import Cell, CellResult, failure
from isograph.evaluation.gates import (
    NULL_SCENARIO,
    Gate,
    held_to_gates,
    judge_gates,
    most_with_modules,
    published_gates,
)
from isograph.evaluation.peers import PEERS
from isograph.evaluation.plan import fixtures_of
from isograph.evaluation.published import VAE, WGCNA, Figure

NOISE = fixtures_of(scenarios=[NULL_SCENARIO])
IDEALIZED = fixtures_of(scenarios=["idealized_switching"])
LARGE = "xxlarge_multiplex_v1"


def result(dataset: str, seed: int = 7, *, seconds: float = 1.0, **metrics: Any) -> CellResult:
    given = {
        "ari": 1.0,
        "recovery": 1.0,
        "n_modules": 2,
        "n_truth_modules": 2,
        "n_assigned": 100,
        "n_background_assigned": 0,
        "role_recall": {"abundance_only": 1.0},
    }
    return CellResult(
        cell=Cell(dataset, seed, "calibrated"),
        metrics=given | metrics,
        seconds=seconds,
        cpu_seconds=1.0,
        peak_memory_bytes=1,
        steps={},
    )


def noise(n: int, *, with_modules: int) -> list[CellResult]:
    planted = {"ari": None, "n_truth_modules": 0, "n_assigned": 0}
    return [result(NOISE[0], k, n_modules=int(k < with_modules), **planted) for k in range(n)]


def failures(results: list[CellResult], *, backend: str = "calibrated") -> list[dict[str, Any]]:
    return judge_gates(results, backend=backend).as_rows()


def test_the_bars_are_the_best_published_figures() -> None:
    bars = {(g.where, g.metric): (g.bound, g.at_least) for g in published_gates()}
    assert bars["idealized_switching", "ari"] == (0.998, True)
    assert bars["noise_stress", "ari"] == (1.0, True)
    assert bars["cell_composition", "ari"] == (0.643, True)
    assert bars["rna_degradation_coupled", "ari"] == (0.75, True)
    assert bars["unequal_isoform_abundance-imbalance25", "ari"] == (0.449, True)
    assert bars["scale_realistic", "recovery"] == (0.625, True)
    assert bars[LARGE, "recovery"] == (0.927, True)
    assert bars[LARGE, "abundance_only_recall"] == (0.725, True)
    assert bars[LARGE, "seconds"] == (877.0, False)


def test_a_fair_wgcna_and_numbers_of_modules_are_no_bars() -> None:
    assert {gate.metric for gate in published_gates()} == {
        "ari",
        "recovery",
        "abundance_only_recall",
        "seconds",
    }
    figures = (
        Figure("a", VAE, 0.5, "s"),
        Figure("a", WGCNA, 0.6, "s"),
        Figure("a", "WGCNA, fair, signed", 1.0, "s"),
    )
    (gate,) = published_gates(figures)
    assert (gate.bound, gate.source) == (0.6, f"{WGCNA}, s")


def test_a_scenario_is_judged_by_its_mean_and_told_in_a_sentence() -> None:
    good = [result(name) for name in IDEALIZED]
    assert failures(good) == []
    bad = [replace(good[0], metrics=good[0].metrics | {"ari": 0.9}), *good[1:]]
    (row,) = failures(bad)
    mean = (len(good) - 0.1) / len(good)
    assert (row["where"], row["metric"], row["bound"]) == ("idealized_switching", "ari", 0.998)
    assert row["value"] == pytest.approx(mean)
    assert row["sentence"].startswith(f"idealized_switching ARI {mean:.5g} is below 0.998 (")
    assert "published" in row["source"]


def test_a_scenario_with_a_point_missing_or_failed_is_not_judged() -> None:
    bad = [result(name, ari=0.0) for name in IDEALIZED]
    assert [row["metric"] for row in failures(bad)] == ["ari"]
    assert failures(bad[1:]) == []
    lost = failure(bad[0].cell, "no memory", wall_seconds=1.0, code="c")
    assert failures([lost, *bad[1:]]) == []


def test_one_data_set_has_gates_of_its_own() -> None:
    bad = result(LARGE, recovery=0.9, role_recall={"abundance_only": 0.7}, seconds=900.0)
    assert {row["metric"]: row["value"] for row in failures([bad])} == {
        "recovery": 0.9,
        "abundance_only_recall": 0.7,
        "seconds": 900.0,
    }
    (slow,) = failures([result(LARGE, seconds=900.0)])
    assert "900 is above 877" in slow["sentence"]
    assert failures([result(LARGE)]) == []


@pytest.mark.parametrize("n", [1, 2, 10, 57, 400])
def test_noise_may_have_modules_as_often_as_chance_explains(n: int) -> None:
    most = most_with_modules(n)
    assert binom.sf(most - 1, n, 0.05) >= 0.01
    assert binom.sf(most, n, 0.05) < 0.01 or most == n


def test_too_many_modules_in_noise_fail() -> None:
    assert failures(noise(10, with_modules=most_with_modules(10))) == []
    (row,) = failures(noise(10, with_modules=most_with_modules(10) + 1))
    assert (row["where"], row["metric"], row["value"]) == (NULL_SCENARIO, "n_with_modules", 4.0)


def test_background_fails_beyond_doubt_only() -> None:
    doubtful = [result("toy_v1", k, n_background_assigned=2, n_assigned=20) for k in range(2)]
    assert failures(doubtful) == []
    sure = [result("toy_v1", k, n_background_assigned=20, n_assigned=200) for k in range(2)]
    (row,) = failures(sure)
    assert (row["where"], row["metric"], row["bound"]) == ("toy_v1", "background_low", 0.05)
    assert 0.05 < row["value"] < 0.1
    assert "40 of 400 assigned genes" in row["source"]


def test_without_a_truth_nothing_is_judged() -> None:
    blind = result("mine", n_truth_modules=None, n_background_assigned=None, ari=None)
    assert judge_gates([blind], backend="calibrated").n_checked == 0


def test_a_bundle_named_like_a_fixture_is_none() -> None:
    bad = result(LARGE, recovery=0.1, n_background_assigned=50)
    assert len(failures([bad])) == 2
    cell = replace(bad.cell, seed=0, bundle_files="h")
    assert [row["metric"] for row in failures([replace(bad, cell=cell)])] == ["background_low"]


def test_cells_of_other_backends_are_passed_over() -> None:
    bad = result(LARGE, recovery=0.1)
    assert failures([bad], backend="wgcna") == []
    assert judge_gates([bad], backend="wgcna").n_checked == 0


def test_all_that_could_be_judged_is_counted() -> None:
    # three published gates and its background
    assert judge_gates([result(LARGE)], backend="calibrated").n_checked == 4


def test_a_mean_that_rounding_leaves_below_passes() -> None:
    gate = Gate("a", "ari", 1.0, True, "s")
    assert gate.holds(1.0 - 1e-12)
    assert not gate.holds(0.9999)


def test_the_default_backend_alone_is_held_to_its_gates() -> None:
    assert [name for name in (*backend_names(), *PEERS) if held_to_gates(name)] == ["calibrated"]

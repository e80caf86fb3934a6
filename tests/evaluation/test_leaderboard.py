"""All backends side by side."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isograph.evaluation.cells import Cell, CellResult
from isograph.evaluation.leaderboard import TIMES, leaderboard
from isograph.evaluation.leaderboard_plots import leaderboard_picture


def cell(
    dataset: str, backend: str, *, ari: float | None = 1.0, seconds: float = 1.0
) -> CellResult:
    metrics = {"ari": ari, "recovery": 0.5, "coverage": 1.0, "background_fraction": 0.1}
    metrics |= {"n_modules": 2, "n_truth_modules": 2, "n_assigned": 10}
    metrics |= {"n_background_assigned": 1, "n_genes": 100, "role_accuracy": None}
    return CellResult(Cell(dataset, 7, backend), metrics, seconds, 1.0, 2**28, {})


RESULTS = [
    cell("toy_v1", "wgcna", ari=0.5),
    cell("batch_effects-sd1.00", "calibrated", ari=0.8, seconds=3.0),
    cell("batch_effects-sd0.50", "calibrated", ari=0.9),
    cell("toy_v1", "calibrated"),
]


def test_rows_stand_in_the_order_of_the_catalogue_whatever_order_they_came_in() -> None:
    rows = leaderboard(RESULTS)["results"]
    assert [(row["dataset"], row["backend"]) for row in rows] == [
        ("toy_v1", "calibrated"),
        ("toy_v1", "wgcna"),
        ("batch_effects-sd0.50", "calibrated"),
        ("batch_effects-sd1.00", "calibrated"),
    ]
    assert leaderboard(RESULTS[::-1])["content_hash"] == leaderboard(RESULTS)["content_hash"]


def test_points_of_a_sweep_are_one_family() -> None:
    families = leaderboard(RESULTS)["families"]
    (batch,) = [row for row in families if row["family"] == "batch_effects"]
    assert (batch["n_points"], batch["suite"]) == (2, "scenarios_v1")
    assert batch["ari"] == pytest.approx(0.85)
    assert batch["ari_min"] == pytest.approx(0.8)
    assert {row["family"] for row in families} == {"batch_effects", "toy_v1"}


def test_a_backend_is_summed_up_over_everything_it_did() -> None:
    summary = {row["backend"]: row for row in leaderboard(RESULTS)["summary"]}
    assert summary["calibrated"]["n"] == 3
    assert summary["calibrated"]["mean_ari"] == pytest.approx(0.9)
    assert summary["calibrated"]["pooled_background_fraction"] == pytest.approx(0.1)
    assert summary["wgcna"]["n_right_module_count"] == 1


def test_times_do_not_change_the_hash_but_scores_do() -> None:
    base = leaderboard(RESULTS)["content_hash"]
    slower = [replace(r, seconds=9.0, cpu_seconds=9.0, peak_memory_bytes=1) for r in RESULTS]
    assert leaderboard(slower)["content_hash"] == base
    assert leaderboard([cell("toy_v1", "wgcna", ari=0.4), *RESULTS[1:]])["content_hash"] != base
    assert "seconds" in TIMES


def test_a_failed_cell_is_a_row_without_scores() -> None:
    failed = replace(RESULTS[0], metrics={}, error="boom", seconds=0.0)
    document = leaderboard([failed])
    (row,) = document["results"]
    assert (row["status"], row["ari"], row["seconds"]) == ("failed", None, None)
    assert document["summary"][0]["n_failed"] == 1


def test_the_users_own_data_sets_stand_after_the_fixtures() -> None:
    document = leaderboard([cell("mine", "calibrated"), *RESULTS])
    assert document["results"][-1]["dataset"] == "mine"
    assert document["results"][-1]["suite"] is None


@pytest.mark.parametrize("results", [[], RESULTS[:1], RESULTS])
def test_a_picture_is_drawn_whatever_there_is(results: list[CellResult]) -> None:
    image = Image.open(BytesIO(leaderboard_picture(leaderboard(results)["families"])))
    assert image.width > 800
    assert len(np.unique(np.asarray(image.convert("L")))) > 2

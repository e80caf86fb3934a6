"""Where suites stood after each run."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isograph.evaluation.trend_plots import trends_picture
from isograph.evaluation.trends import trend_rows
from isograph.files import to_json


def line(run: str, dataset: str, *, day: int, **values: Any) -> dict[str, Any]:
    found = {"run": run, "suite": "core_v1", "backend": "calibrated", "dataset": dataset, "seed": 7}
    found |= {"recovery": 1.0, "ari": 1.0, "coverage": 1.0, "background_fraction": 0.0}
    found |= {"seconds": 2.0, "peak_memory_bytes": 100.0, "machine": "m", "settings": {}}
    found |= {"time": f"2026-01-{day:02d}T03:00:00Z", "commit": "c", "dirty": False}
    return found | values


def test_a_run_is_a_row_with_means_and_sums() -> None:
    history = [
        line("a", "x", day=1, recovery=0.5),
        line("a", "y", day=1, seconds=5.0, peak_memory_bytes=300.0),
    ]
    (row,) = trend_rows(history)
    assert row["mean_recovery"] == pytest.approx(0.75)
    assert row["total_seconds"] == pytest.approx(7.0)
    assert row["largest_peak_memory_bytes"] == 300.0
    assert (row["n_cells"], row["n_cells_run"], row["commit"]) == (2, 2, "c")


def test_a_run_of_one_cell_leaves_the_others_where_they_were() -> None:
    history = [line("a", "x", day=1, recovery=0.5), line("a", "y", day=1)]
    rows = trend_rows([*history, line("b", "x", day=2, recovery=0.7, seconds=3.0)])
    assert [row["n_cells_run"] for row in rows] == [2, 1]
    assert rows[1]["mean_recovery"] == pytest.approx(0.85)
    assert rows[1]["total_seconds"] == pytest.approx(5.0)


def test_what_is_undefined_counts_in_no_mean() -> None:
    rows = trend_rows([line("a", "x", day=1, ari=None), line("a", "y", day=1, ari=0.5)])
    assert rows[0]["mean_ari"] == pytest.approx(0.5)
    (alone,) = trend_rows([line("a", "x", day=1, ari=None, seconds=None)])
    assert alone["mean_ari"] is None
    assert alone["total_seconds"] is None


def test_machines_backends_and_suites_are_rows_of_their_own() -> None:
    history = [
        line("a", "x", day=1),
        line("a", "x", day=1, machine="n"),
        line("a", "x", day=1, backend="wgcna"),
        line("a", "x", day=1, suite="scale_v1"),
        line("a", "x", day=1, suite=None),
    ]
    rows = trend_rows(history)
    keys = [(row["suite"], row["backend"], row["machine"]) for row in rows]
    assert len(keys) == len(set(keys)) == 4


def test_the_rows_are_plain_json() -> None:
    assert '"dirty": false' in to_json(trend_rows([line("a", "x", day=1)]))


@pytest.mark.parametrize("days", [0, 1, 5])
def test_a_picture_is_drawn_whatever_there_is(days: int) -> None:
    history = [
        line(str(day), "x", day=day + 1, suite=suite)
        for suite in ("core_v1", "multiplex_v1")
        for day in range(days)
    ]
    image = Image.open(BytesIO(trends_picture(trend_rows(history))))
    assert image.width > 300
    assert len(np.unique(np.asarray(image.convert("L")))) > 2

"""Two benchmark reports beside each other: what is paired, what is told, what is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import isograph
from isograph.evaluation.comparison import ComparisonError, ReportComparison
from isograph.evaluation.comparison.deltas import MetricDelta
from isograph.evaluation.comparison.stored import numbers, read_report
from isograph.network.significance import benjamini_hochberg

Row = dict[str, Any]


def cell(dataset: str, seed: int, *, backend: str = "calibrated", **metrics: Any) -> Row:
    return {"dataset": dataset, "seed": seed, "backend": backend, "status": "ok"} | metrics


def aris(dataset: str, values: Sequence[float], *, start: int = 0, **more: Any) -> list[Row]:
    return [cell(dataset, start + k, ari=v, seconds=1.0, **more) for k, v in enumerate(values)]


def write(
    folder: Path,
    name: str,
    rows: list[Row],
    *,
    suite: str = "core_v1",
    costs: list[Row] | None = None,
    jobs: int = 1,
) -> Path:
    record = {"suite": suite, "backend": "calibrated", "stage": name, "results": rows}
    path = folder / f"{name}-benchmark.json"
    path.write_text(json.dumps(record))
    if costs is not None:
        runtime = {"jobs": jobs, "machine": {"cores": 2}, "results": costs}
        (folder / f"{name}-runtime-memory.json").write_text(json.dumps(runtime))
    return path


def compared(left: Path, right: Path, **options: Any) -> ReportComparison:
    comparison = isograph.compare(left, right, n_resamples=500, **options)
    assert isinstance(comparison, ReportComparison)
    return comparison


def row(rows: Sequence[MetricDelta], metric: str, dataset: str = "all") -> MetricDelta:
    (one,) = [r for r in rows if (r.metric, r.dataset) == (metric, dataset)]
    return one


def test_every_metric_has_both_means_and_their_difference(tmp_path: Path) -> None:
    recall = {"coupled": 0.5, "discordant": None}
    left = [cell("a", 1, ari=0.5, n_modules=2, role_recall=recall), cell("a", 2, ari=0.7)]
    right = [cell("a", 1, ari=0.9, n_modules=4, role_recall={"coupled": 1.0}), cell("a", 2, ari=1)]
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    ari = row(found.results, "ari", "a")
    assert (ari.left, ari.right) == (pytest.approx(0.6), pytest.approx(0.95))
    assert ari.delta == pytest.approx(0.35)
    assert ari.effect == pytest.approx(0.35)
    assert row(found.results, "n_modules", "a").delta == 2
    assert row(found.results, "role_recall.coupled", "a").delta == 0.5
    assert {r.metric for r in found.results} == {"ari", "n_modules", "role_recall.coupled"}


def test_pairs_are_formed_by_seed_and_not_by_order(tmp_path: Path) -> None:
    left = aris("a", [0.1, 0.5, 0.9])
    right = [r | {"ari": r["ari"] + 0.05} for r in reversed(left)]
    ari = row(compared(write(tmp_path, "l", left), write(tmp_path, "r", right)).results, "ari", "a")
    assert (ari.effect, ari.low, ari.high) == (
        pytest.approx(0.05),
        pytest.approx(0.05),
        pytest.approx(0.05),
    )
    assert (ari.n_pairs, ari.test, ari.pvalue) == (3, "sign-flip", 0.25)


def test_equal_reports_differ_in_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "l", aris("a", [0.1, 0.2, 0.3]) + aris("b", [1.0] * 6))
    found = compared(path, path)
    for one in (*found.results, *found.pooled):
        assert one.delta == 0
        assert (one.low, one.high) == ((1.0, 1.0) if one.scale == "ratio" else (0.0, 0.0))
        assert (one.pvalue, one.qvalue) == (1.0, 1.0)
    assert found.notes == ()


def test_seeds_and_data_sets_of_one_side_are_listed(tmp_path: Path) -> None:
    left = aris("a", [0.1, 0.2, 0.3]) + aris("lone", [1.0, 1.0])
    right = aris("a", [0.2, 0.3, 0.4], start=1) + aris("other", [0.5])
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    record = found.as_dict()
    assert record["unpaired"] == {
        "left": {"a": [0], "lone": [0, 1]},
        "right": {"a": [3], "other": [0]},
    }
    ari = row(found.results, "ari", "a")
    assert (ari.n_left, ari.n_right, ari.n_pairs) == (3, 3, 2)
    assert ari.effect == pytest.approx(0.0)
    assert ari.delta == pytest.approx(0.1)
    assert {r.dataset for r in found.results} == {"a"}


def test_failed_cells_and_other_methods_are_listed(tmp_path: Path) -> None:
    left = [*aris("a", [0.1, 0.2]), cell("a", 9, status="failed", error="no")]
    left += aris("a", [0.9], backend="peer:knn")
    right = aris("a", [0.1, 0.2, 0.3])
    record = compared(write(tmp_path, "l", left), write(tmp_path, "r", right)).as_dict()
    assert record["failed"] == {"left": {"a": [9]}, "right": {}}
    assert record["not_compared"] == {"left": ["peer:knn"], "right": []}


def test_a_method_may_be_chosen_on_either_side(tmp_path: Path) -> None:
    rows = aris("a", [0.1, 0.2]) + aris("a", [0.9, 1.0], backend="peer:knn")
    path = write(tmp_path, "l", rows)
    found = compared(path, path, right_backend="peer:knn")
    assert row(found.results, "ari", "a").effect == pytest.approx(0.8)
    with pytest.raises(ComparisonError, match="no cell of wgcna"):
        compared(path, path, right_backend="wgcna")


def test_no_common_seed_leaves_means_and_a_note(tmp_path: Path) -> None:
    left, right = aris("a", [0.1, 0.3]), aris("a", [0.5], start=7)
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    for rows, name in ((found.results, "a"), (found.pooled, "all")):
        ari = row(rows, "ari", name)
        assert ari.delta == pytest.approx(0.3)
        assert (ari.n_pairs, ari.effect, ari.low, ari.pvalue) == (0, None, None, None)
    assert any("no seed in both" in note for note in found.notes)


def test_seconds_and_bytes_are_ratios(tmp_path: Path) -> None:
    rows = aris("a", [1.0, 1.0, 1.0])
    left = [
        cell("a", k, runtime_seconds=t, peak_memory_bytes=100, steps={"features": t})
        for k, t in enumerate((1.0, 2.0, 4.0))
    ]
    right = [r | {"runtime_seconds": r["runtime_seconds"] * 2} for r in left]
    found = compared(
        write(tmp_path, "l", rows, costs=left), write(tmp_path, "r", rows, costs=right, jobs=2)
    )
    time = row(found.results, "runtime_seconds", "a")
    assert (time.scale, time.effect) == ("ratio", pytest.approx(2.0))
    assert (time.low, time.high) == (pytest.approx(2.0), pytest.approx(2.0))
    assert time.delta == pytest.approx(7 / 3)
    assert row(found.pooled, "peak_memory_bytes").effect == 1.0
    assert row(found.results, "step_seconds.features", "a").pvalue is None
    assert any("one cell at a time" in note for note in found.notes)


def test_steps_of_former_reports_are_compared_with_those_of_new_ones(tmp_path: Path) -> None:
    rows = aris("a", [1.0, 1.0])
    cost = {"seconds": 2.0, "cpu_seconds": 9.0, "peak_memory_bytes": 5}
    old = [cell("a", k, runtime_seconds=1.0, steps={"features": 1.0}) for k in range(2)]
    new = [cell("a", k, runtime_seconds=1.0, steps={"features": cost}) for k in range(2)]
    found = compared(write(tmp_path, "l", rows, costs=old), write(tmp_path, "r", rows, costs=new))
    step = row(found.results, "step_seconds.features", "a")
    assert (step.left, step.right, step.effect) == (1.0, 2.0, pytest.approx(2.0))
    assert {r.metric for r in found.results if r.metric.startswith("step_")} == {
        "step_seconds.features"
    }


def test_seconds_of_zero_are_not_paired(tmp_path: Path) -> None:
    left = [cell("a", k, ari=1.0, seconds=s) for k, s in enumerate((0.0, 1.0, 1.0))]
    right = [r | {"seconds": 3.0} for r in left]
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    time = row(found.results, "runtime_seconds", "a")
    assert (time.n_pairs, time.effect) == (2, pytest.approx(3.0))


def test_the_pooled_row_counts_data_sets_alike(tmp_path: Path) -> None:
    left = aris("a", [0.0] * 6) + aris("b", [0.0, 0.0])
    right = aris("a", [0.1] * 6) + aris("b", [0.3, 0.5])
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    ari = row(found.pooled, "ari")
    assert ari.effect == pytest.approx((0.1 + 0.4) / 2)
    assert ari.right == pytest.approx(0.25)
    assert (ari.n_datasets, ari.n_pairs) == (2, 8)
    assert ari.pvalue == 2 / 2**8


def test_q_values_are_benjamini_hochbergs_over_tests_in_which_something_differs(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    left = [cell(d, k, ari=0.5, ami=0.5, onmi=0.5) for d in "abc" for k in range(7)]
    right = [r | {"ari": 0.5 + rng.normal(), "ami": 0.5 + abs(rng.normal())} for r in left]
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    tested = [r for r in found.results if r.metric in ("ari", "ami")]
    p = np.array([r.pvalue for r in tested])
    np.testing.assert_allclose([r.qvalue for r in tested], benjamini_hochberg(p))
    assert len(p) == 6
    assert {r.qvalue for r in found.results if r.metric == "onmi"} == {1.0}


def test_facts_about_the_data_are_not_tested_and_must_agree(tmp_path: Path) -> None:
    left = aris("a", [0.5] * 6, n_genes=40, recovery_p=0.1)
    right = aris("a", [0.6] * 6, n_genes=41, recovery_p=0.2)
    found = compared(write(tmp_path, "l", left), write(tmp_path, "r", right))
    assert row(found.results, "n_genes", "a").pvalue is None
    assert row(found.results, "recovery_p", "a").pvalue is None
    assert any("not the same data" in note for note in found.notes)


def test_other_suites_are_compared_where_they_share_data_sets(tmp_path: Path) -> None:
    left = write(tmp_path, "l", aris("a", [0.5]) + aris("b", [0.5]), suite="core_v1")
    right = write(tmp_path, "r", aris("b", [0.5]), suite="selected")
    assert any("different suites" in note for note in compared(left, right).notes)
    alone = write(tmp_path, "s", aris("c", [0.5]), suite="scale_v1")
    with pytest.raises(ComparisonError, match="share no data set") as caught:
        compared(left, alone)
    assert "core_v1" in str(caught.value)
    assert "scale_v1" in str(caught.value)


def test_the_same_reports_give_the_same_comparison(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    left = write(tmp_path, "l", aris("a", rng.random(5).tolist()) + aris("b", [0.1, 0.4]))
    right = write(tmp_path, "r", aris("a", rng.random(5).tolist()) + aris("b", [0.2, 0.3]))
    first = compared(left, right).as_dict()
    assert first == compared(left, right).as_dict()
    assert compared(left, right, seed=1).as_dict()["results"] != first["results"]
    other = compared(right, left)
    ari, back = row(compared(left, right).results, "ari", "a"), row(other.results, "ari", "a")
    assert ari.effect is not None
    assert back.effect == pytest.approx(-ari.effect)
    assert back.pvalue == ari.pvalue


def test_files_that_are_no_report_are_all_named(tmp_path: Path) -> None:
    runtime, text = tmp_path / "x-runtime-memory.json", tmp_path / "x.json"
    runtime.write_text(json.dumps({"machine": {}, "suite": "s", "results": []}))
    text.write_text("{")
    with pytest.raises(ComparisonError) as caught:
        isograph.compare(runtime, text)
    assert {Path(p.where).name for p in caught.value.problems} == {runtime.name, text.name}


def test_a_folder_and_a_file_or_nothing_at_all_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "l", aris("a", [0.5]))
    with pytest.raises(ComparisonError, match="snapshot with a report"):
        isograph.compare(path, tmp_path)
    with pytest.raises(ComparisonError, match="does not exist"):
        isograph.compare(path, tmp_path / "gone")


def test_rows_without_a_seed_are_refused(tmp_path: Path) -> None:
    rows = [{"dataset": "a", "backend": "calibrated", "ari": 1.0}]
    with pytest.raises(ComparisonError, match="seed"):
        read_report(write(tmp_path, "l", rows))


def test_numbers_are_found_at_any_depth() -> None:
    values = {"x": 1, "flag": True, "text": "a", "none": None, "deep": {"y": {"z": 0.5}}}
    assert numbers(values, without=("gone",)) == {"x": 1.0, "deep.y.z": 0.5}

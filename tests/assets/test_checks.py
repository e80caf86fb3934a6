"""Asset checks: what stops a run and what only warns."""

from __future__ import annotations

import numpy as np
import pytest

import isograph
from isograph.errors import Problem
from isograph.simulation import simulate
from isograph_assets.assets import bundles
from isograph_assets.checks import bundle_result, fixture_results
from tests.assets.conftest import Pipeline


def corrupt(folder: object) -> None:
    path = folder / "transcript_counts.npz"  # type: ignore[operator]
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["data"] = -arrays["data"].astype(float) - 1
    np.savez(path, **arrays)


def test_a_corrupted_bundle_stops_everything_downstream(pipeline: Pipeline) -> None:
    folder = isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    corrupt(folder)
    result = pipeline.run("all_studies", "cohort")
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.blocking
    assert check.partition == "cohort"
    assert "transcript_counts.npz" in str(check.metadata["what is wrong"].value)
    assert result.get_asset_materialization_events() == []
    assert not pipeline.artifacts.bundle("cohort").exists()
    assert not pipeline.artifacts.features("cohort").exists()


def test_a_bundle_that_is_damaged_on_its_way_to_disk_stops_everything_downstream(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = (Problem("psi.npz", "cannot be read"),)
    monkeypatch.setattr(bundles, "validate_bundle", lambda path: problems)
    result = pipeline.run("all_fixtures", "toy_v1")
    assert not result.success
    assert not pipeline.artifacts.features("toy_v1").exists()


def test_a_bad_bundle_leaves_former_results_alone(pipeline: Pipeline) -> None:
    folder = isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    assert pipeline.run("all_studies", "cohort").success
    before = isograph.load_bundle(pipeline.artifacts.bundle("cohort")).content_hash
    corrupt(folder)
    assert not pipeline.run("all_studies", "cohort").success
    assert isograph.load_bundle(pipeline.artifacts.bundle("cohort")).content_hash == before


def test_a_valid_bundle_passes(pipeline: Pipeline) -> None:
    (check,) = pipeline.run("all_fixtures", "toy_v1").get_asset_check_evaluations()
    assert check.passed
    assert check.metadata["problems"].value == 0


def test_the_check_lists_twenty_problems_and_counts_the_rest() -> None:
    result = bundle_result([Problem("a.npz", f"problem {k}") for k in range(25)])
    text = str(result.metadata["what is wrong"].value)
    assert text.count("\n") == 20
    assert "and 5 more" in text


SCORES = {
    "background_fraction": 0.0,
    "n_background_assigned": 0,
    "n_assigned": 40,
    "n_modules": 2,
    "n_truth_modules": 2,
}


@pytest.mark.parametrize(
    ("change", "background", "count"),
    [
        ({}, True, True),
        ({"background_fraction": 0.01}, True, True),
        ({"background_fraction": 0.0101}, False, True),
        ({"n_modules": 3}, True, False),
        ({"background_fraction": None, "n_modules": 0, "n_assigned": 0}, True, False),
    ],
)
def test_fixture_checks_judge_background_and_module_count(
    change: dict[str, object], background: bool, count: bool
) -> None:
    by_name = {result.check_name: result for result in fixture_results(SCORES | change)}
    assert by_name["background_below_1_percent"].passed is background
    assert by_name["module_count_is_planted"].passed is count
    assert {result.severity.value for result in by_name.values()} == {"WARN"}


def test_a_missed_fixture_check_does_not_fail_the_run(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isograph_assets import checks

    monkeypatch.setattr(checks, "MAX_BACKGROUND", -1.0)
    result = pipeline.run_fixture("toy_v1")
    assert result.success
    failed = [c.check_name for c in result.get_asset_check_evaluations() if not c.passed]
    assert failed == ["background_below_1_percent"]

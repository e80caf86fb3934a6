"""A run is judged against the good ones before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from isograph.evaluation.regressions import Verdict, judge_latest

MIB = 2**20
DATASETS = {"small": 0.5, "middle": 4.0, "large": 20.0}


def run_lines(
    run: str,
    *,
    slower: float = 1.0,
    larger: float = 1.0,
    scores: Mapping[str, Mapping[str, float | None]] | None = None,
    datasets: Sequence[str] = tuple(DATASETS),
    machine: str = "m1",
) -> list[dict[str, Any]]:
    lines = []
    for name in datasets:
        line = {"run": run, "suite": "core_v1", "backend": "calibrated", "dataset": name, "seed": 7}
        line |= {"recovery": 0.9, "ari": 0.9, "coverage": 1.0, "background_fraction": 0.0}
        line |= {"role_accuracy": None, "settings": {}, "machine": machine, "jobs": 1}
        line |= {"seconds": DATASETS[name] * slower, "peak_memory_bytes": 400 * MIB * larger}
        lines.append(line | dict((scores or {}).get(name, {})))
    return lines


def judge(*runs: Sequence[Mapping[str, Any]], accepted: str | None = None) -> Verdict:
    history = [line for run in runs for line in run]
    return judge_latest(history, suite="core_v1", backend="calibrated", accepted=accepted)


def test_nothing_in_the_history_is_no_regression() -> None:
    verdict = judge()
    assert verdict.passed
    assert verdict.run is None


def test_the_first_run_is_good_whatever_it_gives() -> None:
    verdict = judge(run_lines("a", scores={"small": {"ari": 0.1}}))
    assert verdict.passed
    assert (verdict.run, verdict.against, verdict.n_compared) == ("a", None, 0)


def test_the_same_again_passes_and_says_what_it_was_compared_with() -> None:
    verdict = judge(run_lines("a"), run_lines("b"))
    assert verdict.passed
    assert (verdict.against, verdict.n_cells, verdict.n_compared) == ("a", 3, 3)
    assert verdict.seconds_ratio == pytest.approx(1.0)


@pytest.mark.parametrize("score", ["recovery", "ari", "coverage"])
def test_a_score_that_falls_in_one_data_set_fails(score: str) -> None:
    verdict = judge(run_lines("a"), run_lines("b", scores={"middle": {score: 0.88}}))
    assert [(found.what, found.dataset) for found in verdict.worse] == [(score, "middle")]
    assert "middle" in str(verdict.worse[0])
    assert "0.880" in str(verdict.worse[0])


def test_a_score_that_is_no_longer_defined_is_lost() -> None:
    verdict = judge(run_lines("a"), run_lines("b", scores={"small": {"recovery": None}}))
    assert [found.what for found in verdict.worse] == ["recovery"]


def test_rounding_is_no_regression() -> None:
    assert judge(run_lines("a"), run_lines("b", scores={"middle": {"ari": 0.895}})).passed


def test_more_background_fails() -> None:
    worse = judge(run_lines("a"), run_lines("b", scores={"large": {"background_fraction": 0.03}}))
    assert [found.what for found in worse.worse] == ["background_fraction"]


def test_a_slow_fall_is_judged_against_the_last_good_run_only() -> None:
    """Each step is small, so that all are good: the limit moves with the last good run."""
    steps = [run_lines(str(k), scores={"small": {"ari": 0.9 - 0.005 * k}}) for k in range(8)]
    assert judge(*steps).passed


def test_a_bad_run_is_not_what_the_next_one_is_compared_with() -> None:
    bad = run_lines("b", scores={"small": {"ari": 0.5}})
    verdict = judge(run_lines("a"), bad, run_lines("c", scores={"small": {"ari": 0.5}}))
    assert not verdict.passed
    assert verdict.against == "a"


def test_an_accepted_run_starts_anew() -> None:
    bad = run_lines("b", scores={"small": {"ari": 0.5}})
    after = run_lines("c", scores={"small": {"ari": 0.5}})
    assert judge(run_lines("a"), bad, after, accepted="b").passed


def test_twice_the_time_fails() -> None:
    verdict = judge(run_lines("a"), run_lines("b", slower=2.0))
    assert [found.what for found in verdict.worse] == ["seconds"]
    assert "2.00 times" in str(verdict.worse[0])


def test_a_noisy_machine_gets_more_room_than_a_calm_one() -> None:
    rng = np.random.default_rng(3)
    noisy = [run_lines(str(k), slower=float(np.exp(rng.normal(0, 0.12)))) for k in range(12)]
    calm = [run_lines(str(k), slower=float(np.exp(rng.normal(0, 0.01)))) for k in range(12)]
    now = run_lines("now", slower=1.45)
    assert judge(*noisy, now).passed
    assert not judge(*calm, now).passed


def test_a_machine_that_only_gets_slower_is_noticed() -> None:
    """Each good run may be a little slower, but a jump after calm runs may not."""
    runs = [run_lines(str(k), slower=1.0 + 0.01 * k) for k in range(6)]
    assert judge(*runs).passed
    assert not judge(*runs, run_lines("jump", slower=1.6)).passed


def test_times_of_another_kind_of_machine_are_not_compared() -> None:
    verdict = judge(run_lines("a"), run_lines("b", slower=9.0, machine="m2"))
    assert verdict.passed
    assert verdict.seconds_ratio is None


def test_milliseconds_are_not_worth_a_word() -> None:
    slow = run_lines("b", slower=2.5, datasets=["small"])
    assert judge(run_lines("a", datasets=["small"]), slow).passed


def test_one_cell_that_needs_much_more_memory_fails() -> None:
    large = run_lines("b", scores={"large": {"peak_memory_bytes": 600 * MIB}})
    verdict = judge(run_lines("a"), large)
    assert [(found.what, found.dataset) for found in verdict.worse] == [
        ("peak_memory_bytes", "large")
    ]
    assert verdict.memory_ratio == pytest.approx(1.5)


def test_a_run_of_a_part_of_the_suite_is_judged_on_that_part() -> None:
    verdict = judge(run_lines("a"), run_lines("b", datasets=["large"]))
    assert verdict.passed
    assert (verdict.n_cells, verdict.n_compared) == (1, 1)


def test_other_suites_and_backends_do_not_count() -> None:
    other = [line | {"backend": "wgcna", "ari": 0.0} for line in run_lines("b")]
    assert judge(run_lines("a"), other).run == "a"


def test_the_last_line_of_a_cell_that_a_run_did_twice_counts() -> None:
    twice = [*run_lines("b", scores={"small": {"ari": 0.1}}), *run_lines("b")]
    assert judge(run_lines("a"), twice).passed

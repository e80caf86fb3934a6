"""Asset checks: a bundle must be valid; a fixture's fit should find what was planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from isograph.backends.registry import DEFAULT as DEFAULT_BACKEND
from isograph.errors import Problem
from isograph.evaluation.regressions import Verdict
from isograph_assets.partitions import DatasetKind

BUNDLE_VALID = "bundle_is_valid"
BACKGROUND = "background_below_1_percent"
MODULE_COUNT = "module_count_is_planted"
GATES = "gates_of_the_specification"
REGRESSION = "no_worse_than_the_last_good_run"
MAX_BACKGROUND = 0.01
_PROBLEMS_SHOWN = 20


def bundle_check(kind: DatasetKind) -> dg.AssetCheckSpec:
    """The bundle follows the format; nothing downstream runs if it does not."""
    return dg.AssetCheckSpec(
        BUNDLE_VALID,
        asset=kind.key("bundle"),
        description="The bundle follows the format. Nothing downstream runs if it does not.",
        blocking=True,
        partitions_def=kind.datasets,
    )


def bundle_result(problems: Sequence[Problem]) -> dg.AssetCheckResult:
    """Passed without problems; else every problem is listed."""
    lines = [f"- {problem}" for problem in problems[:_PROBLEMS_SHOWN]]
    if len(problems) > _PROBLEMS_SHOWN:
        lines.append(f"- … and {len(problems) - _PROBLEMS_SHOWN} more")
    metadata: dict[str, Any] = {"problems": len(problems)}
    if problems:
        metadata["what is wrong"] = dg.MetadataValue.md("\n".join(lines))
    return dg.AssetCheckResult(
        check_name=BUNDLE_VALID,
        passed=not problems,
        metadata=metadata,
        description="; ".join(map(str, problems[:3])) or "follows the format",
    )


def fixture_checks(kind: DatasetKind) -> list[dg.AssetCheckSpec]:
    """What a fit of a fixture should reach; a miss is a warning and stops nothing."""
    return [
        dg.AssetCheckSpec(
            BACKGROUND,
            asset=kind.key("metrics"),
            description="At most 1% of the assigned genes are background.",
            partitions_def=kind.fits,
        ),
        dg.AssetCheckSpec(
            MODULE_COUNT,
            asset=kind.key("metrics"),
            description="As many modules are found as were planted.",
            partitions_def=kind.fits,
        ),
    ]


def fixture_results(metrics: dict[str, Any]) -> list[dg.AssetCheckResult]:
    """Judge the scores of one fit.

    Args:
        metrics: `background_fraction` (None without assigned genes), `n_background_assigned`,
            `n_assigned`, `n_modules`, `n_truth_modules`.
    """
    share = metrics["background_fraction"]
    found, planted = metrics["n_modules"], metrics["n_truth_modules"]
    return [
        dg.AssetCheckResult(
            check_name=BACKGROUND,
            passed=share is None or share <= MAX_BACKGROUND,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "background genes": metrics["n_background_assigned"],
                "assigned genes": metrics["n_assigned"],
            },
            description="no gene is assigned" if share is None else f"{share:.2%} background",
        ),
        dg.AssetCheckResult(
            check_name=MODULE_COUNT,
            passed=found == planted,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"modules": found, "planted": planted},
            description=f"{found} modules found, {planted} planted",
        ),
    ]


def suite_checks(partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """What a suite's scores should reach, and that nothing got worse."""
    return [
        dg.AssetCheckSpec(
            GATES,
            asset="benchmark_summary",
            description=(
                "Every bar that the specification sets is reached. The default backend is held "
                "to it; for others a miss is a warning."
            ),
            partitions_def=partitions,
        ),
        dg.AssetCheckSpec(
            REGRESSION,
            asset="benchmark_summary",
            description=(
                "No score fell, and neither time nor memory rose beyond what runs differ by, "
                "against the last good run of the history."
            ),
            partitions_def=partitions,
        ),
    ]


def gate_result(
    failures: Sequence[Mapping[str, Any]], checked: int, *, backend: str
) -> dg.AssetCheckResult:
    """Judge a report's gates.

    Args:
        failures: `gate_failures` of the report.
        checked: how many gates there were.
        backend: whose report it is.
    """
    held = backend == DEFAULT_BACKEND
    metadata: dict[str, Any] = {"gates": checked, "failed": len(failures)}
    if failures:
        lines = [f"- {failure['sentence']}" for failure in failures[:_PROBLEMS_SHOWN]]
        metadata["what failed"] = dg.MetadataValue.md("\n".join(lines))
    return dg.AssetCheckResult(
        check_name=GATES,
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR if held else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=(
            "; ".join(str(failure["sentence"]) for failure in failures[:3])
            or f"{checked} gates, all of them reached"
        ),
    )


def regression_result(verdict: Verdict) -> dg.AssetCheckResult:
    """Tell what got worse, and against which run."""
    metadata: dict[str, Any] = {
        "run": verdict.run or "none",
        "compared with run": verdict.against or "none",
        "cells": verdict.n_cells,
        "cells compared": verdict.n_compared,
    }
    if verdict.seconds_ratio is not None:
        metadata["seconds (ratio to good runs)"] = round(verdict.seconds_ratio, 3)
    if verdict.memory_ratio is not None:
        metadata["peak memory (largest ratio to good runs)"] = round(verdict.memory_ratio, 3)
    if verdict.worse:
        lines = [f"- {found}" for found in verdict.worse[:_PROBLEMS_SHOWN]]
        lines += ["", "Meant to be so? Materialize `benchmark_summary` with `accept: true`."]
        metadata["what got worse"] = dg.MetadataValue.md("\n".join(lines))
    return dg.AssetCheckResult(
        check_name=REGRESSION,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
        description="; ".join(map(str, verdict.worse[:3])) or _no_worse(verdict),
    )


def _no_worse(verdict: Verdict) -> str:
    if verdict.against is None:
        return "the first run: there is nothing to compare it with"
    return f"{verdict.n_compared} of {verdict.n_cells} cells compared, nothing got worse"

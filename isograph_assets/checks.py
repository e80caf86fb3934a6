"""Asset checks: a bundle must be valid; a fixture's fit should find what was planted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from isograph.errors import Problem
from isograph_assets.partitions import DatasetKind

BUNDLE_VALID = "bundle_is_valid"
BACKGROUND = "background_below_1_percent"
MODULE_COUNT = "module_count_is_planted"
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

"""What Dagster loads: assets, jobs, schedules, sensors and where they read and write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg

from isograph_assets.assets import build_assets
from isograph_assets.io_managers import (
    BundleIOManager,
    ExplanationIOManager,
    FeaturesIOManager,
    FitIOManager,
    MetricsIOManager,
    QualityIOManager,
    ReportIOManager,
    StabilityIOManager,
    SuiteReportIOManager,
)
from isograph_assets.jobs import JOBS
from isograph_assets.resources import (
    Artifacts,
    StudiesFolder,
    artifacts_place,
    bundles_folder,
    studies_folder,
)
from isograph_assets.schedules import SCHEDULES
from isograph_assets.sensors import SENSORS


def build_resources(
    *, artifacts: Path | str, studies: Path, bundles: Path | None = None
) -> dict[str, Any]:
    """Resources that write below `artifacts`, a folder or a bucket.

    Studies lie in `studies`, bundles that are studies by themselves in `bundles`.
    """
    folder = str(artifacts)
    return {
        "artifacts": Artifacts(folder=folder),
        "studies": StudiesFolder(folder=str(studies), bundles=str(bundles or "")),
        "bundles": BundleIOManager(folder=folder),
        "features": FeaturesIOManager(folder=folder),
        "fits": FitIOManager(folder=folder),
        "explanations": ExplanationIOManager(folder=folder),
        "metrics": MetricsIOManager(folder=folder),
        "quality": QualityIOManager(folder=folder),
        "reports": ReportIOManager(folder=folder),
        "suite_reports": SuiteReportIOManager(folder=folder),
        "stability": StabilityIOManager(folder=folder),
    }


def build_defs(
    *, artifacts: Path | str | None = None, studies: Path | None = None
) -> dg.Definitions:
    """All definitions; the folders default to those of the environment or the project."""
    return dg.Definitions(
        assets=build_assets(),
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources=build_resources(
            artifacts=artifacts or artifacts_place(),
            studies=studies or studies_folder(),
            # studies that are named come without a second folder beside them
            bundles=bundles_folder() if studies is None else None,
        ),
        executor=dg.in_process_executor,
    )


defs = build_defs()

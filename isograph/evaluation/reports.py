"""The JSON reports of a benchmark."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

from isograph.evaluation.cells import CellResult
from isograph.evaluation.published import figures_for
from isograph.evaluation.summary import summarise, summarise_scenarios, summarise_suites
from isograph.files import SCHEMA_VERSION
from isograph.provenance import git_state, package_versions, version


def benchmark_report(
    results: Sequence[CellResult], *, suite: str, backend: str, stage: str
) -> dict[str, Any]:
    """`<stage>-benchmark.json`: a row a cell; summaries by data set, scenario and suite.

    Args:
        results: of the backend, and of peers if they ran.
        suite: what was chosen.
        backend: whose report it is.
        stage: its name.
    """
    datasets = dict.fromkeys(result.cell.dataset for result in results)
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": suite,
        "backend": backend,
        "stage": stage,
        "settings": dict(results[0].cell.settings) if results else {},
        "isograph_version": version(),
        "code_versions": sorted({r.code_version for r in results if r.code_version}),
        "git": git_state(),
        "packages": package_versions(),
        "results": [_row(result) for result in results],
        "summary": summarise(results),
        "scenarios": summarise_scenarios(results),
        "suites": summarise_suites(results),
        "published": [vars(figure) for figure in figures_for(datasets)],
    }


def _row(result: CellResult) -> dict[str, Any]:
    row = {
        "dataset": result.cell.dataset,
        "seed": result.cell.seed,
        "backend": result.cell.backend,
        "status": "failed" if result.failed else "ok",
        "error": result.error,
    }
    return row if result.failed else row | {"seconds": result.seconds, **result.metrics}


def runtime_report(
    results: Sequence[CellResult], *, stage: str, backend: str, jobs: int = 1
) -> dict[str, Any]:
    """`<stage>-runtime-memory.json`: a row a cell.

    Args:
        results: of the backend, and of peers if they ran.
        stage: name of the report.
        backend: whose report it is.
        jobs: cells that ran side by side; times are honest with one only.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "backend": backend,
        "jobs": jobs,
        "machine": {
            "processor": platform.machine(),
            "system": platform.system(),
            "cores": os.cpu_count(),
        },
        "results": [
            {
                "dataset": result.cell.dataset,
                "seed": result.cell.seed,
                "backend": result.cell.backend,
                "runtime_seconds": result.seconds,
                "cpu_seconds": result.cpu_seconds,
                "wall_seconds": result.wall_seconds,
                "peak_memory_bytes": result.peak_memory_bytes,
                "steps": result.steps,
            }
            for result in results
            if not result.failed
        ],
    }


def calibration_report(
    results: Sequence[CellResult], *, stage: str, backend: str
) -> dict[str, Any]:
    """`<stage>-calibration.json`: a row a cell whose backend gives a calibration record."""
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "backend": backend,
        "results": [
            {"dataset": r.cell.dataset, "seed": r.cell.seed, "calibration": r.calibration}
            for r in results
            if r.calibration is not None
        ],
    }

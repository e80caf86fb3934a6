"""The JSON reports of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograph.evaluation.cells import CellResult
from isograph.evaluation.gates import judge_gates
from isograph.evaluation.published import figures_for
from isograph.evaluation.summary import summarise, summarise_scenarios, summarise_suites
from isograph.files import SCHEMA_VERSION
from isograph.provenance import git_state, machine, package_versions, version


def benchmark_report(
    results: Sequence[CellResult], *, suite: str, backend: str, stage: str
) -> dict[str, Any]:
    """`<stage>-benchmark.json`: a row a cell; summaries by data set, scenario and suite; gates.

    Args:
        results: of the backend, and of peers if they ran.
        suite: what was chosen.
        backend: whose report it is, and whose cells the gates are for.
        stage: its name.
    """
    datasets = dict.fromkeys(r.cell.dataset for r in results if r.cell.is_fixture)
    judged = judge_gates(results, backend=backend)
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": suite,
        "backend": backend,
        "stage": stage,
        "settings": dict(results[0].cell.settings) if results else {},
        **_made_by(results),
        "gates_checked": judged.n_checked,
        "gate_failures": judged.as_rows(),
        "results": [_row(result) for result in results],
        "summary": summarise(results),
        "scenarios": summarise_scenarios(results),
        "suites": summarise_suites(results),
        "published": [vars(figure) for figure in figures_for(datasets)],
    }


def _made_by(results: Sequence[CellResult]) -> dict[str, Any]:
    """The code and the data behind a report."""
    return {
        "isograph_version": version(),
        "code_versions": sorted({r.code_version for r in results if r.code_version}),
        "git": git_state(),
        "packages": package_versions(),
        "inputs": _inputs(results),
    }


def _inputs(results: Sequence[CellResult]) -> list[dict[str, Any]]:
    """Content hash of each data set that was fitted, a row a data set and seed."""
    hashes = {
        (result.cell.dataset, result.cell.seed): result.bundle_content_hash
        for result in results
        if result.bundle_content_hash is not None
    }
    return [
        {"dataset": dataset, "seed": seed, "bundle_content_hash": content_hash}
        for (dataset, seed), content_hash in hashes.items()
    ]


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
    """`<stage>-runtime-memory.json`: a row a cell, with the cost of each step.

    Args:
        results: of the backend, and of peers if they ran.
        stage: name of the report.
        backend: whose report it is.
        jobs: cells that ran side by side; times are honest with one only.
    """
    done = [result for result in results if not result.failed]
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "backend": backend,
        **_made_by(done),
        "jobs": jobs,
        "machine": machine(),
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
            for result in done
        ],
    }


def calibration_report(
    results: Sequence[CellResult], *, stage: str, backend: str
) -> dict[str, Any]:
    """`<stage>-calibration.json`: a row a cell whose backend gives a calibration record."""
    done = [result for result in results if result.calibration is not None]
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "backend": backend,
        **_made_by(done),
        "results": [
            {"dataset": r.cell.dataset, "seed": r.cell.seed, "calibration": r.calibration}
            for r in done
        ],
    }

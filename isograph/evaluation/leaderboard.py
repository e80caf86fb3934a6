"""All backends side by side: by data set, by family of data sets, by suite, in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isograph.evaluation.cells import CellResult
from isograph.evaluation.summary import Row, summarise_families, summarise_suites
from isograph.files import SCHEMA_VERSION, hash_parts, plain, to_json
from isograph.provenance import git_state, package_versions, version
from isograph.simulation import list_fixtures

TIMES = ("seconds", "cpu_seconds", "peak_memory_mib")
"""Columns that a rerun gives otherwise."""

COLUMNS = (
    *("dataset", "suite", "seed", "backend", "status", "n_modules", "n_truth_modules"),
    *("recovery", "ari", "coverage", "background_fraction", "role_accuracy"),
    *("n_assigned", "n_background_assigned"),
    *TIMES,
    *("bundle_content_hash", "fit_content_hash"),
)
_MIB = 2.0**20


def leaderboard(results: Sequence[CellResult]) -> dict[str, Any]:
    """The document of a leaderboard.

    Args:
        results: cells of any data sets, seeds and backends, in any order.

    Returns:
        `results`: a row a cell with `COLUMNS`, in the order of the catalogue, then of seeds and
        backends; `families`: a row a sweep (or a data set that belongs to none) and backend;
        `suites`: a row a suite and backend; `summary`: a row a backend; `content_hash` over the
        rows without `TIMES`; versions of code and packages.
    """
    place = {info.name: number for number, info in enumerate(list_fixtures())}
    ordered = sorted(
        results,
        key=lambda r: (
            place.get(r.cell.dataset, len(place)),
            r.cell.dataset,
            r.cell.seed,
            r.cell.backend,
        ),
    )
    suites = {info.name: info.suite for info in list_fixtures()}
    rows = [_row(result, suites.get(result.cell.dataset)) for result in ordered]
    timeless = [{k: v for k, v in row.items() if k not in TIMES} for row in rows]
    document = {
        "schema_version": SCHEMA_VERSION,
        "content_hash": hash_parts({f"{n:06d}": to_json(row) for n, row in enumerate(timeless)}),
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
        "results": rows,
        "families": summarise_families(ordered),
        "suites": summarise_suites(ordered),
        "summary": [_of_backend(name, rows) for name in sorted({r["backend"] for r in rows})],
    }
    made: dict[str, Any] = plain(document)
    return made


def _row(result: CellResult, suite: str | None) -> Row:
    memory = result.peak_memory_bytes
    about = {
        "dataset": result.cell.dataset,
        "suite": suite,
        "seed": result.cell.seed,
        "backend": result.cell.backend,
        "status": "failed" if result.failed else "ok",
        "seconds": result.seconds or None,
        "cpu_seconds": result.cpu_seconds or None,
        "peak_memory_mib": round(memory / _MIB, 1) if memory else None,
        "bundle_content_hash": result.bundle_content_hash,
    }
    return {column: about.get(column, result.metrics.get(column)) for column in COLUMNS}


def _of_backend(backend: str, rows: Sequence[Mapping[str, Any]]) -> Row:
    own = [row for row in rows if row["backend"] == backend and row["status"] == "ok"]
    assigned = sum(int(row["n_assigned"] or 0) for row in own)
    background = sum(int(row["n_background_assigned"] or 0) for row in own)
    return {
        "backend": backend,
        "n": len(own),
        "n_failed": sum(row["backend"] == backend for row in rows) - len(own),
        "n_right_module_count": sum(row["n_modules"] == row["n_truth_modules"] for row in own),
        "mean_recovery": _mean(own, "recovery"),
        "mean_ari": _mean(own, "ari"),
        "mean_coverage": _mean(own, "coverage"),
        "mean_role_accuracy": _mean(own, "role_accuracy"),
        "mean_seconds": _mean(own, "seconds"),
        "n_assigned": assigned,
        "n_background_assigned": background,
        "pooled_background_fraction": background / assigned if assigned else None,
    }


def _mean(rows: Sequence[Mapping[str, Any]], column: str) -> float | None:
    values = [float(row[column]) for row in rows if row[column] is not None]
    return sum(values) / len(values) if values else None

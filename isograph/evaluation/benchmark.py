"""Fixtures × seeds, simulated, fitted and scored, one fresh process a cell."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import stats

from isograph.backends import fit, get_backend
from isograph.errors import Problem, StudyError
from isograph.evaluation.metrics import score_fit
from isograph.files import SCHEMA_VERSION
from isograph.machine import peak_memory_bytes
from isograph.provenance import git_state, package_versions, version
from isograph.simulation import SUITES, list_fixtures, simulate

SUITE_SEED = 7
DEFAULT_SUITES = ("core_v1", "multiplex_v1")
_SUMMARISED = (
    "n_modules",
    "recovery",
    "ari",
    "ami",
    "coverage",
    "background_fraction",
    "role_accuracy",
    "seconds",
)


@dataclass(frozen=True)
class Cell:
    """One data set to fit and score."""

    dataset: str
    seed: int
    backend: str


@dataclass(frozen=True)
class CellResult:
    """What one cell gave.

    Attributes:
        cell: which.
        metrics: every score of `PartitionScore.as_dict`, and counts.
        seconds: wall clock of the fit alone.
        cpu_seconds: of the whole process.
        peak_memory_bytes: resident set of the process at its largest, simulation included.
        steps: seconds a step of the fit.
    """

    cell: Cell
    metrics: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    steps: dict[str, float]


def derived_seeds(text: str, n_seeds: int) -> tuple[int, ...]:
    """Seeds nobody chose: the first 32 bits of SHA-256 of `text` and a counter.

    Args:
        text: e.g. a commit's hash.
        n_seeds: how many.
    """
    digests = (hashlib.sha256(f"{text}:{k}".encode()).digest() for k in range(n_seeds))
    return tuple(int.from_bytes(digest[:4], "big") for digest in digests)


def fixtures_of(suites: Iterable[str]) -> tuple[str, ...]:
    """Regular fixtures of the named suites, in the order of the catalogue."""
    wanted = {name for suite in suites for name in SUITES[suite]}
    return tuple(f.name for f in list_fixtures() if f.name in wanted and f.regular)


def benchmark(
    *,
    datasets: Sequence[str] | None = None,
    suites: Sequence[str] = DEFAULT_SUITES,
    backend: str = "calibrated",
    seeds: Sequence[int] = (SUITE_SEED,),
    report: Callable[[CellResult], None] | None = None,
) -> list[CellResult]:
    """Score a backend on fixtures, each data set in a process of its own.

    Args:
        datasets: fixtures; those of `suites` if None.
        suites: names of suites.
        backend: name of the backend.
        seeds: one data set a fixture and seed.
        report: called with each result as it comes.

    Returns:
        A result a fixture and seed, in that order (`benchmark_report` sums them up).

    Raises:
        StudyError: names every suite and fixture that does not exist.
        ConfigError: the backend does not exist.
    """
    get_backend(backend)
    known = {fixture.name for fixture in list_fixtures()}
    problems = [
        Problem(name, "no such suite", fix=f"one of {', '.join(SUITES)}")
        for name in suites
        if name not in SUITES
    ]
    problems += [
        Problem(name, "no such fixture", fix="see `isograph simulate`")
        for name in datasets or ()
        if name not in known
    ]
    if problems:
        raise StudyError("benchmark refused", problems)
    chosen = datasets or fixtures_of(suites)
    return run_cells([Cell(n, s, backend) for n in chosen for s in seeds], report=report)


def run_cells(
    cells: Sequence[Cell], *, report: Callable[[CellResult], None] | None = None
) -> list[CellResult]:
    """Run every cell in a fresh process, one after the other.

    Args:
        cells: what to run.
        report: called with each result as it comes.

    Returns:
        Results in the order of the cells.
    """
    results = []
    # one process a cell: peak memory of a process never falls again
    with ProcessPoolExecutor(
        max_workers=1, max_tasks_per_child=1, mp_context=get_context("spawn")
    ) as pool:
        for future in [pool.submit(run_cell, cell) for cell in cells]:
            results.append(future.result())
            if report is not None:
                report(results[-1])
    return results


def run_cell(cell: Cell) -> CellResult:
    """Simulate, fit and score one data set in this process."""
    bundle = simulate(cell.dataset, seed=cell.seed)
    start = time.perf_counter()
    result = fit(bundle, backend=cell.backend)
    seconds = time.perf_counter() - start
    score = score_fit(bundle, result, seed=cell.seed)
    metrics = {
        "n_samples": bundle.n_samples,
        "n_genes": len(bundle.gene_ids),
        "n_edges": len(result.edges),
        **score.as_dict(),
    }
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return CellResult(
        cell=cell,
        metrics=metrics,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_memory_bytes=peak_memory_bytes(),
        steps={step.name: step.seconds for step in result.steps},
    )


def benchmark_report(
    results: Sequence[CellResult], *, suite: str, backend: str, stage: str
) -> dict[str, Any]:
    """`<stage>-benchmark.json`: a row a cell, a summary row a data set."""
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": suite,
        "backend": backend,
        "stage": stage,
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
        "results": [
            {"dataset": r.cell.dataset, "seed": r.cell.seed, "seconds": r.seconds, **r.metrics}
            for r in results
        ],
        "summary": summarise(results),
    }


def runtime_report(results: Sequence[CellResult], *, stage: str, backend: str) -> dict[str, Any]:
    """`<stage>-runtime-memory.json`: a row a cell."""
    return {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "backend": backend,
        "machine": {
            "processor": platform.machine(),
            "system": platform.system(),
            "cores": os.cpu_count(),
        },
        "results": [
            {
                **asdict(r.cell),
                "runtime_seconds": r.seconds,
                "cpu_seconds": r.cpu_seconds,
                "peak_memory_bytes": r.peak_memory_bytes,
                "steps": r.steps,
            }
            for r in results
        ],
    }


def summarise(results: Sequence[CellResult]) -> list[dict[str, Any]]:
    """Mean, standard deviation and number of every main score, a row a data set.

    Background is pooled: false members over all assigned genes, with a 95% Clopper–Pearson
    interval, since a mean of small fractions says little.
    """
    rows = []
    for dataset in dict.fromkeys(result.cell.dataset for result in results):
        own = [result for result in results if result.cell.dataset == dataset]
        row: dict[str, Any] = {"dataset": dataset, "n": len(own)}
        row["n_truth_modules"] = own[0].metrics["n_truth_modules"]
        for name in _SUMMARISED:
            values = [r.seconds if name == "seconds" else r.metrics[name] for r in own]
            known = np.array([value for value in values if value is not None], dtype=float)
            row[name] = float(known.mean()) if len(known) else None
            row[f"{name}_sd"] = float(known.std(ddof=1)) if len(known) > 1 else None
        row |= _pooled_background(own)
        row["peak_memory_bytes"] = max(result.peak_memory_bytes for result in own)
        rows.append(row)
    return rows


def _pooled_background(own: Sequence[CellResult]) -> dict[str, Any]:
    false = sum(int(result.metrics["n_background_assigned"]) for result in own)
    assigned = sum(int(result.metrics["n_assigned"]) for result in own)
    if assigned == 0:
        return {"background_pooled": None, "background_low": None, "background_high": None}
    interval = stats.binomtest(false, assigned).proportion_ci(0.95, method="exact")
    return {
        "background_pooled": false / assigned,
        "background_low": float(interval.low),
        "background_high": float(interval.high),
    }

"""`isograph benchmark`"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isograph.cli.text import counted, names, table
from isograph.errors import Problems, StudyError
from isograph.evaluation.benchmark import benchmark
from isograph.evaluation.cells import CellResult, Progress
from isograph.evaluation.peers import PEERS
from isograph.evaluation.plan import SUITE_SEED, derived_seeds, selection_name, stage_name
from isograph.evaluation.plots import benchmark_picture
from isograph.evaluation.published import FAIR_SIGNED, FAIR_UNSIGNED, PUBLISHED, VAE, WGCNA, Figure
from isograph.evaluation.reports import benchmark_report, calibration_report, runtime_report
from isograph.files import atomic_file, write_json
from isograph.study import NAME_PATTERN, NAME_RULE

_SHOWN_FAILURES = 5
_BACKENDS = ("calibrated",)
_COLUMNS = (
    "fixture",
    "backend",
    "seeds",
    "modules",
    "planted",
    "recovery",
    "ARI",
    "coverage",
    "background",
    "95% up to",
    "roles",
    "seconds",
    "MiB",
)
_SCENARIO_COLUMNS = (
    "scenario",
    "backend",
    "points",
    "cells",
    "with modules",
    "ARI",
    "worst point",
    "coverage",
    "background",
    "95% up to",
    VAE,
    "WGCNA",
    "fair WGCNA",
)
_POINT_COLUMNS = ("point", "ARI", "fair WGCNA unsigned", "signed")


def run(options: argparse.Namespace) -> int:
    """Score backends on fixtures and write the reports; 1 if a cell failed."""
    settings = _refuse_or_settings(options)
    datasets = names(options.datasets)
    backends = tuple(dict.fromkeys(options.backend or _BACKENDS))
    peers = tuple(PEERS) if options.peers else ()
    seeds = _seeds(options)
    results = benchmark(
        datasets=datasets,
        suites=options.suite,
        scenarios=options.scenario,
        large=options.large,
        backends=backends,
        peers=peers,
        seeds=seeds,
        settings=settings,
        stage=options.stage,
        cache=options.cells_dir,
        keep_fits=options.keep_fits,
        fresh=options.fresh,
        jobs=options.jobs,
        timeout=options.timeout,
        report=_show,
    )
    selection = selection_name(suites=options.suite, scenarios=options.scenario, datasets=datasets)
    _tell_left_out(results, peers)
    for backend in backends:
        stage = stage_name(
            backend,
            selection=selection,
            stage=options.stage,
            several=len(backends) > 1,
            settings=settings,
        )
        own = [r for r in results if r.cell.backend in (backend, *peers)]
        _write(own, options, suite=selection, backend=backend, stage=stage)
    return _tell_failures([result for result in results if result.failed])


def _refuse_or_settings(options: argparse.Namespace) -> dict[str, str]:
    problems = Problems()
    if options.seeds < 1:
        problems.add("--seeds", f"is {options.seeds}", fix="1 or more")
    if options.seed_from == "":
        problems.add("--seed-from", "is empty", fix="give a text or leave it out")
    if options.stage is not None and not re.fullmatch(NAME_PATTERN, options.stage):
        problems.add("--stage", f"{options.stage!r} is no name", fix=NAME_RULE)
    bad = [word for word in options.set if "=" not in word]
    if bad:
        problems.add("--set", "is not KEY=VALUE", examples=bad, count=len(bad))
    problems.raise_if_any(StudyError, "benchmark refused")
    return dict(word.split("=", 1) for word in options.set)


def _seeds(options: argparse.Namespace) -> tuple[int, ...]:
    if not options.seed_from:
        return tuple(range(SUITE_SEED, SUITE_SEED + options.seeds))
    seeds = derived_seeds(options.seed_from, options.seeds)
    print(f"seeds from {options.seed_from}: {', '.join(map(str, seeds))}")
    return seeds


def _write(
    results: Sequence[CellResult],
    options: argparse.Namespace,
    *,
    suite: str,
    backend: str,
    stage: str,
) -> None:
    """All reports of one backend, and its tables on the terminal."""
    report = benchmark_report(results, suite=suite, backend=backend, stage=stage)
    report["seeds_from"] = options.seed_from
    folder: Path = options.output_dir
    path = folder / f"{stage}-benchmark.json"
    write_json(path, report)
    runtime = runtime_report(results, stage=stage, backend=backend, jobs=options.jobs)
    write_json(folder / f"{stage}-runtime-memory.json", runtime)
    write_json(
        folder / f"{stage}-calibration.json",
        calibration_report(results, stage=stage, backend=backend),
    )
    with atomic_file(path.with_suffix(".png")) as work:
        work.write_bytes(benchmark_picture(report["summary"]))
    print(_summary(report["summary"]))
    if report["scenarios"]:
        print(_scenarios(report["scenarios"]))
    points = _points(report["summary"], backend)
    if points:
        print("\n" + table(points, _POINT_COLUMNS))
    if len(report["code_versions"]) > 1:
        print("\nthe code was edited during this run: run it again to have one version throughout")
    print(f"\nwritten to {path}")


def _tell_left_out(results: Sequence[CellResult], peers: Sequence[str]) -> None:
    """Peers have no rows for fixtures that they do not take: say so."""
    everything = {result.cell.dataset for result in results}
    for peer in peers:
        left_out = len(everything - {r.cell.dataset for r in results if r.cell.backend == peer})
        if left_out:
            print(f"{peer} leaves out {counted(left_out, 'fixture')} that it does not take")


def _tell_failures(failed: Sequence[CellResult]) -> int:
    if not failed:
        return 0
    print(f"\n{counted(len(failed), 'cell')} failed:", file=sys.stderr)
    for result in failed[:_SHOWN_FAILURES]:
        cell = result.cell
        print(f"  {cell.dataset} seed {cell.seed} {cell.backend}: {result.error}", file=sys.stderr)
    if len(failed) > _SHOWN_FAILURES:
        print(f"  … and {len(failed) - _SHOWN_FAILURES} more, see the report", file=sys.stderr)
    return 1


def _show(progress: Progress) -> None:
    result, width = progress.result, len(str(progress.total))
    cell, metrics = result.cell, result.metrics
    if result.failed:
        said = f"FAILED: {result.error}"
    else:
        ari = "–" if metrics["ari"] is None else f"{metrics['ari']:.3f}"
        said = f"ARI {ari}  {counted(metrics['n_modules'], 'module')}  {result.seconds:.2f} s"
    rest = "  (finished before)" if progress.cached else _time_left(progress)
    print(
        f"  [{progress.done:>{width}}/{progress.total}] {cell.dataset:<24} seed {cell.seed:<10} "
        f"{cell.backend}  {said}{rest}",
        file=sys.stderr,
        flush=True,
    )


def _time_left(progress: Progress) -> str:
    left = progress.total - progress.done
    if left == 0 or progress.seconds_left is None:
        return ""
    seconds = progress.seconds_left
    about = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f"  · {left} left, about {about}"


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    cells = [
        (
            row["dataset"],
            row["backend"],
            row["n"],
            row["n_modules"],
            row["n_truth_modules"],
            row["recovery"],
            row["ari"],
            row["coverage"],
            row["background_pooled"],
            row["background_high"],
            row["role_accuracy"],
            row["seconds"],
            None if row["peak_memory_bytes"] is None else round(row["peak_memory_bytes"] / 2**20),
        )
        for row in rows
    ]
    return "\n" + table(cells, _COLUMNS)


def _scenarios(rows: Sequence[dict[str, Any]]) -> str:
    cells = [
        (
            row["scenario"],
            row["backend"],
            row["n_points"],
            row["n"],
            row["n_with_modules"],
            row["ari"],
            row["ari_min"],
            row["coverage"],
            row["background_pooled"],
            row["background_high"],
            _figure(row["scenario"], VAE),
            _figure(row["scenario"], WGCNA),
            _figure(row["scenario"], FAIR_UNSIGNED),
        )
        for row in rows
    ]
    return "\n" + table(cells, _SCENARIO_COLUMNS)


def _points(rows: Sequence[dict[str, Any]], backend: str) -> list[tuple[Any, ...]]:
    """Data sets for which a fair WGCNA figure is known."""
    return [
        (row["dataset"], row["ari"], unsigned, _figure(row["dataset"], FAIR_SIGNED))
        for row in rows
        if row["backend"] == backend
        and (unsigned := _figure(row["dataset"], FAIR_UNSIGNED, point=True)) is not None
    ]


def _figure(where: str, method: str, *, point: bool | None = None) -> float | None:
    """The published ARI, None where there is none."""

    def fits(figure: Figure) -> bool:
        return (figure.where, figure.method, figure.metric) == (where, method, "ari") and (
            point is None or figure.point == point
        )

    return next((figure.value for figure in PUBLISHED if fits(figure)), None)

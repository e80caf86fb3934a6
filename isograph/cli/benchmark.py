"""`isograph benchmark`"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isograph.backends.registry import DEFAULT
from isograph.cli.benchmark_tables import point_table, scenario_table, summary_table
from isograph.cli.text import counted, names
from isograph.errors import Problems, StudyError
from isograph.evaluation.benchmark import benchmark
from isograph.evaluation.cells import CellResult, Progress
from isograph.evaluation.gates import held_to_gates
from isograph.evaluation.history import HISTORY
from isograph.evaluation.peers import PEERS
from isograph.evaluation.plan import SUITE_SEED, derived_seeds, selection_name, stage_name
from isograph.evaluation.plots import benchmark_picture
from isograph.evaluation.reports import benchmark_report, calibration_report, runtime_report
from isograph.files import atomic_file, write_json
from isograph.study import NAME_PATTERN, NAME_RULE

_SHOWN_FAILURES = 5
_FOR_FIXTURES = ("suite", "scenario", "datasets", "large", "seeds", "seed_from")


def run(options: argparse.Namespace) -> int:
    """Score backends on data sets, write the reports; 1 if a cell failed, or one of our gates."""
    settings = _refuse_or_settings(options)
    datasets = names(options.datasets)
    backends = tuple(dict.fromkeys(options.backend or (DEFAULT,)))
    peers = tuple(PEERS) if options.peers else ()
    results = benchmark(
        datasets=datasets,
        suites=options.suite,
        scenarios=options.scenario,
        bundles=options.bundles,
        large=options.large,
        backends=backends,
        peers=peers,
        seeds=_seeds(options),
        settings=settings,
        stage=options.stage,
        cache=options.cells_dir,
        keep_fits=options.keep_fits,
        fresh=options.fresh,
        jobs=options.jobs,
        timeout=options.timeout,
        history=None if options.no_history else options.output_dir / HISTORY,
        report=_show,
    )
    selection = selection_name(
        suites=options.suite,
        scenarios=options.scenario,
        datasets=datasets,
        bundles=options.bundles,
    )
    _tell_left_out(results, peers)
    held = []
    for backend in backends:
        stage = stage_name(
            backend,
            selection=selection,
            stage=options.stage,
            several=len(backends) > 1,
            settings=settings,
        )
        own = [r for r in results if r.cell.backend in (backend, *peers)]
        report = _write(own, options, suite=selection, backend=backend, stage=stage)
        held += _tell_gates(report, backend)
    failed = _tell_failures([result for result in results if result.failed])
    return 1 if failed or held else 0


def _refuse_or_settings(options: argparse.Namespace) -> dict[str, str]:
    problems = Problems()
    idle = [name for name in _FOR_FIXTURES if getattr(options, name) not in (None, False)]
    if options.bundles is not None and idle:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in idle)
        problems.add(flags, "is for fixtures, not for --bundles", fix="leave it out")
    if options.seeds is not None and options.seeds < 1:
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
    n_seeds = 1 if options.seeds is None else options.seeds
    if not options.seed_from:
        return tuple(range(SUITE_SEED, SUITE_SEED + n_seeds))
    seeds = derived_seeds(options.seed_from, n_seeds)
    print(f"seeds from {options.seed_from}: {', '.join(map(str, seeds))}")
    return seeds


def _write(
    results: Sequence[CellResult],
    options: argparse.Namespace,
    *,
    suite: str,
    backend: str,
    stage: str,
) -> dict[str, Any]:
    """All reports of one backend, and its tables on the terminal; the first report."""
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
    print("\n" + summary_table(report["summary"]))
    if report["scenarios"]:
        print("\n" + scenario_table(report["scenarios"]))
    points = point_table(report["summary"], backend)
    if points:
        print("\n" + points)
    if len(report["code_versions"]) > 1:
        print("\nthe code was edited during this run: run it again to have one version throughout")
    print(f"\nwritten to {path}")
    return report


def _tell_gates(report: dict[str, Any], backend: str) -> list[dict[str, Any]]:
    """Say how the gates went; the failures that count."""
    failed, checked = report["gate_failures"], report["gates_checked"]
    if not held_to_gates(backend):
        if failed:
            print(f"{backend} misses {len(failed)} of {counted(checked, 'gate')}: told only")
        return []
    if checked and not failed:
        print(f"{counted(checked, 'gate')} passed")
    for row in failed:
        print(f"gate failed: {row['sentence']}", file=sys.stderr)
    return list(failed)


def _tell_left_out(results: Sequence[CellResult], peers: Sequence[str]) -> None:
    """Peers have no rows for fixtures that they do not take: say so."""
    everything = {result.cell.dataset for result in results}
    for peer in peers:
        left_out = len(everything - {r.cell.dataset for r in results if r.cell.backend == peer})
        if left_out:
            print(f"{peer} leaves out {counted(left_out, 'data set')} that it does not take")


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

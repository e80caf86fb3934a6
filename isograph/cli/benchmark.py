"""`isograph benchmark`"""

from __future__ import annotations

import argparse
import re
import sys

from isograph.backends import get_backend
from isograph.cli.text import names, table
from isograph.errors import Problem, StudyError
from isograph.evaluation.benchmark import (
    SUITE_SEED,
    Cell,
    CellResult,
    benchmark_report,
    derived_seeds,
    fixtures_of,
    run_cells,
    runtime_report,
)
from isograph.files import write_json
from isograph.simulation import SUITES, list_fixtures
from isograph.study import NAME_PATTERN, NAME_RULE

_COLUMNS = (
    "fixture",
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


def run(options: argparse.Namespace) -> int:
    """Score a backend on fixtures and write the reports."""
    get_backend(options.backend)
    suites = options.suite or ["core_v1", "multiplex_v1"]
    datasets = names(options.datasets)
    _refuse(options, suites, datasets or ())
    chosen = datasets or fixtures_of(suites)
    if options.seed_from:
        seeds = derived_seeds(options.seed_from, options.seeds)
        print(f"seeds from {options.seed_from}: {', '.join(map(str, seeds))}")
    else:
        seeds = tuple(range(SUITE_SEED, SUITE_SEED + options.seeds))
    suite = "selected" if datasets else "+".join(suites)
    stage = options.stage or f"{suite}-{options.backend}"
    cells = [Cell(name, seed, options.backend) for name in chosen for seed in seeds]
    results = run_cells(cells, report=_show)
    report = benchmark_report(results, suite=suite, backend=options.backend, stage=stage)
    report["seeds_from"] = options.seed_from
    path = options.output_dir / f"{stage}-benchmark.json"
    write_json(path, report)
    runtime = runtime_report(results, stage=stage, backend=options.backend)
    write_json(options.output_dir / f"{stage}-runtime-memory.json", runtime)
    print(_summary(report["summary"]))
    print(f"\nwritten to {path}")
    return 0


def _refuse(options: argparse.Namespace, suites: list[str], datasets: tuple[str, ...]) -> None:
    known = {fixture.name for fixture in list_fixtures()}
    problems = [
        Problem(name, "no such suite", fix=f"one of {', '.join(SUITES)}")
        for name in suites
        if name not in SUITES
    ]
    problems += [
        Problem(name, "no such fixture", fix="see `isograph simulate`")
        for name in datasets
        if name not in known
    ]
    if options.seeds < 1:
        problems.append(Problem("--seeds", f"is {options.seeds}", fix="1 or more"))
    if options.seed_from == "":
        problems.append(Problem("--seed-from", "is empty", fix="give a text or leave it out"))
    if options.stage is not None and not re.fullmatch(NAME_PATTERN, options.stage):
        problems.append(Problem("--stage", f"{options.stage!r} is no name", fix=NAME_RULE))
    if problems:
        raise StudyError("benchmark refused", problems)


def _show(result: CellResult) -> None:
    metrics = result.metrics
    ari = "–" if metrics["ari"] is None else f"{metrics['ari']:.3f}"
    print(
        f"  {result.cell.dataset:<24} seed {result.cell.seed:<11} ARI {ari}  "
        f"{metrics['n_modules']} modules  {result.seconds:.2f} s",
        file=sys.stderr,
        flush=True,
    )


def _summary(rows: list[dict[str, object]]) -> str:
    cells = []
    for row in rows:
        memory = row["peak_memory_bytes"]
        cells.append(
            (
                row["dataset"],
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
                round(memory / 2**20) if isinstance(memory, int) else None,
            )
        )
    return "\n" + table(cells, _COLUMNS)

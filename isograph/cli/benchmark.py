"""`isograph benchmark`"""

from __future__ import annotations

import argparse
import re
import sys

from isograph.cli.text import names, table
from isograph.errors import Problems, StudyError
from isograph.evaluation.benchmark import (
    DEFAULT_SUITES,
    SUITE_SEED,
    CellResult,
    benchmark,
    benchmark_report,
    derived_seeds,
    runtime_report,
)
from isograph.files import write_json
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
    _refuse(options)
    suites = options.suite or list(DEFAULT_SUITES)
    datasets = names(options.datasets)
    if options.seed_from:
        seeds = derived_seeds(options.seed_from, options.seeds)
        print(f"seeds from {options.seed_from}: {', '.join(map(str, seeds))}")
    else:
        seeds = tuple(range(SUITE_SEED, SUITE_SEED + options.seeds))
    suite = "selected" if datasets else "+".join(suites)
    stage = options.stage or f"{suite}-{options.backend}"
    results = benchmark(
        datasets=datasets, suites=suites, backend=options.backend, seeds=seeds, report=_show
    )
    report = benchmark_report(results, suite=suite, backend=options.backend, stage=stage)
    report["seeds_from"] = options.seed_from
    path = options.output_dir / f"{stage}-benchmark.json"
    write_json(path, report)
    runtime = runtime_report(results, stage=stage, backend=options.backend)
    write_json(options.output_dir / f"{stage}-runtime-memory.json", runtime)
    print(_summary(report["summary"]))
    print(f"\nwritten to {path}")
    return 0


def _refuse(options: argparse.Namespace) -> None:
    problems = Problems()
    if options.seeds < 1:
        problems.add("--seeds", f"is {options.seeds}", fix="1 or more")
    if options.seed_from == "":
        problems.add("--seed-from", "is empty", fix="give a text or leave it out")
    if options.stage is not None and not re.fullmatch(NAME_PATTERN, options.stage):
        problems.add("--stage", f"{options.stage!r} is no name", fix=NAME_RULE)
    problems.raise_if_any(StudyError, "benchmark refused")


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

"""Options of `isograph benchmark`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_benchmark(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph benchmark`."""
    bench = commands.add_parser(
        "benchmark",
        help="fit fixtures or bundles and score them against their planted truth",
        description="Fit and score data sets, each in a process of its own. A run that was cut off "
        "goes on where it stopped. Ends with 1 if a cell failed, or a gate of the default backend.",
    )
    bench.add_argument(
        "--suite",
        action="append",
        metavar="NAME",
        help="may be repeated (default: core_v1 and multiplex_v1)",
    )
    bench.add_argument(
        "--scenario", action="append", metavar="NAME", help="one sweep or family; may be repeated"
    )
    bench.add_argument("--datasets", metavar="A,B", help="these fixtures instead of whole suites")
    bench.add_argument(
        "--bundles",
        type=Path,
        metavar="DIR",
        help="every bundle of this folder, or this one, instead of fixtures",
    )
    bench.add_argument(
        "--large", action="store_true", help="with fixtures that suites leave out for their size"
    )
    bench.add_argument(
        "--backend",
        action="append",
        metavar="NAME",
        help="may be repeated (default: calibrated)",
    )
    bench.add_argument(
        "--peers",
        action="store_true",
        help="beside it, plain nearest neighbours and a simple correlation network",
    )
    bench.add_argument("--seeds", type=int, metavar="N", help="data sets a fixture (default: 1)")
    bench.add_argument(
        "--seed-from",
        metavar="TEXT",
        help="derive the seeds from this text, e.g. a commit's hash (default: count from the "
        "suite's seed)",
    )
    bench.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help="any setting of the fits, see `isograph settings`",
    )
    bench.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="cells at a time; times are honest with 1 only (default: 1)",
    )
    bench.add_argument(
        "--timeout", type=float, default=3600.0, metavar="SECONDS", help="of a cell (default: 3600)"
    )
    bench.add_argument("--fresh", action="store_true", help="run finished cells again")
    bench.add_argument(
        "--keep-fits", action="store_true", help="write every fit and a snapshot of it too"
    )
    bench.add_argument(
        "--no-history",
        action="store_true",
        help="do not append the cells to history.jsonl beside the reports",
    )
    bench.add_argument(
        "--stage", help="name of reports and cells (default: SUITE-BACKEND, and what --set changed)"
    )
    bench.add_argument(
        "--output-dir", type=Path, default=Path("artifacts/reports"), help="where reports go"
    )
    bench.add_argument(
        "--cells-dir",
        type=Path,
        default=Path("artifacts/benchmarks"),
        help="where finished cells go, so that a run goes on where it was cut off",
    )
    bench.set_defaults(module="benchmark")

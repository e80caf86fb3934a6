"""Options of `isograph compare`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph compare`."""
    compare = commands.add_parser(
        "compare",
        help="what differs between two snapshots, or two benchmark reports",
        description="Compare two snapshots or fits (ends with 1 if they differ by more than is "
        "accepted), or two benchmark reports, paired over their seeds.",
    )
    compare.add_argument("left", type=Path, metavar="LEFT", help="folder, or *-benchmark.json")
    compare.add_argument("right", type=Path, metavar="RIGHT", help="another one")
    compare.add_argument("--output", type=Path, metavar="FILE", help="JSON file to write")
    folders = compare.add_argument_group("snapshots and fits")
    folders.add_argument(
        "--tolerance",
        type=float,
        metavar="R",
        help="largest difference of two numbers, relative to the larger one above 1 "
        "(default: 1e-6)",
    )
    folders.add_argument(
        "--min-ari",
        type=float,
        metavar="R",
        help="smallest agreement of the modules (default: 1, the same modules); below 1, numbers "
        "that follow from the modules are told only",
    )
    folders.add_argument(
        "--min-eigengene-r",
        type=float,
        metavar="R",
        help="smallest |r| of the eigengenes of matched modules (default: 0.999999)",
    )
    folders.add_argument(
        "--max-role-changes",
        type=float,
        metavar="SHARE",
        help="largest share of genes whose role changes (default: 0)",
    )
    folders.add_argument(
        "--strict", action="store_true", help="another configuration is a failure too"
    )
    reports = compare.add_argument_group("reports")
    reports.add_argument(
        "--left-backend", metavar="NAME", help="whose cells, peers included (default: the report's)"
    )
    reports.add_argument("--right-backend", metavar="NAME", help="the same of RIGHT")
    reports.add_argument(
        "--resamples", type=int, metavar="N", help="of the bootstrap over seeds (default: 9999)"
    )
    reports.add_argument("--seed", type=int, metavar="N", help="of the bootstrap (default: 0)")
    reports.add_argument(
        "--top", type=int, metavar="N", help="changes to show, the largest first (default: 20)"
    )
    compare.set_defaults(module="compare")

"""Options of `isograph snapshot`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_snapshot(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph snapshot`."""
    snapshot = commands.add_parser(
        "snapshot",
        help="keep what a fit found, to compare with later",
        description="Write modules, eigengenes, roles, features and configuration of a fit as a "
        "named folder. Where modules were planted, their recovery is recorded too.",
    )
    snapshot.add_argument(
        "fit", type=Path, metavar="FIT", help="folder of a fit, or a benchmark cell's `fit/`"
    )
    snapshot.add_argument("name", metavar="NAME", help="of the snapshot")
    snapshot.add_argument(
        "--output-dir",
        type=Path,
        default=Path("snapshots"),
        metavar="DIR",
        help="folder of all snapshots (default: snapshots)",
    )
    snapshot.add_argument(
        "--dataset-path",
        type=Path,
        metavar="BUNDLE",
        help="data set of the fit, if it has moved: for the recovery of planted modules",
    )
    snapshot.add_argument("--overwrite", action="store_true", help="replace a former snapshot")
    snapshot.set_defaults(module="snapshot")

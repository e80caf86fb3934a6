"""Options of `isograph project` and `isograph preserve`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_project(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `isograph project` and `isograph preserve`."""
    project = commands.add_parser(
        "project",
        help="scores of a fit's modules in another cohort",
        description="Score the modules of a fit in another cohort, with the loadings that the fit "
        "stored, and test them against its sample columns.",
    )
    _add_cohort(project, "projections")
    project.add_argument(
        "--traits", metavar="A,B", help="its columns to test (default: all usable)"
    )
    project.set_defaults(module="project")
    preserve = commands.add_parser(
        "preserve",
        help="whether a fit's modules hold together in another cohort",
        description="Module preservation (Langfelder et al. 2011): density and connectivity of the "
        "modules of a fit in another cohort, beside random sets of features.",
    )
    _add_cohort(preserve, "preservation")
    preserve.add_argument("--permutations", type=int, default=200, metavar="N", help="default: 200")
    preserve.add_argument("--power", type=float, help="soft threshold (default: 6; signed 12)")
    preserve.add_argument("--signed", action="store_true", help="a signed network")
    preserve.add_argument("--seed", type=int, default=0, help="of the random sets (default: 0)")
    preserve.set_defaults(module="preserve", traits=None)


def _add_cohort(parser: argparse.ArgumentParser, place: str) -> None:
    parser.add_argument("--fit", type=Path, required=True, metavar="FIT", help="folder of a fit")
    parser.add_argument(
        "--dataset-path", type=Path, required=True, metavar="BUNDLE", help="the other cohort"
    )
    parser.add_argument("--covariates", metavar="FORMULA", help="of the other cohort")
    parser.add_argument("--categorical", metavar="A,B", help="its numeric columns that are groups")
    parser.add_argument("--block", metavar="COLUMN", help="its donors, where they repeat")
    parser.add_argument(
        "--drop-missing", action="store_true", help="drop samples with a missing covariate"
    )
    parser.add_argument(
        "--out",
        "--output-dir",
        dest="out",
        type=Path,
        metavar="DIR",
        help=f"where to write (default: artifacts/{place}/STUDY/COHORT)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace other files there")
    parser.add_argument("--quiet", action="store_true", help="no progress, no table")

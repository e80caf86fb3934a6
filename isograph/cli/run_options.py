"""Options of `isograph run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from isograph.cli.import_options import FOLDERS, add_source_options


def add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `isograph run`."""
    run = commands.add_parser(
        "run",
        help="from a folder of quantified samples, or a bundle, to explained modules",
        description="Import if needed, look at the quality, find modules, explain them and write "
        "a page. Run it again to go on after a stop: what has not changed is kept.",
    )
    run.add_argument(
        "source",
        type=Path,
        metavar="DIR",
        help="bundle, folder of quantified samples, or file; a gene map (tx2gene.*), an annotation "
        "(*.gtf) and a sample sheet (samples.*) in it are used unless others are named",
    )
    run.add_argument(
        "--kind",
        choices=tuple(FOLDERS),
        default="auto",
        help="of the files (default: look)",
    )
    run.add_argument(
        "--out",
        "--output-dir",
        dest="out",
        type=Path,
        metavar="DIR",
        help="folder of the run (default: artifacts/runs/NAME)",
    )
    run.add_argument("--name", help="of the cohort (default: that of the folder)")
    _add_study(run)
    add_source_options(run, "auto")
    explain = run.add_argument_group("explanation")
    explain.add_argument(
        "--gene-sets", type=Path, metavar="GMT", help="to test each module against"
    )
    explain.add_argument("--top", type=int, metavar="N", help="explain the N largest modules only")
    run.add_argument(
        "--overwrite", action="store_true", help="replace the run of another cohort in the folder"
    )
    run.add_argument("--quiet", action="store_true", help="no progress, no table")
    run.set_defaults(module="run")


def _add_study(run: argparse.ArgumentParser) -> None:
    study = run.add_argument_group("study")
    study.add_argument(
        "--traits", metavar="A,B", help="sample columns to test (default: all usable)"
    )
    study.add_argument("--covariates", metavar="FORMULA", help='removed first: "~ RIN + C(batch)"')
    study.add_argument("--categorical", metavar="A,B", help="numeric columns that are groups")
    study.add_argument(
        "--drop-missing", action="store_true", help="drop samples with a missing covariate"
    )
    study.add_argument("--backend", default="calibrated", help="default: calibrated")
    study.add_argument("--seed", type=int, default=0, help="of the subsampling (default: 0)")
    study.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help="any setting, see `isograph settings`",
    )

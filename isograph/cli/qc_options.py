"""Options of `isograph qc`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_qc(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph qc`."""
    qc = commands.add_parser(
        "qc",
        help="look at a cohort before a fit: outliers, sex, copies, confounding",
        description="Look at every sample and every sample column of a bundle. Samples that stand "
        "out are flagged with a reason, never dropped; columns that cannot be told apart are "
        "warned of. Writes tables, qc.json and one page with pictures.",
    )
    qc.add_argument(
        "--dataset-path", type=Path, required=True, metavar="BUNDLE", help="bundle folder"
    )
    qc.add_argument(
        "--covariates", metavar="FORMULA", help='those of the fit to come: "~ RIN + C(batch)"'
    )
    qc.add_argument("--traits", metavar="A,B", help="sample columns of interest")
    qc.add_argument("--categorical", metavar="A,B", help="numeric columns that are groups")
    qc.add_argument(
        "--block",
        metavar="COLUMN",
        help="column that names the donor where donors have several samples (default: what the "
        "bundle records; none: samples are independent)",
    )
    qc.add_argument(
        "--ordered",
        action="append",
        metavar="COLUMN=A,B,C",
        default=[],
        help="levels from lowest to highest; may be repeated",
    )
    qc.add_argument(
        "--out",
        "--output-dir",
        dest="out",
        type=Path,
        metavar="DIR",
        help="result folder (default: artifacts/qc/NAME)",
    )
    qc.add_argument(
        "--overwrite", action="store_true", help="replace a folder that is not a former one"
    )
    qc.add_argument("--quiet", action="store_true", help="no progress, no table")
    qc.set_defaults(module="qc")

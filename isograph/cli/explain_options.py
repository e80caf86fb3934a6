"""Options of `isograph explain-module`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph explain-module`."""
    explain = commands.add_parser(
        "explain-module",
        help="explain modules and broad factors of a fit, down to the transcript",
        description="Say which genes drive a module, which transcripts rise and fall with it, and "
        "how its samples differ; write tables, a page a module and an index of all.",
    )
    explain.add_argument(
        "--artifact-dir",
        type=Path,
        required=True,
        metavar="FIT",
        help="result folder of `isograph fit`",
    )
    which = explain.add_mutually_exclusive_group()
    which.add_argument(
        "--module-ids",
        nargs="+",
        action="extend",
        metavar="M000",
        help="modules and broad factors (P00) to explain (default: all)",
    )
    which.add_argument("--top", type=int, metavar="N", help="explain the N largest modules")
    explain.add_argument("--plot", action="store_true", help="draw pictures, in the pages too")
    explain.add_argument(
        "--output-format",
        nargs="+",
        choices=("png", "pdf"),
        help="of the pictures (default: png)",
    )
    explain.add_argument(
        "--output-dir",
        "--out",
        type=Path,
        metavar="DIR",
        help="where to write (default: artifacts/explain/STUDY, for backends other than "
        "calibrated artifacts/explain/STUDY-BACKEND)",
    )
    explain.add_argument(
        "--dataset-path", type=Path, metavar="BUNDLE", help="the fit's data set, if it has moved"
    )
    _add_further(explain)
    explain.add_argument(
        "--overwrite", action="store_true", help="write into a folder that holds something else"
    )
    explain.add_argument("--quiet", action="store_true", help="no progress, no table")
    explain.set_defaults(module="explain")


def _add_further(explain: argparse.ArgumentParser) -> None:
    model = explain.add_argument_group("what the model uses, for fits of `--backend vae`")
    model.add_argument(
        "--vae-attribution", action="store_true", help="genes that the decoder moves with it"
    )
    model.add_argument(
        "--integrated-gradients", action="store_true", help="genes that the encoder reads it from"
    )
    model.add_argument(
        "--baseline",
        choices=("zero", "mean"),
        help="of the integrated gradients: zero, or the samples' mean (default: zero)",
    )
    tables = explain.add_argument_group("from files of your own")
    tables.add_argument(
        "--gtf",
        type=Path,
        metavar="FILE",
        help="annotation: what changes in the structure of each switch, and its picture",
    )
    tables.add_argument(
        "--annotation-table",
        type=Path,
        metavar="TABLE",
        help="the same from a table that `isograph annotate-structure` wrote",
    )
    tables.add_argument(
        "--gene-sets", type=Path, metavar="GMT", help="gene sets to test each module against"
    )
    tables.add_argument(
        "--gene-set-sizes",
        nargs=2,
        type=int,
        metavar=("MIN", "MAX"),
        help="genes of a set that is tested (default: 5 2000)",
    )
    tables.add_argument(
        "--feature-table",
        type=Path,
        metavar="TABLE",
        help="further features to tell about, such as splicing events: feature_id, then samples",
    )
    tables.add_argument(
        "--feature-meta", type=Path, metavar="TABLE", help="their genes: feature_id, gene_id"
    )

"""Commands and their options; what a command does is imported only when it runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isograph.cli.annotate_options import add_annotate
from isograph.cli.benchmark_options import add_benchmark
from isograph.cli.compare_options import add_compare
from isograph.cli.explain_options import add_explain
from isograph.cli.fit_options import add_fit, add_plot
from isograph.cli.import_options import add_import
from isograph.cli.project_options import add_project
from isograph.cli.qc_options import add_qc
from isograph.cli.run_options import add_run
from isograph.cli.snapshot_options import add_snapshot
from isograph.errors import IsographError
from isograph.provenance import version
from isograph.startup import check_installation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: words after `isograph`; those of the process if None.

    Returns:
        Exit status: 0 well, 1 a check failed, 2 input refused, 130 interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        check_installation()
        module = importlib.import_module(f"isograph.cli.{options.module}")
        status: int = module.run(options)
    except IsographError as error:
        print(f"isograph: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read our output has gone; what was to be written is written
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return 0
    except OSError as error:
        print(f"isograph: {error.strerror or error}: {error.filename or '?'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("isograph: interrupted; nothing half-written is left behind", file=sys.stderr)
        return 130
    return status


class _Parser(argparse.ArgumentParser):
    """Options by their whole names; what is wrong is said with the usage of its own command."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Subcommands are parsed by this: what they do not know, nobody does."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="isograph",
        description="Modules of genes that switch isoforms and change abundance together.",
    )
    parser.add_argument("--version", action="version", version=f"isograph {version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    add_run(commands)
    add_fit(commands)
    add_plot(commands)
    add_explain(commands)
    add_annotate(commands)
    add_import(commands)
    add_qc(commands)
    _add_bundle_commands(commands)
    add_project(commands)
    _add_simulate(commands)
    add_benchmark(commands)
    _add_null(commands)
    add_snapshot(commands)
    add_compare(commands)
    backends = commands.add_parser("backends", help="list the backends, or tell about one")
    backends.add_argument("name", nargs="?", metavar="NAME", help="the one to tell about")
    backends.set_defaults(module="backends")
    listing = commands.add_parser("settings", help="list every setting that --set takes")
    listing.add_argument("name", nargs="?", metavar="NAME", help="the backend whose to add")
    listing.add_argument("--backend", default="calibrated", help="the same")
    listing.set_defaults(module="settings")
    return parser


def _add_bundle_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    validate = commands.add_parser("validate", help="check a bundle; list everything wrong with it")
    validate.add_argument("bundle", type=Path)
    validate.set_defaults(module="bundles")
    export = commands.add_parser(
        "export",
        help="a fit for other tools (GraphML, Cytoscape, GMT, CSV); summary of a bundle as JSON",
        description="With --fit: writes a fit for other tools into a folder. Without: writes the "
        "summary of a bundle.",
    )
    export.add_argument("--fit", type=Path, help="folder of a fit")
    export.add_argument(
        "--to",
        metavar="A,B",
        help="of cytoscape (nodes.tsv, edges.tsv), graphml, gmt, csv (default: all of these); h5ad "
        "and h5mu (AnnData, MuData), which need --dataset-path",
    )
    export.add_argument("--out", "--output-dir", dest="out", type=Path, help="folder to write to")
    export.add_argument("--overwrite", action="store_true", help="replace files of these names")
    export.add_argument(
        "--dataset-path",
        type=Path,
        metavar="BUNDLE",
        help="the bundle; beside --fit it gives the genes' names",
    )
    export.add_argument("--output", type=Path, help="of a summary (default: standard output)")
    export.set_defaults(module="exporting")


def _add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulate = commands.add_parser("simulate", help="make a fixture with planted modules")
    simulate.add_argument("fixture", nargs="?", help="name; leave out to list them")
    simulate.add_argument("--suite", metavar="NAME", help="list every data set of this suite")
    simulate.add_argument("--seed", type=int, help="default: the suite's")
    simulate.add_argument(
        "--out",
        "--output-dir",
        dest="out",
        type=Path,
        help="folder to write (default: bundles/FIXTURE, quants/FIXTURE)",
    )
    simulate.add_argument(
        "--as",
        dest="written_as",
        choices=("bundle", "salmon"),
        default="bundle",
        help="a bundle (default), or Salmon samples with a gene map and a sample sheet, without "
        "the truth",
    )
    simulate.add_argument("--overwrite", action="store_true", help="replace a former bundle")
    simulate.set_defaults(module="simulate")


def _add_null(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    null = commands.add_parser(
        "null",
        help="what is found in a cohort when nothing is there",
        description="Permute the samples of every gene by themselves, look for modules as a fit "
        "does, and say how often any is found and whether module p holds.",
    )
    null.add_argument(
        "--dataset-path", type=Path, required=True, metavar="BUNDLE", help="bundle folder"
    )
    null.add_argument("--permutations", type=int, default=100, metavar="N", help="default: 100")
    null.add_argument("--seed", type=int, default=0, help="of the permutations (default: 0)")
    null.add_argument("--backend", default="calibrated", help="default: calibrated")
    null.add_argument("--covariates", metavar="FORMULA", help='removed first: "~ RIN + C(batch)"')
    null.add_argument("--categorical", metavar="A,B", help="numeric columns that are groups")
    null.add_argument(
        "--block",
        metavar="COLUMN",
        help="column that names the donor where donors have several samples: these keep together "
        "(default: what the bundle records; none: samples are independent)",
    )
    null.add_argument(
        "--drop-missing", action="store_true", help="drop samples with a missing covariate"
    )
    null.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help="any setting, see `isograph settings`",
    )
    null.add_argument(
        "--output-dir",
        "--out",
        type=Path,
        metavar="DIR",
        help="where null.json and null.png go (default: artifacts/null/DATASET/BACKEND)",
    )
    null.add_argument("--quiet", action="store_true", help="no progress, no table")
    null.set_defaults(module="null")

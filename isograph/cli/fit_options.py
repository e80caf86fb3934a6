"""Options of `isograph fit` and `isograph plot`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_fit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph fit`."""
    fit = commands.add_parser(
        "fit",
        help="find modules in a dataset bundle",
        description="Find modules in a dataset bundle and write them as one folder of tables.",
    )
    source = fit.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset-path", type=Path, metavar="BUNDLE", help="bundle folder")
    source.add_argument(
        "--study", type=Path, metavar="FILE", help="study file (YAML) instead of the flags below"
    )
    fit.add_argument(
        "--output-dir",
        "--out",
        type=Path,
        metavar="DIR",
        help="result folder (default: artifacts/fits/STUDY/BACKEND)",
    )
    fit.add_argument(
        "--backend", help="see `isograph backends` (default: calibrated, or the study's)"
    )
    fit.add_argument(
        "--modules",
        type=Path,
        metavar="FILE",
        help="score these modules instead of finding some: gene_id and module_id (or module), "
        "as TSV, CSV or parquet",
    )
    fit.add_argument("--covariates", metavar="FORMULA", help='removed first: "~ RIN + C(batch)"')
    fit.add_argument("--traits", metavar="A,B", help="sample columns to test (default: all usable)")
    fit.add_argument("--categorical", metavar="A,B", help="numeric columns that are groups")
    fit.add_argument(
        "--block",
        metavar="COLUMN",
        help="column that names the donor where donors have several samples (default: what the "
        "bundle records; none: samples are independent)",
    )
    fit.add_argument(
        "--ordered",
        action="append",
        metavar="COLUMN=A,B,C",
        default=[],
        help="levels from lowest to highest, tested by their ranks; may be repeated",
    )
    fit.add_argument(
        "--drop-missing",
        action="store_true",
        default=None,
        help="drop samples with a missing covariate",
    )
    fit.add_argument(
        "--broad-factors",
        choices=("auto", "report", "off"),
        help="directions that several modules share: take them out unless a trait given with "
        "--traits explains them, only report them, or do not look (default: the backend's own, "
        "auto for calibrated and off for the others)",
    )
    fit.add_argument("--seed", type=int, help="of the subsampling behind confidence (default: 0)")
    fit.add_argument(
        "--set",
        nargs="+",
        action="extend",
        metavar="KEY=VALUE",
        default=[],
        help="any setting, see `isograph settings`",
    )
    fit.add_argument(
        "--overwrite", action="store_true", help="replace a folder that is not a former fit"
    )
    fit.add_argument("--quiet", action="store_true", help="no progress, no table")
    fit.add_argument(
        "--plot", action="store_true", help="put pictures beside the tables, as PNG and PDF"
    )
    _add_stability(fit)
    fit.set_defaults(module="fit")


def _add_stability(fit: argparse.ArgumentParser) -> None:
    group = fit.add_argument_group(
        "stability selection", "also with --study; `stability_selection: true` in the file asks too"
    )
    group.add_argument(
        "--stability-selection",
        action="store_true",
        help="also find modules in halves of the samples, for several values of the backend's main "
        "parameter, and report what comes back",
    )
    group.add_argument(
        "--stability-pairs", type=int, metavar="N", help="pairs of halves (default: 10)"
    )
    group.add_argument(
        "--stability-grid", metavar="A,B", help="values to compare (default: the backend's)"
    )
    group.add_argument(
        "--reports-dir",
        type=Path,
        metavar="DIR",
        help="where the report and its picture go (default: artifacts/reports)",
    )


def add_plot(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph plot`."""
    plot = commands.add_parser(
        "plot",
        help="draw the pictures of a fit",
        description="Draw the pictures of a fit from its stored files: module-trait heatmap and "
        "module sizes; soft threshold and dendrogram where the backend has them. PNG and PDF.",
    )
    plot.add_argument("fit", type=Path, metavar="FIT", help="result folder of `isograph fit`")
    plot.add_argument(
        "--output-dir",
        "--out",
        type=Path,
        metavar="DIR",
        help="where to put them (default: the fit)",
    )
    plot.set_defaults(module="plot")

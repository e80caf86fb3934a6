"""`isograph explain-module`"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from isograph.annotation.places import default_cache
from isograph.cli.text import counted, table
from isograph.errors import Problems, StudyError
from isograph.explanation import ExplainOptions, Explanations, explain
from isograph.explanation.overview import overview
from isograph.explanation.target import INDEX_PAGE, check_explain_target, explanation_folder
from isograph.progress import Steps
from isograph.results import Fit, read_fit

_SHOWN = 12
_SHOWN_Q = 0.05
_COLUMNS = ("module", "genes", "closest trait", "q", "top driver", "r", "clearest switch", "dIF")


def run(options: argparse.Namespace) -> int:
    """Explain modules of one fit."""
    _check(options)
    steps = Steps(stream=None if options.quiet else sys.stderr)
    fit = read_fit(options.artifact_dir)
    folder = _folder(options, fit)
    check_explain_target(
        folder,
        study=fit.config["study"],
        backend=fit.config["backend"],
        modules=[*fit.eigengenes["module_id"], *fit.programmes["programme_id"]],
        overwrite=options.overwrite,
    )
    found = explain(
        fit,
        bundle=options.dataset_path,
        modules=options.module_ids,
        top=options.top,
        options=_options(options),
        steps=steps,
    )
    # pictures are slow to load, and what is refused is refused before
    from isograph.explanation.render import write_explanations

    formats = tuple(options.output_format or ("png",)) if options.plot else ()
    write_explanations(found, folder, formats=formats, steps=steps)
    if not options.quiet:
        print(_report(found, folder))
    return 0


def _check(options: argparse.Namespace) -> None:
    problems = Problems()
    if options.output_format and not options.plot:
        problems.add("--output-format", "without --plot there are no pictures", fix="add --plot")
    if options.baseline and not options.integrated_gradients:
        problems.add("--baseline", "without --integrated-gradients there is no baseline")
    if options.gene_set_sizes and options.gene_sets is None:
        problems.add("--gene-set-sizes", "without --gene-sets there are no sets")
    if (options.feature_table is None) != (options.feature_meta is None):
        problems.add("--feature-table, --feature-meta", "one is of no use without the other")
    if options.gtf is not None and options.annotation_table is not None:
        problems.add("--gtf, --annotation-table", "tell the same; give one of them")
    if options.top is not None and options.top < 1:
        problems.add("--top", f"{options.top} modules", fix="give 1 or more")
    low, high = options.gene_set_sizes or (1, 1)
    if not 1 <= low <= high:
        problems.add("--gene-set-sizes", f"{low} to {high} is no range", fix="least first, from 1")
    problems.raise_if_any(StudyError, "options refused")


def _options(options: argparse.Namespace) -> ExplainOptions:
    given = {
        "baseline": options.baseline,
        "gene_set_sizes": None if not options.gene_set_sizes else tuple(options.gene_set_sizes),
    }
    return ExplainOptions(
        vae_attribution=options.vae_attribution,
        integrated_gradients=options.integrated_gradients,
        gene_sets=options.gene_sets,
        feature_table=options.feature_table,
        feature_meta=options.feature_meta,
        gtf=options.gtf,
        annotation_table=options.annotation_table,
        cache_dir=default_cache(),
        **{name: value for name, value in given.items() if value is not None},
    )


def _folder(options: argparse.Namespace, fit: Fit) -> Path:
    if options.output_dir is not None:
        return Path(options.output_dir)
    return explanation_folder(
        Path("artifacts") / "explain", study=fit.config["study"], backend=fit.config["backend"]
    )


def _report(found: Explanations, folder: Path) -> str:
    """The short table at the end."""
    page = folder / INDEX_PAGE
    if not found.source.profiles:
        return f"\nthe fit found no module; open {page}"
    rows = [_row(row) for row in overview(found, most=_SHOWN).to_dict("records")]
    lines = [f"\n{counted(len(found.parts), 'explanation')}\n", table(rows, _COLUMNS)]
    if len(found.parts) > _SHOWN:
        lines.append(f"  … and {len(found.parts) - _SHOWN} more")
    return "\n".join([*lines, f"\nopen {page}"])


def _row(row: Mapping[Hashable, Any]) -> tuple[object, ...]:
    name = q = None
    if row["qvalue"] is not None and row["qvalue"] <= _SHOWN_Q:
        sign = "η " if row["test"] == "anova" else "r "
        name, q = f"{row['trait']} ({sign}{row['trait_r']:.2f})", row["qvalue"]
    switch = row["switch"] and f"{row['switch']}: {row['falls']} → {row['rises']}"
    r, shift = (None if row[key] is None else f"{row[key]:.2f}" for key in ("r", "shift"))
    return (row["module_id"], row["n_genes"], name, q, row["top_driver"], r, switch, shift)

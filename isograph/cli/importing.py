"""`isograph import`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from isograph.annotation.places import default_cache
from isograph.bundle import save_bundle
from isograph.bundle.save import check_bundle_target
from isograph.cli.orders import orders
from isograph.cli.text import table
from isograph.errors import ImportDataError, Problems
from isograph.importers.building.assemble import Imported
from isograph.importers.building.report import REPORT_FILE, ImportReport, finding_rows
from isograph.importers.cohort import import_cohort
from isograph.importers.options import ImportOptions
from isograph.importers.tables.count_table import import_count_table
from isograph.importers.tables.table import import_table
from isograph.progress import Steps

_COLUMNS = ("found", "number", "of reads", "what was done", "such as")


def run(options: argparse.Namespace) -> int:
    """Turn other tools' files into a bundle."""
    # what is in the way is told before an hour's work
    check_bundle_target(options.out, overwrite=options.overwrite)
    steps = Steps(stream=None if options.quiet else sys.stderr)
    name = options.name or options.out.resolve().name
    imported = imported_of(options, name=name, steps=steps)
    save_imported(imported, options.out, overwrite=options.overwrite, steps=steps)
    if not options.quiet:
        print(report_text(imported.report, options.out))
    return 0


def imported_of(options: argparse.Namespace, *, name: str, steps: Steps) -> Imported:
    """Import what the options name."""
    said = import_options(options)
    if options.kind == "table":
        return _tables(options, name=name, said=said, steps=steps)
    return import_cohort(
        options.source,
        kind=options.kind,
        name=name,
        options=said,
        aligner=getattr(options, "aligner", None),
        layer=getattr(options, "layer", None),
        gene_column=getattr(options, "gene_column", None),
        steps=steps,
    )


def _tables(
    options: argparse.Namespace, *, name: str, said: ImportOptions, steps: Steps
) -> Imported:
    """Plain tables: with --transcripts or --genes, ids are equal on both sides."""
    exact = options.expression or options.transcripts or options.genes
    problems, maps = Problems(), [flag for flag in ("tx2gene", "gtf") if getattr(options, flag)]
    if exact and maps:
        flags = " and ".join(f"--{flag}" for flag in maps)
        problems.add(flags, "not together with --transcripts or --genes", fix="leave one out")
    elif not exact and (options.counts is None or not maps):
        fix = "or --expression with --genes"
        problems.add("tables", "give --counts with --transcripts, --tx2gene or --gtf", fix=fix)
    problems.raise_if_any(ImportDataError, "options refused")
    if not exact:
        return import_count_table(options.counts, name=name, options=said, steps=steps)
    return import_table(
        counts=options.counts,
        transcripts=options.transcripts,
        expression=options.expression,
        genes=options.genes,
        options=said,
        name=name,
    )


def import_options(options: argparse.Namespace) -> ImportOptions:
    """The options of an import, defaults where nothing is said."""
    named: dict[str, Any] = {
        "tx2gene": options.tx2gene,
        "gtf": options.gtf,
        "samples": options.samples,
        "sample_column": options.sample_column,
        "sheet": options.sheet,
        "block": options.block,
        "ordered": orders(options.ordered),
        "allow_missing": options.allow_missing,
        "allow_union": getattr(options, "allow_union", None),
        "min_overlap": options.min_overlap,
        "counts_from": getattr(options, "counts_from_abundance", None),
        "read_length": getattr(options, "read_length", None),
        "without_gene": options.without_gene,
    }
    given = {key: value for key, value in named.items() if value is not None}
    return ImportOptions(cache_dir=default_cache(), **given)


def save_imported(imported: Imported, folder: Path, *, overwrite: bool, steps: Steps) -> None:
    """Write the bundle and its report, whole or not at all."""
    with steps.step("written") as note:
        save_bundle(imported.bundle, folder, overwrite=overwrite, files=imported.files)
        note.result = str(folder)


def report_text(report: ImportReport, folder: Path) -> str:
    """The short table at the end of an import."""
    share = report.transcripts["share_of_reads_with_gene"]
    told = f"\n{report.samples['n']:,} samples, "
    if share is None:
        told += f"{report.genes:,} genes"
    else:
        told += f"{report.transcripts['n']:,} transcripts of {report.genes:,} genes; "
        told += f"{share:.2%} of reads have a gene; usage from {report.usage_from}"
    lines = [told]
    if report.findings:
        lines += ["", table(finding_rows(report.findings), _COLUMNS)]
    lines += [f"  {note}" for note in report.notes]
    lines.append(f"\nwritten to {folder}, all findings in {folder / REPORT_FILE}")
    lines.append(f"next: isograph fit --dataset-path {folder}")
    return "\n".join(lines)

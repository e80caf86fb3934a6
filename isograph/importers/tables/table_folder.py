"""A folder of plain tables under their usual names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from isograph.importers.building.assemble import Imported
from isograph.importers.options import ImportOptions
from isograph.importers.tables.count_table import import_count_table
from isograph.importers.tables.table import import_table
from isograph.progress import Steps

_ENDING = r"\.(parquet|(csv|tsv|txt)(\.gz)?)"
_PATTERNS = {
    "counts": re.compile(rf"(transcript_)?counts{_ENDING}"),
    "transcripts": re.compile(rf"transcripts{_ENDING}"),
    "expression": re.compile(rf"(gene_)?expression{_ENDING}"),
    "genes": re.compile(rf"genes{_ENDING}"),
}


@dataclass(frozen=True)
class Tables:
    """Tables of one cohort: counts of transcripts, or expression of genes.

    Attributes:
        counts: transcript counts.
        transcripts: their genes, where they lie beside the counts.
        expression, genes: both or none.
    """

    counts: Path | None = None
    transcripts: Path | None = None
    expression: Path | None = None
    genes: Path | None = None


def find_tables(folder: Path) -> Tables | None:
    """Tables in a folder; None if none or several could be the values."""
    found = {}
    files = sorted(path for path in Path(folder).iterdir() if path.is_file())
    for role, pattern in _PATTERNS.items():
        named = [path for path in files if pattern.fullmatch(path.name)]
        # of counts, those of transcripts by name come first
        named.sort(key=lambda path: (not path.name.startswith("transcript_"), path.name))
        if named:
            found[role] = named[0]
    if "counts" in found:
        return Tables(found["counts"], found.get("transcripts"))
    if "expression" in found and "genes" in found:
        return Tables(expression=found["expression"], genes=found["genes"])
    return None


def import_tables(
    tables: Tables, *, name: str, options: ImportOptions, steps: Steps | None = None
) -> Imported:
    """Make a bundle of the tables of a folder.

    Args:
        tables: from `find_tables`.
        name: of the data set.
        options: sample sheet; a gene map or annotation where no table of transcripts is there.
        steps: shows progress.

    Raises:
        ImportDataError: lists every problem of every file.
    """
    if tables.counts is not None and (tables.transcripts is None or options.tx2gene is not None):
        return import_count_table(tables.counts, name=name, options=options, steps=steps)
    steps = steps or Steps()
    with steps.step("tables") as note:
        made = import_table(
            name=name,
            options=options,
            counts=tables.counts,
            transcripts=tables.transcripts,
            expression=tables.expression,
            genes=tables.genes,
        )
        note.result = f"{made.report.samples['n']:,} samples, {made.report.genes:,} genes"
    return made

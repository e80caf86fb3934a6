"""Tables of counts or expression, of features and of samples, to a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from isograph.bundle.checks import check_ids, check_table
from isograph.bundle.model import Bundle
from isograph.bundle.values import check_values
from isograph.errors import ImportDataError, Problems
from isograph.importers.building.assemble import Imported
from isograph.importers.building.genes import sum_genes
from isograph.importers.building.provenance import source_record
from isograph.importers.building.report import ImportReport, about
from isograph.importers.options import ImportOptions
from isograph.importers.reading import (
    Measured,
    check_size,
    read_annotation,
    read_measured,
)
from isograph.importers.scale import note_other_scale
from isograph.importers.sheets.sample_alignment import Aligned, align
from isograph.importers.sheets.sample_sheet import Sheet, read_sample_sheet

SUITE = "imported"

_IMPORTER = "isograph.importers.tables.table"


def import_table(
    *,
    name: str,
    options: ImportOptions,
    counts: Path | str | None = None,
    transcripts: Path | str | None = None,
    expression: Path | str | None = None,
    genes: Path | str | None = None,
    description: str = "",
) -> Imported:
    """Make a bundle from parquet, TSV or CSV files (text also gzipped).

    Give `counts` with `transcripts`, or `expression` with `genes`. Rows keep the order of the
    counts or expression, samples the order of its columns.

    Args:
        name: the data set.
        options: `samples` and what there is to say about the sheet; the others are of no use here.
        counts: `transcript_id`, then one column a sample; fractions are welcome.
        transcripts: one row a transcript: `transcript_id`, `gene_id`, and what else is known.
        expression: `gene_id`, then one column a sample, on a log scale; cells may be missing.
        genes: one row a gene: `gene_id` and what else is known.
        description: free text.

    Returns:
        The bundle and its report. With counts: the transcript table, transcript counts, a gene
        table derived from it (sorted, with `gene_name` and `chrom` where a gene's transcripts
        agree) and gene counts, which are sums over transcripts. With expression: a gene table and
        `gene_expression`.

    Raises:
        ImportDataError: lists every problem of every file.
    """
    if counts is not None and transcripts is not None and expression is None and genes is None:
        kind, assay = "transcript", "transcript_counts"
        sources = {"counts": Path(counts), "transcripts": Path(transcripts)}
    elif expression is not None and genes is not None and counts is None and transcripts is None:
        kind, assay = "gene", "gene_expression"
        sources = {"expression": Path(expression), "genes": Path(genes)}
    else:
        raise ImportDataError("give either counts and transcripts, or expression and genes")
    problems = Problems()
    options.check(problems)
    if options.samples is None:
        problems.add("--samples", "is missing", fix="name the sample sheet")
        raise ImportDataError(f"import of {name!r} refused", problems.found)
    source, about_features = sources.values()
    measured, features, unused = _read_features(source, about_features, kind, assay, problems)
    sheet, aligned = _read_samples(options, measured, problems)
    problems.raise_if_any(ImportDataError, f"import of {name!r} refused")
    assert measured is not None  # what could not be read is a problem
    assert features is not None
    assert sheet is not None
    assert aligned is not None
    values = measured.values
    if len(aligned.kept) < values.shape[1]:
        values = np.ascontiguousarray(values[:, aligned.kept])
    if kind == "transcript":
        features = _with_usage_lengths(features)
    tables, matrices = {kind: features}, {assay: values}
    if kind == "transcript":
        tables["gene"], matrices["gene_counts"] = sum_genes(features, values)
    named = {**sources, "samples": options.samples}
    provenance = source_record(_IMPORTER, named) | {f"{kind}s_ignored": str(unused)}
    bundle = Bundle(
        name=name,
        suite=SUITE,
        description=description,
        samples=aligned.frame,
        tables=tables,
        matrices=matrices,
        provenance=provenance | dict(aligned.provenance),
    )
    return Imported(bundle, _report(bundle, sheet, aligned, source, named, unused, about_features))


def _with_usage_lengths(transcripts: pd.DataFrame) -> pd.DataFrame:
    """What usage divides counts by: effective lengths, else lengths, where they are there."""
    if "effective_length" in transcripts or "length" not in transcripts:
        return transcripts
    lengths = pd.to_numeric(transcripts["length"], errors="coerce").astype(np.float64)
    return transcripts.assign(effective_length=lengths.where(lengths > 0))


def _report(
    bundle: Bundle,
    sheet: Sheet,
    aligned: Aligned,
    source: Path,
    named: Mapping[str, Path],
    unused: int,
    about_features: Path,
) -> ImportReport:
    n_transcripts = len(bundle.tables["transcript"]) if "transcript" in bundle.tables else 0
    counts = bundle.matrices.get("transcript_counts")
    totals = (
        {}
        if counts is None
        else dict(zip(bundle.sample_ids.tolist(), counts.sum(axis=0).tolist(), strict=True))
    )
    notes = [f"{unused:,} rows of {about_features.name} have no values"] if unused else []
    usage = "no transcripts" if counts is None else "counts (no length is known)"
    if counts is not None and "effective_length" in bundle.tables["transcript"]:
        usage = "counts over length"
    return ImportReport(
        kind="table",
        source=source.name,
        samples={
            "n": bundle.n_samples,
            "only_in_files": list(aligned.only_in_files),
            "only_in_sheet": list(aligned.only_in_sheet),
        },
        transcripts={
            "n": n_transcripts,
            "with_gene": n_transcripts,
            "share_of_reads_with_gene": 1.0 if n_transcripts else None,
        },
        genes=len(bundle.tables["gene"]),
        totals=totals,
        counts_from="no",
        usage_from=usage,
        findings=about("sample sheet", sheet.findings) + about("samples", aligned.findings),
        notes=notes,
        sources=[
            {"role": role, "file": path.name, "sha256": bundle.provenance[f"{role}_sha256"]}
            for role, path in named.items()
        ],
    )


def _read_features(
    source: Path, about: Path, kind: str, assay: str, problems: Problems
) -> tuple[Measured | None, pd.DataFrame | None, int]:
    """Values, the feature table in their row order, and the number of its rows left out."""
    id_column = f"{kind}_id"
    measured = read_measured(source, id_column=id_column, problems=problems)
    table = read_annotation(about, problems, whole=True)
    if measured is not None:
        _check_measured(measured, problems, where=source.name, assay=assay, id_column=id_column)
    used = table
    if table is not None and measured is not None and id_column in table:
        used = table[table[id_column].isin(measured.ids.dropna())]
        absent = measured.ids[~measured.ids.isin(table[id_column]) & measured.ids.notna()].unique()
        if len(absent):
            problems.add(
                source.name,
                f"{kind}s that {about.name} lacks",
                examples=list(absent),
                count=len(absent),
                fix=f"add them to {about.name}, or remove their rows",
            )
    if used is not None:
        check_table(problems, about.name, kind, used)
    if problems or measured is None or table is None or used is None:
        return measured, None, 0
    order = pd.Index(used[id_column]).get_indexer(measured.ids)
    return measured, used.iloc[order].reset_index(drop=True), len(table) - len(used)


def _read_samples(
    options: ImportOptions, measured: Measured | None, problems: Problems
) -> tuple[Sheet | None, Aligned | None]:
    """The sample sheet, and its rows in the column order of the values."""
    assert options.samples is not None
    columns = None if measured is None else [str(name) for name in measured.columns]
    sheet = read_sample_sheet(
        options.samples,
        problems,
        sample_column=options.sample_column,
        sheet=options.sheet,
        sample_ids=columns,
    )
    if sheet is None or not columns:
        return sheet, None
    aligned = align(
        sheet,
        columns,
        problems,
        allow_missing=options.allow_missing,
        block=options.block,
        ordered=options.ordered,
    )
    return sheet, aligned


def _check_measured(
    measured: Measured, problems: Problems, *, where: str, assay: str, id_column: str
) -> None:
    check_ids(problems, where, id_column, measured.ids, unique=True)
    if not measured.values.size:
        n_rows, n_columns = measured.values.shape
        problems.add(where, f"has {n_rows} rows and {n_columns} samples", fix="give one at least")
    unnamed = int((measured.columns == "").sum())
    if unnamed:
        problems.add(where, "sample columns without a name", count=unnamed, fix="name them")
    if assay == "transcript_counts":
        check_size(measured, where, problems)
    ids, columns = measured.ids.to_numpy(dtype=object), measured.columns.to_numpy(dtype=object)
    check_values(problems, where, assay, measured.values, rows=ids, columns=columns)
    if assay == "transcript_counts":
        note_other_scale(measured.values, where, problems)

"""Tables of counts or expression, of features and of samples, to a bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.checks import check_ids, check_samples, check_table
from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.model import Bundle
from isograph.bundle.values import check_values
from isograph.errors import ImportDataError, Problems
from isograph.importers.provenance import source_record
from isograph.importers.reading import Measured, read_annotation, read_measured

SUITE = "imported"

_IMPORTER = "isograph.importers.table"
_GENE_COLUMNS = ("gene_name", "chrom")
"""Columns of a transcript table that say something about the gene."""


def import_table(
    *,
    samples: Path | str,
    name: str,
    counts: Path | str | None = None,
    transcripts: Path | str | None = None,
    expression: Path | str | None = None,
    genes: Path | str | None = None,
    description: str = "",
) -> Bundle:
    """Make a bundle from parquet, TSV or CSV files (text also gzipped).

    Give `counts` with `transcripts`, or `expression` with `genes`. Rows keep the order of the
    counts or expression, samples the order of its columns.

    Args:
        samples: one row a sample: `sample_id`, then traits and covariates.
        name: the data set.
        counts: `transcript_id`, then one column a sample; fractions are welcome.
        transcripts: one row a transcript: `transcript_id`, `gene_id`, and what else is known.
        expression: `gene_id`, then one column a sample, on a log scale; cells may be missing.
        genes: one row a gene: `gene_id` and what else is known.
        description: free text.

    Returns:
        With counts: the transcript table, transcript counts, a gene table derived from it
        (sorted, with `gene_name` and `chrom` where a gene's transcripts agree) and gene counts,
        which are sums over transcripts. With expression: a gene table and `gene_expression`.

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
    source, about = sources.values()
    measured, features, unused = _read_features(source, about, kind, assay, problems)
    sheet = _read_samples(Path(samples), source, measured, problems)
    problems.raise_if_any(ImportDataError, f"import of {name!r} refused")
    assert measured is not None  # what could not be read is a problem
    assert features is not None
    assert sheet is not None
    tables, matrices = {kind: features}, {assay: measured.values}
    if kind == "transcript":
        tables["gene"], matrices["gene_counts"] = _sum_genes(features, measured.values)
    origin = source_record(_IMPORTER, {**sources, "samples": Path(samples)})
    return Bundle(
        name=name,
        suite=SUITE,
        description=description,
        samples=sheet,
        tables=tables,
        matrices=matrices,
        provenance=origin | {f"{kind}s_ignored": str(unused)},
    )


def _read_features(
    source: Path, about: Path, kind: str, assay: str, problems: Problems
) -> tuple[Measured | None, pd.DataFrame | None, int]:
    """Values, the feature table in their row order, and the number of its rows left out."""
    id_column = f"{kind}_id"
    measured = read_measured(source, id_column=id_column, problems=problems)
    table = read_annotation(about, problems)
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
    path: Path, source: Path, measured: Measured | None, problems: Problems
) -> pd.DataFrame | None:
    """The sample sheet in the column order of the values."""
    sheet = read_annotation(path, problems)
    if sheet is None:
        return None
    check_samples(problems, path.name, sheet)
    if measured is None or SAMPLE_ID not in sheet:
        return None
    ids, columns = sheet[SAMPLE_ID].dropna(), measured.columns
    # R writes `X1.2` for `1-2` unless told not to
    r_names = ids.str.replace(r"[^A-Za-z0-9._]", ".", regex=True)
    r_names = r_names.str.replace(r"^(?=[0-9_])", "X", regex=True)
    renamed = columns[~columns.isin(ids)].isin(r_names).any()
    by_r = "R changed the names: read with check.names = FALSE" if renamed else ""
    for where, other, left_out in (
        (source.name, path.name, columns[~columns.isin(ids)]),
        (path.name, source.name, ids[~ids.isin(columns)]),
    ):
        if len(left_out):
            problems.add(
                where,
                f"samples that {other} lacks",
                examples=list(left_out),
                count=len(left_out),
                fix=by_r or "name the same samples in both",
            )
    if problems:
        return None
    aligned: pd.DataFrame = sheet.iloc[pd.Index(ids).get_indexer(columns)].reset_index(drop=True)
    return aligned


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
    ids, columns = measured.ids.to_numpy(dtype=object), measured.columns.to_numpy(dtype=object)
    check_values(problems, where, assay, measured.values, rows=ids, columns=columns)


def _sum_genes(
    transcripts: pd.DataFrame, counts: npt.NDArray[np.float64]
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """The gene table, sorted by id, and gene counts, shape (n_genes, n_samples)."""
    gene_ids, gene_of = np.unique(transcripts["gene_id"].to_numpy(dtype=str), return_inverse=True)
    order = np.argsort(gene_of, kind="stable")
    first = np.searchsorted(gene_of[order], np.arange(len(gene_ids)))
    genes = pd.DataFrame({"gene_id": gene_ids.astype(object)})
    for column in _GENE_COLUMNS:
        if column in transcripts:
            pairs = transcripts[["gene_id", column]].dropna().drop_duplicates()
            agreed = pairs[~pairs["gene_id"].duplicated(keep=False)].set_index("gene_id")[column]
            text = agreed.reindex(gene_ids).to_numpy(dtype=object)
            text[pd.isna(text)] = None
            genes[column] = text
    return genes, np.add.reduceat(counts[order], first, axis=0)

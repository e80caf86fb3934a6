"""A plain table of transcript counts, with genes from a map or an annotation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isograph.bundle.checks import check_ids
from isograph.bundle.values import check_values
from isograph.errors import ImportDataError, Problems
from isograph.importers.building.assemble import Imported, Origin, assemble, read_named_map
from isograph.importers.options import ImportOptions
from isograph.importers.quantifiers.model import Quantified
from isograph.importers.reading import Measured, check_size, read_measured
from isograph.importers.scale import note_other_scale
from isograph.importers.sheets.sample_alignment import align
from isograph.importers.sheets.sample_sheet import read_sample_sheet
from isograph.progress import Steps

_ID = "transcript_id"


def import_count_table(
    counts: Path | str,
    *,
    name: str,
    options: ImportOptions | None = None,
    steps: Steps | None = None,
) -> Imported:
    """Make a bundle of a table of counts.

    Args:
        counts: parquet, TSV or CSV (text also gzipped): `transcript_id`, then one column a sample;
            fractions are welcome.
        name: of the data set.
        options: gene map or annotation, sample sheet and more; ids may differ by version.
        steps: shows progress.

    Raises:
        ImportDataError: lists every problem of every file.
    """
    path, options = Path(counts), options or ImportOptions()
    steps, problems = steps or Steps(), Problems()
    options.check(problems)
    with steps.step("counts") as note:
        measured = read_measured(path, id_column=_ID, problems=problems)
        if measured is not None:
            _check(measured, path, problems)
            note.result = "{:,} transcripts × {:,} samples".format(*measured.values.shape)
    sheet = aligned = None
    if options.samples is not None:
        ids = None if measured is None else measured.columns.tolist()
        sheet = read_sample_sheet(
            options.samples,
            problems,
            sample_column=options.sample_column,
            sheet=options.sheet,
            sample_ids=ids,
        )
    if sheet is not None and measured is not None and not problems:
        aligned = align(
            sheet,
            measured.columns.tolist(),
            problems,
            allow_missing=options.allow_missing,
            block=options.block,
            ordered=options.ordered,
        )
    gene_map = read_named_map(options, problems)
    problems.raise_if_any(ImportDataError, f"import of {name!r} refused, nothing written")
    assert measured is not None  # what cannot be read is a problem
    with steps.step("genes"):
        return assemble(
            _quantified(measured, path),
            origin=Origin("table", path, name),
            gene_map=gene_map,
            aligned=aligned,
            sheet_findings=() if sheet is None else sheet.findings,
            options=options,
            problems=problems,
        )


def _check(measured: Measured, path: Path, problems: Problems) -> None:
    check_ids(problems, path.name, _ID, measured.ids, unique=True)
    n_rows, n_columns = measured.values.shape
    if not measured.values.size:
        problems.add(
            path.name, f"has {n_rows} rows and {n_columns} samples", fix="give one at least"
        )
    unnamed = int((measured.columns.str.strip() == "").sum())
    if unnamed:
        problems.add(path.name, "sample columns without a name", count=unnamed, fix="name them")
    check_size(measured, path.name, problems)
    rows, columns = (one.to_numpy(dtype=object) for one in (measured.ids, measured.columns))
    check_values(
        problems, path.name, "transcript_counts", measured.values, rows=rows, columns=columns
    )
    note_other_scale(measured.values, path.name, problems)


def _quantified(measured: Measured, path: Path) -> Quantified:
    samples = measured.columns.astype(str).to_numpy(dtype=object)
    return Quantified(
        transcript_ids=measured.ids.to_numpy(dtype=object),
        sample_ids=samples,
        counts=np.ascontiguousarray(measured.values),
        effective_lengths=None,
        lengths=None,
        gene_ids=None,
        gene_names=None,
        sources=[(str(sample), path) for sample in samples],
        notes=[],
    )

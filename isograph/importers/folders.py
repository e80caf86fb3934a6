"""A folder of quantified samples to a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import ImportDataError, Problems
from isograph.importers.building.assemble import Imported, Origin, assemble, read_named_map
from isograph.importers.options import ImportOptions
from isograph.importers.quantifiers import QUANTIFIERS, Quantified, find_samples, read_quantified
from isograph.importers.sheets.sample_alignment import Aligned, align
from isograph.importers.sheets.sample_sheet import Sheet, finding, read_sample_sheet
from isograph.progress import Steps


def import_folder(
    folder: Path | str,
    *,
    kind: str,
    name: str,
    options: ImportOptions | None = None,
    notes: Sequence[str] = (),
    origin_kind: str | None = None,
    steps: Steps | None = None,
) -> Imported:
    """Make a bundle of a folder of quantified samples.

    Args:
        folder: of samples; of kinds that are one matrix also the file.
        kind: name in `isograph.importers.quantifiers.QUANTIFIERS`.
        name: of the data set.
        options: gene map, sample sheet and more.
        notes: sentences for the report.
        origin_kind: what the report calls the kind, if not `kind`.
        steps: shows progress.

    Raises:
        ImportDataError: lists every problem of every file.
    """
    folder, options = Path(folder), options or ImportOptions()
    steps, problems = steps or Steps(), Problems()
    options.check(problems)
    headline = f"import of {name!r} refused, nothing written"
    with steps.step("sample sheet") as note:
        ids = _names_of_files(folder, kind, problems)
        sheet = _sheet(options, ids, problems)
        aligned = None
        if sheet is not None and ids:
            aligned = _aligned(sheet, ids, options, problems)
        note.result = "none" if sheet is None else f"{len(sheet.frame):,} rows"
    with steps.step("gene map") as note:
        gene_map = read_named_map(options, problems)
        note.result = "none" if gene_map is None else f"{len(gene_map):,} transcripts"
    # what is wrong so far is told before gigabytes are read
    problems.raise_if_any(ImportDataError, headline)
    with steps.step("quantified samples") as note:
        only = _wanted(sheet, aligned, ids, options)
        quantified = read_quantified(
            folder,
            kind=kind,
            problems=problems,
            read_length=options.read_length,
            only=only,
            allow_union=options.allow_union,
            steps=steps,
        )
        problems.raise_if_any(ImportDataError, headline)
        assert quantified is not None  # what cannot be read is a problem
        n, s = quantified.counts.shape
        note.result = f"{s:,} samples × {n:,} transcripts"
    if sheet is not None and aligned is None:
        aligned = _aligned(sheet, quantified.sample_ids, options, problems)
        problems.raise_if_any(ImportDataError, headline)
        if quantified.left_out and aligned is not None:
            aligned = _with_left_out(aligned, quantified.left_out)
    elif aligned is not None:
        aligned = _recounted(aligned, quantified)
    with steps.step("genes") as note:
        imported = assemble(
            quantified,
            origin=Origin(origin_kind or kind, folder, name, notes=tuple(notes)),
            gene_map=gene_map,
            aligned=aligned,
            sheet_findings=() if sheet is None else sheet.findings,
            options=options,
            problems=problems,
        )
        share = imported.report.transcripts["share_of_reads_with_gene"]
        note.result = f"{imported.report.genes:,} genes, {share:.2%} of reads have one"
    return imported


def _names_of_files(folder: Path, kind: str, problems: Problems) -> list[str]:
    """Ids of the samples where file names tell them; empty for kinds of one matrix."""
    quantifier = QUANTIFIERS.get(kind)
    if quantifier is None or quantifier.read_matrix is not None:
        return []
    return list(find_samples(folder, quantifier, problems))


def _sheet(options: ImportOptions, ids: Sequence[str], problems: Problems) -> Sheet | None:
    if options.samples is None:
        return None
    return read_sample_sheet(
        options.samples,
        problems,
        sample_column=options.sample_column,
        sheet=options.sheet,
        sample_ids=ids or None,
    )


def _aligned(
    sheet: Sheet,
    ids: Sequence[str] | npt.NDArray[Any],
    options: ImportOptions,
    problems: Problems,
) -> Aligned | None:
    return align(
        sheet,
        [str(one) for one in ids],
        problems,
        allow_missing=options.allow_missing,
        block=options.block,
        ordered=options.ordered,
    )


def _wanted(
    sheet: Sheet | None, aligned: Aligned | None, ids: Sequence[str], options: ImportOptions
) -> list[str] | None:
    """Samples to read; None for all."""
    if aligned is not None:
        return [ids[place] for place in aligned.kept]
    if sheet is not None and options.allow_missing:
        return [str(one) for one in sheet.frame["sample_id"]]
    return None


def _with_left_out(aligned: Aligned, names: tuple[str, ...]) -> Aligned:
    """Samples of a matrix that were not read, as the sheet lacks them."""
    told = finding("only_in_files", len(names), names, "left out")
    return replace(
        aligned,
        only_in_files=(*aligned.only_in_files, *names),
        findings=(*aligned.findings, told),
    )


def _recounted(aligned: Aligned, quantified: Quantified) -> Aligned:
    """The sheet's samples where only they were read: each of them is taken."""
    assert list(aligned.frame["sample_id"]) == list(quantified.sample_ids)
    return replace(aligned, kept=np.arange(len(quantified.sample_ids), dtype=np.int64))

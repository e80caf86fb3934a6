"""One way in for every kind of files: `isograph import KIND`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from isograph.errors import ImportDataError, Problem, Problems
from isograph.importers.beside import found_beside
from isograph.importers.building.assemble import Imported, Origin, assemble, read_named_map
from isograph.importers.building.report import about
from isograph.importers.folders import import_folder
from isograph.importers.h5ad import read_h5ad
from isograph.importers.look import KINDS, Found, look
from isograph.importers.nfcore import choose_results
from isograph.importers.options import ImportOptions
from isograph.importers.sheets.sample_alignment import align
from isograph.importers.sheets.sample_sheet import finding, read_sample_sheet
from isograph.importers.tables.table_folder import find_tables, import_tables
from isograph.progress import Steps


def import_cohort(
    source: Path | str,
    *,
    kind: str,
    name: str,
    options: ImportOptions | None = None,
    aligner: str | None = None,
    layer: str | None = None,
    gene_column: str | None = None,
    steps: Steps | None = None,
) -> Imported:
    """Make a bundle of anything that is no plain table (see `isograph.importers.tables.table`).

    Args:
        source: folder of samples, or a file where the kind is one.
        kind: of `KINDS`, or `auto`.
        name: of the data set.
        options: gene map, sample sheet and more; `auto` takes what they do not name from beside
            the samples (see `isograph.importers.beside`).
        aligner: folder of an nf-core/rnaseq run; None takes the preferred one.
        layer: of an AnnData file; None takes `counts`, else X.
        gene_column: of an AnnData file's `var`; None looks for it.
        steps: shows progress.

    Raises:
        ImportDataError: lists every problem of every file.
    """
    source, options, steps = Path(source), options or ImportOptions(), steps or Steps()
    if kind not in (*KINDS, "auto"):
        fix = f"choose from {', '.join(KINDS)} or auto"
        raise ImportDataError(_headline(name), [Problem(kind, "no such kind of files", fix=fix)])
    _check_use(kind, options, aligner=aligner, layer=layer, gene_column=gene_column, name=name)
    beside = found_beside(source, options, roles=())
    if kind == "auto":
        found = look(source)
        steps.say(found.evidence)
        _check_use(
            found.kind, options, aligner=aligner, layer=layer, gene_column=gene_column, name=name
        )
        beside = found_beside(source, options, roles=_roles(found))
        kind, source = found.kind, found.source
    for line in beside.notes:
        steps.say(line)
    made = _import(
        kind,
        source,
        name=name,
        options=beside.options,
        aligner=aligner,
        layer=layer,
        gene_column=gene_column,
        steps=steps,
    )
    skipped = [
        finding("not_taken", len(names.split(", ")), [names], f"as {word}: name one of them")
        for names, word in beside.not_taken
    ]
    told = [*made.report.findings, *about("files", skipped)]
    return replace(made, report=replace(made.report, findings=told))


def _import(
    kind: str,
    source: Path,
    *,
    name: str,
    options: ImportOptions,
    aligner: str | None,
    layer: str | None,
    gene_column: str | None,
    steps: Steps,
) -> Imported:
    if kind == "h5ad":
        return _import_h5ad(source, name, options, layer, gene_column, steps)
    if kind == "tables":
        tables = find_tables(source) if source.is_dir() else None
        if tables is None:
            fix = "counts.tsv with transcripts.tsv or a gene map, or expression.tsv with genes.tsv"
            problem = Problem(str(source), "holds no tables under their usual names", fix=fix)
            raise ImportDataError(_headline(name), [problem])
        return import_tables(tables, name=name, options=options, steps=steps)
    if kind != "nfcore":
        return import_folder(source, kind=kind, name=name, options=options, steps=steps)
    problems = Problems()
    chosen = choose_results(source, problems, aligner=aligner)
    problems.raise_if_any(ImportDataError, _headline(name))
    assert chosen is not None  # else there is a problem
    note = f"nf-core/rnaseq: {chosen.kind} files of {chosen.aligner}"
    if options.tx2gene is None and chosen.tx2gene is not None:
        options = replace(options, tx2gene=chosen.tx2gene)
        note += f", genes from its {chosen.tx2gene.name}"
    steps.say(note)
    return import_folder(
        chosen.folder,
        kind=chosen.kind,
        name=name,
        options=options,
        notes=(note,),
        origin_kind="nfcore",
        steps=steps,
    )


_USED_BY = {
    "--aligner": ("nfcore",),
    "--layer": ("h5ad",),
    "--gene-column": ("h5ad",),
    "--read-length": ("ctab", "nfcore"),
    "--counts-from-abundance": ("salmon", "kallisto", "rsem", "nfcore"),
}
"""Options that only some kinds have a use for."""


def _check_use(
    kind: str,
    options: ImportOptions,
    *,
    aligner: str | None,
    layer: str | None,
    gene_column: str | None,
    name: str,
) -> None:
    """Refuse what would be left unread: it must not look as if it had been used."""
    given = {
        "--aligner": aligner,
        "--layer": layer,
        "--gene-column": gene_column,
        "--read-length": options.read_length,
        "--counts-from-abundance": None if options.counts_from == "no" else options.counts_from,
    }
    problems = Problems()
    for flag, value in given.items():
        if kind != "auto" and value is not None and kind not in _USED_BY[flag]:
            problems.add(flag, f"has no use for {KINDS[kind]}", fix="leave it out")
    problems.raise_if_any(ImportDataError, _headline(name))


def _roles(found: Found) -> tuple[str, ...]:
    """What an import of these files has a use for."""
    tables = find_tables(found.source) if found.kind == "tables" else None
    exact = tables is not None and (tables.counts is None or tables.transcripts is not None)
    return ("samples",) if exact else ("tx2gene", "gtf", "samples")


def _headline(name: str) -> str:
    return f"import of {name!r} refused, nothing written"


def _import_h5ad(
    path: Path,
    name: str,
    options: ImportOptions,
    layer: str | None,
    gene_column: str | None,
    steps: Steps,
) -> Imported:
    problems = Problems()
    with steps.step("quantified samples") as note:
        cohort = read_h5ad(path, problems, layer=layer, gene_column=gene_column)
        if cohort is not None:
            n, s = cohort.quantified.counts.shape
            note.result = f"{s:,} samples × {n:,} transcripts"
    sheet = None if cohort is None else cohort.sheet
    if options.samples is not None:
        ids = None if cohort is None else [str(one) for one in cohort.quantified.sample_ids]
        sheet = read_sample_sheet(
            options.samples,
            problems,
            sample_column=options.sample_column,
            sheet=options.sheet,
            sample_ids=ids,
        )
    # obs is a sample sheet too
    replace(options, samples=options.samples or path).check(problems)
    aligned = None
    if cohort is not None and sheet is not None:
        ordered = dict(options.ordered)
        if options.samples is None:
            ordered = {**cohort.ordered, **ordered}
        aligned = align(
            sheet,
            [str(one) for one in cohort.quantified.sample_ids],
            problems,
            allow_missing=options.allow_missing,
            block=options.block,
            ordered=ordered,
        )
    gene_map = read_named_map(options, problems)
    problems.raise_if_any(ImportDataError, _headline(name))
    assert cohort is not None
    assert sheet is not None
    assert aligned is not None
    with steps.step("genes"):
        return assemble(
            cohort.quantified,
            origin=Origin("h5ad", path, name),
            gene_map=gene_map,
            aligned=aligned,
            sheet_findings=sheet.findings,
            options=options,
            problems=problems,
        )

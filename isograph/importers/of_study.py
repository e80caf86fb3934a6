"""The data of a study: a bundle as it is, or quantified samples, imported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from isograph.annotation.places import default_cache
from isograph.bundle import Bundle, load_bundle
from isograph.bundle.format import MANIFEST_FILE
from isograph.errors import IsographError
from isograph.importers.beside import found_beside
from isograph.importers.building.report import ImportReport
from isograph.importers.cohort import import_cohort
from isograph.importers.look import look
from isograph.importers.options import ImportOptions
from isograph.progress import Steps
from isograph.study import ImportFields, Study

_SAME = (
    "tx2gene",
    "gtf",
    "samples",
    "sample_column",
    "sheet",
    "allow_missing",
    "allow_union",
    "min_overlap",
    "read_length",
    "without_gene",
)


def open_study(study: Study, *, steps: Steps | None = None) -> tuple[Bundle, ImportReport | None]:
    """Load a study's bundle, or import its samples.

    Args:
        study: its `bundle` is a bundle folder, or what `isograph import` takes.
        steps: shows progress.

    Returns:
        The bundle, and what the import found; None where nothing was imported.

    Raises:
        BundleError, ImportDataError: lists everything that is wrong.
    """
    if is_bundle(study.bundle):
        return load_bundle(study.bundle), None
    fields = study.imports or ImportFields()
    beside = found_beside(study.bundle, import_options(fields))
    steps = steps or Steps()
    for line in beside.taken:
        steps.say(line)
    made = import_cohort(
        study.bundle,
        kind=fields.kind,
        name=study.name,
        options=beside.options,
        aligner=fields.aligner,
        layer=fields.layer,
        gene_column=fields.gene_column,
        steps=steps,
    )
    return made.bundle, made.report if study.block is None else _with_blocks(made.report)


def _with_blocks(report: ImportReport) -> ImportReport:
    """Without the advice to name donors, which a study has followed."""
    kept = [one for one in report.findings if one["kind"] != "unnamed_blocks"]
    return replace(report, findings=kept)


def import_options(fields: ImportFields) -> ImportOptions:
    """The options of an import; donors and levels stay with the study."""
    given: dict[str, Any] = {name: getattr(fields, name) for name in _SAME}
    given = {name: value for name, value in given.items() if value is not None}
    return ImportOptions(
        counts_from=fields.counts_from_abundance, cache_dir=default_cache(), **given
    )


def is_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle, to judge by its manifest."""
    return (Path(folder) / MANIFEST_FILE).is_file()


def can_import(source: Path) -> bool:
    """Whether a folder or file holds samples that can be imported without being told their kind."""
    try:
        look(Path(source))
    except (IsographError, OSError):
        return False
    return True

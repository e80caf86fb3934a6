"""What can be refused before a long import: names of sample columns, and too few samples."""

from __future__ import annotations

from isograph.errors import Problem, Problems, StudyError
from isograph.features.samples import read_samples
from isograph.features.traits import SAMPLE_ID, check_known
from isograph.importers.options import ImportOptions
from isograph.importers.sheets.sample_sheet import Sheet, read_sample_sheet
from isograph.study import Study


def check_sheet(options: ImportOptions, study: Study) -> None:
    """Refuse a study that the sample sheet cannot give what it asks for.

    A sheet that cannot be read is left to the import, which names all of its problems. Where
    samples of one place only may be left out, nobody knows yet which these are: then only names
    are looked at.

    Args:
        options: of the import to come, with the sheet.
        study: covariates, traits, categorical columns; donors and levels may be in `options`.

    Raises:
        StudyError: names everything that is wrong.
    """
    if options.samples is None:
        return
    sheet = read_sample_sheet(
        options.samples, Problems(), sample_column=options.sample_column, sheet=options.sheet
    )
    if sheet is None:
        return
    study = study.model_copy(
        update={
            "block": study.block or options.block,
            "ordered": {**dict(options.ordered), **study.ordered},
        }
    )
    _check_side(sheet, study)
    check_columns([str(name) for name in sheet.frame.columns], study)
    if not options.allow_missing:
        read_samples(sheet.frame, study, provenance={})


def _check_side(sheet: Sheet, study: Study) -> None:
    """Refuse a sheet whose rows are what the study takes for columns."""
    asked = {*(study.traits or ()), *study.categorical, *study.ordered}
    rows, columns = set(sheet.frame[SAMPLE_ID].astype(str)), set(map(str, sheet.frame.columns))
    turned = sorted(asked & rows - columns)
    if turned:
        where, fix = sheet.source.name, "turn it, one row a sample"
        problem = Problem(where, "lies on its side: rows are traits", tuple(turned), None, fix)
        raise StudyError("study refused, nothing run", [problem])


def check_columns(columns: list[str], study: Study) -> None:
    """Refuse names that are no sample columns, all at once.

    Raises:
        StudyError: names them, with near ones.
    """
    known, problems = [name for name in columns if name != SAMPLE_ID], Problems()
    for where, names in (
        ("traits", study.traits or ()),
        ("categorical", study.categorical),
        ("ordered", study.ordered),
    ):
        check_known(problems, where, [name for name in names if name != SAMPLE_ID], known=known)
    if study.covariates is not None and study.covariates.strip():
        # formulaic takes half a second to import, and most runs have no covariates
        from isograph.features.formula import parse_formula

        parse_formula(study.covariates, known=known, problems=problems)
    problems.raise_if_any(StudyError, "study refused, nothing run")

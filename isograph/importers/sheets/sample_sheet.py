"""Sample sheets as people keep them: CSV, TSV, TXT, XLSX or parquet, under any id column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.missing import is_missing
from isograph.bundle.tables import from_frame, normalise, read_parquet, to_frame
from isograph.errors import Problems
from isograph.importers.reading import typed_frame
from isograph.importers.sheets.paths import n_in_paths
from isograph.importers.sheets.sheet_cells import read_cells
from isograph.importers.sheets.sheet_slips import note_slips, repair_numbers

_ID_NAMES = frozenset(
    ("sampleid", "sample", "samplename", "run", "runaccession", "runid", "id", "names", "libraryid")
)
_OTHER_ID = "sheet_sample_id"
# no-break blanks are \s; these are none, and nobody sees them
_BLANKS = r"[\s\u200b\u200e\u200f\u2060\ufeff]+"
_EDGES = f"^{_BLANKS}|{_BLANKS}$"
_EXCEL_ERROR = r"#(DIV/0!|REF!|VALUE!|NUM!|NAME\?|NULL!|SPILL!|CALC!|#+)"
_SHOWN = 3
_ONE_ROW = "give one row a sample"
_ASK = "name the column of sample ids with --sample-column"


@dataclass(frozen=True)
class Sheet:
    """A sample sheet.

    Attributes:
        frame: one row a sample; `sample_id` (text) first, then the other columns in the types of
            a loaded bundle, missing values kept.
        id_column: what the sheet calls the column of sample ids.
        source: the file.
        findings: what was noticed and done: `kind`, `n`, `share_of_reads` (None), `examples`,
            `action`.
    """

    frame: pd.DataFrame
    id_column: str
    source: Path
    findings: tuple[dict[str, Any], ...] = ()


def finding(kind: str, n: int, examples: Sequence[object], action: str) -> dict[str, Any]:
    """One line of `import_report.json` about samples; at most three examples are kept."""
    shown = [str(example) for example in examples[:_SHOWN]]
    return {"kind": kind, "n": n, "share_of_reads": None, "examples": shown, "action": action}


def read_sample_sheet(
    path: Path,
    problems: Problems,
    *,
    sample_column: str | None = None,
    sheet: str | None = None,
    sample_ids: Sequence[str] | None = None,
) -> Sheet | None:
    """Read a sample sheet.

    Blanks around cells and rows without any value are left out, and counted. A column whose cells
    all are numbers, or all flags, becomes so; columns of text that are numbers but for a few
    cells, or but for commas, percent signs or dates, are named in the findings.

    Args:
        path: CSV, TSV, TXT (tabs, commas, semicolons or blanks between cells; also gzipped), XLSX
            (needs openpyxl) or parquet.
        problems: collects what is wrong.
        sample_column: the column of sample ids; None looks for one called like `sample_id`,
            `sample`, `Run` or `id`.
        sheet: name of the sheet of an XLSX file; None takes the first.
        sample_ids: ids of the quantified samples, which tell between several such columns.

    Returns:
        The sheet; None, with the reasons noted, if it cannot be used.
    """
    path, n_before = Path(path), len(problems.found)
    where, findings = path.name, list[dict[str, Any]]()
    if not path.is_file():
        problems.add(str(path), "no such file", fix="give the table of samples")
        return None
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path, where, problems)
        text = None if table is None else table.to_pandas(ignore_metadata=True)
    else:
        cells = read_cells(path, problems, sheet=sheet, findings=findings)
        text = None if cells is None else _tidy(cells, findings)
    if text is None or len(problems.found) > n_before:
        return None
    text.columns = pd.Index([str(name) for name in text.columns])
    _check_names(text, where, problems)
    id_column = _id_column(text, sample_column, sample_ids, where, problems)
    if id_column is None:
        return None
    text = _renamed(text, id_column, findings)
    if path.suffix.lower() == ".parquet":
        arrow = from_frame(text, where, problems)
        frame = to_frame(normalise(arrow, text={SAMPLE_ID}, where=where, problems=problems))
    else:
        text, repaired = repair_numbers(text, finding)
        findings += repaired
        frame = typed_frame(text, where=where, problems=problems)
    frame = _without_repeats(frame, findings)
    _check_ids(frame, where, problems)
    check_finite(frame, where, problems)
    if len(problems.found) > n_before:
        return None
    findings += note_slips(frame, finding)
    return Sheet(frame.reset_index(drop=True), id_column, path, tuple(findings))


def _tidy(cells: pd.DataFrame, findings: list[dict[str, Any]]) -> pd.DataFrame:
    """Without blanks around cells, without empty rows, with None where a value is missing."""
    names = [re.sub(_EDGES, "", str(name)) for name in cells.columns]
    trimmed = cells.apply(lambda column: column.str.replace(_EDGES, "", regex=True))
    changed = (trimmed != cells) & cells.notna()
    if changed.any(axis=None):
        where = [name for name, any_ in zip(names, changed.any(), strict=True) if any_]
        n = int(changed.to_numpy().sum())
        findings.append(finding("blanks_around_cells", n, where, "removed"))
    text: pd.DataFrame = trimmed.mask(trimmed.apply(is_missing))
    errors = text.apply(lambda column: column.str.fullmatch(_EXCEL_ERROR).eq(True))
    if errors.any(axis=None):
        shown = text.to_numpy()[errors.to_numpy()]
        findings.append(finding("excel_errors", len(shown), shown, "taken for missing"))
        text = text.mask(errors)
    empty = text.isna().all(axis=1)
    if empty.any():
        findings.append(finding("empty_rows", int(empty.sum()), [], "left out"))
    text.columns = pd.Index(names)
    keep = [bool(name) or bool(text.iloc[:, i].notna().any()) for i, name in enumerate(names)]
    text = text.loc[~empty, keep].copy()
    unnamed = [f"column_{i + 1}" for i, name in enumerate(text.columns) if not name]
    if unnamed:
        findings.append(finding("unnamed_columns", len(unnamed), unnamed, "named by their place"))
    text.columns = pd.Index([name or f"column_{i + 1}" for i, name in enumerate(text.columns)])
    return text


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _id_column(
    text: pd.DataFrame,
    asked: str | None,
    sample_ids: Sequence[str] | None,
    where: str,
    problems: Problems,
) -> str | None:
    """The column of sample ids; None, with a problem noted, if that is not clear."""
    names = [str(name) for name in text.columns]
    if asked is not None:
        if asked not in names:
            fix = "its columns stand here"
            problems.add(where, f"has no column {asked!r}", examples=names, fix=fix)
        return asked if asked in names else None
    possible = [name for name in dict.fromkeys(names) if _plain(name) in _ID_NAMES]
    # R writes row names first, under no name
    if not possible and names and names[0] == "column_1":
        possible = names[:1]
    if len(possible) > 1:
        possible = _holding(text, possible, sample_ids or ())
    if SAMPLE_ID in possible:
        return SAMPLE_ID
    if len(possible) == 1:
        return possible[0]
    if possible:
        what = "several columns could hold the sample ids"
        problems.add(where, what, examples=possible, count=len(possible), fix=_ASK)
        return None
    known = pd.Index([str(one) for one in sample_ids or ()], dtype=object)
    fix = _ASK
    if len(known.intersection(names)) > len(names) / 2:
        fix = "its columns are the samples: turn it, one row a sample"
    for name, column in text.items():
        if len(known) and 2 * n_in_paths(column, known) > len(known):
            fix = f"{name} holds paths with the samples' ids in them: write the ids alone"
    problems.add(
        where,
        "no column is called like sample_id, sample or Run",
        examples=names,
        count=len(names),
        fix=fix,
    )
    return None


def _holding(text: pd.DataFrame, names: list[str], sample_ids: Sequence[str]) -> list[str]:
    """Of some columns those that hold all the samples, else some of them; one of equal ones."""
    wanted = {str(one) for one in sample_ids}
    cells = {name: text.loc[:, text.columns == name].iloc[:, 0].astype(str) for name in names}
    n_known = {name: len(wanted.intersection(column)) for name, column in cells.items()}
    whole = [name for name in names if n_known[name] == len(wanted)]
    left = whole or [name for name in names if n_known[name]] or names
    equal = all(cells[name].equals(cells[left[0]]) for name in left)
    return left[:1] if equal and SAMPLE_ID not in left else left


def _renamed(text: pd.DataFrame, id_column: str, findings: list[dict[str, Any]]) -> pd.DataFrame:
    """The id column first and called `sample_id`."""
    names = [str(name) for name in text.columns]
    if id_column != SAMPLE_ID:
        findings.append(finding("sample_column", len(text), [id_column], "read as sample_id"))
        if SAMPLE_ID in names:
            findings.append(finding("second_id_column", 1, [SAMPLE_ID], f"renamed to {_OTHER_ID}"))
    place = names.index(id_column)
    names = [
        _OTHER_ID if name == SAMPLE_ID and i != place and id_column != SAMPLE_ID else name
        for i, name in enumerate(names)
    ]
    names[place] = SAMPLE_ID
    text = text.set_axis(names, axis=1)
    order = [place, *(i for i in range(len(names)) if i != place)]
    return text.iloc[:, order]


def _check_names(text: pd.DataFrame, where: str, problems: Problems) -> None:
    repeated = text.columns[text.columns.duplicated()].unique()
    if len(repeated):
        problems.add(
            where,
            "columns with the same name",
            examples=list(repeated),
            count=len(repeated),
            fix="name each column once",
        )


def _without_repeats(frame: pd.DataFrame, findings: list[dict[str, Any]]) -> pd.DataFrame:
    again = frame.duplicated()
    if again.any():
        ids = frame.loc[again, SAMPLE_ID].tolist()
        findings.append(finding("repeated_rows", len(ids), ids, "kept once"))
    return frame[~again]


def _check_ids(frame: pd.DataFrame, where: str, problems: Problems) -> None:
    if not len(frame):
        problems.add(where, "holds no samples", fix=_ONE_ROW)
        return
    ids = frame[SAMPLE_ID]
    missing = ids.isna() | (ids == "")
    if missing.any():
        rows = (np.flatnonzero(missing) + 1).tolist()
        problems.add(
            where,
            "samples without an id",
            examples=[f"row {row}" for row in rows],
            count=len(rows),
            fix="fill them in, or remove the rows",
        )
    twice = ids[ids.duplicated() & ~missing].unique()
    if len(twice):
        problems.add(
            where, "samples that stand twice", examples=list(twice), count=len(twice), fix=_ONE_ROW
        )


def check_finite(frame: pd.DataFrame, where: str, problems: Problems) -> None:
    """Note infinite values: every mean of such a trait would be infinite too.

    Args:
        frame: one row a sample, `sample_id` first.
        where: the file.
        problems: collects what is wrong.
    """
    for name, column in frame.select_dtypes("float64").items():
        ids = frame.loc[np.isinf(column), SAMPLE_ID].tolist()
        if ids:
            what, fix = f"infinite values of {name}", "write what was measured, or NA"
            problems.add(where, what, examples=ids, count=len(ids), fix=fix)

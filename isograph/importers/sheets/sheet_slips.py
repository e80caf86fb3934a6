"""Columns of a sample sheet that somebody meant as numbers or dates, and that are text."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from isograph.bundle.format import SAMPLE_ID

_NEARLY = 0.9
"""Share of cells that must read as numbers before the others count as slips."""

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    # as spreadsheets show what they took for a date
    rf"|\d{{1,2}}[ /-]{_MONTH}([ /-]\d{{2,4}})?|{_MONTH}[ /-]\d{{2,4}}"
)
_SHOWN = 3
_ACTION = "read as text, each value a level of its own: write plain numbers"


class Slip(NamedTuple):
    """A column, as `isograph.importers.sheets.sample_sheet.finding` takes it."""

    kind: str
    n: int
    examples: list[str]
    action: str


def slips(frame: pd.DataFrame) -> list[Slip]:
    """Columns of text that are numbers but for a few cells, commas or percent signs, or dates.

    Args:
        frame: one row a sample, `sample_id` first.
    """
    found = []
    for name in frame.columns.drop(SAMPLE_ID):
        column = frame[name].dropna()
        kind, cells = _kind(column)
        if kind:
            ids = frame.loc[cells.index, SAMPLE_ID]
            examples = [
                f"{name} of {one} = {cell!r}"
                for one, cell in zip(ids[:_SHOWN], cells[:_SHOWN], strict=True)
            ]
            found.append(Slip(kind, len(cells), examples, _ACTION))
    return found


def _kind(column: pd.Series[str]) -> tuple[str, pd.Series[str]]:
    """What a column of text may have been meant as, and the cells that show it."""
    if column.dtype != object or column.empty:
        return "", column
    numeric = pd.to_numeric(column, errors="coerce").notna()
    if numeric.all():
        return "", column
    if numeric.mean() >= _NEARLY:
        return "nearly_numeric", column[~numeric]
    if column.str.fullmatch(_DATE, flags=re.IGNORECASE).mean() >= _NEARLY:
        return "dates_as_text", column
    repaired = column.str.replace(r"\s*%$", "", regex=True).str.replace(",", ".")
    if pd.to_numeric(repaired, errors="coerce").notna().mean() >= _NEARLY:
        return "numbers_as_text", column
    return "", column

"""Numbers and missing values of a sample sheet as people write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.missing import is_missing_word
from isograph.features.slips import find_slip

Finding = dict[str, Any]
Note = Callable[[str, int, list[str], str], Finding]

_SHOWN = 3
_AS_TEXT = "read as text, each value a level of its own: write plain numbers"
_DECIMAL = r"[+-]?\d*(,\d+)?"
_PERCENT = r"\s*%$"


def repair_numbers(text: pd.DataFrame, note: Note) -> tuple[pd.DataFrame, list[Finding]]:
    """Numbers as a program writes them, where what was meant is beyond doubt.

    Words for a missing value (`-`, `unknown`, …) are missing among numbers and stay a level
    among other text. A decimal comma is one if every cell is a number with it and some cell
    could not be a number of thousands. Percent signs go where every cell has one.

    Args:
        text: text, None or NaN where missing; `sample_id` first.
        note: makes a finding of its kind, number, examples and action.

    Returns:
        The table, and what was noticed.
    """
    text = text.loc[:, ~text.columns.duplicated()]
    found, repaired = list[Finding](), {}
    for name, column in text.items():
        if name != SAMPLE_ID:
            column, findings = _repair(str(name), column, text[SAMPLE_ID], note)
            found += findings
        repaired[name] = column
    return pd.DataFrame(repaired, index=text.index), found


def _repair(
    name: str, column: pd.Series[Any], ids: pd.Series[Any], note: Note
) -> tuple[pd.Series[Any], list[Finding]]:
    found = list[Finding]()
    words = column.notna() & is_missing_word(column)
    plain, kind = _plain_numbers(column.mask(words))
    if words.any():
        examples = _examples(name, column[words], ids)
        n = int(words.sum())
        if plain is not None:
            found.append(note("missing_words", n, examples, "taken for missing"))
        else:
            action = "kept as a level: leave the cell empty if the value is missing"
            found.append(note("missing_levels", n, examples, action))
    if plain is None:
        return column, found
    if kind:
        cells = column[column.notna() & ~words]
        found.append(note(kind, len(cells), _examples(name, cells, ids), "read as numbers"))
    return plain, found


def _plain_numbers(column: pd.Series[Any]) -> tuple[pd.Series[Any] | None, str]:
    """A column whose cells all are numbers, as plain text, and how they were written."""
    known = column.dropna()
    if known.empty:
        return None, ""
    if _are_numbers(known):
        return column, ""
    if known.str.fullmatch(_DECIMAL).all() and not _may_be_thousands(known):
        point = column.str.replace(",", ".", regex=False)
        return (point, "decimal_commas") if _are_numbers(point.dropna()) else (None, "")
    if known.str.contains(_PERCENT).all():
        bare = column.str.replace(_PERCENT, "", regex=True)
        plain, kind = _plain_numbers(bare)
        return plain, kind or "percent_signs"
    return None, ""


def _are_numbers(known: pd.Series[Any]) -> bool:
    return bool(np.isfinite(pd.to_numeric(known, errors="coerce").astype(np.float64)).all())


def _may_be_thousands(known: pd.Series[Any]) -> bool:
    """Whether all commas stand where they would part thousands: 1,234."""
    with_comma = known[known.str.contains(",", regex=False)]
    return bool(with_comma.str.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}").all())


def note_slips(frame: pd.DataFrame, note: Note) -> list[Finding]:
    """Columns of text that are numbers but for a few cells, commas or percent signs, or dates.

    Args:
        frame: one row a sample, `sample_id` first.
        note: as for `repair_numbers`.
    """
    found = []
    for name in frame.columns.drop(SAMPLE_ID):
        slip, cells = find_slip(frame[name])
        if slip is not None:
            examples = _examples(str(name), cells, frame[SAMPLE_ID])
            found.append(note(str(slip), len(cells), examples, _AS_TEXT))
    return found


def _examples(name: str, cells: pd.Series[Any], ids: pd.Series[Any]) -> list[str]:
    shown = cells.iloc[:_SHOWN]
    return [
        f"{name} of {one} = {cell!r}" for one, cell in zip(ids[shown.index], shown, strict=True)
    ]

"""Sample columns that somebody meant as numbers or dates, and that are text."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from isograph.features.columns import MAX_CODED_LEVELS, are_whole

_NEARLY = 0.9
"""Share of values that must read as numbers before the others count as slips."""

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    # as spreadsheets show what they took for a date
    rf"|\d{{1,2}}[ /-]{_MONTH}([ /-]\d{{2,4}})?|{_MONTH}[ /-]\d{{2,4}}"
)
_THOUSANDS = r"[+-]?\d{1,3}((,\d{3}){2,}(\.\d*)?|,\d{3}\.\d*)"
"""Numbers whose commas can only part thousands."""

_SHOWN = 3

UNCLEAR_FIX = (
    "write plain numbers, with a point, and leave empty what was not measured; "
    "--categorical takes the column as groups"
)


class Slip(StrEnum):
    """What is wrong with a column of text."""

    NEARLY_NUMERIC = "nearly_numeric"
    NUMBERS_AS_TEXT = "numbers_as_text"
    DATES_AS_TEXT = "dates_as_text"


def find_slip(column: pd.Series[Any]) -> tuple[Slip | None, pd.Series[Any]]:
    """What a column of text may have been meant as.

    Args:
        column: text or anything else, None or NaN where missing.

    Returns:
        None for a column that is no text, that is all numbers, or that is plain text; and the
        values that show the slip, with their index.
    """
    column = column.dropna()
    if column.empty or pd.api.types.infer_dtype(column) != "string":
        return None, column.iloc[:0]
    text = column.astype(object)
    numeric = _numbers(text).notna()
    if numeric.all():
        return None, text.iloc[:0]
    if numeric.mean() >= _NEARLY:
        return Slip.NEARLY_NUMERIC, text[~numeric]
    if text.str.fullmatch(_DATE, flags=re.IGNORECASE).mean() >= _NEARLY:
        return Slip.DATES_AS_TEXT, text
    if _numbers(_repaired(text)).notna().mean() >= _NEARLY:
        return Slip.NUMBERS_AS_TEXT, text
    return None, text.iloc[:0]


def unclear_numbers(column: pd.Series[Any]) -> str:
    """Why a column is neither numbers nor groups; empty if it is one of them.

    Groups are told by numbers that repeat: at most ten different whole ones, half as many as
    values at most, whatever stands between them.

    Args:
        column: indexed by sample id, missing values as None or NaN.
    """
    slip, odd = find_slip(column)
    if slip is None or slip is Slip.DATES_AS_TEXT:
        return ""
    known = column.dropna()
    numbers = _numbers(_repaired(known.astype(object))).dropna()
    if (
        are_whole(numbers)
        and numbers.nunique() <= MAX_CODED_LEVELS
        and 2 * known.nunique() <= len(known)
    ):
        return ""
    shown = ", ".join(
        f"{value!r} of {sample}"
        for sample, value in zip(odd.index[:_SHOWN], odd.iloc[:_SHOWN], strict=True)
    )
    more = ", …" if len(odd) > _SHOWN else ""
    if slip is Slip.NEARLY_NUMERIC:
        return f"numbers but for {len(odd)} of {len(known)} values: {shown}{more}"
    return f"numbers written with commas or percent signs: {shown}{more}"


def _repaired(text: pd.Series[Any]) -> pd.Series[Any]:
    bare = text.str.replace(r"\s*%$", "", regex=True)
    parted = bare.str.fullmatch(_THOUSANDS)
    joined = bare.str.replace(",", "", regex=False)
    return joined.where(parted, bare.str.replace(",", ".", regex=False))


def _numbers(text: pd.Series[Any]) -> pd.Series[Any]:
    numbers = pd.to_numeric(text, errors="coerce").astype(np.float64)
    return numbers.where(np.isfinite(numbers))

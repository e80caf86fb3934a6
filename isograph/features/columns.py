"""Sample columns as numbers or as groups, whatever their dtype on disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from isograph.bundle.missing import is_missing

MAX_CODED_LEVELS = 10
"""Most different values of a column of group codes."""

_CONTROL = re.compile(
    r"controls?|ctrl|ctl|healthy|normal|unaffected|wt|wildtype|untreated|vehicle|mock|naive"
    r"|none|no|false|0"
)
_MAX_CODE = 99


def read_column(column: pd.Series[Any], *, categorical: bool = False) -> pd.Series[Any]:
    """A sample column as numbers or as groups, whatever its dtype on disk.

    Numbers stay numbers unless `categorical`. Truth values, text, dates and pandas categories are
    groups; text that reads as fractional numbers, with more than ten different ones, is numbers.
    Blank text and `NA`, `N/A`, `NaN`, `null` in any case of letters are missing, as are infinite
    numbers.

    Args:
        column: one value a sample.
        categorical: take numbers as groups.

    Returns:
        With the column's index: float64 with NaN, or categories that occur, in level order
        (numbers by size, text by text, controls first; ordered categories keep their order).
    """
    index, column = column.index, column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _read_categories(column).set_axis(index)
    present = column.dropna()
    if present.dtype == object:
        is_decimal = pd.api.types.infer_dtype(present) == "decimal"
        present = present.astype(np.float64) if is_decimal else present.infer_objects()
    is_bool = pd.api.types.is_bool_dtype(present.dtype)
    if pd.api.types.is_numeric_dtype(present.dtype) and not is_bool:
        numbers = present.astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        values = as_groups(numbers) if categorical else numbers
    else:
        # whole days are written without a time of day
        text = present.astype(str).str.strip()
        text = text[~is_missing(text)]
        parsed = None if categorical or is_bool else _measured_text(text)
        values = _grouped(text) if parsed is None else parsed
    return values.reindex(column.index).set_axis(index)


def as_groups(numbers: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers as categories, ordered by size; whole numbers are written without a point."""
    return _grouped(numbers.dropna().map(number_text)).reindex(numbers.index)


def looks_coded(numbers: pd.Series[Any]) -> bool:
    """Whether numbers may be group codes: 3 to 10 small whole numbers, each in several samples."""
    counts = numbers.value_counts()
    return (
        2 < len(counts) <= MAX_CODED_LEVELS
        and int(counts.min()) > 1
        and are_whole(numbers)
        and float(numbers.abs().max()) <= _MAX_CODE
    )


def _read_categories(column: pd.Series[Any]) -> pd.Series[Any]:
    text = column.dropna().astype(str).str.strip()
    text = text[~is_missing(text)]
    if not column.cat.ordered:
        return _grouped(text).reindex(column.index)
    seen = set(text)
    order = dict.fromkeys(str(level).strip() for level in column.cat.categories)
    dtype = pd.CategoricalDtype([level for level in order if level in seen])
    return text.astype(dtype).reindex(column.index)


def _grouped(text: pd.Series[Any]) -> pd.Series[Any]:
    return text.astype(pd.CategoricalDtype(_in_order(text.unique())))


def _in_order(levels: Iterable[str]) -> list[str]:
    """Levels by size where all are numbers, else by text; well-known controls first."""
    ordered = sorted(levels)
    sizes = pd.to_numeric(pd.Series(ordered, dtype=object), errors="coerce")
    if sizes.notna().all():
        ordered = [ordered[i] for i in np.argsort(sizes.to_numpy(), kind="stable")]
    return sorted(ordered, key=lambda level: not _is_control(level))


def _is_control(level: str) -> bool:
    return _CONTROL.fullmatch(re.sub(r"[\s_-]+", "", level.casefold())) is not None


def number_text(number: float) -> str:
    """A number as a level: whole ones without a point."""
    return f"{number:.0f}" if float(number).is_integer() else repr(float(number))


def are_whole(numbers: pd.Series[Any]) -> bool:
    """Whether all numbers that are there are whole."""
    present = numbers.dropna()
    return bool((present == np.rint(present)).all())


def _measured_text(text: pd.Series[Any]) -> pd.Series[Any] | None:
    """Numbers that were stored as text; whole ones are left as text: they may be dates or codes."""
    parsed = pd.to_numeric(text, errors="coerce").astype(np.float64)
    measured = (
        bool(np.isfinite(parsed).all())
        and parsed.nunique() > MAX_CODED_LEVELS
        and not are_whole(parsed)
    )
    return parsed if measured else None

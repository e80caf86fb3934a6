"""Sample sheets that name files in the place of samples."""

from __future__ import annotations

from typing import Any

import pandas as pd

_SLASH = r"[/\\]"


def n_in_paths(column: pd.Series[Any], quantified: pd.Index[Any]) -> int:
    """How many ids are a part of some path of a column.

    Args:
        column: of a sample sheet.
        quantified: ids of the quantified samples.
    """
    text = column.dropna().astype(str)
    paths = text[text.str.contains(_SLASH, regex=True)]
    parts = paths.str.split(_SLASH, regex=True).explode()
    return int(quantified.isin(parts).sum())

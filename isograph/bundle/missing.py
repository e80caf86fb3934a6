"""Text that stands for a missing value, in tables and in sample columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

MISSING_TEXT = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null")
"""What programs write for a missing value. `None` is not one of them: it is a treatment."""

_FOLDED = frozenset(text.casefold() for text in MISSING_TEXT) | {"n.a.", "#n/a n/a"}

_NOT = ("applicable", "available", "collected", "known", "provided", "recorded")
_WORDS = frozenset(
    ("-", "--", "–", "—", ".", "..", "?", "unknown", "unk", "missing", *(f"not {x}" for x in _NOT))
)
"""What people write. As a group `unknown` may be meant; among numbers it cannot be."""


def is_missing(text: pd.Series[Any]) -> pd.Series[bool]:
    """Whether text stands for a missing value, in any case of letters.

    Args:
        text: text, or None or NaN, which stand for nothing here.
    """
    return text.str.casefold().isin(_FOLDED)


def is_missing_word(text: pd.Series[Any]) -> pd.Series[bool]:
    """Whether text is a word or sign by which people say that a value is missing."""
    return text.str.casefold().isin(_WORDS)

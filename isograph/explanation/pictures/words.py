"""Names and numbers as pictures show them: readable, short, and told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

TEXT = 8.5  # points; on a slide nothing smaller can be read

_POINTS_AN_INCH = 72.0
_ID_TAIL = 6
_UNKNOWN_SIGN = "\N{REPLACEMENT CHARACTER}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEAST_PLAIN = 0.001


def plain(text: str) -> str:
    """Text on one line that matplotlib takes as it is: a dollar sign starts no formula."""
    return _one_line(text).replace("$", r"\$")


def _one_line(text: str) -> str:
    """Text without line breaks, and a mark in the place of signs that the font does not have."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    known = _signs_of_font()
    return "".join(sign if ord(sign) in known else _UNKNOWN_SIGN for sign in text)


@lru_cache(maxsize=1)
def _signs_of_font() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


@lru_cache(maxsize=8192)
def text_width(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """Width in inches of text in matplotlib's own font."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(_one_line(text), font, ismath=False)
    return float(width) / _POINTS_AN_INCH


def widest(texts: Sequence[str], size: float = TEXT) -> float:
    """Width in inches of the widest of some texts; 0 of none."""
    return max((text_width(text, size) for text in texts), default=0.0)


def shortened(
    text: str, inches: float, *, size: float = TEXT, bold: bool = False, middle: bool = False
) -> str:
    """Text cut to a width, with an ellipsis at its end or in its middle.

    Args:
        text: any.
        inches: how wide it may be.
        size: in points.
        bold: whether it is set so.
        middle: cut there: the ends of ids tell them apart.
    """
    text = _one_line(text)
    if text_width(text, size, bold=bold) <= inches:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        if text_width(_cut(text, kept, middle), size, bold=bold) <= inches:
            low = kept
        else:
            high = kept - 1
    return _cut(text, low, middle)


def _cut(text: str, kept: int, middle: bool) -> str:
    tail = kept - kept // 2 if middle else 0
    return text[: kept - tail].rstrip() + "…" + (text[-tail:].lstrip() if tail else "")


def gene_labels(names: pd.Series[str], genes: Iterable[str]) -> list[str]:
    """Names of genes, ids where there is none; genes of one name get the end of their id too.

    Args:
        names: by gene id.
        genes: ids to name, without repeats.
    """
    ids = [str(gene) for gene in genes]
    known = names.reindex(ids)
    found = [
        identifier if pd.isna(name) or not str(name).strip() else str(name).strip()
        for identifier, name in zip(ids, known, strict=True)
    ]
    times = Counter(found)
    told = [
        f"{name} …{identifier[-_ID_TAIL:]}" if times[name] > 1 else name
        for name, identifier in zip(found, ids, strict=True)
    ]
    times = Counter(told)
    return [
        identifier if times[name] > 1 else name for name, identifier in zip(told, ids, strict=True)
    ]


def number(value: float, digits: int = 2) -> str:
    """A number with so many decimals, a true minus sign and no negative zero."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign; none where it rounds to zero."""
    text = number(value, digits)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def small_number(value: float) -> str:
    """A p or q value: 0.012, 2×10⁻⁶, or a dash where there is none."""
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if value >= _LEAST_PLAIN:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def shown_of(shown: int, all_of_them: int, things: str) -> str:
    """`30 of 812 genes`, or `812 genes` where all are shown, or `1 gene`."""
    if shown < all_of_them:
        return f"{shown:,} of {all_of_them:,} {things}"
    if all_of_them == 1:
        first, *rest = things.split(" ")
        things = " ".join([first.removesuffix("s"), *rest])
    return f"{all_of_them:,} {things}"

"""Numbers as people read them, a column at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

MISSING = "–"
NO_BREAK = "\N{NO-BREAK SPACE}"
_FIXED_FROM = 1e-3
_SMALLEST = 1e-300  # below it doubles lose digits

Floats = npt.NDArray[np.float64]


def fixed(values: Floats, *, digits: int, signed: bool = False) -> list[str]:
    """So many decimals with a true minus sign; `MISSING` for NaN.

    Args:
        values: shape (n,).
        digits: decimals.
        signed: a plus before positive numbers.
    """
    rounded = np.round(values, digits) + 0.0  # no negative zero
    style = f"{'+' if signed else ''},.{digits}f"
    return [
        format(v, style).replace("-", "−") if math.isfinite(v) else MISSING
        for v in rounded.tolist()
    ]


def compact(values: Floats) -> list[str]:
    """Three significant digits, whatever the size; `MISSING` for NaN, shape (n,)."""
    return [
        (f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.3g}").replace("-", "−")
        if math.isfinite(v)
        else MISSING
        for v in (values + 0.0).tolist()
    ]


def percent(values: Floats, *, digits: int = 0, signed: bool = False) -> list[str]:
    """Shares, 0 to 1, as per cent; `MISSING` for NaN, shape (n,)."""
    texts = fixed(values * 100.0, digits=digits, signed=signed)
    return [text if text == MISSING else f"{text}%" for text in texts]


def pvalues(values: Floats) -> list[str]:
    """`0.012` down to a thousandth, `2.1e-12` below, `<1e-300` at the end; shape (n,)."""
    return [_pvalue(v) if math.isfinite(v) else MISSING for v in values.tolist()]


def whole(values: Floats) -> list[str]:
    """Counts with commas; `MISSING` for NaN, shape (n,)."""
    return fixed(values, digits=0)


def exact(values: Floats) -> list[str]:
    """Every digit, for a tooltip; empty for NaN, shape (n,)."""
    return [repr(v) if math.isfinite(v) else "" for v in values.tolist()]


def one_fixed(value: float, *, digits: int = 2) -> str:
    """One number as `fixed` writes it."""
    return fixed(np.array([value], dtype=np.float64), digits=digits)[0]


def one_percent(value: float, *, digits: int = 0) -> str:
    """One share as `percent` writes it."""
    return percent(np.array([value], dtype=np.float64), digits=digits)[0]


def one_pvalue(value: float) -> str:
    """One p as `pvalues` writes it."""
    return pvalues(np.array([value], dtype=np.float64))[0]


def equals_pvalue(name: str, value: float) -> str:
    """`q = 2.1e-12`, `q < 1e-300`, never broken over lines."""
    text = one_pvalue(value)
    told = f"{name} < {text[1:]}" if text.startswith("<") else f"{name} = {text}"
    return told.replace(" ", NO_BREAK)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """`1 gene`, `1,200 genes`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _pvalue(value: float) -> str:
    if value < _SMALLEST:
        return f"<{_SMALLEST:.0e}"
    if value >= _FIXED_FROM:
        return f"{value:.3f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"

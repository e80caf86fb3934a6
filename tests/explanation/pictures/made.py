"""Tables of any size made by hand, and what every picture must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from isograph.explanation.source import MODULE, Profile
from isograph.features.design import intercept_only

_LEAST_POINTS = 8.0
_SLACK = 1.5  # pixels


def made_drivers(n: int, *, outside: int = 0) -> pd.DataFrame:
    """Driver table of n genes, two channels in turn, every third one falling."""
    rank = np.arange(n + outside)
    size = 0.95 - 0.9 * rank / (n + outside)
    r = np.where(rank % 3 == 2, -size, size)
    ids = [f"G{i:05d}" for i in rank]
    kind = np.where(rank % 2, "abundance", "switch")
    return pd.DataFrame(
        {
            "gene_id": ids,
            "r": r,
            "pvalue": 1e-9 * (rank + 1),
            "qvalue": 1e-8 * (rank + 1),
            "n_complete": 50,
            "missingness": 0.0,
            "feature_id": [f"{i}::{k}" for i, k in zip(ids, kind, strict=True)],
            "feature_type": kind,
            "r_low": np.maximum(r - 0.1, -0.99),
            "r_high": np.minimum(r + 0.1, 0.99),
            "r_loo": np.where(rank < n, 0.9 * r, np.nan),
            "pvalue_loo": 1e-8 * (rank + 1),
            "in_module": rank < n,
        }
    )


def made_profile(n_samples: int = 50, *, kind: str = MODULE) -> Profile:
    values = np.linspace(-1.7, 1.7, n_samples)
    genes = np.array(["G00000"], dtype=np.str_)
    return Profile("M000", kind, values, genes, intercept_only(n_samples))


def words(figure: Figure) -> list[str]:
    """Every text of a figure."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip()]


def check_readable(figure: Figure) -> None:
    """No text is smaller than a slide allows, and none leaves the figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    width, height = canvas.get_width_height()
    beyond = _beyond_axes(figure)
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or id(text) in beyond:
            continue
        assert text.get_fontsize() >= _LEAST_POINTS, text
        box = text.get_window_extent(renderer)
        assert box.x0 >= -_SLACK, text
        assert box.y0 >= -_SLACK, text
        assert box.x1 <= width + _SLACK, text
        assert box.y1 <= height + _SLACK, text


def _beyond_axes(figure: Figure) -> set[int]:
    """Labels of ticks that lie outside of what their axis shows: they are never drawn."""
    found: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not low <= tick.get_loc() <= high:
                    found |= {id(tick.label1), id(tick.label2)}
    return found

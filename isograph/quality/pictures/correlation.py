"""Heatmap of the correlation between samples, clustered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.explanation.pictures.frame import EDGE, HEAD, Picture, canvas, head, panel, write
from isograph.explanation.pictures.words import plain, shortened
from isograph.plots.style import RED, SEQUENTIAL
from isograph.quality.model import Floats, Quality
from isograph.quality.pictures.marks import (
    LABEL,
    LINE,
    colours_of,
    draw_key,
    shown_columns,
    spread,
)

_SIDE, _STRIP = 5.2, 0.16
_NAMES, _KEY = 1.25, 1.7
_LEFT = 1.15
_ALL_NAMED = 40
_CLOSEST = 0.125  # inches between names
_MOST_PIXELS = 1000


def correlation_picture(quality: Quality) -> Picture | None:
    """Every sample against every other, in the order of average-linkage clustering.

    All names are written up to 40 samples, beyond only those of flagged ones, as far as there is
    room.

    Args:
        quality: of a cohort.
    """
    if quality.correlation is None:
        return None
    order = quality.order
    r = quality.correlation[np.ix_(order, order)]
    columns = shown_columns(quality, 2)
    strips = [colours_of(quality, column) for column in columns]
    over = HEAD + len(columns) * (_STRIP + 0.04)
    figure = canvas(_LEFT + _SIDE + _NAMES + _KEY + EDGE, over + _SIDE + 0.35)
    typical = quality.facts["typical_r"]
    told = f"{len(r):,} samples, clustered; a typical sample has median r {typical:.3f}"
    head(figure, "How alike the samples are", told)
    for place, (column, strip) in enumerate(zip(columns, strips, strict=True)):
        axes = panel(figure, _LEFT, HEAD + place * (_STRIP + 0.04), _SIDE, _STRIP)
        axes.imshow(strip.colours[order][None], aspect="auto", interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([0], [plain(shortened(column.name, _LEFT - 0.15))])
        axes.tick_params(axis="y", length=0)
        axes.spines[:].set_visible(False)
    axes = panel(figure, _LEFT, over, _SIDE, _SIDE)
    low, high = _range(r)
    # beyond the picture's own pixels averages tell more than whichever sample falls on one
    smooth = "nearest" if len(r) <= _MOST_PIXELS else "antialiased"
    axes.imshow(r, cmap=SEQUENTIAL, vmin=low, vmax=high, interpolation=smooth, aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    _names(axes, quality, order)
    left = _LEFT + _SIDE + _NAMES + 0.1
    _bar(figure, left, over, low, high)
    top = over + 0.75
    for column, strip in zip(columns, strips, strict=True):
        top = draw_key(figure, left, top, column, strip, width=_KEY - 0.1)
    write(
        figure, _LEFT + _SIDE / 2, over + _SIDE + 0.16, "samples in the same order", align="center"
    )
    some = "" if len(r) <= _ALL_NAMED else " Only samples that stand out are named."
    caption = (
        f"Pearson’s r of log abundance over {quality.facts['genes_expressed']:,} genes. A stripe "
        f"of a colour of its own is a sample, or a group, unlike the others.{some}"
    )
    return Picture("Correlation of samples", caption, figure)


def _range(r: Floats) -> tuple[float, float]:
    """Colours from what one pair in a hundred lies below to what one in a hundred lies above."""
    others = r[~np.eye(len(r), dtype=bool)]
    low, high = (float(q) for q in np.quantile(others, [0.01, 0.99]))
    return (low, high) if high - low > 1e-6 else (low - 0.01, high + 0.01)


def _names(axes: Axes, quality: Quality, order: npt.NDArray[np.int64]) -> None:
    n = len(order)
    flagged = quality.flagged_by()[order]
    rows = np.arange(n) if n <= _ALL_NAMED else np.flatnonzero(flagged)
    rows = rows[: int(_SIDE / _CLOSEST)]
    names = quality.samples["sample_id"].to_numpy(dtype=str)[order]
    at = spread((rows + 0.5) * _SIDE / n, _CLOSEST, _SIDE)
    for row, place in zip(rows.tolist(), at.tolist(), strict=True):
        text = shortened(names[row], _NAMES - 0.3, size=LABEL, middle=True)
        axes.annotate(
            plain(text),
            xy=(1.0, 1 - (row + 0.5) / n),
            xytext=(1 + 0.2 / _SIDE, 1 - place / _SIDE),
            xycoords="axes fraction",
            textcoords="axes fraction",
            fontsize=LABEL,
            va="center",
            color=RED if flagged[row] else "black",
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.5,
                "color": "#888888",
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def _bar(figure: Figure, left: float, top: float, low: float, high: float) -> None:
    write(figure, left, top + 0.1, "r", bold=True)
    axes = panel(figure, left, top + 0.22, 1.2, 0.13)
    axes.imshow(np.linspace(0, 1, 64)[None], aspect="auto", cmap=SEQUENTIAL)
    axes.set_axis_off()
    digits = 2 if high - low > 0.05 else 4
    write(figure, left, top + 0.22 + LINE + 0.08, f"{low:.{digits}f}".replace("-", "−"))
    text = f"{high:.{digits}f}".replace("-", "−")
    write(figure, left + 1.2, top + 0.22 + LINE + 0.08, text, align="right")

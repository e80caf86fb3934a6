"""A grid of numbers 0 to 1 with names at both edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from isograph.explanation.pictures.frame import canvas, head, panel
from isograph.explanation.pictures.words import TEXT, plain, shortened, widest
from isograph.plots.style import PALE, RED
from isograph.quality.model import Floats

COLOURS = "Greys"
_WRITTEN = 6.5
_NAME = 1.6
_DARK_FROM = 0.55
_ANGLE = np.pi / 4


def grid_figure(
    values: Floats,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    marked: npt.NDArray[np.bool_],
    title: str,
    told: str,
    cell: tuple[float, float],
) -> Figure:
    """Numbers as shades of grey, written into their cells; marked ones have a red frame.

    Args:
        values: 0 to 1, NaN where there is nothing to show, shape (n_rows, n_columns).
        rows, columns: names.
        marked: cells with a frame, same shape as `values`.
        title, told: head of the picture.
        cell: width and height of a cell, in inches.
    """
    left_names = [shortened(name, _NAME, middle=True) for name in rows]
    under_names = [shortened(name, _NAME, middle=True) for name in columns]
    left = max(widest(left_names), widest(under_names) * float(np.cos(_ANGLE)) - 0.3) + 0.25
    under = widest(under_names) * float(np.sin(_ANGLE)) + 0.35
    width, height = cell[0] * len(columns), cell[1] * len(rows)
    figure = canvas(max(left + width + 0.25, 4.6), 0.62 + height + under)
    head(figure, title, told)
    axes = panel(figure, left, 0.62, width, height)
    axes.set_facecolor(PALE)
    axes.imshow(np.ma.masked_invalid(values), cmap=COLOURS, vmin=0, vmax=1.15, aspect="auto")
    axes.set_xticks(
        np.arange(len(columns)),
        [plain(name) for name in under_names],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(np.arange(len(rows)), [plain(name) for name in left_names])
    axes.tick_params(length=0, labelsize=TEXT)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)
    if cell[0] >= 0.28:
        _write(axes, values)
    _mark(axes, marked)
    return figure


def _write(axes: Axes, values: Floats) -> None:
    for row, column in np.argwhere(np.isfinite(values)).tolist():
        value = float(values[row, column])
        text = f"{value:.2f}"[1:] if 0.005 <= value < 0.995 else f"{value:.0f}"
        colour = "white" if value >= _DARK_FROM else "black"
        axes.text(
            column, row, text, ha="center", va="center", fontsize=_WRITTEN + 0.5, color=colour
        )


def _mark(axes: Axes, marked: npt.NDArray[np.bool_]) -> None:
    for row, column in np.argwhere(marked).tolist():
        axes.add_patch(
            Rectangle(
                (column - 0.45, row - 0.45),
                0.9,
                0.9,
                fill=False,
                edgecolor=RED,
                linewidth=1.3,
                zorder=4,
            )
        )

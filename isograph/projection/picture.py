"""The picture of preservation: how firmly modules hold together elsewhere, against their size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    LogLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
)

from isograph.plots.style import BLUE, DARK, GREY, empty_figure, new_figure
from isograph.projection.preserved import Preserved

_NARROW = 1.5
_SOME, _STRONG = 2.0, 10.0
_NAMED = 40
_WIDE, _TALL = 24.0, 6.5
"""Room of a name, in points."""

_PANELS = (
    ("z_summary", "Z summary", "how far beyond random sets"),
    ("median_rank", "median rank", "1 is the best preserved"),
)


def preservation_figure(found: Preserved) -> Figure:
    """Z summary and median rank of modules against their size, with the paper's lines at 2 and 10.

    Args:
        found: of one cohort.
    """
    if found.table.empty:
        return empty_figure("No module could be compared.")
    figure = new_figure(9.0, 4.2)
    panels = figure.subplots(1, 2)
    for axes, (column, label, about) in zip(panels, _PANELS, strict=True):
        values = found.table[column].to_numpy(dtype=float)
        sizes = found.table["n_features"].to_numpy(dtype=float)
        axes.scatter(sizes, values, s=22, color=BLUE, edgecolors="white", linewidths=0.6, zorder=3)
        _sizes(axes, sizes)
        axes.set_xlabel("genes of the module that both cohorts have")
        axes.set_ylabel(label)
        axes.set_title(about, fontsize=9, loc="left")
        if column == "median_rank":
            axes.invert_yaxis()
        _names(axes, sizes, values, found.table["module_id"].astype(str).tolist())
    _lines(panels[0])
    figure.suptitle(
        f"Modules in {len(found.elsewhere.sample_ids)} other samples",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


def _names(
    axes: Axes, sizes: npt.NDArray[np.float64], values: npt.NDArray[np.float64], names: list[str]
) -> None:
    """Names of the largest modules at the right of their points, none upon another."""
    biggest = np.argsort(-sizes, kind="stable")[:_NAMED]
    points = axes.transData.transform(np.column_stack([sizes, values])[biggest])
    points *= 72.0 / axes.figure.dpi
    taken: list[tuple[float, float]] = []
    for place, (x, y) in sorted(zip(biggest, points.tolist(), strict=True), key=lambda p: p[1][1]):
        up = y
        for other_x, other_y in taken:
            if abs(other_x - x) < _WIDE and up - other_y < _TALL:
                up = other_y + _TALL
        taken.append((x, up))
        axes.annotate(
            names[place],
            (sizes[place], values[place]),
            xytext=(5, up - y - 2),
            textcoords="offset points",
            fontsize=6,
            color=DARK,
        )


def _sizes(axes: Axes, sizes: npt.NDArray[np.float64]) -> None:
    """A logarithmic axis in plain numbers, with room for names at its right."""
    axes.set_xscale("log")
    span = sizes.max() / sizes.min()
    axes.set_xlim(sizes.min() / 1.25, sizes.max() * 1.4 * span**0.1)
    if span < _NARROW:
        axes.xaxis.set_major_locator(FixedLocator(np.unique([sizes.min(), sizes.max()]).tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        subs = (1.0, 2.0, 5.0) if span < 50 else (1.0, 3.0) if span < 1000 else (1.0,)
        axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _lines(axes: Axes) -> None:
    """Where the paper speaks of some and of strong evidence."""
    for level, word in ((_SOME, "some evidence"), (_STRONG, "strong evidence")):
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
        axes.text(
            0.99,
            level,
            f"{level:g}: {word}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            fontsize=6.5,
            color=DARK,
        )

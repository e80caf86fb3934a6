"""Every sample by library size, detected genes, correlation and distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    canvas,
    head,
    open_frame,
    panel,
)
from isograph.explanation.pictures.words import TEXT, plain, shortened
from isograph.plots.style import BLUE, DARK, RED
from isograph.quality.model import Check, Floats, Quality
from isograph.quality.outliers import MEASURED, Z_LIMIT
from isograph.quality.pictures.marks import LABEL, MOST_LABELS, marker_size, padded, spread

_WIDTH, _PANEL_WIDTH, _PANEL_HEIGHT = 9.2, 3.75, 2.05
_LEFT, _GAP, _UNDER = 0.75, 0.85, 0.75
_NAME_WIDTH = 1.5
_TITLES = {
    Check.LIBRARY_SIZE: "reads in all (library size)",
    Check.GENES: "genes seen",
    Check.CORRELATION: "median correlation with the others",
    Check.DISTANCE: "median distance from the others",
}


def samples_picture(quality: Quality) -> Picture | None:
    """Samples in rising order of each measure, those flagged for it in red with their names.

    Args:
        quality: of a cohort.
    """
    frame = quality.samples
    shown = [check for check, column in MEASURED.items() if frame[column].notna().any()]
    if not shown:
        return None
    n_rows = (len(shown) + 1) // 2
    figure = canvas(_WIDTH, HEAD + n_rows * (_PANEL_HEIGHT + _UNDER) + EDGE)
    for place, check in enumerate(shown):
        left = _LEFT + (place % 2) * (_PANEL_WIDTH + _GAP)
        top = HEAD + 0.3 + (place // 2) * (_PANEL_HEIGHT + _UNDER)
        axes = panel(figure, left, top, _PANEL_WIDTH, _PANEL_HEIGHT)
        _draw(axes, quality, check)
    n_flagged = int(quality.flagged_by(*shown).sum())
    told = f"{len(frame):,} samples, each panel in its own rising order; {n_flagged:,} stand out"
    head(figure, "Samples one by one", told)
    caption = (
        f"One dot a sample, in rising order. Red ones stand out: robust z beyond {Z_LIMIT:g}, and "
        "so far from the median (line) that it matters. Nothing was dropped."
    )
    return Picture("Samples", caption, figure)


def _draw(axes: Axes, quality: Quality, check: Check) -> None:
    frame = quality.samples
    values = frame[MEASURED[check]].to_numpy(dtype=np.float64)
    if check == Check.LIBRARY_SIZE:
        values = np.maximum(values, 1.0)
    out = quality.flagged_by(check)
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values))
    rank[order] = np.arange(1, len(values) + 1)
    size = marker_size(len(values))
    axes.axhline(float(np.nanmedian(values)), color=DARK, linewidth=0.6, zorder=1)
    for which, colour, layer in ((~out, BLUE, 2), (out, RED, 3)):
        axes.plot(
            rank[which], values[which], "o", color=colour, markersize=size, mew=0, zorder=layer
        )
    axes.set_xlim(*padded(rank, share=0.05, least=0.6))
    _scale(axes, check, values)
    z = frame[f"{check}_z"].to_numpy(dtype=np.float64)
    worst = _worst(out, z)
    names = frame["sample_id"].tolist()
    _name(axes, rank, values, names, worst[:MOST_LABELS])
    more = int(out.sum()) - MOST_LABELS
    title = _TITLES[check] + (f" ({more} more stand out)" if more > 0 else "")
    if np.isnan(z).all():
        title += " (not judged)"
    axes.set_title(title, fontsize=TEXT, loc="left", fontweight="bold", pad=5)
    axes.set_xlabel("samples, by rank", fontsize=TEXT, labelpad=2)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    open_frame(axes)


def _name(
    axes: Axes, rank: Floats, values: Floats, names: list[str], which: npt.NDArray[np.int64]
) -> None:
    """Names of samples: low ones in a column to the right of the curve, high ones to its left."""
    if not len(which):
        return
    points = np.column_stack([rank, values])[which]
    at = axes.transLimits.transform(axes.transScale.transform(points))
    middle = (len(rank) + 1) / 2
    for side in (-1, 1):
        some = np.flatnonzero((points[:, 0] <= middle) if side > 0 else (points[:, 0] > middle))
        some = some[np.argsort(at[some, 1], kind="stable")]
        height = spread(at[some, 1] * _PANEL_HEIGHT, 0.135, _PANEL_HEIGHT) / _PANEL_HEIGHT
        edge = 0.14 if side > 0 else 0.86
        for i, level in zip(some.tolist(), height.tolist(), strict=True):
            text = shortened(names[which[i]], _NAME_WIDTH, size=LABEL, middle=True)
            axes.annotate(
                plain(text),
                xy=(float(at[i, 0]), float(at[i, 1])),
                xytext=(edge, level),
                xycoords="axes fraction",
                textcoords="axes fraction",
                fontsize=LABEL,
                ha="left" if side > 0 else "right",
                va="center",
                color=RED,
                arrowprops={
                    "arrowstyle": "-",
                    "linewidth": 0.5,
                    "color": "#888888",
                    "shrinkA": 1,
                    "shrinkB": 2,
                    "relpos": (0.0 if side > 0 else 1.0, 0.5),
                },
            )


def _scale(axes: Axes, check: Check, values: Floats) -> None:
    if check == Check.LIBRARY_SIZE:
        low, high = padded(np.log10(values), share=0.1, least=0.05)
        axes.set_yscale("log")
        axes.set_ylim(10**low, 10**high)
        subs = (1.0, 2.0, 5.0) if high - low < 2.5 else (1.0,)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=9))
        axes.yaxis.set_major_formatter(FuncFormatter(_reads))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(*padded(values, share=0.1, least=0.002))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        if check == Check.GENES:
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))


def _reads(value: float, _: object) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 1e3 else f"{value:g}"


def _worst(out: npt.NDArray[np.bool_], z: Floats) -> npt.NDArray[np.int64]:
    """Flagged samples, the largest |z| first."""
    some = np.flatnonzero(out)
    return some[np.argsort(-np.abs(z[some]), kind="stable")]

"""The leaderboard as a picture: a line a family of data sets, a mark a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from isograph.plots.style import BLUE, DARK, GREEN, ORANGE, PINK, RED, SKY, to_png

_COLOURS = (BLUE, ORANGE, GREEN, PINK, RED, SKY, "#000000")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_BAR = 0.01
_PANELS = (
    ("recovery", "recovery"),
    ("ari", "ARI"),
    ("coverage", "coverage"),
    ("background_pooled", "background"),
    ("seconds", "seconds"),
)
_MANY_TICKS = 30.0
_BAND = "#F4F4F4"


def leaderboard_picture(families: Sequence[Mapping[str, Any]], *, dpi: int = 100) -> bytes:
    """PNG of mean recovery, ARI, coverage, pooled background and seconds by family.

    Args:
        families: `families` of `isograph.evaluation.leaderboard.leaderboard`.
        dpi: dots per inch.
    """
    frame = pd.DataFrame(
        list(families), columns=["family", "suite", "backend", *(name for name, _ in _PANELS)]
    )
    # a family of one name may stand in two suites
    frame["line"] = list(zip(frame["suite"].fillna(""), frame["family"], strict=True))
    lines = list(dict.fromkeys(frame["line"]))
    backends = sorted(frame["backend"].unique())
    figure = Figure(figsize=(11.5, 1.6 + 0.3 * max(len(lines), 2)))
    figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
    if not lines:
        figure.text(0.5, 0.5, "no fixture has been fitted yet", ha="center", va="center")
        return to_png(figure, dpi=dpi)
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    for axes, (column, title) in zip(panels, _PANELS, strict=True):
        _draw(axes, frame, column, lines=lines, backends=backends)
        axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    _name(panels[0], lines)
    _suites(panels, lines)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=len(labels), frameon=False, fontsize=10
    )
    return to_png(figure, dpi=dpi)


def _draw(
    axes: Axes,
    frame: pd.DataFrame,
    column: str,
    *,
    lines: Sequence[tuple[str, str]],
    backends: Sequence[str],
) -> None:
    place = {line: number for number, line in enumerate(lines)}
    spread = np.linspace(-0.26, 0.26, len(backends)) if len(backends) > 1 else np.zeros(1)
    for number, backend in enumerate(backends):
        part = frame[frame["backend"] == backend]
        axes.plot(
            part[column].to_numpy(dtype=float),
            part["line"].map(place).to_numpy(dtype=float) + spread[number],
            linestyle="none",
            marker=_MARKERS[number % len(_MARKERS)],
            color=_COLOURS[number % len(_COLOURS)],
            markersize=5,
            clip_on=False,
            label=backend,
        )
    _limit(axes, frame[column].astype(float), column)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, length=0)
    axes.spines[:].set_visible(False)


def _limit(axes: Axes, values: pd.Series[float], column: str) -> None:
    low, high = (float(values.min()), float(values.max())) if values.notna().any() else (1.0, 0.0)
    if column == "seconds":
        axes.set_xscale("log")
        axes.set_xlim(0.7 * low if low > 0 else 0.1, 1.4 * high or 1.0)
        ticks = (1.0,) if high > _MANY_TICKS * low else (1.0, 2.0, 5.0)
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=ticks, numticks=5))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        return
    if column == "background_pooled":
        axes.axvline(_BAR, color="#777777", linestyle="--", linewidth=1)
        axes.set_xlim(-0.0005, max(0.0205, 1.1 * high))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set_xlabel("dashed: 1%", fontsize=9)
    else:
        axes.set_xlim(min(0.79, low - 0.05), 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))


def _name(axes: Axes, lines: Sequence[tuple[str, str]]) -> None:
    names = [family.replace("_", " ") if suite else family for suite, family in lines]
    axes.set_yticks(np.arange(len(lines)), names, fontsize=9)
    axes.set_ylim(len(lines) - 0.5, -0.5)


def _suites(panels: Sequence[Axes], lines: Sequence[tuple[str, str]]) -> None:
    """Every other suite on a darker ground, its name at the right."""
    suites = [suite for suite, _ in lines]
    for number, suite in enumerate(dict.fromkeys(suites)):
        rows = [row for row, name in enumerate(suites) if name == suite]
        if number % 2:
            for axes in panels:
                axes.axhspan(rows[0] - 0.5, rows[-1] + 0.5, color=_BAND, zorder=0)
        panels[-1].text(
            1.03,
            float(np.mean(rows)),
            suite or "own",
            transform=panels[-1].get_yaxis_transform(),
            rotation=90 if len(rows) > 3 else 0,
            fontsize=9,
            color=DARK,
            va="center",
        )

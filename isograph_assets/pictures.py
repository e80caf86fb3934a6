"""Small pictures of results: drawn off screen, without matplotlib's global state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from isograph.plots import draw_fit, to_png
from isograph.results import Fit
from isograph.selection.picture import stability_figure

# Okabe and Ito's palette: told apart with any colour vision
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
SMALL_DPI = 80
_GATE = 0.01

_PANELS: tuple[tuple[str, str], ...] = (
    ("recovery", "recovery"),
    ("ari", "ARI"),
    ("coverage", "coverage"),
    ("background_fraction", "background"),
    ("seconds", "seconds"),
)


def fit_pictures(fit: Fit) -> dict[str, bytes]:
    """Every picture of a fit (`isograph.plots.draw_fit`) as small PNG, by name."""
    return {name: to_png(figure, dpi=SMALL_DPI) for name, figure in draw_fit(fit).items()}


def stability_pictures(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The picture of a stability report: as it is stored, and smaller for the UI.

    Args:
        document: as `stability_report` makes it.
    """
    figure = stability_figure(document)
    return to_png(figure), to_png(figure, dpi=SMALL_DPI)


def leaderboard_picture(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Recovery, ARI, coverage, background and seconds by fixture, a mark a backend.

    Args:
        rows: `dataset`, `backend` and the scores; None where a score is undefined.
    """
    frame = pd.DataFrame(list(rows), columns=["dataset", "backend", *(key for key, _ in _PANELS)])
    datasets = list(dict.fromkeys(frame["dataset"]))
    backends = list(dict.fromkeys(frame["backend"]))
    height = 1.5 + 0.32 * max(len(datasets), 2)
    figure = Figure(figsize=(10.5, height), dpi=100)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    if not datasets:
        figure.text(0.5, 0.5, "no fixture has been fitted yet", ha="center", va="center")
        return to_png(figure)
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    for axes, (column, title) in zip(panels, _PANELS, strict=True):
        _draw_panel(axes, frame, column, datasets=datasets, backends=backends)
        axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    panels[0].set_yticks(np.arange(len(datasets)), datasets, fontsize=9)
    panels[0].set_ylim(len(datasets) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=len(labels), frameon=False, fontsize=10
    )
    return to_png(figure)


def _draw_panel(
    axes: Axes,
    frame: pd.DataFrame,
    column: str,
    *,
    datasets: Sequence[str],
    backends: Sequence[str],
) -> None:
    row = {name: number for number, name in enumerate(datasets)}
    spread = np.linspace(-0.2, 0.2, len(backends)) if len(backends) > 1 else np.zeros(1)
    for number, backend in enumerate(backends):
        part = frame[frame["backend"] == backend]
        y = part["dataset"].map(row).to_numpy(dtype=float) + spread[number]
        axes.plot(
            part[column].to_numpy(dtype=float),
            y,
            linestyle="none",
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            markersize=7,
            clip_on=False,
            label=backend,
        )
    values = frame[column].astype(float)
    low, high = (float(values.min()), float(values.max())) if values.notna().any() else (1.0, 0.0)
    if column == "seconds":
        axes.set_xlim(0, 1.1 * high or 1.0)
    elif column == "background_fraction":
        axes.axvline(_GATE, color="#777777", linestyle="--", linewidth=1)
        axes.set_xlim(-0.0005, max(0.0205, 1.1 * high))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
        axes.set_xlabel("dashed: 1%", fontsize=9)
    else:
        axes.set_xlim(min(0.79, low - 0.05), 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.grid(axis="both", color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, length=0)
    axes.spines[:].set_visible(False)

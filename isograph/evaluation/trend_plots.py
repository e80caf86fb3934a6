"""The history as a picture: a row of panels a suite, a line a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from isograph.plots.style import SERIES, to_png

_MIB = 2.0**20
_PANELS = (
    ("mean_recovery", "mean recovery"),
    ("mean_ari", "mean ARI"),
    ("total_seconds", "seconds, all data sets"),
    ("largest_peak_memory_mib", "largest peak, MiB"),
)
_WIDTH, _HEIGHT = 12.0, 2.5
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
_AGO = 0.4


def trends_picture(rows: Sequence[Mapping[str, Any]], *, dpi: int = 100) -> bytes:
    """PNG of recovery, ARI, seconds and memory over the runs of each suite.

    Only runs on the kind of machine that ran last are shown, so that seconds can be compared.

    Args:
        rows: of `isograph.evaluation.trends.trend_rows`.
        dpi: dots per inch.
    """
    frame = pd.DataFrame(list(rows))
    if frame.empty:
        figure = Figure(figsize=(_WIDTH / 2, _HEIGHT))
        figure.text(0.5, 0.5, "no run in the history yet", ha="center", va="center")
        return to_png(figure, dpi=dpi)
    frame["time"] = pd.to_datetime(frame["time"])
    frame = frame[frame["machine"] == frame.loc[frame["time"].idxmax(), "machine"]]
    frame["largest_peak_memory_mib"] = frame["largest_peak_memory_bytes"].astype(float) / _MIB
    suites = list(dict.fromkeys(frame["suite"]))
    backends = sorted(frame["backend"].unique())
    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(suites) + 0.5))
    figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
    grid = figure.subplots(len(suites), len(_PANELS), squeeze=False)
    for line, suite in zip(grid, suites, strict=True):
        own = frame[frame["suite"] == suite]
        for axes, (column, title) in zip(line, _PANELS, strict=True):
            _draw(axes, own, column, backends=backends)
            axes.set_title(title, fontsize=9, loc="left")
        line[0].set_ylabel(suite, fontsize=10, fontweight="bold")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=len(labels), frameon=False, fontsize=9
    )
    return to_png(figure, dpi=dpi)


def _draw(axes: Axes, frame: pd.DataFrame, column: str, *, backends: Sequence[str]) -> None:
    for number, backend in enumerate(backends):
        part = frame[frame["backend"] == backend].sort_values("time")
        axes.plot(
            part["time"],
            part[column].astype(float),
            color=SERIES[number % len(SERIES)],
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=5,
            linewidth=1.2,
            label=backend,
            clip_on=False,
        )
    if column.startswith("mean_"):
        low = frame[column].astype(float).min()
        axes.set_ylim(min(0.9, (0.0 if pd.isna(low) else low) - 0.05), 1.02)
    else:
        axes.set_ylim(bottom=0)
    times = frame["time"]
    if times.nunique() == 1:
        # a single run needs some room, or the axis spans years
        around = pd.Timedelta(days=_AGO)
        axes.set_xlim(times.min() - around, times.max() + around)
    locator = AutoDateLocator(minticks=2, maxticks=4)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.tick_params(labelsize=8)
    axes.xaxis.get_offset_text().set_fontsize(8)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)

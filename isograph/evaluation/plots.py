"""ARI by sweep point, a panel a scenario: drawn off screen, without matplotlib's global state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.evaluation.plot_points import PlotPoint, place_points
from isograph.evaluation.published import (
    FAIR_SIGNED,
    FAIR_UNSIGNED,
    PUBLISHED,
    VAE,
    VAE_MULTIPLEX,
    VAE_TOLD,
    WGCNA,
)
from isograph.plots.style import SERIES, to_png

Row = Mapping[str, Any]

_MARKERS = ("o", "s", "D", "^", "v")
_OTHERS = "#666666"
_LINES = {
    VAE: (0, (6, 2)),
    VAE_TOLD: (0, (6, 2, 1, 2)),
    VAE_MULTIPLEX: (0, (3, 1, 1, 1, 1, 1)),
    WGCNA: (0, (1, 2)),
}
_MARKS = {FAIR_UNSIGNED: "P", FAIR_SIGNED: "X"}
_COLUMNS = 4
_WIDTH, _HEIGHT = 4.0, 2.8
_LEGEND = 0.6
_MOST_LABELS = 20
_MOST_CHARACTERS = 68
_ASIDE = 0.28


def benchmark_picture(summary: Sequence[Row]) -> bytes:
    """PNG of mean ARI by data set, a panel a scenario, or suite where there is no scenario.

    The first backend's mean ARI, coverage and pooled background stand above each panel; bars span
    one standard deviation over seeds. Published figures are lines where they hold for a whole
    scenario and hollow marks where they hold for one data set.

    Args:
        summary: rows of `isograph.evaluation.summary.summarise`.
    """
    panels: dict[str, list[Row]] = {}
    for row in summary:
        panels.setdefault(row["scenario"] or row["suite"] or "data sets", []).append(row)
    n_columns = max(1, min(_COLUMNS, len(panels)))
    n_rows = max(1, math.ceil(len(panels) / n_columns))
    width, height = max(_WIDTH * n_columns, 2 * _WIDTH), _HEIGHT * n_rows + _LEGEND
    figure = Figure(figsize=(width, height), dpi=100)
    if not panels:
        figure.text(0.5, 0.5, "no cell", ha="center", va="center")
        return to_png(figure)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    # a layout engine gives way to long titles and labels at the cost of the panels
    figure.subplots_adjust(
        left=0.5 / width,
        right=1 - 0.25 / width,
        top=1 - 0.55 / height,
        bottom=(_LEGEND + 0.6) / height,
        wspace=0.16,
        hspace=0.75,
    )
    backends = list(dict.fromkeys(row["backend"] for row in summary))
    for axes, (name, rows) in zip(grid.flat, panels.items(), strict=False):
        _draw_panel(axes, name, rows, backends)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("ARI", fontsize=10)
    _legend(figure, grid.flat)
    return to_png(figure)


def _draw_panel(axes: Axes, name: str, rows: Sequence[Row], backends: Sequence[str]) -> None:
    points = place_points(name, list(dict.fromkeys(row["dataset"] for row in rows)))
    axes.set_title(name.replace("_", " "), fontsize=11, loc="left", fontweight="bold", pad=18)
    _prepare(axes, points)
    known = [row for row in rows if row["ari"] is not None]
    if not known:
        _draw_undefined(axes, rows, backends)
        return
    text = _headline(known, backends[0])
    axes.text(0, 1.04, text, transform=axes.transAxes, fontsize=8.5, color=SERIES[0])
    _draw_published(axes, name, points)
    place = {point.dataset: point.x for point in points}
    spread = np.linspace(-0.12, 0.12, len(backends)) if len(backends) > 1 else np.zeros(1)
    for number, backend in enumerate(backends):
        own = {row["dataset"]: row for row in known if row["backend"] == backend}
        for _, members in groupby(points, key=lambda point: point.group):
            run = [own[point.dataset] for point in members if point.dataset in own]
            axes.errorbar(
                [place[row["dataset"]] + spread[number] for row in run],
                [row["ari"] for row in run],
                yerr=[row["ari_sd"] or 0.0 for row in run],
                color=SERIES[number % len(SERIES)],
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=5.5 if number == 0 else 4.5,
                linewidth=1.6 if number == 0 else 1.0,
                elinewidth=1.0,
                zorder=5 - 0.1 * number,
                clip_on=False,
                label=backend,
            )


def _headline(rows: Sequence[Row], backend: str) -> str:
    """ARI never stands alone: coverage and background beside it, of one backend."""
    own = [row for row in rows if row["backend"] == backend]
    if not own:
        return ""
    ari, coverage = (float(np.mean([row[name] for row in own])) for name in ("ari", "coverage"))
    assigned = sum(row["n_assigned"] for row in own)
    false = sum((row["background_pooled"] or 0.0) * row["n_assigned"] for row in own)
    background = f"{false / assigned:.1%}" if assigned else "–"
    return f"ARI {ari:.3f} · coverage {coverage:.3f} · background {background}"


def _prepare(axes: Axes, points: Sequence[PlotPoint]) -> None:
    """Ticks, limits and grid."""
    turned = sum(len(point.label) + 1 for point in points) > _MOST_CHARACTERS
    step = max(1, math.ceil(len(points) / _MOST_LABELS))
    shown = points[::step]
    axes.set_xticks([point.x for point in shown], [point.label for point in shown])
    axes.tick_params(axis="x", labelsize=7.5, length=0, rotation=35 if turned else 0)
    if turned:
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    for group, members in groupby(points, key=lambda point: point.group):
        if group:
            axes.text(
                float(np.mean([point.x for point in members])),
                -0.15,
                group,
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="top",
                fontsize=8,
                color=_OTHERS,
            )
    grouped = any(point.group for point in points)
    parameter = points[0].parameter.replace("_", " ")
    # below the line that names the groups, where there is one
    axes.set_xlabel(parameter, fontsize=8, labelpad=19 if grouped else 3)
    axes.set_xlim(points[0].x - 0.6, points[-1].x + 0.6)
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "", "0.5", "", "1"])
    axes.tick_params(axis="y", labelsize=9, length=0)
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def _draw_published(axes: Axes, name: str, points: Sequence[PlotPoint]) -> None:
    place = {point.dataset: point.x for point in points}
    for figure in PUBLISHED:
        if figure.metric != "ari":
            continue
        if figure.where == name and figure.method in _LINES:
            axes.axhline(
                figure.value,
                color=_OTHERS,
                linestyle=_LINES[figure.method],
                linewidth=1.3,
                label=figure.method,
            )
        elif figure.where == name and figure.method in _MARKS:
            # one figure for the whole scenario: at its right edge
            aside = 0.35 if figure.method == FAIR_UNSIGNED else 0.6
            _mark(axes, points[-1].x + aside, figure.value, figure.method)
        elif figure.where in place and figure.method in _MARKS:
            # beside our own mark, not on top of it
            aside = -_ASIDE if figure.method == FAIR_UNSIGNED else _ASIDE
            _mark(axes, place[figure.where] + aside, figure.value, figure.method)


def _mark(axes: Axes, x: float, y: float, method: str) -> None:
    axes.plot(
        x,
        y,
        marker=_MARKS[method],
        markersize=7,
        linestyle="none",
        markerfacecolor="white",
        markeredgecolor=_OTHERS,
        clip_on=False,
        zorder=3,
        label=method,
    )


def _draw_undefined(axes: Axes, rows: Sequence[Row], backends: Sequence[str]) -> None:
    """Where nothing was planted: how many genes sit in modules."""
    lines = []
    for backend in backends:
        own = [row for row in rows if row["backend"] == backend and row["n"]]
        genes = sum(row["n_assigned"] for row in own)
        n = sum(row["n"] for row in own)
        if own:
            lines.append(f"{backend}: {genes:,} genes in modules, {n} data sets")
    text = "\n".join(["nothing planted: ARI is undefined", "", *lines]) if lines else "all failed"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=9)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlabel("")


def _legend(figure: Figure, panels: Any) -> None:
    entries: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # ours and peers first: lines of others come before them in some panels
    others = {*_LINES, *_MARKS}
    entries = dict(sorted(entries.items(), key=lambda item: item[0] in others))
    if entries:
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="lower left",
            ncols=min(len(entries), 5),
            frameon=False,
            fontsize=10,
        )

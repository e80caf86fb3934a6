"""Soft-threshold plot: scale independence and mean connectivity against the power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.plots.style import BLUE, DARK, NORMAL, RED, SMALL, empty_figure, new_figure
from isograph.results.model import Fit

_RULES = {
    "scale_free": "the smallest that reaches the line",
    "sample_size": "none reached the line: by number of samples",
    "given": "given",
}


def soft_threshold_figure(fit: Fit) -> Figure | None:
    """How the power was chosen; None for a fit without a soft threshold.

    Args:
        fit: of the `wgcna` backend.
    """
    record = fit.calibration or {}
    if "soft_threshold" not in record:
        return None
    table = pd.DataFrame(record["soft_threshold"]).astype(float)
    if table.empty or table["scale_free_r_squared"].isna().all():
        return empty_figure("no scale-free fit: all features are connected alike")
    figure = new_figure(7.6, 3.4)
    left, right = figure.subplots(1, 2)
    power = float(record["power"])
    _draw_fit(left, table, record, power)
    _draw_connectivity(right, table, power)
    text = _RULES[record["power_rule"]]
    figure.suptitle(
        f"power {power:g} ({text}), {str(record['network']).replace('_', ' ')} network, "
        f"{str(record['correlation']).replace('pearson', 'Pearson')} correlation",
        fontsize=NORMAL + 1,
        x=0.01,
        ha="left",
    )
    return figure


def _draw_fit(axes: Axes, table: pd.DataFrame, record: Mapping[str, Any], power: float) -> None:
    line = float(record["min_r_squared"])
    values = table["scale_free_r_squared"]
    axes.axhline(line, color=RED, linewidth=1, linestyle="--", zorder=1)
    axes.plot(table["power"], values, color=BLUE, linewidth=1, marker="o", markersize=4, zorder=2)
    axes.annotate(
        f"R² = {line:g}",
        (0.0, line),
        xycoords=("axes fraction", "data"),
        xytext=(3, 3),
        textcoords="offset points",
        ha="left",
        fontsize=SMALL,
        color=RED,
    )
    low = float(np.nanmin(values))
    axes.set_ylim(min(-0.05, low - 0.05), 1.05)
    _finish(axes, table, power, "scale-free fit, −sign(slope) · R²")
    _mark(axes, table, "scale_free_r_squared", power)


def _draw_connectivity(axes: Axes, table: pd.DataFrame, power: float) -> None:
    axes.plot(table["power"], table["mean_k"], color=BLUE, linewidth=1, marker="o", markersize=4)
    axes.set_yscale("log")
    _finish(axes, table, power, "mean connectivity")
    _mark(axes, table, "mean_k", power)


def _mark(axes: Axes, table: pd.DataFrame, column: str, power: float) -> None:
    """The chosen power as an open ring with its number."""
    at = table.loc[table["power"] == power, column]
    if at.empty or not np.isfinite(at.iloc[0]):
        return
    axes.plot(
        [power],
        [at.iloc[0]],
        marker="o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor=RED,
        markeredgewidth=1.6,
        linestyle="none",
        zorder=3,
    )


def _finish(axes: Axes, table: pd.DataFrame, power: float, label: str) -> None:
    axes.axvline(power, color=DARK, linewidth=0.7, linestyle=":", zorder=0)
    axes.set_xlabel("soft-threshold power", fontsize=NORMAL)
    axes.set_ylabel(label, fontsize=NORMAL)
    step = max(1, len(table) // 10)
    ticks = table["power"].to_numpy()[step - 1 :: step]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.tick_params(labelsize=SMALL, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.6)
    axes.set_axisbelow(True)

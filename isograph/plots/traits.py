"""Module–trait heatmap: which modules go with which sample traits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.plots.style import DIVERGING, NORMAL, SMALL, empty_figure, new_figure
from isograph.results.model import Fit

_LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_MOST_MODULES, _MOST_TRAITS = 40, 30
_DARK_FROM = 0.6


def module_traits_figure(fit: Fit) -> Figure:
    """r of every module (and broad factor) with every trait, with stars for q.

    Traits with three levels or more have no direction: their number is η, the root of the variance
    explained, in brackets. Of many modules those with the smallest p are shown.

    Args:
        fit: of any backend.
    """
    tests = fit.traits
    if tests.empty:
        return empty_figure("no module to test" if fit.summary.empty else "no trait to test")
    if tests["r"].isna().all():
        return empty_figure("no trait could be tested: too few samples, or explained by covariates")
    rows = _kept(tests, "module_id", _MOST_MODULES)
    columns = _kept(tests, "trait", _MOST_TRAITS)
    cells = tests.set_index(["module_id", "trait"])
    r, q = (
        cells[name].unstack("trait").reindex(index=rows, columns=columns).to_numpy(dtype=float)
        for name in ("r", "qvalue")
    )
    many_levels = set(tests.loc[tests["test"] == "anova", "trait"])
    directed = np.array([name not in many_levels for name in columns])
    longest = max(len(name) for name in columns)
    figure = new_figure(
        2.2 + 0.52 * max(len(columns), 3), 1.1 + 0.06 * longest + 0.24 * max(len(rows), 3)
    )
    axes = figure.subplots()
    image = axes.imshow(r, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
    _write_numbers(axes, r, q, directed)
    axes.set_xticks(
        np.arange(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(np.arange(len(rows)), _with_sizes(fit, rows))
    axes.tick_params(labelsize=NORMAL, length=0)
    axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("r with the eigengene", fontsize=NORMAL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    figure.suptitle(_title(tests, rows, columns), fontsize=NORMAL, x=0.01, ha="left")
    return figure


def _kept(tests: pd.DataFrame, column: str, most: int) -> list[str]:
    """Names in their order; of too many those with the smallest p."""
    names = list(dict.fromkeys(tests[column]))
    if len(names) <= most:
        return names
    least = tests.groupby(column)["pvalue"].min().fillna(1.0).sort_values(kind="stable")
    chosen = set(least.index[:most])
    return [name for name in names if name in chosen]


def _with_sizes(fit: Fit, rows: list[str]) -> list[str]:
    """Module names with their number of genes; broad factors stay as they are."""
    sizes = dict(zip(fit.summary["module_id"], fit.summary["n_genes"], strict=True))
    return [f"{name} ({sizes[name]:,})" if name in sizes else name for name in rows]


def _write_numbers(
    axes: Axes,
    r: npt.NDArray[np.float64],
    q: npt.NDArray[np.float64],
    directed: npt.NDArray[np.bool_],
) -> None:
    """A number a cell; r and q have shape (n_rows, n_columns), `directed` (n_columns,)."""
    for row, column in np.ndindex(*r.shape):
        value = r[row, column]
        if not np.isfinite(value):
            axes.text(column, row, "–", ha="center", va="center", fontsize=SMALL, color="#888888")
            continue
        rounded = round(float(value), 2) + 0.0  # no negative zero
        number = f"{rounded:.2f}" if directed[column] else f"({rounded:.2f})"
        stars = next((mark for limit, mark in _LEVELS if q[row, column] <= limit), "")
        axes.text(
            column,
            row,
            number + stars,
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if abs(value) >= _DARK_FROM else "black",
            fontweight="bold" if stars else "normal",
        )


def _title(tests: pd.DataFrame, rows: list[str], columns: list[str]) -> str:
    parts = ["* q ≤ 0.05   ** q ≤ 0.01   *** q ≤ 0.001"]
    if "anova" in set(tests["test"]):
        parts.append("(η): no direction")
    for shown, column, thing in ((rows, "module_id", "modules"), (columns, "trait", "traits")):
        n = tests[column].nunique()
        if n > len(shown):
            parts.append(f"{len(shown)} of {n} {thing}, smallest p")
    return "   ".join(parts)

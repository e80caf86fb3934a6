"""Module sizes by role beside the eigengenes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from isograph.plots.style import (
    DIVERGING,
    NORMAL,
    ROLE_COLOURS,
    SMALL,
    empty_figure,
    new_figure,
)
from isograph.results.model import Fit

_MOST = 30
_REACH = 2.5


def modules_figure(fit: Fit) -> Figure:
    """Genes of each module by role, and its eigengene over the samples.

    Samples stand in the order of the largest module's eigengene, so that the others show what they
    share with it.

    Args:
        fit: of any backend.
    """
    summary = fit.summary.head(_MOST)
    if summary.empty:
        return empty_figure("no module")
    figure = new_figure(8.6, 1.35 + 0.2 * max(len(summary), 3))
    sizes, heat = figure.subplots(1, 2, width_ratios=(2, 3), sharey=True)
    _draw_sizes(sizes, summary)
    _draw_eigengenes(heat, fit.eigengenes.head(_MOST))
    handles, labels = sizes.get_legend_handles_labels()
    title = None
    if len(fit.summary) > _MOST:
        title = f"{_MOST} largest of {len(fit.summary)} modules"
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=len(labels),
        fontsize=SMALL,
        frameon=False,
        title=title,
        title_fontsize=NORMAL,
        alignment="left",
        handlelength=1.2,
    )
    return figure


def _draw_sizes(axes: Axes, summary: pd.DataFrame) -> None:
    rows = np.arange(len(summary))
    left = np.zeros(len(summary))
    for role, colour in ROLE_COLOURS.items():
        width = summary[f"n_{role}"].to_numpy(dtype=float)
        if width.any():
            label = role.replace("_", " ")
            axes.barh(rows, width, left=left, height=0.8, color=colour, label=label)
        left += width
    axes.set_yticks(rows, summary["module_id"])
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_xlabel("genes, by role", fontsize=NORMAL)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.tick_params(labelsize=NORMAL, length=2)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_eigengenes(axes: Axes, table: pd.DataFrame) -> None:
    scores = table.drop(columns=["module_id", "variance_explained"]).to_numpy(dtype=float)
    order = np.argsort(scores[0], kind="stable")
    image = axes.imshow(
        scores[:, order],
        aspect="auto",
        cmap=DIVERGING,
        vmin=-_REACH,
        vmax=_REACH,
        interpolation="nearest",
    )
    axes.set_xlabel(f"{scores.shape[1]} samples, by the first eigengene", fontsize=NORMAL)
    axes.set_xticks([])
    axes.tick_params(length=2)
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label("eigengene", fontsize=NORMAL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)

"""The picture of preservation: how firmly modules hold together elsewhere, against their size."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from isograph.plots.style import BLUE, DARK, GREY, empty_figure, new_figure
from isograph.projection.preserved import Preserved

_SOME, _STRONG = 2.0, 10.0
_NAMED = 40
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
        biggest = np.argsort(-sizes, kind="stable")[:_NAMED]
        for place in biggest:
            name = str(found.table["module_id"].iloc[place])
            axes.annotate(
                name,
                (sizes[place], values[place]),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=6,
                color=DARK,
            )
        axes.set_xscale("log")
        axes.set_xlabel("features of the module that both cohorts have")
        axes.set_ylabel(label)
        axes.set_title(about, fontsize=9, loc="left")
    _lines(panels[0])
    panels[1].invert_yaxis()
    figure.suptitle(
        f"Modules in {len(found.elsewhere.sample_ids)} other samples",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


def _lines(axes: object) -> None:
    """Where the paper speaks of some and of strong evidence."""
    for level, word in ((_SOME, "some evidence"), (_STRONG, "strong evidence")):
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle="--", zorder=1)  # type: ignore[attr-defined]
        axes.text(  # type: ignore[attr-defined]
            0.99,
            level,
            f"{level:g}: {word}",
            transform=axes.get_yaxis_transform(),  # type: ignore[attr-defined]
            ha="right",
            va="bottom",
            fontsize=6.5,
            color=DARK,
        )

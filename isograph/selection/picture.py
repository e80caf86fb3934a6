"""The picture of a stability selection: agreement, modules, genes and edges by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from isograph.plots.style import BLUE, DARK, NORMAL, ORANGE, RED, SMALL, new_figure, to_png

_CLOSEST = 0.09
_SIZE = (7.6, 6.0)
_FIRST_SHARE_OF_LOG = 50.0
# what the panels count: in all samples, in a half on average, stable
_COUNTS = (
    ("modules", "n_modules", "mean_modules_half", "n_stable_modules"),
    (
        "genes in modules",
        "n_genes_in_modules",
        "mean_genes_in_modules_half",
        "n_genes_in_stable_modules",
    ),
    ("edges between genes", "n_edges_full", "mean_edges_half", "n_stable_edges"),
)


def stability_picture(document: Mapping[str, Any]) -> bytes:
    """PNG of a report.

    Args:
        document: as `stability_report` makes it.
    """
    return to_png(stability_figure(document))


def stability_figure(document: Mapping[str, Any]) -> Figure:
    """Split-half agreement, modules, their genes and edges against the value of the main parameter.

    Args:
        document: as `stability_report` makes it.
    """
    figure = new_figure(*_SIZE)
    panels = figure.subplots(2, 2).ravel()
    rows = document["values"]
    at = np.array([row["value"] for row in rows])
    _draw_agreement(panels[0], at, [row["split_half_ari"] for row in rows])
    for axes, (title, *columns) in zip(panels[1:], _COUNTS, strict=True):
        full, half, stable = ([row[column] for row in rows] for column in columns)
        _draw_counts(axes, at, full=full, half=half, stable=stable)
        _title(axes, title)
    for axes in panels:
        _finish(axes, at, document)
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower right",
        ncols=len(labels),
        frameon=False,
        fontsize=NORMAL,
    )
    best = document["recommended"]
    told = "none is recommended" if best is None else f"recommended: {best:g}"
    figure.suptitle(
        f"{document['backend']} on {document['dataset']}: {document['n_pairs']} pairs of halves "
        f"of {document['n_samples_half']} samples; {told}",
        fontsize=NORMAL + 1,
        x=0.01,
        ha="left",
    )
    return figure


def _draw_agreement(
    axes: Axes, at: npt.NDArray[np.float64], scores: Sequence[Mapping[str, Any]]
) -> None:
    mean = np.array([score["mean"] for score in scores])
    error = np.array([score["standard_error"] for score in scores])
    for value, score in zip(at, scores, strict=True):
        pairs = score["pairs"]
        axes.plot([value] * len(pairs), pairs, ".", color="#C8C8C8", markersize=4, zorder=1)
    axes.errorbar(
        at,
        mean,
        yerr=error,
        color=BLUE,
        linewidth=1.2,
        marker="o",
        markersize=5,
        capsize=3,
        zorder=3,
    )
    low = min(0.0, *(min(score["pairs"]) for score in scores))
    axes.set_ylim(low - 0.04, 1.04)
    _title(axes, "agreement of halves (ARI ± s.e.)")


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=NORMAL + 1, loc="left", fontweight="bold")


def _draw_counts(
    axes: Axes,
    at: npt.NDArray[np.float64],
    *,
    full: Sequence[float],
    half: Sequence[float],
    stable: Sequence[float],
) -> None:
    # what is nothing lies on the axis: draw it whole
    for values, label, color, marker, size in (
        (full, "all samples", DARK, "s", 4),
        (half, "mean of a half", ORANGE, "^", 4),
        (stable, "stable", BLUE, "o", 5),
    ):
        axes.plot(
            at,
            values,
            label=label,
            color=color,
            marker=marker,
            markersize=size,
            linewidth=1.2,
            clip_on=False,
            zorder=3,
        )
    most = max(*full, *half, *stable, 1)
    least = min(value for value in (*full, *half, *stable, most) if value > 0)
    if most / least > _FIRST_SHARE_OF_LOG:
        # symmetric: there may be no stable one
        axes.set_yscale("symlog", linthresh=1.0)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, most * 1.6)
    else:
        axes.set_ylim(0, most * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _finish(axes: Axes, at: npt.NDArray[np.float64], document: Mapping[str, Any]) -> None:
    best, own = document["recommended"], document["study_value"]
    axes.axvline(own, color=DARK, linewidth=1, linestyle=":", zorder=0, label="the study's value")
    if best is not None:
        axes.axvline(
            best, color=RED, linewidth=6, alpha=0.25, zorder=0, label="the recommended value"
        )
    axes.set_xscale("log")
    marked = {own} if best is None else {own, best}
    shown = _labelled(at, marked)
    axes.set_xticks(shown, [f"{value:g}" for value in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    span = float(np.log(at[-1] / at[0])) or 1.0
    axes.set_xlim(at[0] * np.exp(-0.08 * span), at[-1] * np.exp(0.08 * span))
    axes.set_xlabel(str(document["parameter"]).replace("_", " "), fontsize=NORMAL)
    axes.tick_params(labelsize=SMALL, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.6)
    axes.set_axisbelow(True)


def _labelled(at: npt.NDArray[np.float64], marked: set[float]) -> list[float]:
    """Values far enough from each other to carry a label, the marked ones first."""
    span = float(np.log(at[-1] / at[0])) or 1.0
    shown: list[float] = []
    for value in sorted(at.tolist(), key=lambda value: (value not in marked, value)):
        if all(abs(np.log(value / other)) >= _CLOSEST * span for other in shown):
            shown.append(value)
    return sorted(shown)

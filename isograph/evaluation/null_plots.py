"""Pictures of calibration: module p where nothing is there, membership where the truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from isograph.evaluation.null import Share
from isograph.plots.style import SERIES, to_png

_OTHERS = "#666666"
_SMALLEST = 1e-4
_SIZE = 4.4


def null_picture(
    smallest_p: Mapping[str, npt.NDArray[np.float64]],
    *,
    membership: Sequence[tuple[float, float, Share]] = (),
) -> bytes:
    """PNG: share of null data sets whose smallest module p is at most α, against α.

    Args:
        smallest_p: of each data set without modules, by the name of the series, shape (n,).
        membership: for a second panel: bins (low, high) with the genes in their right module.
    """
    n_panels = 2 if membership else 1
    figure = Figure(figsize=(_SIZE * n_panels + 0.3, _SIZE), dpi=110, layout="constrained")
    panels = figure.subplots(1, n_panels, squeeze=False)[0]
    _draw_p(panels[0], smallest_p)
    if membership:
        _draw_membership(panels[1], membership)
    return to_png(figure)


def _draw_p(axes: Axes, series: Mapping[str, npt.NDArray[np.float64]]) -> None:
    axes.set_title("module p where nothing is there", fontsize=11, loc="left", fontweight="bold")
    axes.plot([_SMALLEST, 1], [_SMALLEST, 1], color=_OTHERS, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.text(0.05, 0.078, "exact", fontsize=8, color=_OTHERS, ha="center", rotation=45)
    for colour, (name, p) in zip(SERIES, series.items(), strict=False):
        ranked = np.sort(np.maximum(p, _SMALLEST))
        ranked = ranked[ranked < 1.0]
        share = np.arange(1, len(ranked) + 1) / len(p)
        # data sets without any candidate have p = 1: the curve jumps there
        x, y = np.append(ranked, 1.0), np.append(share, share[-1] if len(share) else np.nan)
        axes.step(x, y, where="post", color=colour, linewidth=1.6, label=f"{name} (n = {len(p)})")
    if all((p >= 1.0).all() for p in series.values()):
        text = "no candidate module in any data set"
        axes.text(0.5, 0.35, text, transform=axes.transAxes, fontsize=9, ha="center")
    axes.set(xscale="log", yscale="log", xlim=(_SMALLEST, 1), ylim=(_SMALLEST, 1))
    axes.set_xlabel("α", fontsize=10)
    axes.set_ylabel("share of data sets with a module at p ≤ α", fontsize=10)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    _plain(axes)


def _draw_membership(axes: Axes, bins: Sequence[tuple[float, float, Share]]) -> None:
    axes.set_title("membership", fontsize=11, loc="left", fontweight="bold")
    for low, high, share in bins:
        if share.total == 0:
            continue
        centre = (low + high) / 2
        axes.errorbar(
            [centre],
            [share.share],
            yerr=[[share.share - share.low], [share.high - share.share]],
            color=SERIES[0],
            marker="o",
            markersize=6,
            capsize=3,
            clip_on=False,
        )
        axes.annotate(
            f"{share.total:,}",
            (centre, share.low),
            textcoords="offset points",
            xytext=(0, -13),
            ha="center",
            fontsize=8,
            color=_OTHERS,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=np.linspace(0, 1, 6))
    axes.set_xlabel("membership (numbers: genes in the bin)", fontsize=10)
    axes.set_ylabel("share of genes in their own module", fontsize=10)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.tick_params(labelsize=9, length=0, which="both")
    axes.grid(color="#E3E3E3", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)

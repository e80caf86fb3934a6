"""The genes that drive a module: r with its profile, intervals, and the honest test beside."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    along,
    canvas,
    genes_of,
    head,
    open_frame,
    panel,
)
from isograph.explanation.pictures.words import (
    TEXT,
    gene_labels,
    plain,
    shortened,
    shown_of,
    widest,
)
from isograph.explanation.source import MODULE, Profile
from isograph.features.model import ABUNDANCE, SWITCH
from isograph.plots.style import BLUE, DARK, ORANGE, PALE

MOST, MOST_OUTSIDE = 20, 5
CHANNELS = {SWITCH: (BLUE, "o"), ABUNDANCE: (ORANGE, "s")}

_WIDTH, _ROW, _LABELS = 8.6, 0.19, 1.7
_GAP = 1.4  # rows between the module's genes and those outside
_MOST_R = 0.9995  # what lies beyond is drawn there
_TICKS = (-0.99, -0.9, -0.5, 0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_TICK_ROOM = 0.4  # inches
_HOLLOW: dict[str, Any] = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 6,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 0.9,
}

Floats = npt.NDArray[np.float64]


def drivers_figure(
    drivers: pd.DataFrame,
    *,
    profile: Profile,
    names: pd.Series[str],
    most: int = MOST,
    most_outside: int = MOST_OUTSIDE,
) -> Picture | None:
    """r of the strongest genes with 95% intervals; the best outside genes below a line.

    Args:
        drivers: as `explanation.schema.DRIVERS`, by falling |r|.
        profile: module or programme.
        names: of genes, by id.
        most: how many of its genes are shown.
        most_outside: how many others.

    Returns:
        None where no gene of it has an r.
    """
    table = drivers.dropna(subset=["r"])
    inside = table[table["in_module"]]
    if inside.empty:
        return None
    others = table[~table["in_module"]].dropna(subset=["r_low"])
    others = others.sort_values("pvalue", kind="stable").head(most_outside)
    outside = others.sort_values("r", key=np.abs, ascending=False, kind="stable")
    shown = pd.concat([inside.head(most), outside], ignore_index=True)
    place = np.arange(len(shown), dtype=np.float64)
    place[~shown["in_module"].to_numpy(dtype=bool)] += _GAP
    falls = shown["r"].to_numpy() < 0
    labels = [
        shortened(label, _LABELS, middle=True) + (" (−)" if fall else "")
        for label, fall in zip(gene_labels(names, shown["gene_id"]), falls, strict=True)
    ]
    left = EDGE + widest(labels) + 0.1
    height = _ROW * (place[-1] + 1.2)
    figure = canvas(_WIDTH, HEAD + 0.28 + height + 0.48)
    what = f"{shown_of(min(most, len(inside)), len(inside), genes_of(profile))}, largest |r|"
    against = " (−) falls as it rises." if falls.any() else ""
    head(figure, f"{profile.name}: genes that drive it", f"{what}, with 95% intervals.{against}")
    width = _WIDTH - left - EDGE - 0.1
    axes = panel(figure, left, HEAD + 0.28, width, height)
    _draw_rows(axes, shown, place)
    _finish(axes, place, labels, profile, width)
    if len(outside):
        _part(axes, len(shown) - len(outside), profile)
    _legend(axes, shown)
    beside = f", and the {len(outside)} best others below the line" if len(outside) else ""
    caption = (
        f"{what}{beside}: correlation with {along(profile)} in the stronger channel; "
        "hollow marks leave the gene's own part out and are the honest test."
    )
    return Picture("Drivers", caption, figure)


def _draw_rows(axes: Axes, shown: pd.DataFrame, place: Floats) -> None:
    """Rows by |r| on Fisher's scale, on which all intervals of one n are equally wide."""
    channel = shown["feature_type"].to_numpy(dtype=str)
    sign = np.where(shown["r"] < 0, -1.0, 1.0)
    r, one, other = (
        _fisher(sign * shown[name].to_numpy(dtype=np.float64)) for name in ("r", "r_low", "r_high")
    )
    own = shown["r_loo"].where(shown["in_module"]).to_numpy(dtype=np.float64)
    loo = _fisher(sign * own)
    for name, (colour, marker) in CHANNELS.items():
        which = channel == name
        axes.hlines(place[which], one[which], other[which], color=colour, linewidth=1.8, zorder=2)
        axes.plot(r[which], place[which], marker, color=colour, markersize=5.5, zorder=3)
    axes.plot(loo, place, zorder=4, **_HOLLOW)
    reach = np.concatenate([one, other, r, loo])
    reach = reach[np.isfinite(reach)]
    room = 0.04 * (reach.max() - min(reach.min(), r.min() - 0.2))
    axes.set_xlim(reach.min() - room, reach.max() + room)


def _fisher(r: Floats) -> Floats:
    z: Floats = np.arctanh(np.clip(r, -_MOST_R, _MOST_R))
    return z


def _finish(axes: Axes, place: Floats, labels: list[str], profile: Profile, width: float) -> None:
    axes.set_ylim(place[-1] + 0.7, -0.5)
    axes.set_yticks(place, [plain(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    least, most = axes.get_xlim()
    ticks: list[float] = []
    for tick in _TICKS:
        at = np.arctanh(tick)
        room = _TICK_ROOM / width * (most - least)
        if least <= at <= most and (not ticks or at - np.arctanh(ticks[-1]) >= room):
            ticks.append(tick)
    axes.set_xticks(np.arctanh(ticks), [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_xlabel(f"|r| with {along(profile)} (Fisher's scale)", fontsize=TEXT, labelpad=2)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    if least < 0 < most:
        axes.axvline(0, color=DARK, linewidth=0.7, zorder=1)
    open_frame(axes)


def _part(axes: Axes, n_inside: int, profile: Profile) -> None:
    """The line between the module's genes and the others."""
    height = n_inside - 0.5 + _GAP / 2
    axes.axhline(n_inside - 0.4, color=DARK, linewidth=0.8, linestyle="--")
    text = "outside the module:" if profile.kind == MODULE else "do not load on it:"
    axes.annotate(
        text,
        (0, height + 0.15),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=TEXT,
        color=DARK,
        fontstyle="italic",
    )


def _legend(axes: Axes, shown: pd.DataFrame) -> None:
    present = set(shown["feature_type"])
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=5.5, linewidth=1.6, label=name)
        for name, (colour, marker) in CHANNELS.items()
        if name in present
    ]
    handles.append(Line2D([], [], label="without the gene's own part", **_HOLLOW))
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=len(handles),
        fontsize=TEXT,
        frameon=False,
        borderpad=0,
        borderaxespad=0.3,
        handlelength=1.6,
    )

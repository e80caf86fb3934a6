"""The driving features of a module in every sample, with sample traits on top."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from isograph.explanation.pictures.drivers import CHANNELS
from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    along,
    axis_name,
    canvas,
    genes_of,
    head,
    panel,
    write,
)
from isograph.explanation.pictures.trait_strips import (
    Strip,
    TraitTest,
    best_traits,
    trait_strip,
)
from isograph.explanation.pictures.usage import feature_values
from isograph.explanation.pictures.words import (
    gene_labels,
    plain,
    shortened,
    shown_of,
    small_number,
    widest,
)
from isograph.explanation.source import MODULE, Profile, Source
from isograph.plots.style import DARK, DIVERGING, PALE, SEQUENTIAL

MOST = 30

_REACH = 2.5
_WIDTH, _LABELS, _KEY = 10.2, 1.6, 1.9
_ROW, _TALLEST_ROW, _PROFILE, _STRIP, _UNDER = 0.16, 0.4, 0.5, 0.17, 0.32
_LINE = 0.165  # of the legends
_LEAST_LINES = 22

Floats = npt.NDArray[np.float64]


def heatmap_figure(
    source: Source, profile: Profile, *, drivers: pd.DataFrame, most: int = MOST
) -> Picture | None:
    """Values of the strongest genes' features, samples in the order of the profile.

    Rows that rise with the profile stand first, by falling r, so that their direction is seen.

    Args:
        source: fit and data.
        profile: module or programme.
        drivers: as `explanation.schema.DRIVERS`.
        most: how many rows.

    Returns:
        None where no gene of it has an r.
    """
    table = drivers[drivers["in_module"]].dropna(subset=["r"])
    if table.empty:
        return None
    shown = table.head(most).sort_values("r", ascending=False, kind="stable")
    order = np.argsort(np.round(profile.values, 12), kind="stable")
    values = feature_values(source, profile, shown["feature_id"])[:, order]
    rows, kind = len(shown), "eigengene" if profile.kind == MODULE else "programme"
    traits, strips = _strips(source, profile, order, rows)
    labels = [
        shortened(text, _LABELS, middle=True)
        for text in gene_labels(source.gene_names, shown["gene_id"])
    ]
    names = [shortened(found.trait.name, _LABELS) for found in traits]
    left = EDGE + widest([*labels, *names, kind]) + 0.22
    width = _WIDTH - left - EDGE - _KEY - 0.3
    over = _over(len(strips))
    keys = HEAD + 0.55 + _LINE * _key_lines(strips)
    # few rows grow to the height of the legends, within reason
    tall = max(rows * _ROW, min(rows * _TALLEST_ROW, keys - over - _UNDER))
    figure = canvas(_WIDTH, max(over + tall + _UNDER, keys))
    what = f"{shown_of(rows, len(table), genes_of(profile))}, largest |r|"
    n = f"{len(order)} samples by {along(profile)}"
    head(figure, f"{profile.name}: its genes in every sample", f"{what}; {n}")
    _draw_profile(panel(figure, left, HEAD, width, _PROFILE), profile.values[order], kind)
    top = HEAD + _PROFILE + 0.06
    for name, strip in zip(names, strips, strict=True):
        _draw_strip(panel(figure, left, top, width, _STRIP), strip, name)
        top += _STRIP + 0.03
    axes = panel(figure, left, over, width, tall)
    _draw_values(axes, values, labels, shown["feature_type"].to_numpy(dtype=str), width)
    write(
        figure,
        left + width / 2,
        over + tall + 0.15,
        f"samples, low to high {axis_name(profile)}",
        align="center",
    )
    _draw_keys(figure, left + width + 0.3, traits, strips, set(shown["feature_type"]))
    on_top = f", with the {len(traits)} traits of the smallest q on top" if traits else ""
    caption = (
        f"{what}: each gene's stronger channel, in standard deviations (red high, blue low), in "
        f"{len(order)} samples ordered by {along(profile)}{on_top}."
    )
    return Picture("Heatmap", caption, figure)


def _over(n_strips: int) -> float:
    """Inches above the heatmap."""
    return HEAD + _PROFILE + 0.1 + n_strips * (_STRIP + 0.03)


def _strips(
    source: Source, profile: Profile, order: npt.NDArray[np.int64], rows: int
) -> tuple[list[TraitTest], list[Strip]]:
    """The best traits, as many with as many levels told apart as legends have room for."""
    traits, ids = best_traits(source, profile), source.sample_ids[order]
    beside = _over(len(traits)) + rows * _ROW + _UNDER - HEAD - 0.55
    room = max(_LEAST_LINES, int(beside / _LINE))
    for n, levels in [*((len(traits), most) for most in (6, 5, 4, 3)), (5, 3), (4, 3), (3, 3)]:
        strips = [trait_strip(t.trait, ids, most_levels=levels) for t in traits[:n]]
        if _key_lines(strips) <= room:
            break
    return traits[: len(strips)], strips


def _key_lines(strips: list[Strip]) -> int:
    return 2 + sum(len(strip.key) + 1 for strip in strips) + (len(strips) + 1) // 2


def _draw_profile(axes: Axes, values: Floats, kind: str) -> None:
    place = np.arange(len(values))
    axes.fill_between(place, values, 0, step="mid", color=PALE, linewidth=0)
    axes.plot(place, values, drawstyle="steps-mid", color=DARK, linewidth=1)
    axes.axhline(0, color=DARK, linewidth=0.5)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_xticks([])
    axes.set_yticks([0], [kind])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _draw_strip(axes: Axes, strip: Strip, name: str) -> None:
    axes.imshow(strip.colours[None], aspect="auto", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([0], [plain(name)])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _draw_values(
    axes: Axes, values: Floats, labels: list[str], channel: npt.NDArray[np.str_], width: float
) -> None:
    axes.set_facecolor(PALE)
    axes.imshow(
        np.ma.masked_invalid(values),
        aspect="auto",
        cmap=DIVERGING,
        vmin=-_REACH,
        vmax=_REACH,
        interpolation="nearest",
    )
    rows = np.arange(len(labels))
    axes.set_yticks(rows, [plain(label) for label in labels])
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, pad=9)
    axes.spines[:].set_visible(False)
    for name, (colour, marker) in CHANNELS.items():
        which = rows[channel == name]
        axes.plot(
            np.full(len(which), -0.07 / width),
            which,
            marker,
            color=colour,
            markersize=5,
            clip_on=False,
            transform=axes.get_yaxis_transform(),
        )


def _draw_keys(
    figure: Figure, left: float, traits: list[TraitTest], strips: list[Strip], channels: set[str]
) -> None:
    """Legends at the right: values, channels, then each trait with its q."""
    top = HEAD + 0.05
    bar = _KEY - 0.3
    axes = panel(figure, left, top, bar, 0.13)
    axes.imshow(np.linspace(0, 1, 64)[None], aspect="auto", cmap=DIVERGING)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    for text, align, at in (
        (f"−{_REACH:g}", "left", 0.0),
        ("0", "center", bar / 2),
        (f"{_REACH:g} SD", "right", bar),
    ):
        write(figure, left + at, top + 0.23, text, align=align)
    top += 0.48
    for name, (colour, marker) in CHANNELS.items():
        if name in channels:
            _key_mark(figure, left, top, colour, marker=marker)
            write(figure, left + 0.2, top, name)
            top += _LINE
    for found, strip in zip(traits, strips, strict=True):
        top += _LINE / 2
        q = f" q {small_number(found.test['qvalue'])}"
        name = shortened(found.trait.name, _KEY - widest([q]) - 0.05, bold=True)
        write(figure, left, top, name, bold=True)
        write(figure, left + _KEY, top, q, align="right", colour=DARK)
        top += _LINE
        for text, colour in strip.key:
            _draw_entry(figure, left, top, text, colour)
            top += _LINE


def _draw_entry(figure: Figure, left: float, top: float, text: str, colour: str) -> None:
    if colour != SEQUENTIAL:
        _key_mark(figure, left, top, colour)
        write(figure, left + 0.2, top, shortened(text, _KEY - 0.2, middle=True))
        return
    axes = panel(figure, left, top - 0.055, 0.5, 0.11)
    axes.imshow(np.linspace(0, 1, 64)[None], aspect="auto", cmap=SEQUENTIAL)
    axes.set_axis_off()
    write(figure, left + 0.57, top, shortened(text, _KEY - 0.57))


def _key_mark(
    figure: Figure, left: float, top: float, colour: str, *, marker: str | None = None
) -> None:
    full_width, full_height = figure.get_size_inches()
    if marker == "o":
        figure.add_artist(
            Line2D(
                [(left + 0.06) / full_width],
                [1 - top / full_height],
                marker=marker,
                color=colour,
                markersize=5.5,
            )
        )
        return
    side = 0.11
    figure.add_artist(
        Rectangle(
            (left / full_width, 1 - (top + side / 2) / full_height),
            side / full_width,
            side / full_height,
            color=colour,
            linewidth=0,
        )
    )

"""A module's eigengene against the sample traits that go with it best."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    along,
    axis_name,
    canvas,
    head,
    open_frame,
    paler,
    panel,
    write,
)
from isograph.explanation.pictures.trait_strips import MOST_TRAITS, TraitTest, best_traits, n_tested
from isograph.explanation.pictures.words import (
    TEXT,
    number,
    plain,
    shortened,
    shown_of,
    signed,
    small_number,
    text_width,
    widest,
)
from isograph.explanation.source import Profile, Source
from isograph.features.traits import TraitKind
from isograph.plots.style import BLUE, DARK, RED

MOST_LEVELS = 8

_LEFT, _PLOT, _ABOVE, _APART = 0.66, 1.6, 0.48, 0.26
_WIDTHS = {1: 4.6, 2: 3.6, 3: 2.85}
_TILT, _LONGEST = 35.0, 1.2  # degrees, inches
_GOLDEN = 0.6180339887498949
_DENSE = 400

Floats = npt.NDArray[np.float64]


def eigengene_traits_figure(
    source: Source, profile: Profile, *, most: int = MOST_TRAITS
) -> Picture | None:
    """The profile by level of a grouped trait, or against a measured one, a panel a trait.

    Args:
        source: fit and data.
        profile: module or programme.
        most: how many traits, those with the smallest q.

    Returns:
        None where it was tested against no trait.
    """
    traits = best_traits(source, profile, most=most)
    if not traits:
        return None
    n = len(traits)
    columns = min(n, 3) if n != 4 else 2
    width = _WIDTHS[columns]
    levels = [_levels(found) for found in traits]
    labels = [_level_labels(shown, width) for shown in levels]
    under = [_room_under(texts, width) for texts in labels]
    rows = [under[start : start + columns] for start in range(0, n, columns)]
    depth = [max(row) for row in rows]
    full_width = _LEFT + columns * (width + _APART) - _APART + 0.2
    figure = canvas(full_width, HEAD + sum(_ABOVE + _PLOT + below for below in depth) + 0.06)
    what = shown_of(n, n_tested(source, profile), "traits")
    choice = ", smallest q" if n < n_tested(source, profile) else ""
    samples = f"{len(profile.values)} samples"
    head(figure, f"{profile.name}: by sample trait", f"{what}{choice}; {samples}")
    top = HEAD
    for place, found in enumerate(traits):
        row, column = divmod(place, columns)
        if column == 0 and row:
            top += _ABOVE + _PLOT + depth[row - 1]
        left = _LEFT + column * (width + _APART)
        axes = panel(figure, left, top + _ABOVE, width, _PLOT)
        _name_panel(figure, left, top, width, found)
        values = found.trait.level_values.reindex(list(source.sample_ids))
        if found.grouped:
            _draw_levels(axes, values, profile.values, levels[place])
            _label_levels(axes, labels[place], width)
        else:
            _draw_points(axes, values.to_numpy(dtype=np.float64), profile.values)
        reach = float(np.abs(profile.values).max()) * 1.08
        axes.set_ylim(-reach, reach)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.tick_params(labelleft=column == 0)
        open_frame(axes)
        if column == 0:
            middle = top + _ABOVE + _PLOT / 2
            write(figure, EDGE + 0.06, middle, axis_name(profile), align="center", upright=True)
    caption = (
        f"{what}{choice}: {along(profile)} in every sample, by level with median and quartiles, or "
        "against the measured value with its line; q is Benjamini and Hochberg's over all modules "
        "and traits."
    )
    return Picture("By sample trait", caption, figure)


def _levels(found: TraitTest) -> list[tuple[str, int]]:
    """Levels that are shown, the most frequent in their order, each with its n."""
    if not found.grouped:
        return []
    count = found.trait.level_values.astype(object).value_counts()
    present = [level for level in found.trait.levels if level in count.index]
    kept = sorted(present, key=lambda level: (-int(count[level]), level))[:MOST_LEVELS]
    return [(level, int(count[level])) for level in present if level in set(kept)]


def _level_labels(levels: list[tuple[str, int]], width: float) -> list[str]:
    """Name and n; on two lines where all fit beside each other, else on one to be tilted."""
    if not levels:
        return []
    slot = width / len(levels) - 0.08
    names = [" ".join(level.split()) for level, _ in levels]
    if widest(names) <= slot:
        return [f"{name}\nn = {n}" for name, (_, n) in zip(names, levels, strict=True)]
    # the first one must not leave the figure
    first = _LEFT - 0.05 + width * 0.6 / (len(levels) + 0.2)
    longest = min(_LONGEST, first / float(np.cos(np.radians(_TILT))))
    room = [longest - text_width(f" ({n})") for _, n in levels]
    return [
        f"{shortened(name, inches, middle=True)} ({n})"
        for name, inches, (_, n) in zip(names, room, levels, strict=True)
    ]


def _room_under(labels: list[str], width: float) -> float:
    """Inches under a panel for its tick labels."""
    if not labels:
        return 0.28
    if "\n" in labels[0]:
        return 0.42
    return 0.25 + float(np.sin(np.radians(_TILT))) * widest(labels)


def _label_levels(axes: Axes, labels: list[str], width: float) -> None:
    tilted = "\n" not in labels[0]
    axes.set_xticks(np.arange(len(labels)))
    axes.set_xticklabels(
        ["\n".join(plain(line) for line in label.split("\n")) for label in labels],
        rotation=_TILT if tilted else 0,
        ha="right" if tilted else "center",
        rotation_mode="anchor" if tilted else "default",
    )
    axes.tick_params(axis="x", length=0, pad=3)


def _draw_levels(
    axes: Axes,
    values: pd.Series[Any],
    profile: Floats,
    levels: list[tuple[str, int]],
) -> None:
    boxes = []
    for place, (level, _) in enumerate(levels):
        y = np.sort(profile[(values == level).to_numpy(dtype=bool)])
        # a low-discrepancy sequence spreads points evenly and the same way every time
        spread = np.arange(len(y), dtype=np.float64) * _GOLDEN % 1.0 * 0.5
        _points(axes, np.asarray(place - 0.25 + spread, dtype=np.float64), y)
        low, middle, high = np.quantile(y, [0.25, 0.5, 0.75])
        boxes.append(Rectangle((place - 0.34, low), 0.68, high - low))
        axes.hlines(middle, place - 0.34, place + 0.34, color=RED, linewidth=2, zorder=3)
    axes.add_collection(
        PatchCollection(boxes, facecolor="none", edgecolor=DARK, linewidth=0.9, zorder=2)
    )
    axes.axhline(0, color=DARK, linewidth=0.5, linestyle=":", zorder=0)
    axes.set_xlim(-0.6, len(levels) - 0.4)


def _draw_points(axes: Axes, x: Floats, y: Floats) -> None:
    known = np.isfinite(x)
    x, y = x[known], y[known]
    _points(axes, x, y)
    centred = x - x.mean()
    slope = centred @ y / max(float(centred @ centred), 1e-300)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, y.mean() + slope * (ends - x.mean()), color=RED, linewidth=2, zorder=3)
    axes.axhline(0, color=DARK, linewidth=0.5, linestyle=":", zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.get_offset_text().set_fontsize(TEXT)


def _points(axes: Axes, x: Floats, y: Floats) -> None:
    axes.plot(
        x,
        y,
        "o",
        color=paler(BLUE, 0.6),
        markersize=3.4 if len(x) < _DENSE else 2.0,
        markeredgewidth=0,
        zorder=1,
        rasterized=len(x) >= _DENSE,
    )


def _name_panel(figure: Figure, left: float, top: float, width: float, found: TraitTest) -> None:
    """The trait's name, and under it effect and q."""
    name = shortened(found.trait.name, width, size=TEXT + 0.5, bold=True)
    write(figure, left, top + 0.12, name, size=TEXT + 0.5, bold=True)
    write(figure, left, top + 0.33, shortened(_effect(found, width), width), colour=DARK)


def _effect(found: TraitTest, width: float) -> str:
    test = found.test
    q = f"q {small_number(test['qvalue'])}"
    if found.trait.kind == TraitKind.TWO_LEVEL:
        effect = f" {signed(test['effect'])}, {q}"
        levels = f"{test['level']} v {test['reference_level']}:"
        return (levels if text_width(levels + effect) <= width else "difference") + effect
    if found.trait.kind == TraitKind.MANY_LEVEL:
        n = len(found.trait.levels)
        few = f", {MOST_LEVELS} of {n} levels" if n > MOST_LEVELS else ""
        return f"η² {number(test['effect'])}, {q}{few}"
    return f"r {number(test['r'])}, {q}"

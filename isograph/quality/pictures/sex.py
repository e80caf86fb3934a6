"""XIST against Y-linked genes, with the sex that the sample sheet says."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    canvas,
    head,
    open_frame,
    panel,
    write,
)
from isograph.explanation.pictures.words import TEXT, shortened
from isograph.plots.style import DARK, GREY, ORANGE, RED, SKY
from isograph.quality.model import Check, Quality
from isograph.quality.pictures.marks import LINE, label_points, marker_size, padded, square
from isograph.quality.sex import FEMALE, HIGH, MALE, MARGIN, UNCLEAR

_SIDE, _LEFT, _UNDER, _KEY = 3.6, 0.75, 0.6, 2.3
_COLOURS = {FEMALE: ORANGE, MALE: SKY}


def sex_picture(quality: Quality) -> Picture | None:
    """One dot a sample; those whose sex is unclear or not as declared have a ring and a name.

    Args:
        quality: of a cohort.
    """
    frame = quality.samples
    if frame["xist"].isna().all():
        return None
    figure = canvas(_LEFT + _SIDE + 0.3 + _KEY + EDGE, HEAD + _SIDE + _UNDER)
    counts = frame["predicted_sex"].value_counts()
    told = ", ".join(f"{int(counts.get(sex, 0)):,} {sex}" for sex in (FEMALE, MALE, UNCLEAR))
    head(figure, "Sex by XIST and Y-linked genes", told)
    axes = panel(figure, _LEFT, HEAD + 0.05, _SIDE, _SIDE)
    _draw(axes, quality)
    left, top = _LEFT + _SIDE + 0.3, HEAD + 0.2
    column = quality.sex_column
    title = "no column holds the sex" if column is None else f"{column} says"
    write(figure, left, top, shortened(title, _KEY, bold=True), bold=True)
    for text, colour in ((FEMALE, ORANGE), (MALE, SKY), ("not known", GREY)):
        if column is not None:
            top += LINE
            square(figure, left, top, colour)
            write(figure, left + 0.2, top, text)
    top += 2 * LINE
    for text in ("tinted: where genes say", "male (upper left) or", "female (lower right)"):
        write(figure, left, top, text, colour=DARK)
        top += LINE
    caption = (
        "Log2 counts a million; Y is the mean over the Y-linked genes found. Rings and names: the "
        "genes contradict the sample sheet (a swap?), or are unclear."
    )
    return Picture("Sex", caption, figure)


def _draw(axes: Axes, quality: Quality) -> None:
    frame = quality.samples
    x = frame["xist"].to_numpy(dtype=np.float64)
    y = frame["y_genes"].to_numpy(dtype=np.float64)
    low_x, high_x = padded(np.append(x, [-2.0, HIGH + MARGIN]), share=0.08)
    low_y, high_y = padded(np.append(y, [-2.0, HIGH + MARGIN]), share=0.08)
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    for colour, corner, width, height in (
        (ORANGE, (HIGH, low_y), high_x - HIGH, HIGH - low_y),
        (SKY, (low_x, HIGH), HIGH - low_x, high_y - HIGH),
    ):
        axes.add_patch(
            Rectangle(corner, width, height, facecolor=colour, alpha=0.12, linewidth=0, zorder=0)
        )
    declared = frame["declared_sex"].astype(object)
    colours = [_COLOURS.get(value, GREY) for value in declared]
    size = marker_size(len(x)) + 0.5
    axes.scatter(x, y, s=size**2, c=colours, linewidths=0.3, edgecolors="white", zorder=2)
    out = quality.flagged_by(Check.SEX, Check.SEX_UNCLEAR)
    axes.scatter(
        x[out],
        y[out],
        s=(size + 3) ** 2,
        facecolors="none",
        edgecolors=RED,
        linewidths=0.9,
        zorder=3,
    )
    wrong = quality.flagged_by(Check.SEX)
    which = np.concatenate([np.flatnonzero(wrong), np.flatnonzero(out & ~wrong)])
    label_points(axes, (_SIDE, _SIDE), x, y, frame["sample_id"].tolist(), which)
    axes.set_xlabel("XIST, log2 counts a million", fontsize=TEXT)
    axes.set_ylabel("Y-linked genes, log2 counts a million", fontsize=TEXT)
    open_frame(axes)

"""Samples in the space of the first principal components."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    canvas,
    head,
    open_frame,
    panel,
)
from isograph.explanation.pictures.trait_strips import Strip
from isograph.explanation.pictures.words import TEXT
from isograph.plots.style import BLUE, RED
from isograph.quality.model import Components, Floats, Quality
from isograph.quality.pictures.marks import (
    colours_of,
    draw_key,
    label_points,
    marker_size,
    padded,
    shown_columns,
)

_SIDE, _LEFT, _GAP, _UNDER, _KEY = 3.3, 0.75, 0.8, 0.6, 1.7


def components_picture(quality: Quality) -> Picture | None:
    """PC1 and PC2, PC3 and PC4, coloured by the first trait; flagged samples are ringed and named.

    Args:
        quality: of a cohort.
    """
    components = quality.components
    if components is None or len(components.shares) < 2:
        return None
    columns = shown_columns(quality, 1)
    strip = colours_of(quality, columns[0]) if columns else None
    pairs = [(0, 1), (2, 3)] if len(components.shares) >= 4 else [(0, 1)]
    width = _LEFT + len(pairs) * (_SIDE + _GAP) - _GAP + 0.3 + (_KEY if columns else 0) + EDGE
    figure = canvas(width, HEAD + _SIDE + _UNDER)
    genes = quality.facts["genes_expressed"]
    head(figure, "Principal components", f"{len(quality.samples):,} samples, {genes:,} genes")
    for place, pair in enumerate(pairs):
        left = _LEFT + place * (_SIDE + _GAP)
        axes = panel(figure, left, HEAD + 0.05, _SIDE, _SIDE)
        _draw(axes, quality, components, pair, strip)
    if strip is not None:
        left = _LEFT + len(pairs) * (_SIDE + _GAP) - _GAP + 0.3
        draw_key(figure, left, HEAD + 0.2, columns[0], strip, width=_KEY)
    by = f", coloured by {columns[0].name}" if columns else ""
    caption = (
        f"Log abundance, nothing taken out{by}. Rings and names: samples that are flagged for "
        "anything. Covariates that split the cloud are worth taking out in a fit."
    )
    return Picture("Principal components", caption, figure)


def _draw(
    axes: Axes,
    quality: Quality,
    components: Components,
    pair: tuple[int, int],
    strip: Strip | None,
) -> None:
    x, y = (components.scores[i] for i in pair)
    n = len(x)
    size = marker_size(n) + 0.5
    colours = np.tile(_rgb(BLUE), (n, 1)) if strip is None else strip.colours
    axes.scatter(x, y, s=size**2, c=colours, linewidths=0, zorder=2)
    out = quality.flagged_by()
    axes.scatter(
        x[out],
        y[out],
        s=(size + 3) ** 2,
        facecolors="none",
        edgecolors=RED,
        linewidths=0.9,
        zorder=3,
    )
    axes.set_xlim(*padded(x, share=0.08))
    axes.set_ylim(*padded(y, share=0.08))
    farthest = np.flatnonzero(out)
    reach = (x / max(np.abs(x).max(), 1e-300)) ** 2 + (y / max(np.abs(y).max(), 1e-300)) ** 2
    farthest = farthest[np.argsort(-np.round(reach[farthest], 9), kind="stable")]
    names = quality.samples["sample_id"].tolist()
    label_points(axes, (_SIDE, _SIDE), x, y, names, farthest)
    for axis, i in ((axes.xaxis, pair[0]), (axes.yaxis, pair[1])):
        axis.set_major_locator(MaxNLocator(4))
        share = components.shares[i]
        axis.set_label_text(f"{components.names[i]} ({share:.1%} of variance)", fontsize=TEXT)
    open_frame(axes)


def _rgb(colour: str) -> Floats:
    return np.array(to_rgb(colour))

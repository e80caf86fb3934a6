"""What the pictures of a cohort share: colours of samples, names of those that are flagged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from isograph.explanation.pictures.frame import panel, write
from isograph.explanation.pictures.label_places import label_places
from isograph.explanation.pictures.trait_strips import Strip, trait_strip
from isograph.explanation.pictures.words import plain, shortened, text_width
from isograph.features.traits import TraitKind
from isograph.plots.style import DARK, SEQUENTIAL
from isograph.quality.model import Floats, Quality, Role, SampleColumn

MOST_LABELS = 12
LABEL = 7.5
LINE = 0.17
_LABEL_WIDTH = 1.1
_LABEL_HEIGHT = 0.13
_MOST_LEVELS = 6


def shown_columns(quality: Quality, most: int) -> list[SampleColumn]:
    """Columns to colour samples by: traits, then covariates, as the study names them.

    Where it names none, those that the first two components go with most.

    Args:
        quality: of a cohort.
        most: how many.
    """
    named = [c for c in quality.columns if c.role in (Role.TRAIT, Role.COVARIATE)]
    others = [c for c in quality.columns if c.role == Role.OTHER]
    if named:
        return named[:most]
    tests = quality.tables["component_associations"].to_pandas()
    tests = tests[tests["component"].isin(["PC1", "PC2"])].dropna(subset=["pvalue"])
    best = tests.groupby("column")["pvalue"].min().to_dict()
    # a legend tells a handful of levels apart
    few = [c for c in others if len(c.trait.levels) <= _MOST_LEVELS] or others
    return sorted(few, key=lambda column: best.get(column.name, 1.0))[:most]


def colours_of(quality: Quality, column: SampleColumn) -> Strip:
    """Colours of a column's values over all samples, with their legend."""
    ids = quality.samples["sample_id"].to_numpy(dtype=str)
    return trait_strip(column.trait, ids, most_levels=_MOST_LEVELS)


def draw_key(
    figure: Figure, left: float, top: float, column: SampleColumn, strip: Strip, *, width: float
) -> float:
    """The legend of one column at the right of a picture, in inches; where the next one begins."""
    write(figure, left, top, shortened(column.name, width, bold=True), bold=True)
    top += LINE
    for text, colour in strip.key:
        if colour == SEQUENTIAL and column.trait.kind == TraitKind.CONTINUOUS:
            axes = panel(figure, left, top - 0.055, 0.5, 0.11)
            axes.imshow(np.linspace(0, 1, 64)[None], aspect="auto", cmap=SEQUENTIAL)
            axes.set_axis_off()
            write(figure, left + 0.57, top, shortened(text, width - 0.57))
        else:
            square(figure, left, top, colour)
            write(figure, left + 0.2, top, shortened(text, width - 0.2, middle=True))
        top += LINE
    return top + LINE / 2


def square(figure: Figure, left: float, top: float, colour: str) -> None:
    """A square of colour for a legend, in inches; `top` is its middle."""
    width, height = figure.get_size_inches()
    side = 0.11
    corner = (left / width, 1 - (top + side / 2) / height)
    figure.add_artist(Rectangle(corner, side / width, side / height, facecolor=colour, linewidth=0))


def label_points(
    axes: Axes,
    size: tuple[float, float],
    x: Floats,
    y: Floats,
    names: Sequence[str],
    which: npt.NDArray[np.int64],
) -> None:
    """Names beside some points, so that few cover each other.

    Args:
        axes: with its limits set.
        size: of the axes, in inches.
        x, y: all points, in data coordinates, shape (n,).
        names: of all points.
        which: those to name, the most important first.
    """
    which = which[:MOST_LABELS]
    if not len(which):
        return
    places = axes.transLimits.transform(axes.transScale.transform(np.column_stack([x, y])[which]))
    points = places * np.array(size)
    texts = [shortened(names[i], _LABEL_WIDTH, size=LABEL, middle=True) for i in which.tolist()]
    sizes = np.array([[text_width(text, LABEL) + 0.03, _LABEL_HEIGHT] for text in texts])
    corners = label_places(
        points,
        sizes,
        radius=np.full(len(points), 0.05),
        frame=size,
        lines=np.empty((0, 2, 2)),
    )
    for text, corner in zip(texts, corners, strict=True):
        axes.text(
            corner[0] / size[0],
            corner[1] / size[1],
            plain(text),
            transform=axes.transAxes,
            fontsize=LABEL,
            color=DARK,
            va="bottom",
            ha="left",
            zorder=5,
        )


def spread(wanted: Floats, apart: float, room: float) -> Floats:
    """Places as near to those wanted as can be, at least so far apart, from 0 to `room`.

    Args:
        wanted: rising, shape (n,).
        apart: least distance.
        room: where the last one must lie below.
    """
    at = wanted.copy()
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + apart)
    limit = room - apart / 2
    for i in range(len(at) - 1, -1, -1):
        at[i] = min(at[i], limit)
        limit = at[i] - apart
    return at


def padded(values: Floats, *, share: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """Limits of an axis with room around finite values."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = max((high - low) * share, least, abs(high) * 1e-6, 1e-9)
    return low - room, high + room


def marker_size(n: int) -> float:
    """Points: smaller where there are many."""
    return float(np.clip(7.5 - 1.6 * np.log10(max(n, 1)), 2.2, 5.5))

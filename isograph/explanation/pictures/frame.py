"""A picture with its words, and figures whose parts are placed in inches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from isograph.explanation.pictures.words import TEXT, plain, shortened
from isograph.explanation.source import MODULE, Profile
from isograph.plots.style import DARK, DPI

TITLE = 11.0
EDGE = 0.12  # inches of white around everything
HEAD = 0.56  # inches that title and subtitle take


@dataclass(frozen=True)
class Picture:
    """A figure and what a page says of it.

    Attributes:
        title: a few words.
        caption: one sentence: what is seen, and how much of it is shown.
        figure: to be written with `isograph.plots.to_png` or `to_pdf`.
    """

    title: str
    caption: str
    figure: Figure


def canvas(width: float, height: float) -> Figure:
    """A figure of so many inches without a layout engine: its parts are placed by `panel`."""
    return Figure(figsize=(width, height), dpi=DPI)


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes placed in inches from the left and upper edges of the figure."""
    full_width, full_height = figure.get_size_inches()
    box = (
        left / full_width,
        1 - (top + height) / full_height,
        width / full_width,
        height / full_height,
    )
    axes = figure.add_axes(box)
    axes.tick_params(labelsize=TEXT, length=2.5, width=0.6, pad=2)
    axes.spines[:].set_linewidth(0.6)
    return axes


def write(
    figure: Figure,
    left: float,
    top: float,
    text: str,
    *,
    size: float = TEXT,
    colour: str = "black",
    bold: bool = False,
    align: str = "left",
    upright: bool = False,
) -> None:
    """Text on one line, placed in inches from the left and upper edges; `top` is its middle."""
    width, height = figure.get_size_inches()
    figure.text(
        left / width,
        1 - top / height,
        plain(text),
        fontsize=size,
        color=colour,
        fontweight="bold" if bold else "normal",
        ha=align,
        va="center" if upright else "center_baseline",
        rotation=90 if upright else 0,
    )


def head(figure: Figure, title: str, subtitle: str) -> None:
    """Title and, in grey, what is shown of how much."""
    room = figure.get_size_inches()[0] - 2 * EDGE
    title = shortened(title, room, size=TITLE, bold=True)
    write(figure, EDGE, 0.2, title, size=TITLE, bold=True)
    write(figure, EDGE, 0.42, shortened(subtitle, room), colour=DARK)


def open_frame(axes: Axes) -> None:
    """Only the left and the lower edge of axes."""
    axes.spines[["top", "right"]].set_visible(False)


def axis_name(profile: Profile) -> str:
    """What the profile's values are called."""
    return f"eigengene of {profile.name}" if profile.kind == MODULE else f"programme {profile.name}"


def along(profile: Profile) -> str:
    """The profile in a sentence."""
    return f"the {axis_name(profile)}" if profile.kind == MODULE else axis_name(profile)


def genes_of(profile: Profile) -> str:
    """What the profile's genes are called."""
    return "genes of the module" if profile.kind == MODULE else "genes of the programme"


def paler(colour: str, part: float) -> str:
    """A colour with so much of it left and white for the rest: what alpha does, but solid."""
    rgb = 1 - part * (1 - np.array(to_rgb(colour)))
    return to_hex(rgb)

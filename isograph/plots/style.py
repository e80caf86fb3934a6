"""What all pictures share: palette, sizes, and figures as bytes."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's palette: told apart with any colour vision
BLUE, ORANGE, GREEN, PINK, RED, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
)
SERIES = (BLUE, RED, GREEN, PINK, SKY)  # of lines in one panel, in this order
GREY = "#BBBBBB"
DARK = "#444444"
PALE = "#E6E6E6"  # what was not measured
DIVERGING = "RdBu_r"
SEQUENTIAL = "viridis"
SMALL, NORMAL = 7.0, 8.0

# of `module_role`, in the order in which they are told
ROLE_COLOURS = {
    "switch_only": BLUE,
    "abundance_only": ORANGE,
    "coupled": GREEN,
    "discordant": PINK,
    "inactive": GREY,
}

# the order in which users of WGCNA know their modules, from the largest on
MODULE_COLOURS = (
    "turquoise",
    "blue",
    "brown",
    "yellow",
    "green",
    "red",
    "black",
    "pink",
    "magenta",
    "purple",
    "greenyellow",
    "tan",
    "salmon",
    "cyan",
    "midnightblue",
    "paleturquoise",
    "dimgrey",
    "lightgreen",
    "khaki",
    "royalblue",
    "darkred",
    "darkgreen",
    "darkturquoise",
    "darkorange",
)
NO_MODULE = "#D0D0D0"

DPI = 120
_PALETTE = 256
_SQUEEZE = 8  # of zlib: 9 takes twice as long to save a hundredth


def module_colour(number: int) -> str:
    """Colour of a module by its number; past the last one they come again."""
    return MODULE_COLOURS[number % len(MODULE_COLOURS)]


def new_figure(width: float, height: float) -> Figure:
    """A figure of so many inches that lays itself out and belongs to no window."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def empty_figure(text: str) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(5.0, 1.2), dpi=DPI)
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=NORMAL + 1)
    return figure


def to_png(figure: Figure, *, dpi: float | None = None) -> bytes:
    """PNG with a palette: a third of the size, and no difference to the eye.

    Args:
        figure: drawn anew.
        dpi: dots an inch; the figure's own if None.
    """
    own = figure.dpi
    try:
        figure.dpi = dpi or own
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    finally:
        figure.dpi = own
    # the median cut would turn blue ends of a colour bar grey
    image = Image.fromarray(np.ascontiguousarray(pixels), mode="RGB")
    image = image.quantize(_PALETTE, method=Image.Quantize.MAXCOVERAGE)
    small = BytesIO()
    image.save(small, format="PNG", compress_level=_SQUEEZE)
    return small.getvalue()


def to_pdf(figure: Figure) -> bytes:
    """PDF without a date: the same figure gives the same bytes."""
    out = BytesIO()
    FigureCanvasPdf(figure).print_pdf(out, metadata={"CreationDate": None})
    return out.getvalue()

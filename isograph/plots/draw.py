"""All pictures of a fit at once, in memory or as files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from isograph.files import write_bytes
from isograph.plots.dendrogram import dendrogram_figure
from isograph.plots.modules import modules_figure
from isograph.plots.soft_threshold import soft_threshold_figure
from isograph.plots.style import to_pdf, to_png
from isograph.plots.traits import module_traits_figure
from isograph.results.model import PLOTS, Fit

_DRAW = {
    "module_traits": module_traits_figure,
    "modules": modules_figure,
    "soft_threshold": soft_threshold_figure,
    "dendrogram": dendrogram_figure,
}
assert set(_DRAW) == set(PLOTS)


def draw_fit(fit: Fit) -> dict[str, Figure]:
    """Every picture that this fit has, by file stem.

    Module–trait heatmap and module sizes for every backend; soft threshold and dendrogram where
    the backend has them.

    Args:
        fit: in memory, or from `read_fit`.

    Raises:
        OutputError: a stored dendrogram cannot be read.
    """
    drawn = {name: draw(fit) for name, draw in _DRAW.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def write_plots(fit: Fit, folder: Path) -> list[Path]:
    """Write every picture as PNG and PDF, each whole or not at all.

    Args:
        fit: in memory, or from `read_fit`.
        folder: made if it is not there; pictures of the same name are replaced.

    Returns:
        The files.
    """
    files = []
    for name, figure in draw_fit(fit).items():
        for ending, content in (("png", to_png(figure)), ("pdf", to_pdf(figure))):
            files.append(Path(folder) / f"{name}.{ending}")
            write_bytes(files[-1], content)
    return files

"""Small pictures of results: drawn off screen, without matplotlib's global state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isograph.plots import draw_fit, to_png
from isograph.results import Fit
from isograph.selection.picture import stability_figure

SMALL_DPI = 80


def fit_pictures(fit: Fit) -> dict[str, bytes]:
    """Every picture of a fit (`isograph.plots.draw_fit`) as small PNG, by name."""
    return {name: to_png(figure, dpi=SMALL_DPI) for name, figure in draw_fit(fit).items()}


def stability_pictures(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The picture of a stability report: as it is stored, and smaller for the UI.

    Args:
        document: as `stability_report` makes it.
    """
    figure = stability_figure(document)
    return to_png(figure), to_png(figure, dpi=SMALL_DPI)

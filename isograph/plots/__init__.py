"""Pictures of a fit, as matplotlib figures or PNG and PDF files; without matplotlib's state."""

from isograph.plots.dendrogram import dendrogram_figure
from isograph.plots.draw import draw_fit, write_plots
from isograph.plots.modules import modules_figure
from isograph.plots.soft_threshold import soft_threshold_figure
from isograph.plots.style import to_pdf, to_png
from isograph.plots.traits import module_traits_figure

__all__ = [
    "dendrogram_figure",
    "draw_fit",
    "module_traits_figure",
    "modules_figure",
    "soft_threshold_figure",
    "to_pdf",
    "to_png",
    "write_plots",
]

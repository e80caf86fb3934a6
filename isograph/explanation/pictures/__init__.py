"""Pictures of one module or programme, each with a caption; without matplotlib's state."""

from isograph.explanation.pictures.draw import draw_profile
from isograph.explanation.pictures.drivers import drivers_figure
from isograph.explanation.pictures.eigengene_traits import eigengene_traits_figure
from isograph.explanation.pictures.frame import Picture
from isograph.explanation.pictures.gene_structure import gene_structure_figure
from isograph.explanation.pictures.heatmap import heatmap_figure
from isograph.explanation.pictures.network import network_figure
from isograph.explanation.pictures.usage import usage_figure

__all__ = [
    "Picture",
    "draw_profile",
    "drivers_figure",
    "eigengene_traits_figure",
    "gene_structure_figure",
    "heatmap_figure",
    "network_figure",
    "usage_figure",
]

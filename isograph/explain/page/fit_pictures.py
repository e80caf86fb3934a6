"""The pictures of a whole fit, as the index page shows them."""

from __future__ import annotations

from isograph.explain.page.model import Picture
from isograph.plots.modules import modules_figure
from isograph.plots.style import to_png
from isograph.plots.traits import module_traits_figure
from isograph.results.model import Fit


def index_pictures(fit: Fit) -> dict[str, Picture]:
    """Module–trait heatmap and module sizes, by file stem.

    Args:
        fit: of any backend; a picture with nothing to show says so.
    """
    return {
        "module_traits": Picture(
            to_png(module_traits_figure(fit)),
            "Correlation of every module and broad factor with every trait; red is positive, blue "
            "negative, stars mark q. The number of genes stands beside a module's name.",
            "Modules and traits",
        ),
        "modules": Picture(
            to_png(modules_figure(fit)),
            "Left: genes of each module by role. Right: each module's eigengene over the samples, "
            "which stand in the order of the first module.",
            "Modules: genes and eigengenes",
        ),
    }

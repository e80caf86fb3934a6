"""The pictures of a whole fit, as the index page shows them."""

from __future__ import annotations

from collections.abc import Mapping

from isograph.explanation.page.model import Picture

_WORDS = {
    "module_traits": (
        "Modules and traits",
        "Correlation of every module and broad factor with every trait; red is positive, blue "
        "negative, stars mark q. The number of genes stands beside a module's name.",
    ),
    "modules": (
        "Modules: genes and eigengenes",
        "Left: genes of each module by role. Right: each module's eigengene over the samples, "
        "which stand in the order of the first module.",
    ),
    "soft_threshold": (
        "Soft threshold",
        "How well connectivity fits a scale-free network, and how much of it is left, at each "
        "power.",
    ),
    "dendrogram": (
        "Dendrogram",
        "The tree of the features, with the modules below it as colours.",
    ),
}


def index_pictures(pngs: Mapping[str, bytes]) -> dict[str, Picture]:
    """The pictures of a fit with their words.

    Args:
        pngs: by file stem, as `isograph.plots.draw_fit` names them.
    """
    return {
        name: Picture(pngs[name], caption, title)
        for name, (title, caption) in _WORDS.items()
        if name in pngs
    }

"""Every picture that quality control has of a cohort."""

from __future__ import annotations

from isograph.explanation.pictures.frame import Picture
from isograph.quality.model import Quality
from isograph.quality.pictures.associations import associations_picture
from isograph.quality.pictures.components import components_picture
from isograph.quality.pictures.correlation import correlation_picture
from isograph.quality.pictures.pairs import pairs_picture
from isograph.quality.pictures.samples import samples_picture
from isograph.quality.pictures.sex import sex_picture

_DRAW = {
    "samples": samples_picture,
    "correlation": correlation_picture,
    "components": components_picture,
    "associations": associations_picture,
    "sex": sex_picture,
    "columns": pairs_picture,
}


def draw_quality(quality: Quality) -> dict[str, Picture]:
    """Pictures by name, in the order to show them; those that there are no data for are left out.

    Args:
        quality: of a cohort.
    """
    drawn = {name: draw(quality) for name, draw in _DRAW.items()}
    return {name: picture for name, picture in drawn.items() if picture is not None}

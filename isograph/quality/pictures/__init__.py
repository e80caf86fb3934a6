"""Pictures of a cohort; of a thousand samples as of ten."""

from isograph.quality.pictures.draw import draw_quality

__all__ = ["draw_quality"]

"""Modules of one cohort in another: their scores, and whether they are preserved."""

from isograph.projection.preserved import Preserved, preserve
from isograph.projection.project import Projection, project

__all__ = ["Preserved", "Projection", "preserve", "project"]

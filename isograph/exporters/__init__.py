"""Files for other tools and for people."""

from isograph.exporters.summary import summarise_bundle

__all__ = ["summarise_bundle"]

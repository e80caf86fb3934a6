"""Files for other tools and for people."""

from isograph.exporters.fit import FORMATS, export_fit
from isograph.exporters.summary import summarise_bundle

__all__ = ["FORMATS", "export_fit", "summarise_bundle"]

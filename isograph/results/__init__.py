"""The result of a fit: in memory, as tables with fixed schemas, as a folder."""

from isograph.results.folder import check_target, read_fit, write_fit
from isograph.results.model import TABLES, Fit

__all__ = ["TABLES", "Fit", "check_target", "read_fit", "write_fit"]

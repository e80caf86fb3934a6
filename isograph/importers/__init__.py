"""Other tools' files to bundles."""

from isograph.importers.table import import_table

__all__ = ["import_table"]

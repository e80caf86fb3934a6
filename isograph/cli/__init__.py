"""The command line: `isograph COMMAND …`, a thin skin over the library."""

from isograph.cli.main import main

__all__ = ["main"]

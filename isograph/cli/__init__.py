"""The command line: `isograph COMMAND …`, a thin skin over the library."""

from isograph.cli.parser import main

__all__ = ["main"]

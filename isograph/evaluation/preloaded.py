"""What the processes of cells find ready: everything imported, and the hash of what was imported.

The hash is taken here, at the same moment, so that sources edited during a run cannot put a new
name on what the old ones gave.
"""

from __future__ import annotations

from isograph.evaluation import measure
from isograph.evaluation.cells import code_version

__all__ = ["measure"]

code_version()

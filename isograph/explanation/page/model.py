"""A picture on its way to a page."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from isograph.errors import OutputError, Problem

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIZE_AT = 16  # width and height follow the length and name of the first chunk


@dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
        png: the file's bytes.
        caption: what is seen and how to read it, a sentence or two; plain text.
        title: a few words; plain text.

    Raises:
        OutputError: the bytes are no PNG.
    """

    png: bytes
    caption: str
    title: str

    def __post_init__(self) -> None:
        if not self.png.startswith(_SIGNATURE) or len(self.png) < _SIZE_AT + 8:
            problem = Problem(f"picture “{self.title}”", "is no PNG", fix="give the bytes of one")
            raise OutputError("the page cannot be made", [problem])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels (PNG specification, 11.2.2: the IHDR chunk)."""
        width, height = struct.unpack(">II", self.png[_SIZE_AT : _SIZE_AT + 8])
        return width, height

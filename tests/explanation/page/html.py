"""Pages taken apart with the standard library's parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(("meta", "link", "img", "input", "rect", "br", "hr"))


@dataclass
class Table:
    """Cells of one table as text."""

    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def column(self, head: str) -> list[str]:
        """The cells below a head."""
        place = self.heads.index(head)
        return [row[place] for row in self.rows]


class Page(HTMLParser):
    """What a page holds.

    Attributes:
        tags: every element with its attributes, in order.
        text: all that is read, style and script left out.
        tables: by the id of the section they stand in.
        broken: closing tags that close nothing, and elements that are never closed.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.code: dict[str, list[str]] = {"script": [], "style": []}
        self.tables: dict[str, Table] = {}
        self.broken: list[str] = []
        self._open: list[str] = []
        self._section = ""
        self._cell: list[str] | None = None
        self.feed(source)
        self.close()
        self.broken += self._open

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\xa0", " ").split())

    def of(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every element of this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in ("a", "b", "strong", "code"):
            self.words.append(" ")
        if tag == "section":
            self._section = attributes.get("id", "")
        if tag == "table":
            self.tables[self._section] = Table()
        if tag == "tr" and "tbody" in self._open:
            self.tables[self._section].rows.append([])
        if tag in ("td", "th"):
            self._cell = []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.broken.append(f"/{tag}")
        if tag in ("td", "th") and self._cell is not None:
            text = " ".join("".join(self._cell).split())
            table = self.tables[self._section]
            if "thead" in self._open:
                table.heads.append(text)
            else:
                table.rows[-1].append(text)
            self._cell = None

    def handle_data(self, data: str) -> None:
        for tag, found in self.code.items():
            if tag in self._open:
                found.append(data)
                return
        self.words.append(data)
        if self._cell is not None:
            # the small id below a name is a word of its own
            self._cell.append(f" {data} " if self._open[-1] == "small" else data)

"""Tables as HTML that can be sorted and filtered; cells are written a column at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup, escape

from isograph.explanation.page.columns import KNOWN, NUMERIC, Column, Kind
from isograph.explanation.page.format import (
    MISSING,
    compact,
    exact,
    fixed,
    percent,
    pvalues,
    whole,
)

MOST_ROWS = 1000  # that a page carries of one table
VISIBLE_ROWS = 25  # that are seen before “show all”

_MOVES = {
    "rises": '<td class="up"><b aria-hidden="true">▲</b> rises</td>',
    "falls": '<td class="down"><b aria-hidden="true">▼</b> falls</td>',
    "unclear": '<td class="muted">unclear</td>',
}
_NONE = f'<td class="na">{MISSING}</td>'
_NONE_NUMBER = f'<td class="n na">{MISSING}</td>'


@dataclass(frozen=True)
class Table:
    """A table ready for the template.

    Attributes:
        name: anchor on the page, and file stem where there is a file.
        title: heading.
        lead: how to read it, plain sentences.
        columns: heads.
        rows: `<tr>`s, escaped.
        n_rows, n_shown: rows of the whole table, rows on the page.
        visible: rows seen at first; 0 for all.
        order: which rows come first, after “the”.
        file: parquet file with everything; empty where there is none.
        records: what stands behind it, label and value.
        note: what must be seen without opening anything; may be empty.
        filter_label: what the filter looks at.
        empty: what to say where it has no row.
    """

    name: str
    title: str
    lead: str
    columns: tuple[Column, ...]
    rows: Markup
    n_rows: int
    n_shown: int
    visible: int
    order: str
    file: str
    records: tuple[tuple[str, str], ...]
    note: str
    filter_label: str
    empty: str

    @property
    def helps(self) -> tuple[Column, ...]:
        """The columns that are explained."""
        return tuple(column for column in self.columns if column.help)


def make_table(
    frame: pd.DataFrame,
    *,
    name: str,
    title: str,
    columns: Iterable[Column | str],
    lead: str = "",
    order: str = "first rows",
    file: str = "",
    records: tuple[tuple[str, str], ...] = (),
    note: str = "",
    empty: str = "Nothing to show.",
    muted: npt.NDArray[np.bool_] | None = None,
    helps: Mapping[str, str] | None = None,
    finds: Sequence[str] | None = None,
    filter_label: str = "Filter",
    most: int | None = MOST_ROWS,
    visible: int = VISIBLE_ROWS,
    n_rows: int | None = None,
) -> Table:
    """A table for a page.

    Args:
        frame: its rows, in the order to show them.
        columns: which to show; by name those that `columns.KNOWN` describes.
        muted: rows to show in grey, shape (n_rows,).
        helps: other words for some columns than the usual ones.
        finds: what the filter finds each row by beside what it shows, shape (n_rows,).
        most: rows to put on the page, None for all.
        visible: rows to be seen at first, 0 for all.
        n_rows: rows of the whole table, where the frame holds the first only.
    """
    heads = [KNOWN[column] if isinstance(column, str) else column for column in columns]
    heads = [replace(c, help=(helps or {}).get(c.key, c.help)) for c in heads]
    shown = frame if most is None else frame.head(most)
    cells = [_cells(shown, head) for head in heads]
    opening = ["<tr>"] * len(shown)
    if muted is not None:
        opening = ['<tr class="muted">' if grey else "<tr>" for grey in muted[: len(shown)]]
    if finds is not None:
        opening = [
            f'{tr[:-1]} data-find="{escape(f)}">' for tr, f in zip(opening, finds, strict=True)
        ]
    rows = ["".join(row) + "</tr>\n" for row in zip(opening, *cells, strict=True)]
    return Table(
        name=name,
        title=title,
        lead=lead,
        columns=tuple(heads),
        rows=Markup("".join(rows)),
        n_rows=len(frame) if n_rows is None else n_rows,
        n_shown=len(shown),
        visible=visible,
        order=order,
        file=file,
        records=records,
        note=note,
        filter_label=filter_label,
        empty=empty,
    )


def _cells(frame: pd.DataFrame, column: Column) -> list[str]:
    """Every cell of a column as `<td>…</td>`."""
    values = frame[column.key]
    if column.kind in NUMERIC:
        return _numbers(values.to_numpy(dtype=np.float64, na_value=np.nan), column.kind)
    if column.kind == Kind.FLAG:
        flags = {True: "<td>yes</td>", False: '<td class="muted">no</td>'}
        return [flags.get(value, _NONE) for value in values.tolist()]
    if column.kind == Kind.HTML:
        return [f"<td>{text}</td>" if text else _NONE for text in values.tolist()]
    if column.kind == Kind.NAME:
        return [f'<th scope="row">{text}</th>' for text in values.tolist()]
    texts = _texts(values)
    if column.kind == Kind.GENE:
        return _genes(texts, _texts(frame["gene_name"]) if "gene_name" in frame else texts)
    if column.kind == Kind.CHANNEL:
        texts = _channels(texts, _texts(frame["gene_id"]))
    if column.kind == Kind.WORDS:
        texts = [_words(text) for text in texts]
    if column.kind == Kind.MOVE:
        return [_MOVES.get(text, _NONE) for text in texts]
    if column.kind == Kind.ROLE:
        return [_role(text) if text else _NONE for text in texts]
    opening = '<td class="id">' if column.kind == Kind.ID else "<td>"
    return [f"{opening}{escape(text)}</td>" if text else _NONE for text in texts]


def _numbers(values: npt.NDArray[np.float64], kind: Kind) -> list[str]:
    if kind == Kind.PVALUE:
        pairs = zip(pvalues(values), exact(values), strict=True)
        return [
            f'<td class="n" title="{full}">{escape(text)}</td>' if full else _NONE_NUMBER
            for text, full in pairs
        ]
    if kind == Kind.SHIFT:
        return _shifts(values)
    if kind == Kind.COUNT:
        texts = whole(values)
    elif kind == Kind.SHARE:
        texts = percent(values, digits=1)
    elif kind == Kind.DECIMAL:
        texts = fixed(values, digits=3)
    elif kind == Kind.FINE:
        texts = fixed(values, digits=4)
    else:
        texts = compact(values)
    return [f'<td class="n">{text}</td>' if text != MISSING else _NONE_NUMBER for text in texts]


def _shifts(values: npt.NDArray[np.float64]) -> list[str]:
    """Changes of usage in percentage points, with an arrow."""
    texts = fixed(values * 100.0, digits=1, signed=True)
    marks = np.where(values > 0, "▲", "▼").tolist()
    sides = np.where(values > 0, "up", "down").tolist()
    return [
        f'<td class="n {side}"><b aria-hidden="true">{mark}</b> {text}</td>'
        if text not in (MISSING, "+0.0")
        else (_NONE_NUMBER if text == MISSING else '<td class="n">0.0</td>')
        for text, mark, side in zip(texts, marks, sides, strict=True)
    ]


def _genes(ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Name with the id small below; the id alone where there is no name."""
    return [
        f'<th scope="row">{escape(name)}<small>{escape(gene)}</small></th>'
        if name and name != gene
        else f'<th scope="row">{escape(gene)}</th>'
        for gene, name in zip(ids, names, strict=True)
    ]


def _channels(features: Sequence[str], genes: Sequence[str]) -> list[str]:
    """`abundance`, `switch`, `switch 2`; a feature of the user's own by its whole id."""
    return [
        feature[len(gene) + 2 :].replace(".", " ") if feature.startswith(f"{gene}::") else feature
        for feature, gene in zip(features, genes, strict=True)
    ]


def _words(identifiers: str) -> str:
    """`exon skipping, alternative 5′ site` of `exon_skipping,alternative_5p_site`."""
    words = ", ".join(part.strip() for part in identifiers.split(","))
    return words.replace("_", " ").replace("5p ", "5′ ").replace("3p ", "3′ ")


def _role(role: str) -> str:
    words = escape(role.replace("_", " "))
    return f'<td class="role"><i class="key role-{escape(role)}"></i>{words}</td>'


def _texts(values: pd.Series) -> list[str]:
    """Strings, empty where missing; lists by commas."""
    known = values.notna().tolist()
    return [
        ", ".join(map(str, v)) if isinstance(v, list | np.ndarray) else str(v) if there else ""
        for v, there in zip(values.tolist(), known, strict=True)
    ]

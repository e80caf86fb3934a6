"""Cells of a delimited file or of an XLSX sheet as text, before anybody takes them for numbers."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import re
import warnings
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from isograph.errors import Problems
from isograph.importers.reading import note_cut_line

_SEPARATORS = {".csv": ",;\t", ".tsv": "\t,;", ".tab": "\t,;", ".txt": "\t,; "}
_EXCEL = (".xlsx", ".xlsm")
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAID = re.compile(r"sep=(.)\r?\n")
_UNREADABLE = (OSError, EOFError, ValueError, zlib.error, csv.Error)


def read_cells(
    path: Path, problems: Problems, *, sheet: str | None, findings: list[dict[str, Any]]
) -> pd.DataFrame | None:
    """Read a table as text under the names of its first row.

    Args:
        path: CSV, TSV, TAB, TXT (also gzipped) or XLSX; an existing file.
        problems: collects what is wrong.
        sheet: name of the sheet of an XLSX file; None takes the first.
        findings: gets a line where an XLSX file has further sheets.

    Returns:
        Text, shape (n_rows, n_columns), empty or None where a cell is; None, with the reason
        noted, if unreadable.
    """
    where = path.name
    suffix = Path(where.lower().removesuffix(".gz")).suffix
    if suffix in _EXCEL:
        rows = _of_excel(path, sheet, problems, findings)
    elif suffix in _SEPARATORS:
        if sheet is not None:
            problems.add(where, f"has no sheets, so none called {sheet!r}", fix="leave it out")
        rows = _of_text(path, _SEPARATORS[suffix], problems)
    else:
        known = ", ".join([".parquet", ".xlsx", *_SEPARATORS])
        fix = f"use {known}, text also with .gz"
        problems.add(where, "unknown kind of file", fix=fix)
        return None
    if rows is None:
        return None
    if not rows:
        problems.add(where, "holds no rows", fix="the first line is the header, rows follow")
        return None
    return _rectangle(rows, where, problems)


def _of_text(path: Path, separators: str, problems: Problems) -> list[list[Any]] | None:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
        text = _decoded(content)
        if "\0" in text:
            raise ValueError("NUL bytes: the copy has holes, or is UTF-16 without its mark")
        note_cut_line(text.encode(), path.name, problems)
        # Excel's own way to name the separator
        said = _SAID.match(text)
        text = text[said.end() :] if said else text
        first = text.lstrip("\r\n").split("\n", 1)[0]
        separator = next((one for one in separators if one in first), separators[0])
        separator = said[1] if said else separator
        lines = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=separator,
            skipinitialspace=separator == " ",
            strict=True,
        )
        return [row for row in lines if row]
    except _UNREADABLE as error:
        reason = str(error).strip()
        fix = "write it again, as UTF-8"
        problems.add(path.name, f"cannot be read as a table: {reason}", fix=fix)
        return None


def _decoded(content: bytes) -> str:
    """UTF-8 or marked UTF-16; other encodings are not guessed, as ids could change."""
    if content.startswith(_UTF_16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        word = re.split(rb"[,;\t]", content[start:].split(b"\n", 1)[0])
        width = np.cumsum([len(one) + 1 for one in word])
        cell = word[int(np.searchsorted(width, error.start - start, side="right"))]
        raise ValueError(
            f"is not UTF-8: line {line} has {cell.decode('cp1252', 'replace').strip()!r} if it is "
            "Windows-1252 (save it as “CSV UTF-8”)"
        ) from error


def _of_excel(
    path: Path, sheet: str | None, problems: Problems, findings: list[dict[str, Any]]
) -> list[list[Any]] | None:
    try:
        openpyxl: Any = importlib.import_module("openpyxl")
    except ImportError:
        fix = "pip install openpyxl, or save the sheet as CSV"
        problems.add(path.name, "XLSX files need the package openpyxl", fix=fix)
        return None
    try:
        with warnings.catch_warnings():
            # what openpyxl leaves out (styles, drop-down lists) says nothing about samples
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, data_only=True)
            names = [page.title for page in book.worksheets]
            if sheet is not None and sheet not in names:
                fix = "name one of its sheets"
                problems.add(path.name, f"has no sheet {sheet!r}", examples=names, fix=fix)
                return None
            page = book[sheet] if sheet is not None else book.worksheets[0]
            rows = [[_excel_text(cell) for cell in row] for row in page.iter_rows(values_only=True)]
            _refuse_unsaved(openpyxl, path, page, problems)
    except Exception as error:  # damaged archives and XML raise anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        problems.add(path.name, f"cannot be read as XLSX: {reason}", fix="save it again")
        return None
    if sheet is None and len(names) > 1:
        findings.append(
            {
                "kind": "further_sheets",
                "n": len(names) - 1,
                "share_of_reads": None,
                "examples": names[1:4],
                "action": f"only {names[0]!r} was read",
            }
        )
    return [row for row in rows if any(cell is not None for cell in row)]


def _refuse_unsaved(openpyxl: Any, path: Path, page: Any, problems: Problems) -> None:
    """Note a sheet none of whose formulas has a value: all of them would read as missing."""
    cells = [cell for row in openpyxl.load_workbook(path)[page.title].iter_rows() for cell in row]
    formulas = [cell.coordinate for cell in cells if cell.data_type == "f"]
    # where some have one, the others are empty text
    if formulas and all(page[one].value is None for one in formulas):
        problems.add(
            path.name,
            "formulas without a saved value",
            examples=formulas,
            count=len(formulas),
            fix="open the file in a spreadsheet program and save it, or write values",
        )


def _excel_text(value: object) -> str | None:
    """A cell as a text file would have it: 3 for 3.0, dates as ISO."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        value = value.date()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _rectangle(rows: list[list[Any]], where: str, problems: Problems) -> pd.DataFrame | None:
    """The first row as header; rows may end early or late only by empty cells."""
    header = _shortened(rows[0])
    n = len(header)
    body = [_shortened(row, n) for row in rows[1:]]
    sizes = np.fromiter((len(row) for row in body), dtype=np.int64, count=len(body))
    wrong = np.flatnonzero(sizes != n)
    if len(wrong):
        named_rows = len(wrong) == len(body) and bool((sizes == n + 1).all())
        examples = [f"row {i + 1} has {sizes[i]}" for i in wrong[:3]]
        problems.add(
            where,
            f"rows without {n} cells, as the header has",
            examples=examples,
            count=len(wrong),
            fix="name every column (R: write.table(…, row.names = FALSE))"
            if named_rows
            else "put quotes around cells that hold the separator",
        )
        return None
    return pd.DataFrame(body, columns=[name or "" for name in header], dtype=object)


def _shortened(row: list[Any], n: int = 0) -> list[Any]:
    """Without empty cells past the first `n`."""
    end = len(row)
    while end > n and row[end - 1] in (None, ""):
        end -= 1
    return row[:end]

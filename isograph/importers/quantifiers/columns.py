"""A quantifier's text file to columns, with every fault of it named."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from isograph.errors import Problems
from isograph.importers.quantifiers.model import Floats
from isograph.importers.reading import LARGEST

AGAIN = "copy the file again, or quantify the sample again"
NUL = "holds NUL bytes: the copy has holes, or is no UTF-8 text"

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}
_MISSING = frozenset(csv.ConvertOptions().null_values)


@dataclass(frozen=True)
class Columns:
    """Columns of one file.

    Attributes:
        text: arrow strings by column name.
        numbers: float64, shape (n,), by column name; finite and not negative.
    """

    text: Mapping[str, Any]
    numbers: Mapping[str, Floats]


def label(path: Path) -> str:
    """What messages call a file: its folder tells which sample it is."""
    return "/".join(path.parts[-2:])


def read_columns(
    path: Path,
    *,
    ids: str,
    numbers: Sequence[str],
    text: Sequence[str] = (),
    problems: Problems,
) -> Columns | None:
    """Read named columns of one sample's tab-separated file, plain or gzip (told by content).

    A byte order mark and CRLF line ends change nothing. Columns are found by name, so their order
    and further columns do not matter.

    Args:
        path: the file.
        ids: column of transcript ids, which must be there and differ.
        numbers: columns of finite numbers that are not negative.
        text: further columns of text.
        problems: collects what is wrong.

    Returns:
        The columns; None, with the reason noted, where anything is wrong.
    """
    where, found = label(path), Problems()
    data = _content(path, where, found)
    table = None
    if data is not None and _header_is_good(data, [ids, *text, *numbers], where, found):
        table = _parse(data, [ids, *text], numbers, where, found)
    if table is not None:
        check_ids(table[ids], where, ids, found)
        # looked for in the bytes first: hundreds of samples hold none
        for name in (ids, *text) if data is not None and b'"' in data else ():
            check_quotes(table[name], where, name, found)
        values = {name: _as_floats(table[name]) for name in numbers}
        for name in numbers:
            check_numbers(values[name], table[ids], where=where, column=name, problems=found)
    problems.found.extend(found.found)
    if found or table is None:
        return None
    texts = {name: table[name].combine_chunks() for name in [ids, *text]}
    return Columns(texts, values)


def check_numbers(values: Floats, ids: Any, *, where: str, column: str, problems: Problems) -> None:
    """Note values, shape (n,), that are missing, infinite, negative or impossibly large."""
    good = (values >= 0) & (values <= LARGEST)
    if good.all():
        return
    for what, bad in (
        ("is missing or NaN", np.isnan(values)),
        ("is negative", values < 0),
        ("is infinite or impossibly large", values > LARGEST),
    ):
        rows = np.flatnonzero(bad)
        if len(rows):
            examples = [f"{ids[int(row)]} ({values[row]:g})" for row in rows[:3]]
            problems.add(where, f"{column} {what}", examples=examples, count=len(rows), fix=AGAIN)


def check_ids(ids: Any, where: str, column: str, problems: Problems) -> None:
    """Note transcripts without an id and ids that stand twice."""
    empty = pc.sum(pc.equal(pc.utf8_trim_whitespace(ids), "")).as_py() or 0
    if empty:
        problems.add(where, f"lines without {column}", count=empty, fix=AGAIN)
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    counts = pd.Series(ids.to_pandas()).value_counts(sort=False)
    twice = counts.index[(counts > 1) & (counts.index != "")]
    if len(twice):
        problems.add(
            where,
            "transcripts that stand twice",
            examples=list(twice),
            count=len(twice),
            fix="give each transcript of the index its own name, and quantify again",
        )


def check_quotes(cells: Any, where: str, column: str, problems: Problems) -> None:
    """Note cells that begin or end with a double quote: no quantifier quotes its cells."""
    odd = cells.filter(pc.match_substring_regex(cells, '^"|"$'))
    if len(odd):
        shown = odd[:3].to_pylist()
        problems.add(
            where, f"{column} in quotes", examples=shown, count=len(odd), fix="remove the quotes"
        )


def _content(path: Path, where: str, problems: Problems) -> bytes | None:
    """Bytes of the file, unpacked; None where they cannot be had whole."""
    try:
        if path.is_dir():
            problems.add(where, "is a folder, a file should stand there", fix=AGAIN)
            return None
        data = path.read_bytes()
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(where, f"cannot be read: {reason or type(error).__name__}", fix=AGAIN)
        return None
    if not data.strip():
        problems.add(where, "is empty", fix=AGAIN)
        return None
    # numpy's text drops a NUL at its end: two ids could become one
    if b"\0" in data:
        problems.add(where, NUL, fix=AGAIN)
        return None
    # every quantifier ends its last line: a number that was cut in two looks like a number
    if not data.endswith(b"\n"):
        problems.add(where, "last line is cut off (no line end)", fix=AGAIN)
        return None
    return data


def _header_is_good(data: bytes, wanted: Sequence[str], where: str, problems: Problems) -> bool:
    line = data.partition(b"\n")[0].removeprefix(_BOM).rstrip(b"\r")
    names = line.decode("utf-8", errors="replace").split("\t")
    before = len(problems.found)
    missing = [name for name in wanted if name not in names]
    if missing:
        problems.add(
            where,
            "columns are not there",
            examples=missing,
            count=len(missing),
            fix=_header_advice(names),
        )
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        problems.add(where, "columns stand twice", examples=twice, count=len(twice), fix=AGAIN)
    return len(problems.found) == before


def _header_advice(names: Sequence[str]) -> str:
    """What may be wrong with a header that lacks columns."""
    if len(names) == 1:
        counts = {word: names[0].count(mark) for mark, word in _SEPARATORS.items()}
        word = max(counts, key=lambda key: counts[key])
        if counts[word]:
            return f"separate columns by tabs, not by {word}"
    shown = ", ".join(name[:20] for name in names[:5])
    return f"the first line should name them, it has: {shown}"


def _parse(
    data: bytes, text: Sequence[str], numbers: Sequence[str], where: str, problems: Problems
) -> Any | None:
    """Arrow table of the wanted columns; None with problems noted."""
    types = {name: pa.string() for name in text} | {name: pa.float64() for name in numbers}
    ragged: list[str] = []

    def note(row: Any) -> str:
        ragged.append(f"{row.text[:40]!r} has {row.actual_columns}, not {row.expected_columns}")
        return "skip"

    try:
        try:
            table = _read(data, types, note)
        except pa.ArrowInvalid:
            # arrow names one bad cell only: read all as text to name and count them
            ragged.clear()
            texts = _read(data, dict.fromkeys(types, pa.string()), note)
            _note_words(texts, numbers, text[0], where, problems)
            table = None
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        problems.add(where, f"cannot be read as a table: {reason}", fix=AGAIN)
        return None
    if ragged:
        problems.add(
            where,
            "lines with another number of cells",
            examples=ragged,
            count=len(ragged),
            fix=AGAIN,
        )
    elif table is not None and table.num_rows == 0:
        problems.add(where, "has a header and no rows", fix=AGAIN)
    return None if ragged or table is None or table.num_rows == 0 else table


def _read(data: bytes, types: Mapping[str, Any], on_bad_row: Any) -> Any:
    return csv.read_csv(
        pa.BufferReader(data),
        # files are read side by side, one a thread: threads within a file would only fight them;
        # one block a file gives columns that numpy can look at without a copy
        read_options=csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
        # these files are written without quotes: one in an id must not swallow the next lines
        parse_options=csv.ParseOptions(
            delimiter="\t", quote_char=False, invalid_row_handler=on_bad_row
        ),
        # naming columns and types skips what nobody asked for and arrow's guesses: an id of digits
        # stays text, a column of whole numbers is float64 in every file
        convert_options=csv.ConvertOptions(
            include_columns=list(types), column_types=dict(types), strings_can_be_null=False
        ),
    )


def _note_words(
    table: Any, numbers: Sequence[str], ids: str, where: str, problems: Problems
) -> None:
    """Name cells of number columns that hold something else."""
    for name in numbers:
        cells = table[name].to_pandas()
        parsed = pd.to_numeric(cells, errors="coerce")
        rows = np.flatnonzero(parsed.isna() & ~cells.str.strip().isin(_MISSING))
        if len(rows):
            examples = [f"{table[ids][int(row)]} ({cells[row][:20]!r})" for row in rows[:3]]
            problems.add(
                where,
                f"{name} is not a number",
                examples=examples,
                count=len(rows),
                fix="write plain numbers, with a point for decimals and nothing for thousands",
            )
    if not problems:
        problems.add(where, "holds cells that cannot be read as numbers", fix=AGAIN)


def _as_floats(column: Any) -> Floats:
    values: Floats = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values

"""Tables of counts with a column a sample, streamed a block at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import AGAIN, NUL, check_quotes
from isograph.importers.quantifiers.faults import Faults
from isograph.importers.quantifiers.model import Floats
from isograph.importers.scale import note_other_scale

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 24  # bytes
_LINE = 1 << 26  # bytes: longer is no header
_UNREADABLE = (OSError, EOFError, zlib.error, ValueError, pa.ArrowException, MemoryError)


@dataclass(frozen=True)
class Matrix:
    """Counts of a table.

    Attributes:
        text: columns before the samples, arrow strings of length n, by name.
        samples: names of the columns read, length s.
        values: float64, shape (n, s), finite and not negative.
        left_out: names of the columns that were not asked for.
    """

    text: dict[str, Any]
    samples: list[str]
    values: Floats
    left_out: tuple[str, ...] = ()


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where it is gzip (told by content)."""
    with path.open("rb") as plain:
        packed = plain.read(2) == _GZIP
        plain.seek(0)
        if not packed:
            yield plain
            return
        with gzip.open(plain) as stream:
            yield stream  # type: ignore[misc]


def first_lines(path: Path, n: int, where: str, problems: Problems) -> list[str] | None:
    """The first lines without their ends; None, with the reason noted, where there is none."""
    try:
        if path.is_dir():
            problems.add(where, "is a folder, a file should stand there", fix=AGAIN)
            return None
        with opened(path) as stream:
            lines = [stream.readline(_LINE) for _ in range(n)]
        text = b"".join(lines).decode("utf-8-sig").splitlines()
    except (*_UNREADABLE, UnicodeDecodeError) as error:
        problems.add(where, f"cannot be read: {error}", fix=AGAIN)
        return None
    if not text or not any(line.strip() for line in text):
        problems.add(where, "is empty", fix=AGAIN)
        return None
    return text


def read_matrix(
    path: Path,
    *,
    header: Sequence[str],
    text: Sequence[str],
    separator: str,
    only: Collection[str] | None,
    problems: Problems,
    skip: int = 0,
    quoted: bool = False,
) -> Matrix | None:
    """Read a table: columns of text, then a column a sample.

    Args:
        path: the file, plain or gzip.
        header: names of its columns.
        text: names of the first columns, which are no samples; the first is of unique ids.
        separator: between cells.
        only: samples wanted; None reads all.
        problems: collects what is wrong.
        skip: lines before the header.
        quoted: cells may stand in double quotes.

    Returns:
        The table; None, with the reasons noted, where anything is wrong.
    """
    where, found = path.name, Problems()
    samples = list(header[len(text) :])
    _check_samples(samples, text, where, found)
    wanted = [name for name in samples if only is None or name in only]
    if not found and not wanted:
        found.add(where, "holds none of the samples asked for", examples=samples[:3])
    matrix = None
    if not found:
        matrix = _streamed(path, where, [*text], wanted, separator, skip, quoted, found)
    if matrix is not None:
        _check_ids(matrix.text[text[0]], where, found)
        for name in text:
            check_quotes(matrix.text[name], where, name, found)
        note_other_scale(matrix.values, where, found)
    problems.found.extend(found.found)
    if found or matrix is None:
        return None
    return replace(matrix, left_out=tuple(name for name in samples if name not in set(wanted)))


def _check_samples(
    samples: Sequence[str], text: Sequence[str], where: str, problems: Problems
) -> None:
    names = pd.Series(samples, dtype=object)
    twice = names[names.duplicated() | names.isin(list(text))].unique()
    if len(twice):
        problems.add(
            where,
            "samples that stand twice",
            examples=list(twice),
            count=len(twice),
            fix="name each sample once",
        )
    unnamed = sum(not name.strip() for name in samples)
    if unnamed:
        problems.add(where, "samples without a name", count=unnamed, fix="name them")
    if not samples:
        problems.add(where, "has no sample", fix=f"give one column a sample; {AGAIN}")


def _streamed(
    path: Path,
    where: str,
    text: list[str],
    wanted: list[str],
    separator: str,
    skip: int,
    quoted: bool,
    problems: Problems,
) -> Matrix | None:
    """The table by blocks, as numbers; where that fails, once more as text to name bad cells."""
    ragged: list[str] = []

    def note(row: Any) -> str:
        ragged.append(f"{row.text[:40]!r} has {row.actual_columns}, not {row.expected_columns}")
        return "skip"

    def batches(kind: Any) -> Iterator[Any]:
        ragged.clear()
        with (
            opened(path) as stream,
            csv.open_csv(
                _Ended(stream),
                read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, skip_rows=skip),
                parse_options=csv.ParseOptions(
                    delimiter=separator,
                    quote_char='"' if quoted else False,
                    invalid_row_handler=note,
                ),
                convert_options=csv.ConvertOptions(
                    include_columns=[*text, *wanted],
                    column_types={name: pa.string() for name in text} | dict.fromkeys(wanted, kind),
                    strings_can_be_null=False,
                ),
            ) as reader,
        ):
            yield from reader

    faults = Faults(wanted)
    parts: list[Floats] = []
    texts: list[Any] = []
    try:
        try:
            for batch in batches(pa.float64()):
                numbers = batch.select(wanted).to_tensor(null_to_nan=True).to_numpy()
                faults.numbers(numbers, batch.column(text[0]))
                parts.append(np.ascontiguousarray(numbers))
                texts.append(batch.select(text))
        except pa.ArrowInvalid:
            for batch in batches(pa.string()):
                faults.words(batch.select(wanted), batch.column(text[0]))
            if not faults:
                raise
    except (*_UNREADABLE, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
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
    faults.report(where, problems)
    if not problems and not sum(len(part) for part in parts):
        problems.add(where, "has a header and no rows", fix=AGAIN)
    if problems:
        return None
    table = pa.Table.from_batches(texts)
    columns = {name: table[name].combine_chunks() for name in text}
    return Matrix(columns, wanted, _joined(parts))


def _joined(parts: list[Floats]) -> Floats:
    """Blocks of rows as one array, letting go of each as soon as it is copied."""
    values = np.empty((sum(len(part) for part in parts), parts[0].shape[1]))
    row = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        values[row : row + len(part)] = part
        row += len(part)
    return values


class _Ended:
    """A stream that refuses NUL bytes, and to end within a line: a cut number looks like one."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._last = b"\n"

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if b"\0" in data:
            raise ValueError(NUL)
        if data:
            self._last = data[-1:]
        elif size and self._last != b"\n":
            raise ValueError("last line is cut off (no line end)")
        return data

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """The stream belongs to who opened it."""


def _check_ids(ids: Any, where: str, problems: Problems) -> None:
    names = pd.Series(ids.to_pandas())
    empty = int((names.str.strip() == "").sum())
    if empty:
        problems.add(where, "lines without a transcript", count=empty, fix=AGAIN)
    twice = names[names.duplicated() & (names != "")].unique()
    if len(twice):
        problems.add(
            where,
            "transcripts that stand twice",
            examples=list(twice),
            count=len(twice),
            fix="give each transcript its own name",
        )

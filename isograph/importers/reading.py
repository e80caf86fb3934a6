"""Tables of other tools, as parquet, TSV or CSV (also gzipped), without guessing at ids."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.missing import MISSING_TEXT
from isograph.bundle.tables import normal_frame, read_parquet, to_frame
from isograph.bundle.tables import normalise as normalise_table
from isograph.errors import Problems

LARGEST = 1e15
"""Counts and lengths beyond this are damage; also keeps float32 and sums finite."""

_TEXT_COLUMNS = frozenset(
    {"sample_id", "transcript_id", "gene_id", "gene_name", "biotype", "chrom"}
)
_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
_FLAGS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_UNREADABLE = (OSError, EOFError, ValueError, zlib.error, csv.Error)


@dataclass(frozen=True)
class Measured:
    """A table with one row a feature and one column a sample.

    Attributes:
        ids: of the rows, text with None where missing, shape (n_features,).
        columns: names of the sample columns, in file order.
        values: float64, shape (n_features, n_samples), NaN where missing.
    """

    ids: pd.Series[Any]
    columns: pd.Series[Any]
    values: npt.NDArray[np.float64]


def note_cut_line(content: bytes, where: str, problems: Problems) -> None:
    """Note text that ends within a line: a name that was cut looks like a name."""
    if content and not content.endswith((b"\n", b"\r")):
        fix = "copy it again; add a line end if it is whole"
        problems.add(where, "last line is cut off (no line end)", fix=fix)


def read_annotation(path: Path, problems: Problems, *, whole: bool = False) -> pd.DataFrame | None:
    """Read a table about samples, transcripts or genes.

    Ids, gene names, biotypes and chromosomes stay text. Any other column of a text file becomes
    flags or numbers where all its values are; numbers with leading zeros (007) stay text.

    Args:
        path: parquet, CSV, TSV or TXT (text also gzipped).
        problems: collects what is wrong.
        whole: whether text that ends within a line is refused.

    Returns:
        The table in the dtypes of a loaded bundle; None, with the reason noted, if unreadable.
    """
    where = path.name
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path, where, problems) if _is_file(path, problems) else None
        if table is None:
            return None
        normal = normalise_table(table, text=_TEXT_COLUMNS, where=where, problems=problems)
        return to_frame(normal)
    text = _read_text(path, problems, all_text=True, whole=whole)
    if text is None:
        return None
    return typed_frame(text, where=where, problems=problems)


def typed_frame(text: pd.DataFrame, *, where: str, problems: Problems) -> pd.DataFrame:
    """Columns of text with None or NaN where missing, in the types that `read_annotation` gives.

    Of columns with the same name the first is kept.
    """
    kept = text.loc[:, ~text.columns.duplicated()]
    typed = {
        name: column if name in _TEXT_COLUMNS else _typed(column) for name, column in kept.items()
    }
    return normal_frame(pd.DataFrame(typed), kind="samples", where=where, problems=problems)


def read_measured(path: Path, *, id_column: str, problems: Problems) -> Measured | None:
    """Read counts or expression: `id_column` first, then one column a sample.

    Cells that are not numbers are noted here; missing ones are NaN, for the caller to judge.

    Returns:
        The table; None, with the reason noted, if it cannot be read or starts otherwise.
    """
    where = path.name
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path, where, problems) if _is_file(path, problems) else None
        frame = None if table is None else table.to_pandas(ignore_metadata=True)
        if frame is not None:
            _note_repeats(frame.columns, where, problems)
    else:
        frame = _read_text(path, problems, all_text=False, whole=True)
    if frame is None:
        return None
    if not len(frame.columns) or frame.columns[0] != id_column:
        found = str(frame.columns[0]) if len(frame.columns) else ""
        fix = f"make {id_column} the first column; every other column is a sample"
        if (found, id_column) == ("gene_id", "transcript_id"):
            fix = "give counts of transcripts; genes alone are read as --expression, on a log scale"
        what = f"first column is {found!r}" if len(frame.columns) else "has no column"
        problems.add(where, what, fix=fix)
        return None
    ids = normal_frame(frame.iloc[:, :1], kind="transcript", where=where, problems=problems)
    if id_column not in ids:
        return None
    body = frame.iloc[:, 1:]
    names = pd.Series(body.columns.astype(str), dtype=object)
    return Measured(ids[id_column], names, _numbers(body, ids[id_column], where, problems))


def check_size(measured: Measured, where: str, problems: Problems) -> None:
    """Note counts that no sequencer makes."""
    rows, columns = np.nonzero(measured.values > LARGEST)
    if len(rows):
        shown = zip(rows[:3], columns[:3], strict=True)
        problems.add(
            where,
            "counts that are impossibly large",
            examples=[f"{measured.ids.iloc[i]} in {measured.columns.iloc[j]}" for i, j in shown],
            count=len(rows),
            fix="give estimated reads",
        )


def _numbers(
    body: pd.DataFrame, ids: pd.Series[Any], where: str, problems: Problems
) -> npt.NDArray[np.float64]:
    """Cells as float64; those that hold something else are noted and become 0, missing ones NaN."""
    flags = body.dtypes.map(pd.api.types.is_bool_dtype).to_numpy(dtype=bool)
    numeric = body.dtypes.map(pd.api.types.is_numeric_dtype).to_numpy(dtype=bool) & ~flags
    values = np.full(body.shape, np.nan)
    values[:, numeric] = body.loc[:, numeric].to_numpy(dtype=np.float64, na_value=np.nan)
    if numeric.all():
        return values
    cells = body.loc[:, ~numeric].astype(object)
    text = cells.to_numpy(dtype=object).astype(str)
    parsed = pd.to_numeric(pd.Series(text.ravel()), errors="coerce").to_numpy(dtype=np.float64)
    values[:, ~numeric] = parsed.reshape(cells.shape)
    bad = np.isnan(values[:, ~numeric]) & cells.notna().to_numpy()
    rows, columns = np.nonzero(bad)
    values[:, ~numeric] = np.where(bad, 0.0, values[:, ~numeric])
    if len(rows):
        problems.add(
            where,
            "cells that are not numbers",
            examples=[
                f"{ids[i]} in {cells.columns[j]} = {str(text[i, j])!r}"
                for i, j in zip(rows[:3], columns[:3], strict=True)
            ],
            count=len(rows),
            fix="write plain numbers, with a point for decimals and nothing for thousands",
        )
    return values


def _is_file(path: Path, problems: Problems) -> bool:
    if not path.is_file():
        problems.add(str(path), "no such file")
    return path.is_file()


def _read_text(
    path: Path, problems: Problems, *, all_text: bool, whole: bool
) -> pd.DataFrame | None:
    """A delimited file under its own header; None, with the reason noted, if unreadable."""
    where, name = path.name, path.name.lower()
    packed = name.endswith(".gz")
    separator = _SEPARATORS.get(Path(name.removesuffix(".gz")).suffix)
    if separator is None:
        known = ", ".join([".parquet", *_SEPARATORS])
        problems.add(where, "unknown kind of file", fix=f"use {known}, text also with .gz")
        return None
    if not _is_file(path, problems):
        return None
    try:
        header = _read_header(path, separator=separator, packed=packed)
        body = pd.read_csv(
            path,
            sep=separator,
            header=None,
            skiprows=1,
            # only an id can be told by its place: it is always the first column
            dtype=str if all_text else {0: str},
            keep_default_na=False,
            na_values=list(MISSING_TEXT),
            low_memory=False,
            float_precision="round_trip",
            encoding="utf-8-sig",
            compression="gzip" if packed else None,
        )
    except pd.errors.EmptyDataError:
        problems.add(where, "holds no rows", fix="the first line is the header, rows follow")
        return None
    except _UNREADABLE as error:
        problems.add(
            where, f"cannot be read as a table: {str(error).strip()}", fix="write it again"
        )
        return None
    if whole:
        note_cut_line(_last(path, packed=packed), where, problems)
    if body.shape[1] != len(header):
        problems.add(
            where,
            f"header has {len(header)} names, rows have {body.shape[1]} cells",
            fix="name every column (R: write.table(…, row.names = FALSE))",
        )
        return None
    _note_repeats(pd.Index(header), where, problems)
    body.columns = pd.Index(header)
    return body


def _read_header(path: Path, *, separator: str, packed: bool) -> list[str]:
    with _open_text(path, packed=packed) as handle:
        return next(csv.reader(handle, delimiter=separator), [])


def _open_text(path: Path, *, packed: bool) -> IO[str]:
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _last(path: Path, *, packed: bool) -> bytes:
    """The last byte of a text."""
    last = b""
    with gzip.open(path, "rb") if packed else path.open("rb") as handle:
        if not packed and path.stat().st_size:
            handle.seek(-1, 2)
        while chunk := handle.read(1 << 20):
            last = chunk[-1:]
    return last


def _note_repeats(names: pd.Index[Any], where: str, problems: Problems) -> None:
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        problems.add(
            where,
            "columns with the same name",
            examples=list(repeated),
            count=len(repeated),
            fix="name each column once",
        )


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Flags, whole numbers or floats where every value that is there reads as one, else text."""
    there = column.dropna()
    if there.empty:
        return column
    if there.isin(list(_FLAGS)).all():
        return column.map(_FLAGS).astype("boolean")
    padded = there.str.match(r"[+-]?0\d").any()
    if padded or pd.to_numeric(there, errors="coerce").isna().any():
        return column
    if there.str.fullmatch(r"[+-]?\d{1,18}").all():
        return there.astype("int64").astype("Int64").reindex(column.index)
    return column.astype("float64")

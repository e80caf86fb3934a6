"""Transcript-to-gene maps as tables, with a header or without."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from isograph.bundle.missing import MISSING_TEXT
from isograph.bundle.tables import normalise, read_parquet
from isograph.errors import Problems
from isograph.importers.reading import note_cut_line

ANNOTATIONS = (".gtf", ".gff", ".gff2", ".gff3")
"""Ends of names of annotations; these are no tables."""

ADVICE = "give two columns, transcript and gene, or a GTF"
_TEXTS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
_SEPARATORS = ("\t", ",", ";", " ")
_GZIP = b"\x1f\x8b"
_NAMES = {
    "transcript_id": "transcript_id transcript_id_version txname target_id tx tx_id txid "
    "transcript ensembl_transcript_id_version ensembl_transcript_id transcript_stable_id_version "
    "transcript_stable_id name",
    "gene_id": "gene_id gene_id_version geneid ensembl_gene_id ensembl_gene_id_version "
    "gene_stable_id gene_stable_id_version ens_gene gene",
    "gene_name": "gene_name genename symbol gene_symbol external_gene_name ext_gene hgnc_symbol "
    "gene",
    "length": "length transcript_length tx_length tx_len",
    "biotype": "transcript_biotype transcript_type tx_biotype biotype",
}
"""Column names by what they mean, the surest first; case, points, dashes and blanks are one."""

_BARE = (2, 3, 8)
"""Columns of a table without a header; kb-python writes eight, which begin as others do."""

_ALL_NAMES = frozenset(" ".join(_NAMES.values()).split())


def suffix_of(path: Path) -> str:
    """The end of a file's name, without .gz, in small letters."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def read_map_table(path: Path, problems: Problems) -> pd.DataFrame | None:
    """Columns of a table under the names of `GeneMap`, text with None where missing.

    Args:
        path: CSV, TSV, TXT (also gzipped) or parquet; an existing file.
        problems: collects what is wrong.

    Returns:
        `transcript_id`, `gene_id` and what else is there; None, with the reason noted.
    """
    if suffix_of(path) == ".parquet":
        table = read_parquet(path, path.name, problems)
        named = True
    else:
        table, named = _read_text(path, problems)
    if table is None:
        return None
    where = path.name
    if named:
        chosen = _by_name(table.column_names)
    else:
        chosen = dict(
            zip(("transcript_id", "gene_id", "gene_name"), range(table.num_columns), strict=False)
        )
    if "transcript_id" not in chosen or "gene_id" not in chosen:
        problems.add(
            where,
            "its columns do not tell transcript and gene",
            examples=table.column_names,
            count=table.num_columns,
            fix="name them transcript_id and gene_id",
        )
        return None
    picked = table.select(list(chosen.values())).rename_columns(list(chosen))
    text = normalise(picked, text=frozenset(picked.column_names), where=where, problems=problems)
    return pd.DataFrame({name: _cells(text[name], name) for name in text.column_names})


def _cells(column: Any, name: str) -> pd.Series[Any]:
    """Trimmed text with None where missing; lengths as positive numbers, else NaN."""
    column = pc.utf8_trim_whitespace(column)
    gone = pc.is_in(column, pa.array(MISSING_TEXT))
    values: pd.Series[Any] = pc.if_else(gone, pa.scalar(None, pa.string()), column).to_pandas()
    if name != "length":
        return values
    lengths: pd.Series[Any] = pd.to_numeric(values, errors="coerce").astype(float)
    return lengths.where(np.isfinite(lengths) & (lengths > 0))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _by_name(names: Sequence[str]) -> dict[str, int]:
    """Place of each column by what it means; of two columns, the other one may be unnamed."""
    plain = [_plain(str(name)) for name in names]
    chosen: dict[str, int] = {}
    for meaning, known in _NAMES.items():
        places = [plain.index(name) for name in known.split() if name in plain]
        free = [place for place in places if place not in chosen.values()]
        if free:
            chosen[meaning] = free[0]
    if len(names) == 2:
        for one, other in (("transcript_id", "gene_id"), ("gene_id", "transcript_id")):
            if one in chosen and other not in chosen:
                chosen = {one: chosen[one], other: 1 - chosen[one]}
    return chosen


def _read_text(path: Path, problems: Problems) -> tuple[pa.Table | None, bool]:
    """All cells as text, and whether the first line was a header."""
    where, default = path.name, _TEXTS.get(suffix_of(path))
    if default is None:
        known = ", ".join([".parquet", *_TEXTS, *ANNOTATIONS])
        problems.add(where, "unknown kind of file", fix=f"use {known}, text also with .gz")
        return None, False
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
        content = content.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in content:
            raise ValueError("NUL bytes: the copy has holes, or is no UTF-8 text")
        note_cut_line(content, where, problems)
        _note_quotes(content, where, problems)
        first = content.split(b"\n", 1)[0].decode("utf-8").strip("\r")
        separator = next((s for s in (default, *_SEPARATORS) if s in first), default)
        cells = next(csv.reader([first], delimiter=separator), [])
        named = any(_plain(cell) in _ALL_NAMES for cell in cells)
        bad: list[str] = []
        table = _parse(content, separator, cells, bad, named=named)
    except (OSError, EOFError, ValueError, zlib.error, csv.Error, pa.ArrowException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        problems.add(where, f"cannot be read as a table: {reason}", fix=ADVICE)
        return None, False
    if bad:
        what = f"rows without {len(cells)} cells, as the first has"
        problems.add(where, what, examples=bad[:3], count=len(bad), fix="write the file again")
    if not named and len(cells) not in _BARE:
        problems.add(
            where,
            f"has {len(cells)} columns and no header that tells transcript and gene",
            examples=cells,
            count=len(cells),
            fix="add a header with transcript_id and gene_id",
        )
    return table, named


def _note_quotes(content: bytes, where: str, problems: Problems) -> None:
    """Note a quote that is not closed in its line: all that follows would be one cell."""
    if b'"' not in content:
        return
    lines = content.splitlines()
    odd = [place for place, line in enumerate(lines, start=1) if line.count(b'"') % 2]
    if odd:
        shown = [f"line {place}" for place in odd[:3]]
        fix = "remove it, or close it in the same line"
        problems.add(where, "a quote without its other", examples=shown, count=len(odd), fix=fix)


def _parse(
    content: bytes, separator: str, cells: list[str], bad: list[str], *, named: bool
) -> pa.Table:
    def invalid(row: Any) -> str:
        if row.text.strip():
            bad.append(repr(row.text[:60]))
        return "skip"

    # columns are numbered here and named below: two of them may share a name
    numbers = [str(place) for place in range(len(cells))]
    table = arrow_csv.read_csv(
        pa.BufferReader(content),
        read_options=arrow_csv.ReadOptions(
            column_names=numbers, skip_rows=int(named), use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, invalid_row_handler=invalid),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(numbers, pa.string()), strings_can_be_null=False
        ),
    )
    return table.rename_columns(cells) if named else table

"""Which gene each transcript belongs to: a two-column table (tx2gene) or an annotation."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from isograph.annotation.cache import read_annotation
from isograph.annotation.model import Annotation
from isograph.bundle.missing import MISSING_TEXT
from isograph.bundle.tables import normalise, read_parquet
from isograph.errors import ImportDataError, Problems
from isograph.importers.reading import note_cut_line

Ids = npt.NDArray[np.str_]
Texts = npt.NDArray[np.object_]

_ANNOTATIONS = (".gtf", ".gff", ".gff2", ".gff3")
_TEXTS = {".csv": ",", ".tsv": "\t", ".txt": "\t", ".tab": "\t"}
_SEPARATORS = ("\t", ",", ";", " ")
_GZIP = b"\x1f\x8b"
_ADVICE = "give two columns, transcript and gene, or a GTF"
_NAMES = {
    "transcript_id": "transcript_id transcript_id_version txname target_id tx tx_id txid "
    "transcript ensembl_transcript_id_version ensembl_transcript_id transcript_stable_id_version "
    "transcript_stable_id name",
    "gene_id": "gene_id gene_id_version geneid ensembl_gene_id ensembl_gene_id_version "
    "gene_stable_id gene_stable_id_version gene",
    "gene_name": "gene_name genename symbol gene_symbol external_gene_name hgnc_symbol gene",
    "length": "length transcript_length tx_length tx_len",
    "biotype": "transcript_biotype transcript_type tx_biotype biotype",
}
"""Column names by what they mean, the surest first; case, points, dashes and blanks are one."""

_ALL_NAMES = frozenset(" ".join(_NAMES.values()).split())


@dataclass(frozen=True)
class GeneMap:
    """Gene of each transcript, one row a transcript, sorted by transcript.

    Attributes:
        transcript_ids: no two alike, shape (n_transcripts,).
        gene_ids: never empty, shape (n_transcripts,).
        gene_names: None where not known, shape (n_transcripts,); None if no row has one.
        lengths: of the spliced transcript in bases, NaN where not known, shape (n_transcripts,);
            None if no row has one.
        biotypes: None where not known, shape (n_transcripts,); None if no row has one.
        source: the file.
        kind: whether the file is a table or an annotation.
        n_repeated: rows left out because they say again what another row says.
        n_incomplete: rows left out because they lack a transcript or a gene.
    """

    transcript_ids: Ids
    gene_ids: Ids
    gene_names: Texts | None
    lengths: npt.NDArray[np.float64] | None
    biotypes: Texts | None
    source: Path
    kind: Literal["table", "gtf"]
    n_repeated: int = 0
    n_incomplete: int = 0

    def __len__(self) -> int:
        return len(self.transcript_ids)

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """Rows that were left out, as `import_report.json` lists them."""
        kinds = {
            "repeated_map_rows": (self.n_repeated, "kept once"),
            "incomplete_map_rows": (self.n_incomplete, "left out"),
        }
        return tuple(
            {"kind": kind, "n": n, "share_of_reads": None, "examples": [], "action": action}
            for kind, (n, action) in kinds.items()
            if n
        )


def read_gene_map(
    path: Path, problems: Problems, *, cache_dir: Path | None = None
) -> GeneMap | None:
    """Read a transcript-to-gene map.

    A table is CSV, TSV, TXT (all also gzipped) or parquet. With a header its columns are told by
    their names, in any order; without one they are transcript, gene and, if there is a third,
    the gene's name. From a GTF come gene, gene name, biotype and the sum of exon lengths.

    Args:
        path: the file; `.gtf` and `.gff` (also `.gz`) are annotations, anything else a table.
        problems: collects what is wrong, a transcript of two genes among it.
        cache_dir: where readings of annotations are kept (see `isograph.annotation.cache`).

    Returns:
        The map; None, with the reasons noted, if it cannot be used.
    """
    path, n_before = Path(path), len(problems.found)
    kind: Literal["table", "gtf"] = "gtf" if _suffix(path) in _ANNOTATIONS else "table"
    if not path.is_file():
        problems.add(str(path), "no such file", fix=_ADVICE)
        return None
    if kind == "gtf":
        columns = _of_annotation(path, problems, cache_dir)
    else:
        columns = _of_table(path, problems)
    if columns is None or len(problems.found) > n_before:
        return None
    return _build(columns, path=path, kind=kind, problems=problems)


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


# ---- one map out of columns


def _build(
    columns: pd.DataFrame, *, path: Path, kind: Literal["table", "gtf"], problems: Problems
) -> GeneMap | None:
    """Leave out what repeats or lacks an id, refuse transcripts of two genes, sort."""
    complete = columns.dropna(subset=["transcript_id", "gene_id"])
    if not len(complete):
        problems.add(path.name, "names no transcript with a gene", fix=_ADVICE)
        return None
    # what is known about a transcript must not depend on which of its rows comes first
    details = [str(name) for name in columns if name not in ("transcript_id", "gene_id")]
    if (
        complete["transcript_id"].duplicated().any()
        or not complete["transcript_id"].is_monotonic_increasing
    ):
        complete = complete.sort_values(["transcript_id", "gene_id", *details])
    again = complete.duplicated(["transcript_id", "gene_id"])
    rows = complete[~again]
    if again.any() and details:
        pairs = complete.groupby(["transcript_id", "gene_id"], sort=True)
        rows = pairs[details].first().reset_index()
    _refuse_two_genes(rows, path, problems)
    if rows["transcript_id"].duplicated().any():
        return None
    lengths = rows["length"].to_numpy(dtype=np.float64) if "length" in rows else None
    return GeneMap(
        transcript_ids=rows["transcript_id"].to_numpy(dtype=np.str_),
        gene_ids=rows["gene_id"].to_numpy(dtype=np.str_),
        gene_names=_known(rows, "gene_name"),
        lengths=None if lengths is None or np.isnan(lengths).all() else lengths,
        biotypes=_known(rows, "biotype"),
        source=path,
        kind=kind,
        n_repeated=int(again.sum()),
        n_incomplete=len(columns) - len(complete),
    )


def _known(rows: pd.DataFrame, name: str) -> Texts | None:
    if name not in rows or rows[name].isna().all():
        return None
    values: Texts = rows[name].to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    return values


def _refuse_two_genes(rows: pd.DataFrame, path: Path, problems: Problems) -> None:
    split = rows[rows["transcript_id"].duplicated(keep=False)]
    if len(split):
        genes = split.groupby("transcript_id", sort=True)["gene_id"].agg(" and ".join)
        problems.add(
            path.name,
            "transcripts of two genes or more",
            examples=[f"{transcript} of {both}" for transcript, both in genes.iloc[:3].items()],
            count=len(genes),
            fix="keep one gene a transcript",
        )


# ---- annotations


def _of_annotation(path: Path, problems: Problems, cache_dir: Path | None) -> pd.DataFrame | None:
    try:
        annotation = read_annotation(path, cache_dir=cache_dir)
    except ImportDataError as error:
        problems.found.extend(error.problems)
        return None
    columns = annotation.transcripts[["transcript_id", "gene_id", "gene_name", "biotype"]].copy()
    columns["length"] = exon_lengths(annotation)
    for name in ("gene_id", "gene_name", "biotype"):
        columns[name] = columns[name].mask(columns[name] == "")
    return columns


def exon_lengths(annotation: Annotation) -> npt.NDArray[np.float64]:
    """Bases in the exons of each transcript, shape (n_transcripts,)."""
    ends = np.concatenate([[0], np.cumsum(annotation.exon_end - annotation.exon_start + 1)])
    lengths: npt.NDArray[np.float64] = np.diff(ends[annotation.exon_first]).astype(np.float64)
    return lengths


# ---- tables


def _of_table(path: Path, problems: Problems) -> pd.DataFrame | None:
    if _suffix(path) == ".parquet":
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
    where, default = path.name, _TEXTS.get(_suffix(path))
    if default is None:
        known = ", ".join([".parquet", *_TEXTS, *_ANNOTATIONS])
        problems.add(where, "unknown kind of file", fix=f"use {known}, text also with .gz")
        return None, False
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
        content = content.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in content:
            raise ValueError("NUL bytes: the copy has holes, or is no UTF-8 text")
        note_cut_line(content, where, problems)
        first = content.split(b"\n", 1)[0].decode("utf-8").strip("\r")
        separator = next((s for s in (default, *_SEPARATORS) if s in first), default)
        cells = next(csv.reader([first], delimiter=separator), [])
        named = any(_plain(cell) in _ALL_NAMES for cell in cells)
        bad: list[str] = []
        table = _parse(content, separator, cells, bad, named=named)
    except (OSError, EOFError, ValueError, zlib.error, csv.Error, pa.ArrowException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        problems.add(where, f"cannot be read as a table: {reason}", fix=_ADVICE)
        return None, False
    if bad:
        what = f"rows without {len(cells)} cells, as the first has"
        problems.add(where, what, examples=bad[:3], count=len(bad), fix="write the file again")
    if not named and not 2 <= len(cells) <= 3:
        problems.add(
            where,
            f"has {len(cells)} columns and no header that tells transcript and gene",
            examples=cells,
            count=len(cells),
            fix="add a header with transcript_id and gene_id",
        )
    return table, named


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

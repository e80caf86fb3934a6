"""GTF files of GENCODE, Ensembl, RefSeq, StringTie and their like, read in one pass."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from isograph.annotation.model import TRANSCRIPT_COLUMNS, Annotation, Ints
from isograph.errors import ImportDataError, Problems

_COLUMNS = ("chromosome", "source", "feature", "start", "end", "score", "strand", "frame", "about")
_USED = ("chromosome", "feature", "start", "end", "strand", "about")
_FEATURES = ("exon", "CDS", "stop_codon", "transcript")
_EXON, _CDS, _STOP = 0, 1, 2
_BLOCK = 1 << 25  # bytes read at a time
_GZIP = b"\x1f\x8b"
_NAMES = {
    "gene_id": ("gene_id", "gene"),
    "gene_name": ("gene_name", "ref_gene_name", "gene"),
    "biotype": ("transcript_type", "transcript_biotype", "gene_type", "gene_biotype"),
}
_NOT_FOUND = ("cds_start_NF", "cds_end_NF")
_HEADLINE = "annotation refused"
_ADVICE = "give a GTF of GENCODE, Ensembl, RefSeq or StringTie, plain or gzip"


@dataclass
class _Parts:
    """What was read so far, a chunk at a time."""

    feature: list[npt.NDArray[np.int8]] = field(default_factory=list)
    start: list[Ints] = field(default_factory=list)
    end: list[Ints] = field(default_factory=list)
    transcript: list[pa.Array] = field(default_factory=list)
    first_rows: list[pd.DataFrame] = field(default_factory=list)


def read_gtf(path: Path) -> Annotation:
    """Read a GTF: exons, coding parts, gene, name, biotype and strand of every transcript.

    The stop codon counts as coding, whether the file has it in its CDS lines or apart. Whether the
    end of the coding sequence is known is told by tags (`cds_end_NF`) and, in files that have
    stop codons, by a stop codon. Of a transcript id at several places the first one counts.

    Args:
        path: plain or gzip, told by content.

    Returns:
        The annotation.

    Raises:
        ImportDataError: the file is not there, is no GTF, or holds lines that cannot be read;
            counts and shows them.
    """
    path, problems = Path(path), Problems()
    digest = _file_hash(path, problems)
    problems.raise_if_any(ImportDataError, _HEADLINE)
    parts, bad = _Parts(), _BadLines()
    try:
        with _opened(path) as stream:
            for chunk in _chunks(stream, bad):
                _take(chunk, parts, bad)
    except (OSError, EOFError, pa.ArrowException) as error:
        problems.add(str(path), f"cannot be read: {str(error).splitlines()[0]}", fix=_ADVICE)
    bad.report(path, problems)
    if not problems and not sum(len(part) for part in parts.transcript):
        problems.add(str(path), "no exon with a transcript_id", fix=_ADVICE)
    problems.raise_if_any(ImportDataError, _HEADLINE)
    return _assemble(parts, source=path.name, content_hash=digest)


def _file_hash(path: Path, problems: Problems) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    except OSError as error:
        what = "is not there" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        problems.add(str(path), what, fix=_ADVICE)
    return digest.hexdigest()


def _opened(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    zipped = stream.read(2) == _GZIP
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if zipped else stream  # type: ignore[return-value]


class _BadLines:
    """Lines that are no GTF: counted, the first few kept."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self.count: dict[str, int] = {}

    def note(self, what: str, text: str, count: int = 1) -> None:
        """Remember some."""
        self.count[what] = self.count.get(what, 0) + count
        self.found.setdefault(what, [])
        if len(self.found[what]) < 3:
            self.found[what].append(text[:60].replace("\t", " "))

    def invalid_row(self, row: Any) -> str:
        """Called by the reader for a line of another number of columns."""
        if row.text.strip() and not row.text.lstrip("\ufeff").startswith("#"):
            where = "" if row.number is None else f"line {row.number}: "
            self.note("lines that do not have nine columns", where + row.text)
        return "skip"

    def report(self, path: Path, problems: Problems) -> None:
        """Turn them into problems."""
        for what, examples in self.found.items():
            problems.add(str(path), what, examples=examples, count=self.count[what], fix=_ADVICE)


def _chunks(stream: IO[bytes], bad: _BadLines) -> Any:
    reader = csv.open_csv(
        stream,
        read_options=csv.ReadOptions(
            column_names=list(_COLUMNS), block_size=_BLOCK, use_threads=False
        ),
        parse_options=csv.ParseOptions(
            delimiter="\t",
            quote_char=False,
            ignore_empty_lines=False,  # or the line numbers would not count them
            invalid_row_handler=bad.invalid_row,
        ),
        convert_options=csv.ConvertOptions(
            include_columns=list(_USED),
            column_types=dict.fromkeys(_USED, pa.string()),
            strings_can_be_null=False,
        ),
    )
    yield from reader


def _take(chunk: pa.RecordBatch, parts: _Parts, bad: _BadLines) -> None:
    """Keep what counts of one chunk."""
    feature = pc.index_in(chunk["feature"], pa.array(_FEATURES))
    chunk = chunk.filter(pc.is_valid(feature))
    if not len(chunk):
        return
    feature = pc.index_in(chunk["feature"], pa.array(_FEATURES))
    start, end = (_whole_numbers(chunk, name, bad) for name in ("start", "end"))
    backwards = np.flatnonzero((start > end) | (start < 1))
    if len(backwards):
        where = chunk["about"][int(backwards[0])].as_py()
        bad.note("lines whose start is below 1 or after their end", where, len(backwards))
    about = chunk["about"]
    ids = _attribute(about, "transcript_id")
    nameless = pc.fill_null(pc.equal(ids, ""), True).to_numpy(zero_copy_only=False)
    if nameless.all() and len(about) and "ID=" in about[0].as_py():
        bad.note("lines of GFF3, not GTF (`gffread -T` converts)", about[0].as_py(), len(about))
    kept = np.flatnonzero(~nameless)
    codes = feature.to_numpy(zero_copy_only=False).astype(np.int8)[kept]
    chunk, ids = chunk.take(pa.array(kept)), ids.take(pa.array(kept))
    # an id may stand at several places, as those of both sex chromosomes do
    keys = pc.binary_join_element_wise(ids, chunk["chromosome"], chunk["strand"], "\t")
    rows = codes <= _STOP
    parts.feature.append(codes[rows])
    parts.start.append(start[kept][rows])
    parts.end.append(end[kept][rows])
    parts.transcript.append(keys.filter(pa.array(rows)))
    parts.first_rows.append(_first_rows(chunk, ids, keys))


def _whole_numbers(chunk: pa.RecordBatch, name: str, bad: _BadLines) -> Ints:
    try:
        return _numbers(pc.cast(chunk[name], pa.int64()))
    except pa.ArrowInvalid:
        found = pd.to_numeric(chunk[name].to_pandas(), errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(~(found == np.floor(found)))
        example = chunk[name][int(wrong[0])].as_py()
        bad.note(f"lines whose {name} is not a whole number", repr(example), len(wrong))
        return np.where(np.isfinite(found), found, 1).astype(np.int64)


def _numbers(column: pa.Array) -> Ints:
    numbers: Ints = column.to_numpy(zero_copy_only=False)
    return numbers


def _attribute(about: pa.Array, name: str) -> pa.Array:
    """Value of an attribute of each line, null where it has none.

    A quoted value holds no quotes, so the name is not found inside of another's value.
    """
    quoted = pc.extract_regex(about, rf'(?:^|;)\s*{name}\s+"(?P<v>[^"]*)"')
    values = pc.struct_field(quoted, "v")
    if values.null_count:
        bare = pc.extract_regex(about, rf"^(?:[^\"]|\"[^\"]*\")*?\b{name}\s+(?P<v>[^\s;\"]+)")
        values = pc.coalesce(values, pc.struct_field(bare, "v"))
    return values


def _first_rows(chunk: pa.RecordBatch, ids: pa.Array, keys: pa.Array) -> pd.DataFrame:
    """What the first line of each transcript and place of a chunk says about it."""
    codes = keys.dictionary_encode()
    first = np.unique(codes.indices.to_numpy(zero_copy_only=False), return_index=True)[1]
    rows = pa.array(first)
    about = chunk["about"].take(rows)
    frame = pd.DataFrame(
        {
            "key": keys.take(rows).to_pandas(),
            "transcript_id": ids.take(rows).to_pandas(),
            "chromosome": chunk["chromosome"].take(rows).to_pandas().str.lstrip("\ufeff"),
            "strand": chunk["strand"].take(rows).to_pandas(),
        }
    )
    for column, names in _NAMES.items():
        found = [_attribute(about, name).to_pandas() for name in names]
        value = found[0]
        for other in found[1:]:
            value = value.where(value.notna() & (value != ""), other)
        frame[column] = value
    for tag in _NOT_FOUND:
        frame[tag] = pc.match_substring(about, tag).to_pandas()
    return frame


def _assemble(parts: _Parts, *, source: str, content_hash: str) -> Annotation:
    table = pd.concat(parts.first_rows, ignore_index=True).drop_duplicates("transcript_id")
    table = table.sort_values("transcript_id", ignore_index=True)
    place = pc.index_in(pa.concat_arrays(parts.transcript), pa.array(table["key"]))
    here = pc.is_valid(place).to_numpy(zero_copy_only=False)
    row = place.drop_null().to_numpy(zero_copy_only=False).astype(np.int64)
    feature, start, end = (
        np.concatenate(part)[here] for part in (parts.feature, parts.start, parts.end)
    )
    exon, stop = feature == _EXON, feature == _STOP
    exon_first, exon_start, exon_end = _merged(
        row[exon], start[exon], end[exon], n=len(table), gap=0
    )
    coding = ~exon
    cds_first, cds_start, cds_end = _merged(
        row[coding], start[coding], end[coding], n=len(table), gap=1
    )
    has_cds = np.diff(cds_first) > 0
    has_stop = np.zeros(len(table), dtype=bool)
    has_stop[row[stop]] = True
    end_known = has_cds & ~table["cds_end_NF"].to_numpy(dtype=bool)
    if stop.any():
        end_known &= has_stop
    table["cds_start_known"] = has_cds & ~table["cds_start_NF"].to_numpy(dtype=bool)
    table["cds_end_known"] = end_known
    table["gene_id"] = table["gene_id"].fillna("")
    text = table[list(TRANSCRIPT_COLUMNS)].astype({"gene_name": object, "biotype": object})
    text = text.mask(text.isna(), None)
    keep = np.flatnonzero(np.diff(exon_first) > 0)
    return Annotation(
        transcripts=text.iloc[keep].reset_index(drop=True),
        exon_first=_counted(np.diff(exon_first)[keep]),
        exon_start=exon_start,
        exon_end=exon_end,
        cds_first=_counted(np.diff(cds_first)[keep]),
        cds_start=cds_start[np.isin(_owners(cds_first), keep)],
        cds_end=cds_end[np.isin(_owners(cds_first), keep)],
        source=source,
        content_hash=content_hash,
    )


def _counted(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _owners(first: Ints) -> Ints:
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _merged(row: Ints, start: Ints, end: Ints, *, n: int, gap: int) -> tuple[Ints, Ints, Ints]:
    """Intervals of each row sorted, and those joined that overlap or lie `gap` apart.

    Args:
        row: owner of each interval, shape (n_intervals,).
        start, end: both included, shape (n_intervals,).
        n: number of owners.
        gap: 1 joins intervals that touch, 0 only those that overlap.

    Returns:
        First interval of each owner, shape (n + 1,); starts; ends.
    """
    order = np.lexsort((end, start, row))
    row, start, end = row[order], start[order], end[order]
    far = int(end.max(initial=0)) + 2
    # ends so far within the owner: owners stand in rising order, so a running maximum does
    reach = np.maximum.accumulate(row * far + end) if len(row) else end
    opens = np.ones(len(row), dtype=bool)
    opens[1:] = row[1:] * far + start[1:] > reach[:-1] + gap
    number = np.cumsum(opens) - 1
    last = np.zeros(int(opens.sum()), dtype=np.int64)
    np.maximum.at(last, number, end)
    return _counted(np.bincount(row[opens], minlength=n)), start[opens], last

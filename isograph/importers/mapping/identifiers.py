"""Quantified transcripts to genes: the identifiers that need no fix, or only one that is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from isograph.annotation.versions import numbers_isoforms
from isograph.errors import ImportDataError, Problems
from isograph.importers.mapping.gene_findings import gene_names, note_gene_versions
from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.match_notes import MatchNotes, stems

Ids = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_SHOWN = 3
_MOST_ALIKE = 0.5
"""Share of FASTA headers that may begin alike before the first part is no transcript."""

_HEADER = r"^([^| ]+)[| ].*$"
_GENCODE = r"^(?:[^|]*\|){7}"
_GENE, _NAME, _BIOTYPE = 1, 5, 7
_VERSION_FIXES = (
    ("version_of_quantified", (True, False), "compared without the quantified id's version"),
    ("version_of_map", (False, True), "compared without the map's version"),
    ("versions_differ", (True, True), "compared without versions"),
)


@dataclass(frozen=True)
class Match:
    """Gene of each quantified transcript.

    Attributes:
        gene_of: index into `gene_ids`, −1 for a transcript without a gene, shape (n_transcripts,).
        gene_ids: genes with a quantified transcript, sorted, shape (n_genes,).
        gene_names: None where unknown or where a gene's transcripts disagree, shape (n_genes,).
        transcript_ids: quantified ids, of FASTA headers only what names the transcript, shape
            (n_transcripts,).
        map_row: row of each transcript in the gene map, −1 where it has none, shape
            (n_transcripts,).
        biotypes: from the map or the FASTA header, None where unknown, shape (n_transcripts,).
        lengths: from the map, in bases, NaN where unknown, shape (n_transcripts,).
        reads: estimated reads of each transcript over all samples, shape (n_transcripts,).
        share_of_reads: reads of transcripts with a gene over all reads; of transcripts if there
            are no reads at all.
        findings: what was noticed and done: `kind`, `n`, `share_of_reads`, `examples` (three at
            most, those with most reads first), `action`.
    """

    gene_of: Ints
    gene_ids: Ids
    gene_names: Texts
    transcript_ids: Ids
    map_row: Ints
    biotypes: Texts
    lengths: npt.NDArray[np.float64]
    reads: npt.NDArray[np.float64]
    share_of_reads: float
    findings: tuple[dict[str, Any], ...]


def match_transcripts(
    quantified_ids: npt.ArrayLike,
    counts_per_transcript: npt.ArrayLike,
    gene_map: GeneMap | None,
) -> Match:
    """Find each quantified transcript in the map, exactly or by a fix that cannot confuse two.

    Ids that are equal come first. Of FASTA headers (`ENST…|ENSG…|…` of GENCODE, `ENST… cdna …` of
    Ensembl) the part before the first `|` or blank is the id, where no other transcript has it.
    For what is left, versions (`.N`) are not compared, on the side or sides where that gives most
    reads a gene, the quantified side before the map's before both; never where two quantified ids
    or two of the map fall together, and not on a side where `.N` numbers isoforms. What the map
    lacks takes gene, name and biotype from its own GENCODE header. The outcome does not depend on
    the order of either side.

    Args:
        quantified_ids: as the quantifier wrote them, no two alike, shape (n_transcripts,).
        counts_per_transcript: estimated reads summed over samples, shape (n_transcripts,).
        gene_map: the map; None if there are only headers to tell.

    Raises:
        ImportDataError: ids or counts that no quantifier writes.
    """
    raw = pa.array(np.asarray(quantified_ids, dtype=object), type=pa.string())
    reads = np.asarray(counts_per_transcript, dtype=np.float64)
    _validate(raw, reads)
    clean, is_header = _without_header(raw, keep=gene_map)
    notes = MatchNotes(clean.to_numpy(zero_copy_only=False), reads)
    _note_headers(raw, clean, is_header, notes)
    row = np.full(len(raw), -1, dtype=np.int64)
    if gene_map is not None:
        row = _rows_in_map(raw, clean, gene_map, notes)
    picked = _picked(row, gene_map)
    _from_headers(picked, raw, is_header & (row < 0), gene_map, notes)
    gene = picked["gene_id"]
    has_gene = gene.notna().to_numpy()
    notes.add("without_gene", ~has_gene, "left out: no gene is known")
    gene_ids, gene_of = np.unique(gene[has_gene].to_numpy(dtype=np.str_), return_inverse=True)
    index = np.full(len(raw), -1, dtype=np.int64)
    index[has_gene] = gene_of
    names = gene_names(picked["gene_name"], index, gene_ids, notes)
    note_gene_versions(gene_ids, index, notes)
    return Match(
        gene_of=index,
        gene_ids=gene_ids,
        gene_names=names,
        transcript_ids=notes.ids.astype(np.str_),
        map_row=row,
        biotypes=_texts(picked["biotype"]),
        lengths=picked["length"].to_numpy(dtype=np.float64),
        reads=reads,
        share_of_reads=notes.share(has_gene),
        findings=tuple(notes.found),
    )


def _validate(raw: pa.Array, reads: npt.NDArray[np.float64]) -> None:
    problems = Problems()
    if reads.shape != (len(raw),):
        problems.add("counts", f"have shape {reads.shape} for {len(raw)} transcripts")
    elif not (np.isfinite(reads) & (reads >= 0)).all():
        wrong = np.flatnonzero(~(np.isfinite(reads) & (reads >= 0)))
        what = "transcripts whose counts are not finite or below 0"
        named = raw.take(pa.array(wrong[:_SHOWN])).to_pylist()
        problems.add("counts", what, examples=named, count=len(wrong))
    repeats = pc.value_counts(raw)
    twice = repeats.field("values").filter(pc.greater(repeats.field("counts"), 1)).to_pylist()
    if twice:
        fix = "quantify against a FASTA file without repeated names"
        what = "transcripts that stand twice"
        problems.add("transcripts", what, examples=sorted(twice), count=len(twice), fix=fix)
    problems.raise_if_any(ImportDataError, "quantified transcripts refused")


# ---- ids


def _codes(*columns: pa.Array) -> list[Ints]:
    """Numbers in place of ids, the same for the same id in all columns."""
    codes = pa.concat_arrays(columns).dictionary_encode().indices.to_numpy().astype(np.int64)
    return np.split(codes, np.cumsum([len(column) for column in columns])[:-1])


def _alone(codes: Ints) -> Flags:
    alone: Flags = np.bincount(codes, minlength=1)[codes] == 1
    return alone


def _flags(mask: pa.Array) -> Flags:
    flags: Flags = mask.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _without_header(raw: pa.Array, keep: GeneMap | None = None) -> tuple[pa.Array, Flags]:
    """What stands before the first `|` or blank, where nobody else has it; which are headers.

    Ids that the map has whole stay whole. Where many headers begin alike it is their gene that
    comes first, and all stay whole.
    """
    is_header = _flags(pc.match_substring_regex(raw, _HEADER))
    if not is_header.any():
        return raw, is_header
    short = pc.replace_substring_regex(raw, _HEADER, r"\1")
    alone = _alone(_codes(short)[0])
    if np.count_nonzero(is_header & ~alone) > _MOST_ALIKE * np.count_nonzero(is_header):
        return raw, is_header
    safe = is_header & alone
    if keep is not None:
        known = pa.array(keep.transcript_ids.astype(object), type=pa.string())
        safe &= ~_flags(pc.is_in(raw, known))
    return pc.if_else(pa.array(safe), short, raw), is_header


def _note_headers(raw: pa.Array, clean: pa.Array, is_header: Flags, notes: MatchNotes) -> None:
    if not is_header.any():
        return
    safe = _flags(pc.not_equal(raw, clean))
    whole = raw.to_numpy(zero_copy_only=False)
    action = "the part before the first | or blank is the id"
    notes.add("fasta_header", safe, action, of=whole, becomes=notes.ids)
    shared = "kept whole: others have the same part before the first | or blank"
    notes.add("fasta_header_shared", is_header & ~safe, shared)


def _rows_in_map(raw: pa.Array, clean: pa.Array, gene_map: GeneMap, notes: MatchNotes) -> Ints:
    """Row of each transcript, −1 where none is safe."""
    theirs = pa.array(gene_map.transcript_ids.astype(object), type=pa.string())
    exact, known = _codes(raw, theirs)
    row = _rows(exact, known, np.full(len(raw), -1, dtype=np.int64))
    theirs, _ = _without_header(theirs)
    codes = _codes(clean, theirs, stems(clean), stems(theirs))
    mine, other, mine_plain, other_plain = codes
    row = np.maximum(row, _rows(mine, other, row))
    numbered = numbers_isoforms(mine, mine_plain), numbers_isoforms(other, other_plain)
    tried = []
    for kind, (cut_mine, cut_theirs), action in _VERSION_FIXES:
        if not (cut_mine and numbered[0]) and not (cut_theirs and numbered[1]):
            left, right = mine_plain if cut_mine else mine, other_plain if cut_theirs else other
            found = _rows(left, right, row)
            tried.append((notes.share(found >= 0), int((found >= 0).sum()), kind, found, action))
    if tried:
        # the first of equals is the least that is needed
        _, _, kind, found, action = max(tried, key=lambda one: one[:2])
        if (found >= 0).any():
            ids = theirs.to_numpy(zero_copy_only=False)
            notes.add(kind, found >= 0, action, becomes=ids[found])
            row = np.maximum(row, found)
    unsafe = (row < 0) & np.isin(mine_plain, other_plain)
    notes.add("version_unsafe", unsafe, "not matched: without versions ids would fall together")
    return row


def _rows(mine: Ints, theirs: Ints, row: Ints) -> Ints:
    """Rows for transcripts that have none yet, where one id meets one row that is free."""
    free = _alone(theirs)
    free[row[row >= 0]] = False
    place = np.full(max(mine.max(initial=0), theirs.max(initial=0)) + 1, -1, dtype=np.int64)
    place[theirs[free]] = np.flatnonzero(free)
    return np.where((row < 0) & _alone(mine), place[mine], -1)


# ---- genes


def _texts(column: pd.Series[Any]) -> Texts:
    values: Texts = column.to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    return values


def _picked(row: Ints, gene_map: GeneMap | None) -> pd.DataFrame:
    """What the map says about each transcript, missing where it has no row."""
    known: dict[str, npt.NDArray[Any] | None] = dict.fromkeys(("gene_id", "gene_name", "biotype"))
    known["length"] = None
    if gene_map is not None:
        known["gene_id"], known["gene_name"] = gene_map.gene_ids, gene_map.gene_names
        known["biotype"], known["length"] = gene_map.biotypes, gene_map.lengths
    picked = {}
    for name, values in known.items():
        out = np.full(len(row), np.nan if name == "length" else None, dtype=object)
        if values is not None:
            out[row >= 0] = values[row[row >= 0]]
        picked[name] = out
    return pd.DataFrame(picked)


def _from_headers(
    picked: pd.DataFrame,
    raw: pa.Array,
    header: Flags,
    gene_map: GeneMap | None,
    notes: MatchNotes,
) -> None:
    """Fill in gene, name and biotype from GENCODE headers, in place, where the map has none."""
    places = np.flatnonzero(header)
    whole = raw.take(pa.array(places))
    full = _flags(pc.match_substring_regex(whole, _GENCODE))
    if not full.any():
        return
    fields = pc.split_pattern(whole.filter(pa.array(full)), "|")
    gene, name, biotype = (
        pc.list_element(fields, field).to_pandas() for field in (_GENE, _NAME, _BIOTYPE)
    )
    told = ~gene.isin(["", "-"]).to_numpy()
    places, gene = places[full][told], gene[told]
    if gene_map is not None:
        gene = _as_in_map(gene, gene_map)
    picked.loc[places, "gene_id"] = gene.to_numpy(dtype=object)
    for column, values in (("gene_name", name[told]), ("biotype", biotype[told])):
        picked.loc[places, column] = values.mask(values.isin(["", "-"])).to_numpy(dtype=object)
    which = np.zeros(len(raw), dtype=bool)
    which[places] = True
    notes.add("gene_from_header", which, "gene, name and biotype from the FASTA header")


def _as_in_map(genes: pd.Series[Any], gene_map: GeneMap) -> pd.Series[Any]:
    """Genes under the map's version of their id, where it has one, or a gene would stand twice."""
    known = pa.array(np.unique(gene_map.gene_ids).astype(object), type=pa.string())
    plain = stems(known)
    alone = pa.array(_alone(_codes(plain)[0]))
    same = pd.Series(known.filter(alone).to_pandas().to_numpy(), index=plain.filter(alone))
    other = pd.Series(stems(pa.array(genes, type=pa.string())), index=genes.index).map(same)
    return genes.where(genes.isin(known.to_pandas()) | other.isna(), other)

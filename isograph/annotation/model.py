"""Exons and coding sequence of every transcript of an annotation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.versions import numbers_isoforms, without_version

Ints = npt.NDArray[np.int64]

TRANSCRIPT_COLUMNS = (
    "transcript_id",
    "gene_id",
    "gene_name",
    "chromosome",
    "strand",
    "biotype",
    "cds_start_known",
    "cds_end_known",
)


@dataclass(frozen=True)
class Annotation:
    """Transcripts with their parts, in genomic coordinates: 1-based, both ends included.

    Attributes:
        transcripts: one row a transcript, columns `TRANSCRIPT_COLUMNS`, sorted by id; `strand` is
            `+`, `-` or `.`; `biotype` null where the annotation has none.
        exon_first: first exon of each transcript in `exon_start`, with the number of exons as last
            entry, shape (n_transcripts + 1,).
        exon_start, exon_end: of all exons, rising within a transcript, shape (n_exons,).
        cds_first, cds_start, cds_end: the same of coding parts, the stop codon included; a
            transcript without coding sequence has none.
        source: name of the file.
        content_hash: of the file's bytes.
    """

    transcripts: pd.DataFrame
    exon_first: Ints
    exon_start: Ints
    exon_end: Ints
    cds_first: Ints
    cds_start: Ints
    cds_end: Ints
    source: str = ""
    content_hash: str = ""

    def __len__(self) -> int:
        return len(self.transcripts)

    @cached_property
    def _ids(self) -> npt.NDArray[np.str_]:
        return self.transcripts["transcript_id"].to_numpy(dtype=np.str_)

    @cached_property
    def _plain_ids(self) -> tuple[npt.NDArray[np.str_], Ints]:
        """Ids without version that one transcript has, sorted, and their rows."""
        plain = without_version(self._ids)
        if numbers_isoforms(self._ids, plain):
            return plain[:0], np.empty(0, dtype=np.int64)
        alone, row = _alone(plain)
        return alone, row

    def rows_of(self, transcript_ids: npt.ArrayLike) -> Ints:
        """Row of each transcript, −1 where the annotation has none.

        The id as it is comes first; then ids are compared without their versions, where no two
        of either side fall together, and not where `.N` numbers isoforms.

        Args:
            transcript_ids: shape (n,).
        """
        wanted = np.asarray(transcript_ids, dtype=np.str_)
        rows = _rows_in(self._ids, np.arange(len(self)), wanted)
        if not (rows < 0).any():
            return rows
        mine, plain = without_version(wanted), self._plain_ids
        if numbers_isoforms(wanted, mine):
            return rows
        alone, place = _alone(mine)
        free = rows[place] < 0
        rows[place[free]] = _rows_in(*plain, alone[free])
        return rows

    def of_gene(self, gene_id: str) -> Ints:
        """Rows of a gene's transcripts; by id, or by id without its version."""
        genes = self.transcripts["gene_id"].to_numpy(dtype=np.str_)
        found = np.flatnonzero(genes == gene_id)
        if not len(found):
            plain = without_version(np.array([gene_id], dtype=np.str_))[0]
            found = np.flatnonzero(self._plain_genes == plain)
        return found

    @cached_property
    def _plain_genes(self) -> npt.NDArray[np.str_]:
        return without_version(self.transcripts["gene_id"].to_numpy(dtype=np.str_))

    def exons(self, row: int) -> Ints:
        """Exons of one transcript, shape (n_exons, 2): start and end, rising."""
        part = slice(self.exon_first[row], self.exon_first[row + 1])
        return np.column_stack([self.exon_start[part], self.exon_end[part]])

    def coding(self, row: int) -> Ints:
        """Coding parts of one transcript, shape (n_parts, 2): start and end, rising."""
        part = slice(self.cds_first[row], self.cds_first[row + 1])
        return np.column_stack([self.cds_start[part], self.cds_end[part]])


def _alone(ids: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.str_], Ints]:
    """Ids that stand once, sorted, and their places."""
    found, first, n = np.unique(ids, return_index=True, return_counts=True)
    return found[n == 1], first[n == 1].astype(np.int64)


def _rows_in(sorted_ids: npt.NDArray[np.str_], rows: Ints, wanted: npt.NDArray[np.str_]) -> Ints:
    """Row of each wanted id in a sorted column, −1 where it is not there."""
    if not len(sorted_ids) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(sorted_ids, wanted), len(sorted_ids) - 1)
    found: Ints = np.where(sorted_ids[place] == wanted, rows[place], -1).astype(np.int64)
    return found

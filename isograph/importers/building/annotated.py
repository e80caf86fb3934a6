"""What an annotation adds to quantified transcripts: names, biotypes, lengths, places of genes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.model import Annotation
from isograph.importers.mapping.gene_map import exon_lengths
from isograph.importers.mapping.identifiers import Match

Texts = npt.NDArray[np.object_]

_SHOWN = 3


def share_of_reads(reads: npt.NDArray[np.float64], which: npt.NDArray[np.bool_]) -> float:
    """Reads of some transcripts over all reads; a share of transcripts where there are none."""
    total = float(reads.sum())
    return float(reads[which].sum()) / total if total else float(which.mean())


def fill_in(
    annotation: Annotation,
    match: Match,
    *,
    names: Texts,
    biotypes: Texts,
    lengths: npt.NDArray[np.float64],
    min_overlap: float,
) -> list[dict[str, Any]]:
    """Fill in, in place, what a gene map does not tell.

    Args:
        annotation: of any source; ids are compared as they are, then without versions.
        match: the quantified transcripts.
        names: of each transcript's gene, None where unknown, shape (n_transcripts,); in the end
            all transcripts of a gene have the one on which they agree.
        biotypes: None where unknown, shape (n_transcripts,).
        lengths: NaN where unknown, shape (n_transcripts,).
        min_overlap: share of reads below which the annotation may be the wrong one.

    Returns:
        A finding if the annotation lacks transcripts.
    """
    ids = match.transcript_ids
    row = annotation.rows_of(ids)
    known = row >= 0
    places = np.flatnonzero(known)
    for values, column in ((names, "gene_name"), (biotypes, "biotype")):
        told = annotation.transcripts[column].to_numpy(dtype=object)[row[known]]
        told[(told == "") | pd.isna(told)] = None
        empty = pd.isna(values[places])
        values[places[empty]] = told[empty]
    _one_name_a_gene(names, match.gene_of)
    own = exon_lengths(annotation)[row[known]]
    lengths[places] = np.where(np.isnan(lengths[places]), own, lengths[places])
    return [] if known.all() else [_absent(match, known, min_overlap)]


def _absent(match: Match, known: npt.NDArray[np.bool_], min_overlap: float) -> dict[str, Any]:
    covered = share_of_reads(match.reads, known)
    top = np.lexsort((match.transcript_ids, np.where(known, 1.0, -match.reads)))[:_SHOWN]
    action = "no names, biotypes and places from it"
    if covered < min_overlap:
        action += ": is it the annotation that the reads were quantified with?"
    return {
        "kind": "not_in_annotation",
        "n": int((~known).sum()),
        "share_of_reads": 1 - covered,
        "examples": [str(match.transcript_ids[place]) for place in top if not known[place]],
        "action": action,
    }


def _one_name_a_gene(names: Texts, gene_of: npt.NDArray[np.int64]) -> None:
    """Give all transcripts of a gene its name where they agree on it, none where not; in place."""
    has_gene = gene_of >= 0
    known = has_gene & ~pd.isna(names)
    pairs = pd.DataFrame({"gene": gene_of[known], "name": names[known]}).drop_duplicates()
    agreed = pairs[~pairs["gene"].duplicated(keep=False)].set_index("gene")["name"]
    filled = agreed.reindex(gene_of[has_gene]).to_numpy(dtype=object)
    filled[pd.isna(filled)] = None
    names[has_gene] = filled


def with_places(
    genes: pd.DataFrame, transcripts: pd.DataFrame, annotation: Annotation
) -> pd.DataFrame:
    """Genes with `chrom`, `start` and `end` where all their annotated transcripts share a place.

    Args:
        genes: `gene_id`, one row a gene.
        transcripts: `transcript_id` and `gene_id`.
        annotation: compared by transcript ids.
    """
    row = annotation.rows_of(transcripts["transcript_id"].to_numpy(dtype=str))
    known = row >= 0
    if not known.any():
        return genes
    first, last = annotation.exon_first[row[known]], annotation.exon_first[row[known] + 1] - 1
    placed = pd.DataFrame(
        {
            "gene_id": transcripts["gene_id"].to_numpy(dtype=object)[known],
            "chrom": annotation.transcripts["chromosome"].to_numpy(dtype=object)[row[known]],
            "start": annotation.exon_start[first],
            "end": annotation.exon_end[last],
        }
    )
    by_gene = placed.groupby("gene_id", sort=True).agg(
        chrom=("chrom", "first"), n=("chrom", "nunique"), start=("start", "min"), end=("end", "max")
    )
    by_gene = by_gene[by_gene["n"] == 1].reindex(genes["gene_id"])
    chrom = by_gene["chrom"].to_numpy(dtype=object)
    chrom[pd.isna(chrom)] = None
    ends = {name: pd.array(by_gene[name].to_numpy(), dtype="Int64") for name in ("start", "end")}
    return genes.assign(chrom=chrom, **ends)

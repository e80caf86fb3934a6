"""Whether a transcript-to-gene map is the one that the reads were quantified with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems
from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.identifiers import Match
from isograph.importers.mapping.match_notes import SHOWN, stemmed

Ids = npt.NDArray[np.str_]

MIN_OVERLAP = 0.90
"""Share of reads that must have a gene."""


def check_overlap(
    match: Match, gene_map: GeneMap, problems: Problems, *, min_overlap: float = MIN_OVERLAP
) -> None:
    """Note a map that gives too few reads a gene, with ids of both sides beside each other.

    Args:
        match: from `match_transcripts`.
        gene_map: the map it was made with.
        problems: collects what is wrong.
        min_overlap: least share of reads, 0 to 1.
    """
    if match.share_of_reads >= min_overlap:
        return
    where, lost = gene_map.source.name, np.flatnonzero(match.gene_of < 0)
    ids = match.transcript_ids[lost]
    if np.isin(stemmed(ids), stemmed(gene_map.gene_ids)).sum() > len(lost) / 2:
        fix = "the quantified ids are its genes: are its columns swapped?"
    else:
        fix = "give the map of the annotation that the reads were quantified with"
    problems.add(
        where,
        f"gives {match.share_of_reads:.1%} of reads a gene, {min_overlap:.1%} are needed; "
        "transcripts without a gene",
        count=len(lost),
        fix=f"{fix}; --min-overlap accepts less",
    )
    if not len(gene_map):
        return
    total = math.fsum(match.reads.tolist())
    known = np.sort(gene_map.transcript_ids)
    shown: set[str] = set()
    for place in lost[np.lexsort((ids, -match.reads[lost]))[:SHOWN]]:
        mine = str(match.transcript_ids[place])
        share = f" ({match.reads[place] / total:.1%} of reads)" if total else ""
        nearest = _nearest(mine, known, shown)
        shown.add(nearest)
        problems.add(where, f"quantified {mine}{share} | nearest in the map {nearest}")


def _nearest(wanted: str, known: Ids, shown: set[str]) -> str:
    """The id of a sorted map that begins most like the wanted one, if possible one not shown."""
    near: set[str] = set()
    for text in (wanted, stemmed(np.array([wanted]))[0]):
        place = int(np.searchsorted(known, text))
        near.update(known[max(place - SHOWN, 0) : place + SHOWN].tolist())
    return min(near - shown or near, key=lambda one: (-_n_same(wanted, one), one))


def _n_same(one: str, other: str) -> int:
    """Length of the beginning that two ids share."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))

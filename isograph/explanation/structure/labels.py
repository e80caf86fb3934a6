"""How the two transcripts of each switch differ, by their annotation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.annotation.model import Annotation
from isograph.errors import OutputError, Problems
from isograph.explanation.structure.events import splicing_events
from isograph.explanation.structure.intervals import Flags, Intervals, Ints, equal_by_pair, in_other
from isograph.explanation.structure.schema import EVENTS, STRUCTURE
from isograph.files import to_arrow

NMD_DISTANCE = 50
_PAIR_COLUMNS = ("gene_id", "transcript_id_1", "transcript_id_2")


@dataclass(frozen=True)
class Missed:
    """Something that could not be told about some pairs.

    Attributes:
        what: a clause.
        names: transcripts or genes, all of them.
    """

    what: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.names[:3]) + (", …" if len(self.names) > 3 else "")
        return f"{len(self.names):,} {self.what}: {shown}"


@dataclass(frozen=True)
class Structure:
    """Labels of all pairs.

    Attributes:
        table: columns of `structure.schema.STRUCTURE`, in the order of the pairs.
        missed: what could not be told, and of whom.
        record: the annotation and the counts, for manifests.
    """

    table: pa.Table
    missed: tuple[Missed, ...]
    record: dict[str, Any]


def structural_labels(annotation: Annotation, pairs: pd.DataFrame) -> Structure:
    """Compare the two transcripts of each pair.

    First and last exons are those in the direction of transcription. Transcripts are found by id,
    then by id without its version. A pair with a transcript that the annotation does not have, or
    whose transcripts lie on different chromosomes or strands, has null labels; coding labels are
    null where they have no meaning, and where the annotation has no coding sequence at all.

    - `first_exon_changed`, `last_exon_changed`: either end of the exon differs.
    - `internal_exon_diff`: inner exons of either that the other does not have, end for end.
    - `cds_changed`: the coding parts differ; false where neither has any. `utr_changed`: the exonic
      parts before or after the coding sequence differ; null unless both are coding.
    - `biotype_switch`: null where either biotype is unknown. `coding_status_change`: one has a
      coding sequence and the other has none.
    - `tx_length_delta`, `cds_length_delta`: nucleotides of the second less those of the first.
    - `shared_exon_fraction`: exons of both over exons of either, end for end.
    - `event_types`: see `splicing_events`; empty where there is none.
    - `nmd_1`, `nmd_2`: the stop codon ends more than 50 nucleotides upstream of the last exon–exon
      junction (Nagy & Maquat 1998, Trends Biochem. Sci. 23:198); null without a known stop.

    Args:
        annotation: of the same genome as the transcripts.
        pairs: `gene_id`, `transcript_id_1`, `transcript_id_2`, and `module_id` where there is one.

    Raises:
        OutputError: columns are missing.
    """
    pairs = _checked(pairs)
    rows = [annotation.rows_of(pairs[f"transcript_id_{k}"].to_numpy(str)) for k in (1, 2)]
    here = (rows[0] >= 0) & (rows[1] >= 0)
    place = [annotation.transcripts.iloc[np.maximum(row, 0)] for row in rows]
    together = (place[0]["chromosome"].to_numpy() == place[1]["chromosome"].to_numpy()) & (
        place[0]["strand"].to_numpy() == place[1]["strand"].to_numpy()
    )
    usable = np.flatnonzero(here & together)
    labels = _labels(annotation, rows[0][usable], rows[1][usable])
    frame = pairs.reset_index(drop=True).join(labels.set_index(usable))
    missed = _missed(annotation, pairs, rows, here & ~together)
    return Structure(
        table=to_arrow(frame.astype(object).mask(frame.isna(), None), STRUCTURE),
        missed=missed,
        record={
            "annotation": annotation.source,
            "annotation_sha256": annotation.content_hash,
            "n_pairs": len(pairs),
            "n_compared": len(usable),
            "not_compared": {one.what: len(one.names) for one in missed},
        },
    )


def _checked(pairs: pd.DataFrame) -> pd.DataFrame:
    lacking = [name for name in _PAIR_COLUMNS if name not in pairs.columns]
    problems = Problems()
    if lacking:
        problems.add("pairs", "lack columns", examples=lacking, count=len(lacking))
    problems.raise_if_any(OutputError, "pairs refused")
    if "module_id" not in pairs.columns:
        pairs = pairs.assign(module_id=None)
    return pairs[[*_PAIR_COLUMNS, "module_id"]]


def refuse_other_annotation(annotation: Annotation, transcript_ids: npt.ArrayLike) -> None:
    """Refuse an annotation that has none of some transcripts.

    Args:
        annotation: the annotation.
        transcript_ids: shape (n,); none at all are no reason to refuse.

    Raises:
        OutputError: shows ids of both.
    """
    ids = np.unique(np.asarray(transcript_ids, dtype=np.str_))
    if not len(ids) or (annotation.rows_of(ids) >= 0).any():
        return
    problems = Problems()
    theirs = annotation.transcripts["transcript_id"].astype(str)
    problems.add(
        annotation.source,
        f"has none of the transcripts; it has {', '.join(theirs[:3])}",
        examples=ids,
        count=len(ids),
        fix="give the annotation that the transcripts were quantified with",
    )
    problems.raise_if_any(OutputError, "annotation refused")


def _missed(
    annotation: Annotation, pairs: pd.DataFrame, rows: Sequence[Ints], apart: Flags
) -> tuple[Missed, ...]:
    names = [pairs[f"transcript_id_{k}"].to_numpy(str) for k in (1, 2)]
    absent = np.unique(np.concatenate([n[r < 0] for n, r in zip(names, rows, strict=True)]))
    known = np.unique(np.concatenate([row[row >= 0] for row in rows]))
    silent = known[np.diff(annotation.cds_first)[known] == 0]
    ids = annotation.transcripts["transcript_id"].to_numpy(str)
    strandless = known[annotation.transcripts["strand"].to_numpy(str)[known] == "."]
    found = (
        Missed("transcripts that the annotation does not have", tuple(absent.tolist())),
        Missed(
            "genes with transcripts on different chromosomes or strands",
            tuple(np.unique(pairs["gene_id"].to_numpy(str)[apart]).tolist()),
        ),
        Missed("transcripts without coding sequence", tuple(ids[silent].tolist())),
        Missed("transcripts without strand, taken as forward", tuple(ids[strandless].tolist())),
    )
    return tuple(one for one in found if one.names)


def _labels(annotation: Annotation, first: Ints, second: Ints) -> pd.DataFrame:
    exons = [_exons(annotation, rows) for rows in (first, second)]
    coding = [_coding(annotation, rows) for rows in (first, second)]
    has_cds = [part.count > 0 for part in coding]
    # an assembly without any coding sequence does not know who codes
    told = np.full(len(first), bool(len(annotation.cds_start)))
    shared = exons[0].sum_by_pair(in_other(*exons))
    either = exons[0].count + exons[1].count - shared
    events = splicing_events(*exons)
    stops = [
        _decays(part, cds, _known_end(annotation, rows))
        for part, cds, rows in zip(exons, coding, (first, second), strict=True)
    ]
    return pd.DataFrame(
        {
            "first_exon_changed": ~_same_end(*exons, last=False),
            "last_exon_changed": ~_same_end(*exons, last=True),
            "internal_exon_diff": _inner_difference(*exons),
            "cds_changed": _masked(~equal_by_pair(*coding), told),
            "utr_changed": _masked(_utr_changed(exons, coding), has_cds[0] & has_cds[1]),
            "biotype_switch": _biotype_switch(annotation, first, second),
            "coding_status_change": _masked(has_cds[0] != has_cds[1], told),
            "tx_length_delta": exons[1].length - exons[0].length,
            "cds_length_delta": coding[1].length - coding[0].length,
            "shared_exon_fraction": shared / np.maximum(either, 1),
            "event_types": _event_text(events),
            "nmd_1": stops[0],
            "nmd_2": stops[1],
        }
    )


def _mirrored(annotation: Annotation, rows: Ints, first: Ints, start: Ints, end: Ints) -> Intervals:
    """Parts of chosen transcripts, one a pair, in the direction of transcription."""
    size = first[rows + 1] - first[rows]
    pair = np.repeat(np.arange(len(rows)), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    index = np.repeat(first[rows], size) + within
    minus = (annotation.transcripts["strand"].to_numpy(str)[rows] == "-")[pair]
    low = np.where(minus, -end[index], start[index])
    high = np.where(minus, -start[index], end[index])
    order = np.lexsort((low, pair))
    return Intervals(pair[order], low[order], high[order], len(rows))


def _exons(annotation: Annotation, rows: Ints) -> Intervals:
    return _mirrored(
        annotation, rows, annotation.exon_first, annotation.exon_start, annotation.exon_end
    )


def _coding(annotation: Annotation, rows: Ints) -> Intervals:
    return _mirrored(
        annotation, rows, annotation.cds_first, annotation.cds_start, annotation.cds_end
    )


def _known_end(annotation: Annotation, rows: Ints) -> Flags:
    known: Flags = annotation.transcripts["cds_end_known"].to_numpy(dtype=bool)[rows]
    return known


def _same_end(one: Intervals, other: Intervals, *, last: bool) -> Flags:
    """Whether the first, or last, exons are the same, end for end."""
    mine, theirs = (exons.take(exons.is_last if last else exons.is_first) for exons in (one, other))
    return equal_by_pair(mine, theirs)


def _inner_difference(one: Intervals, other: Intervals) -> Ints:
    inner = [exons.take(~exons.is_first & ~exons.is_last) for exons in (one, other)]
    return inner[0].sum_by_pair(~in_other(inner[0], other)) + inner[1].sum_by_pair(
        ~in_other(inner[1], one)
    )


def _utr_changed(exons: Sequence[Intervals], coding: Sequence[Intervals]) -> Flags:
    spans = [part.span() for part in coding]
    before, after = (
        [part.before(span[0]) for part, span in zip(exons, spans, strict=True)],
        [part.after(span[1]) for part, span in zip(exons, spans, strict=True)],
    )
    return ~(equal_by_pair(*before) & equal_by_pair(*after))


def _masked(values: Flags, known: Flags) -> npt.NDArray[np.object_]:
    """Values, None where they have no meaning."""
    masked = values.astype(object)
    masked[~known] = None
    return masked


def _biotype_switch(annotation: Annotation, first: Ints, second: Ints) -> npt.NDArray[np.object_]:
    biotype = annotation.transcripts["biotype"].to_numpy(dtype=object)
    known = ~(pd.isna(biotype[first]) | pd.isna(biotype[second]))
    return _masked((biotype[first] != biotype[second]).astype(bool), known)


def _decays(exons: Intervals, coding: Intervals, known: Flags) -> npt.NDArray[np.object_]:
    """Whether the 50-nucleotide rule calls the transcript a target of decay."""
    stop = coding.span()[1]
    until_stop = exons.before(stop + 1).length
    last_exon = exons.take(exons.is_last).length
    distance = exons.length - last_exon - until_stop
    return _masked(distance > NMD_DISTANCE, known & (coding.count > 0))


def _event_text(events: dict[str, Flags]) -> list[str]:
    text = pd.Series("", index=range(len(events[EVENTS[0]])), dtype=object)
    for name in EVENTS:
        more = events[name]
        text[more] = text[more].where(text[more] == "", text[more] + ",") + name
    return text.tolist()

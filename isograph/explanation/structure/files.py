"""Structural labels on disk: tables of pairs in, labels and sequences out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.annotation.fasta import fasta_text, spliced_sequences, transcript_sequences
from isograph.annotation.model import Annotation
from isograph.errors import OutputError, Problem, Problems
from isograph.explanation.structure.labels import Missed
from isograph.explanation.structure.schema import STRUCTURE
from isograph.files import write_text
from isograph.importers.reading import read_annotation as read_table

_PAIR_COLUMNS = ("gene_id", "transcript_id_1", "transcript_id_2")


def read_pairs(path: Path) -> pd.DataFrame:
    """Pairs of transcripts from a table of the user's own.

    Args:
        path: `gene_id`, `transcript_id_1`, `transcript_id_2`; parquet, TSV or CSV.

    Raises:
        OutputError: lists everything that is wrong with it.
    """
    path, problems = Path(path), Problems()
    frame = read_table(path, problems)
    problems.raise_if_any(OutputError, "pairs refused")
    assert frame is not None
    lacking = [name for name in _PAIR_COLUMNS if name not in frame.columns]
    if lacking:
        problems.add(path.name, "lacks columns", examples=lacking, count=len(lacking))
    else:
        for name in _PAIR_COLUMNS:
            gone = np.flatnonzero(frame[name].isna())
            if len(gone):
                rows = [f"row {row + 1}" for row in gone]
                problems.add(path.name, f"no {name}", examples=rows, count=len(rows))
        if not len(frame):
            problems.add(path.name, "holds no pair")
    problems.raise_if_any(OutputError, "pairs refused")
    return frame[list(_PAIR_COLUMNS)].astype(str)


def read_structure(path: Path) -> pa.Table:
    """Labels as `isograph annotate-structure` wrote them.

    Raises:
        OutputError: the file is not there, or is no such table.
    """
    advice = "give the parquet file that `isograph annotate-structure` wrote"
    try:
        table = pq.read_table(Path(path))
        return table.select(STRUCTURE.names).cast(STRUCTURE)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        problem = Problem(str(path), str(error).splitlines()[0], fix=advice)
        raise OutputError("annotation table refused", [problem]) from error


def write_sequences(
    path: Path,
    pairs: pd.DataFrame,
    *,
    annotation: Annotation,
    transcripts: Path | None = None,
    genome: Path | None = None,
) -> Missed:
    """Write the sequences of all pairs as FASTA, each transcript once.

    A header reads `transcript gene=… role=falls` (first of a pair), `rises` (second) or `both`.

    Args:
        path: file to write.
        pairs: `gene_id`, `transcript_id_1`, `transcript_id_2`.
        annotation: to splice by.
        transcripts: FASTA of transcripts; or
        genome: FASTA of the genome.

    Returns:
        Transcripts without a sequence there.

    Raises:
        ImportDataError: the FASTA cannot be used.
    """
    sides = pd.concat(
        [
            pairs[["gene_id", f"transcript_id_{k}"]]
            .set_axis(["gene", "transcript"], axis=1)
            .assign(role=role)
            for k, role in ((1, "falls"), (2, "rises"))
        ]
    ).drop_duplicates()
    roles = sides.groupby(["gene", "transcript"], sort=True)["role"].agg(
        lambda role: role.iloc[0] if len(role) == 1 else "both"
    )
    wanted = np.unique(sides["transcript"].to_numpy(dtype=np.str_))
    if transcripts is not None:
        found = transcript_sequences(transcripts, wanted)
    else:
        assert genome is not None
        found = spliced_sequences(genome, annotation, wanted)
    records = [
        (f"{transcript} gene={gene} role={role}", found[transcript])
        for gene, transcript, role in roles.reset_index().itertuples(index=False, name=None)
        if transcript in found
    ]
    write_text(Path(path), fasta_text(records))
    missed = [name for name in wanted.tolist() if name not in found]
    return Missed("transcripts without a sequence", tuple(missed))

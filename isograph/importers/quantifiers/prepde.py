"""StringTie's prepDE: `transcript_count_matrix.csv`, also gzipped; a file of all samples.

Format as prepDE's own code writes it: commas, CRLF, whole reads rounded up; a cell is empty where a
sample was quantified without the transcript, and refused here. No real file was at hand.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import AGAIN
from isograph.importers.quantifiers.matrix import first_lines, read_matrix
from isograph.importers.quantifiers.model import Quantified, Quantifier, as_objects

_ID = "transcript_id"


def read_prepde(path: Path, only: Collection[str] | None, problems: Problems) -> Quantified | None:
    """Read prepDE's matrix of transcript counts: whole reads, without lengths.

    Ids of the form `transcript|gene` are taken apart; ids with more bars (GENCODE's headers) stay.

    Args:
        path: the file, plain or gzip.
        only: samples wanted; None reads all.
        problems: collects what is wrong.

    Returns:
        All samples; None, with the reasons noted, where the file is not good.
    """
    lines = first_lines(path, 1, path.name, problems)
    if lines is None:
        return None
    header = next(csv.reader(lines[:1]), [])
    if not header or header[0] != _ID:
        found = header[0][:40] if header else ""
        problems.add(
            path.name,
            f"first column is {found!r}, not {_ID}",
            fix=f"give prepDE's transcript_count_matrix.csv, cells separated by commas; {AGAIN}",
        )
        return None
    matrix = read_matrix(
        path, header=header, text=(_ID,), separator=",", only=only, problems=problems, quoted=True
    )
    if matrix is None:
        return None
    ids, genes = _apart(matrix.text[_ID])
    return Quantified(
        transcript_ids=ids,
        sample_ids=np.array(matrix.samples, dtype=object),
        counts=matrix.values,
        effective_lengths=None,
        lengths=None,
        gene_ids=genes,
        gene_names=None,
        sources=[(sample, path) for sample in matrix.samples],
        left_out=matrix.left_out,
        notes=["prepDE's matrix holds no lengths of transcripts"],
    )


def _apart(ids: Any) -> tuple[Any, Any]:
    """Transcript ids, and gene ids where every id is `transcript|gene`; object arrays (n,)."""
    parts = pc.split_pattern(ids, "|")
    if not pc.all(pc.equal(pc.list_value_length(parts), 2)).as_py():
        return as_objects(ids), None
    transcripts, genes = (pc.list_element(parts, place) for place in (0, 1))
    if pc.count_distinct(transcripts).as_py() < len(ids):
        return as_objects(ids), None
    return as_objects(transcripts), as_objects(genes)


PREPDE = Quantifier(
    name="prepde",
    title="StringTie's prepDE",
    files=("*transcript_count_matrix.csv",),
    read_matrix=read_prepde,
)

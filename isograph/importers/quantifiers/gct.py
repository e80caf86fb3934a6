"""GCT of transcripts, as GTEx has it; a file of all samples, also gzipped.

Format as documented by GTEx and by the Broad's GCT 1.2; no real file was at hand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import AGAIN
from isograph.importers.quantifiers.matrix import Matrix, first_lines, read_matrix
from isograph.importers.quantifiers.model import Quantified, Quantifier, as_objects

_VERSION = "#1.2"
_HEADERS = (("transcript_id", "gene_id"), ("Name", "Description"))
_NO_COUNTS = ("tpm", "rpkm", "fpkm")
_GENE = "^ENS[A-Z]*G[0-9]"


def read_gct(path: Path, only: Collection[str] | None, problems: Problems) -> Quantified | None:
    """Read counts of transcripts from a GCT 1.2 file.

    After `#1.2` and the numbers of rows and samples come `transcript_id` and `gene_id` (or `Name`
    and `Description`) and a column a sample. Files that begin with that header are read too, as
    GTEx has published some. The second column is taken as the gene id.

    Args:
        path: the file, plain or gzip.
        only: samples wanted; None reads all, of GTEx more than 10,000.
        problems: collects what is wrong.

    Returns:
        All samples; None, with the reasons noted, where the file is not good, holds genes, or by
        its name holds TPM rather than counts.
    """
    own = Problems()
    lines = first_lines(path, 3, path.name, own)
    matrix = None
    if lines is not None:
        skip = 2 if lines[0].startswith(_VERSION) else 0
        header = lines[skip].split("\t") if len(lines) > skip else []
        if _header_is_good(header, path, own):
            text = tuple(header[:2])
            matrix = read_matrix(
                path, header=header, text=text, separator="\t", only=only, problems=own, skip=skip
            )
            if matrix is not None and skip:
                _check_size(lines[1], len(matrix.values), len(header) - 2, path.name, own)
            if matrix is not None:
                _check_transcripts(matrix, text[0], path.name, own)
    problems.found.extend(own.found)
    if own or matrix is None:
        return None
    ids, genes = matrix.text.values()
    return Quantified(
        transcript_ids=as_objects(ids),
        sample_ids=np.array(matrix.samples, dtype=object),
        counts=matrix.values,
        effective_lengths=None,
        lengths=None,
        gene_ids=as_objects(genes),
        gene_names=None,
        sources=[(sample, path) for sample in matrix.samples],
        left_out=matrix.left_out,
        notes=["GCT holds no lengths of transcripts"],
    )


def _header_is_good(header: Sequence[str], path: Path, problems: Problems) -> bool:
    words = path.name.lower()
    if any(word in words for word in _NO_COUNTS) and "count" not in words:
        problems.add(path.name, "holds no counts, by its name", fix="give expected counts")
    if tuple(header[:2]) not in _HEADERS:
        shown = ", ".join(name[:20] for name in header[:3])
        problems.add(
            path.name,
            f"header starts with {shown or 'nothing'}",
            fix="it should be transcript_id, gene_id (or Name, Description) and the samples, "
            "separated by tabs, after #1.2 and a line of two numbers",
        )
    return not problems


def _check_size(line: str, n_rows: int, n_samples: int, where: str, problems: Problems) -> None:
    """The second line tells how many rows and samples there should be."""
    if line.split()[:2] != [str(n_rows), str(n_samples)]:
        problems.add(
            where,
            f"has {n_rows} rows and {n_samples} samples, its second line says "
            f"{line.strip()[:40]!r}",
            fix=AGAIN,
        )


def _check_transcripts(matrix: Matrix, column: str, where: str, problems: Problems) -> None:
    ids = matrix.text[column]
    if pc.all(pc.match_substring_regex(ids, _GENE)).as_py():
        problems.add(
            where,
            "rows are genes",
            examples=ids[:3].to_pylist(),
            count=len(ids),
            fix="give the file of transcripts",
        )


GCT = Quantifier(name="gct", title="GCT", files=("*.gct",), read_matrix=read_gct)

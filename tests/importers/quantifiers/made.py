"""Small files as the quantifiers write them, one kind beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems
from isograph.importers.quantifiers import QUANTIFIERS, Quantified, read_quantified

READ_LENGTH = 50
IDS = ("T1.2", "T2.1", "T3.1", "T4.1")
GENES = ("GA", "GA", "GB", "GC")
LENGTHS = (1000, 500, 800, 700)
COUNTS: npt.NDArray[np.float64] = np.array([100.5, 0.0, 30.25, 2.0])
FILES = {
    "salmon": "quant.sf",
    "kallisto": "abundance.tsv",
    "rsem": "{}.isoforms.results",
    "ctab": "t_data.ctab",
}
COUNT_COLUMN = {"salmon": 4, "kallisto": 3, "rsem": 4, "ctab": 10}
SAMPLE_KINDS = tuple(FILES)
_HEADERS = {
    "salmon": "Name Length EffectiveLength TPM NumReads",
    "kallisto": "target_id length eff_length est_counts tpm",
    "rsem": "transcript_id gene_id length effective_length expected_count TPM FPKM IsoPct",
    "ctab": "t_id chr strand start end t_name num_exons length gene_id gene_name cov FPKM",
}


def path_of(folder: Path, kind: str, sample: str) -> Path:
    """Where the file of a sample lies."""
    name = FILES[kind].format(sample)
    return folder / name if kind == "rsem" else folder / sample / name


def rows_of(
    kind: str,
    *,
    ids: Sequence[str] = IDS,
    counts: Sequence[float] | npt.NDArray[np.float64] = COUNTS,
    lengths: Sequence[int] = LENGTHS,
    genes: Sequence[str] = GENES,
) -> list[list[str]]:
    """Header and cells."""
    rows = [_HEADERS[kind].split()]
    for number, (name, count, length, gene) in enumerate(
        zip(ids, counts, lengths, genes, strict=True)
    ):
        effective = length - 199.5
        if kind == "salmon":
            cells = [name, length, effective, 1, count]
        elif kind == "kallisto":
            cells = [name, length, effective, count, 1]
        elif kind == "rsem":
            cells = [name, gene, length, effective, count, 1, 1, 0]
        else:
            coverage = count * READ_LENGTH / length
            cells = [number, 1, "+", 1, length, name, 1, length, gene, f"n{gene}", coverage, 1]
        rows.append([str(cell) for cell in cells])
    return rows


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Tab-separated lines."""
    return "".join("\t".join(row) + "\n" for row in rows)


def write(folder: Path, kind: str, sample: str, text: str | bytes | None = None) -> Path:
    """One sample's file."""
    path = path_of(folder, kind, sample)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = as_text(rows_of(kind)) if text is None else text
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(folder: Path, kind: str, **options: object) -> Quantified:
    """What a folder holds; it must be good."""
    problems = Problems()
    found = _read(folder, kind, problems, options)
    assert found is not None, told(problems)
    assert not problems
    return found


def refusal(folder: Path, kind: str, **options: object) -> str:
    """Why a folder is refused; it must be."""
    problems = Problems()
    assert _read(folder, kind, problems, options) is None
    assert problems
    return told(problems)


def told(problems: Problems) -> str:
    """All problems as text."""
    return "\n".join(str(problem) for problem in problems.found)


def _read(
    folder: Path, kind: str, problems: Problems, options: dict[str, object]
) -> Quantified | None:
    if "read_length" in QUANTIFIERS[kind].needs:
        options = {"read_length": READ_LENGTH} | options
    return read_quantified(folder, kind=kind, problems=problems, **options)  # type: ignore[arg-type]

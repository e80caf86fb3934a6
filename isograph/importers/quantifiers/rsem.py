"""RSEM: `SAMPLE.isoforms.results`, also gzipped."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import read_columns
from isograph.importers.quantifiers.model import Quantifier, QuantOptions, SampleQuant


def read_rsem(path: Path, options: QuantOptions, problems: Problems) -> SampleQuant | None:
    """Read one `*.isoforms.results`.

    Args:
        path: the file, plain or gzip.
        options: not needed.
        problems: collects what is wrong.

    Returns:
        expected_count, effective_length, length and the gene of every transcript; None, with
        the reasons noted, where the file is not good.
    """
    found = read_columns(
        path,
        ids="transcript_id",
        text=("gene_id",),
        numbers=("expected_count", "effective_length", "length"),
        problems=problems,
    )
    if found is None:
        return None
    return SampleQuant(
        ids=found.text["transcript_id"],
        counts=found.numbers["expected_count"],
        effective_lengths=found.numbers["effective_length"],
        lengths=found.numbers["length"],
        genes=found.text["gene_id"],
    )


RSEM = Quantifier(name="rsem", title="RSEM", files=("*.isoforms.results",), read=read_rsem)

"""Small GTF files for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Parts = Sequence[tuple[int, int]]
FAR = 10_001


def line(
    feature: str, start: int, end: int, about: str, *, strand: str = "+", chromosome: str = "chr1"
) -> str:
    """One GTF line."""
    return f"{chromosome}\tsrc\t{feature}\t{start}\t{end}\t.\t{strand}\t.\t{about}\n"


def transcript(
    name: str,
    exons: Parts,
    coding: Parts = (),
    *,
    stop: tuple[int, int] | None = None,
    strand: str = "+",
    biotype: str = "protein_coding",
    chromosome: str = "chr1",
    more: str = "",
) -> str:
    """Lines of a transcript of gene G, given as on the plus strand and mirrored for the minus."""
    about = f'gene_id "G"; transcript_id "{name}"; transcript_type "{biotype}";{more}'
    parts = [("exon", *part) for part in exons] + [("CDS", *part) for part in coding]
    parts += [("stop_codon", *stop)] if stop else []
    if strand == "-":
        parts = [(feature, FAR - end, FAR - start) for feature, start, end in parts]
    return "".join(
        line(feature, start, end, about, strand=strand, chromosome=chromosome)
        for feature, start, end in parts
    )


def saved(folder: Path, text: str, name: str = "a.gtf") -> Path:
    """The text as a file."""
    path = folder / name
    path.write_bytes(text.encode())
    return path

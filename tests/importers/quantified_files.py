"""Small folders of quantified samples for tests of imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

TRANSCRIPTS = ("T1.2", "T2.1", "T3.1", "T4.1")
LENGTHS = (1000.0, 500.0, 800.0, 700.0)
GENE_OF = {"T1": "GA", "T2": "GA", "T3": "GB"}
COUNTS: npt.NDArray[np.float64] = np.array(
    [[100.0, 80.5, 60.0], [50.0, 70.25, 90.0], [30.0, 30.0, 30.0], [2.0, 0.0, 1.0]]
)
SAMPLES = ("S1", "S2", "S3")


def write_salmon(
    folder: Path,
    counts: npt.NDArray[np.float64] = COUNTS,
    *,
    samples: Sequence[str] = SAMPLES,
    transcripts: Sequence[str] = TRANSCRIPTS,
    effective: npt.NDArray[np.float64] | None = None,
) -> Path:
    """`SAMPLE/quant.sf` of every sample; effective lengths are 200 below lengths unless given."""
    lengths = np.array((LENGTHS * len(transcripts))[: len(transcripts)])
    for place, sample in enumerate(samples):
        own = lengths - 200 if effective is None else effective[:, place]
        rows = [
            f"{name}\t{length:.0f}\t{eff}\t0\t{count}\n"
            for name, length, eff, count in zip(
                transcripts, lengths, own, counts[:, place], strict=True
            )
        ]
        path = folder / sample / "quant.sf"
        path.parent.mkdir(parents=True)
        path.write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + "".join(rows))
    return folder


def write_map(path: Path, genes: Mapping[str, str] = GENE_OF) -> Path:
    """A table of transcript and gene."""
    rows = "".join(f"{transcript},{gene}\n" for transcript, gene in genes.items())
    path.write_text("transcript_id,gene_id\n" + rows)
    return path


def write_gtf(path: Path, genes: Mapping[str, str] = GENE_OF) -> Path:
    """An annotation with one exon of 300 bases a transcript, genes called name-of-…"""
    lines = []
    for number, (transcript, gene) in enumerate(genes.items()):
        start = 1000 * number + 1
        about = f'gene_id "{gene}"; transcript_id "{transcript}"; gene_name "name-of-{gene}";'
        lines.append(f"chr7\tx\texon\t{start}\t{start + 299}\t.\t+\t.\t{about}\n")
    path.write_text("".join(lines))
    return path

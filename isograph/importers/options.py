"""What a user may say about an import, whatever the files are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from isograph.errors import Problems
from isograph.importers.mapping.overlap import MIN_OVERLAP

CountsFrom = Literal["no", "scaledTPM", "lengthScaledTPM", "dtuScaledTPM"]
COUNTS_FROM: tuple[str, ...] = get_args(CountsFrom)
"""Ways to counts, under the names that tximport gives them."""

WITHOUT_GENE = ("keep", "drop")
"""What becomes of transcripts without a gene."""


@dataclass(frozen=True)
class ImportOptions:
    """How quantified samples become a bundle.

    Attributes:
        tx2gene: table of transcript and gene; wins over what else tells genes.
        gtf: annotation: the map where there is no other, and names, lengths, biotypes, places.
        samples: sample sheet; without one the bundle knows nothing of its samples but their ids.
        sample_column: column of sample ids; None looks for it.
        sheet: sheet of an XLSX file; None takes the first.
        block: column that names the donor where a donor has several samples.
        ordered: levels from the lowest to the highest, by column.
        allow_missing: leave out samples that are quantified or in the sheet only.
        allow_union: samples may have different transcripts; what one lacks counts as 0.
        min_overlap: least share of reads that must have a gene, 0 to 1.
        counts_from: counts as they are (`no`), or made from abundances, see
            `isograph.importers.building.abundance`.
        read_length: of the sequencing in bases, for StringTie's coverage.
        without_gene: `keep` transcripts without a gene, each as a gene of its own, or `drop` them.
        cache_dir: where readings of annotations are kept.
    """

    tx2gene: Path | None = None
    gtf: Path | None = None
    samples: Path | None = None
    sample_column: str | None = None
    sheet: str | None = None
    block: str | None = None
    ordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_missing: bool = False
    allow_union: bool = False
    min_overlap: float = MIN_OVERLAP
    counts_from: CountsFrom = "no"
    read_length: float | None = None
    without_gene: Literal["keep", "drop"] = "keep"
    cache_dir: Path | None = None

    def __post_init__(self) -> None:
        for role in ("tx2gene", "gtf", "samples", "cache_dir"):
            value = getattr(self, role)
            if value is not None:
                object.__setattr__(self, role, Path(value))

    def check(self, problems: Problems) -> None:
        """Note options that mean nothing."""
        if not 0 <= self.min_overlap <= 1:
            problems.add("--min-overlap", f"is {self.min_overlap:g}", fix="give a share, 0 to 1")
        if self.counts_from not in COUNTS_FROM:
            fix = f"one of {', '.join(COUNTS_FROM)}"
            problems.add("--counts-from-abundance", f"no such way: {self.counts_from}", fix=fix)
        if self.without_gene not in WITHOUT_GENE:
            problems.add("--without-gene", f"is {self.without_gene}", fix="keep or drop")
        if self.samples is None:
            for flag, value in (
                ("--sample-column", self.sample_column),
                ("--sheet", self.sheet),
                ("--block", self.block),
                ("--ordered", self.ordered),
            ):
                if value:
                    problems.add(flag, "is about a sample sheet", fix="name one with --samples")

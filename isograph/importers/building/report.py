"""What an import found and did: `import_report.json`, and a few lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isograph.files import SCHEMA_VERSION
from isograph.provenance import version

REPORT_FILE = "import_report.json"

_SAID = {
    "fasta_header": "ids were whole FASTA headers",
    "fasta_header_shared": "FASTA headers that begin alike",
    "version_of_quantified": "ids matched without the quantified version",
    "version_of_map": "ids matched without the map's version",
    "versions_differ": "ids matched without versions",
    "version_unsafe": "ids not matched, as without versions they fall together",
    "gene_from_header": "genes from FASTA headers",
    "without_gene": "transcripts without a gene",
    "gene_names_disagree": "genes whose transcripts name them differently",
    "duplicated_gene_names": "gene names that several genes have",
    "gene_versions": "genes that differ by version only",
    "repeated_map_rows": "rows repeated in the map",
    "incomplete_map_rows": "rows of the map without transcript or gene",
    "not_quantified": "transcripts of the map that were not quantified",
    "not_in_annotation": "transcripts that the annotation lacks",
    "no_effective_length": "transcripts without an effective length",
    "only_in_files": "samples that the sheet lacks",
    "only_in_sheet": "samples of the sheet that were not quantified",
    "repeated_donors": "donors with several samples",
    "no_repeated_donors": "samples, each of a donor of its own",
    "unnamed_blocks": "donors that repeat themselves",
    "unused_levels": "ordered levels without a sample",
    "blanks_around_cells": "cells of the sheet with blanks around them",
    "empty_rows": "empty rows of the sheet",
    "repeated_rows": "rows of the sheet that say the same",
    "sample_column": "sample ids, from a column of another name",
    "second_id_column": "column that was called sample_id too",
    "unnamed_columns": "columns of the sheet without a name",
    "excel_errors": "cells of the sheet that hold a spreadsheet's error",
    "missing_words": "words for a missing value, among numbers",
    "missing_levels": "words for a missing value, among other text",
    "decimal_commas": "numbers with a decimal comma",
    "percent_signs": "numbers with a percent sign",
    "nearly_numeric": "cells that are no numbers in a column of numbers",
    "numbers_as_text": "cells with commas or percent signs",
    "dates_as_text": "dates",
    "further_sheets": "further sheets of the file",
    "without_counts": "samples without a single read",
    "folders_without_file": "folders beside the samples without a file",
    "one_transcript_genes": "genes, each of one transcript",
    "few_genes": "genes of very many transcripts",
    "not_taken": "files beside the samples that were not taken",
}
"""Kinds of findings in words."""


@dataclass(frozen=True)
class ImportReport:
    """What an import found and did.

    Attributes:
        kind: of the files, as `isograph import` names it.
        source: name of the folder or file.
        samples: `n`, and `only_in_files` and `only_in_sheet`, ids in full.
        transcripts: `n`, `with_gene`, `share_of_reads_with_gene`.
        genes: their number.
        totals: sum of each sample's counts in the bundle, by sample id.
        counts_from: how counts were made.
        usage_from: what usage is shown by: counts over which length, or counts.
        findings: `about`, `kind`, `n`, `share_of_reads`, `examples`, `action`.
        notes: sentences.
        without_gene: ids in full, those of most reads first.
        sources: `role` or `sample`, `file` and `sha256` of everything read.
    """

    kind: str
    source: str
    samples: Mapping[str, Any]
    transcripts: Mapping[str, Any]
    genes: int
    totals: Mapping[str, float]
    counts_from: str
    usage_from: str
    findings: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    without_gene: Sequence[str] = ()
    sources: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    def as_record(self) -> dict[str, Any]:
        """The content of `import_report.json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "isograph_version": version(),
            "kind": self.kind,
            "source": self.source,
            "samples": dict(self.samples),
            "transcripts": dict(self.transcripts),
            "genes": self.genes,
            "counts_from_abundance": self.counts_from,
            "usage_from": self.usage_from,
            "findings": [dict(one) for one in self.findings],
            "notes": list(self.notes),
            "transcripts_without_gene": list(self.without_gene),
            "total_counts": dict(self.totals),
            "sources": [dict(one) for one in self.sources],
        }


def finding_rows(findings: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """One row a finding: what, number, share of reads, what was done, examples."""
    return [
        (
            _SAID.get(one["kind"], str(one["kind"]).replace("_", " ")),
            one["n"],
            None if one["share_of_reads"] is None else _percent(one["share_of_reads"]),
            one["action"],
            ", ".join(map(str, one["examples"])),
        )
        for one in findings
    ]


_MISLEADS = (
    "missing_levels",
    "nearly_numeric",
    "numbers_as_text",
    "without_counts",
    "unnamed_blocks",
    "folders_without_file",
    "one_transcript_genes",
    "few_genes",
    "not_taken",
)


def import_flags(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What must be seen before results of an import are believed, in sentences.

    Args:
        record: content of `import_report.json`.
    """
    return tuple(
        f"{_SAID[one['kind']]} ({one['n']}): {', '.join(map(str, one['examples']))}; "
        f"{one['action']}"
        for one in record["findings"]
        if one["kind"] in _MISLEADS
    )


def about(subject: str, findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings with the word for what they are about."""
    return [{"about": subject, **one} for one in findings]


def _percent(share: float) -> str:
    """Shares that are not quite nothing or everything do not read as such."""
    if share == 0:
        return "none"
    if 0 < share < 0.0005:
        return "< 0.1%"
    if 0.9995 <= share < 1:
        return "> 99.9%"
    return f"{share:.1%}"

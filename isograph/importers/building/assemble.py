"""Quantified samples, a gene map and a sample sheet to a bundle and a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.cache import read_annotation
from isograph.annotation.model import Annotation
from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.model import Bundle
from isograph.errors import ImportDataError, Problem, Problems
from isograph.files import to_json
from isograph.importers.building.abundance import counts_from_abundance
from isograph.importers.building.annotated import with_places
from isograph.importers.building.findings import findings
from isograph.importers.building.genes import sum_genes
from isograph.importers.building.provenance import file_hashes, hash_of_files, source_record
from isograph.importers.building.report import REPORT_FILE, ImportReport
from isograph.importers.building.transcript_table import TranscriptTable, transcript_table
from isograph.importers.mapping.gene_map import GeneMap, read_gene_map
from isograph.importers.mapping.identifiers import Match, match_transcripts
from isograph.importers.mapping.overlap import check_overlap
from isograph.importers.mapping.own_map import own_map
from isograph.importers.options import ImportOptions
from isograph.importers.quantifiers.model import Quantified
from isograph.importers.sheets.sample_alignment import Aligned

_MOST_LOST = 0.01
"""Share of a sample's reads that may be on transcripts without an effective length."""

SUITE = "imported"

_IMPORTER = "isograph.importers"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Imported:
    """A bundle that is ready to be saved, and what is to be known about it."""

    bundle: Bundle
    report: ImportReport

    @property
    def files(self) -> dict[str, str]:
        """Text files that belong into the bundle's folder, by name."""
        return {REPORT_FILE: to_json(self.report.as_record())}


@dataclass(frozen=True)
class Origin:
    """Where quantified samples come from.

    Attributes:
        kind: as `isograph import` names it.
        source: the folder or file.
        name: of the data set.
        description: free text.
        notes: sentences for the report.
    """

    kind: str
    source: Path
    name: str
    description: str = ""
    notes: tuple[str, ...] = ()


def assemble(
    quantified: Quantified,
    *,
    origin: Origin,
    gene_map: GeneMap | None,
    aligned: Aligned | None,
    sheet_findings: tuple[dict[str, Any], ...] = (),
    options: ImportOptions,
    problems: Problems,
) -> Imported:
    """Make the bundle.

    Args:
        quantified: all samples; rows keep their order.
        origin: where they come from.
        gene_map: from `read_named_map`; what files say of genes themselves comes after a table
            and before an annotation, which tells of transcripts that they say nothing of.
        aligned: the sample sheet beside them; its `kept` are the samples taken. Without one the
            bundle has ids alone.
        sheet_findings: what was noticed while the sheet was read.
        options: see `ImportOptions`.
        problems: found so far; what is wrong here is added to them.

    Raises:
        ImportDataError: lists everything that is wrong.
    """
    if aligned is not None:
        quantified = _taken(quantified, aligned.kept)
    if options.tx2gene is None and quantified.gene_ids is not None:
        gene_map = own_map(quantified, gene_map)
    match = match_transcripts(quantified.transcript_ids, _row_sums(quantified.counts), gene_map)
    if gene_map is not None:
        check_overlap(match, gene_map, problems, min_overlap=options.min_overlap)
    else:
        _check_headers(match, options, problems)
    if options.counts_from != "no" and quantified.effective_lengths is not None:
        _check_lengths(quantified, origin, problems)
    if options.counts_from != "no" and quantified.effective_lengths is None:
        fix = "leave --counts-from-abundance out; --gtf gives lengths to usage"
        problems.add(origin.kind, "files hold no effective lengths", fix=fix)
    _raise(problems, origin)
    annotation = None
    if options.gtf is not None:
        annotation = read_annotation(options.gtf, cache_dir=options.cache_dir)
    return _Assembly(quantified, match, gene_map, annotation, options, origin).imported(
        aligned, sheet_findings
    )


def _raise(problems: Problems, origin: Origin) -> None:
    problems.raise_if_any(ImportDataError, _headline(origin))


def _headline(origin: Origin) -> str:
    return f"import of {origin.name!r} refused, nothing written"


def _row_sums(counts: Floats) -> Floats:
    sums: Floats = counts.sum(axis=1)
    return sums


def _taken(quantified: Quantified, kept: Ints) -> Quantified:
    """Some of the samples; all of them stay where they are in memory."""
    if np.array_equal(kept, np.arange(len(quantified.sample_ids))):
        return quantified
    effective, processed = quantified.effective_lengths, quantified.n_processed
    return replace(
        quantified,
        sample_ids=quantified.sample_ids[kept],
        counts=quantified.counts[:, kept],
        effective_lengths=None if effective is None else effective[:, kept],
        sources=[quantified.sources[column] for column in kept],
        n_processed=None if processed is None else processed[kept],
    )


def _check_lengths(quantified: Quantified, origin: Origin, problems: Problems) -> None:
    """Reads on a transcript without a length would vanish, and all others be scaled up for it."""
    assert quantified.effective_lengths is not None
    total = np.maximum(quantified.counts.sum(axis=0), 1e-300)
    lost = np.where(quantified.effective_lengths > 0, 0.0, quantified.counts).sum(axis=0) / total
    bad = np.flatnonzero(lost > _MOST_LOST)
    if len(bad):
        shown = [f"{quantified.sample_ids[place]} ({lost[place]:.1%})" for place in bad[:3]]
        problems.add(
            origin.kind,
            "samples with reads on transcripts whose effective length is 0",
            examples=shown,
            count=len(bad),
            fix="leave --counts-from-abundance out, or quantify again",
        )


# ---- the gene map


def read_named_map(options: ImportOptions, problems: Problems) -> GeneMap | None:
    """The map that the options name: a table, else the annotation; None without either."""
    if options.tx2gene is None and options.gtf is None:
        return None
    if options.tx2gene is None:
        assert options.gtf is not None
        return read_gene_map(options.gtf, problems, cache_dir=options.cache_dir)
    if options.gtf is not None and not options.gtf.is_file():
        problems.add(str(options.gtf), "no such file", fix="give a GTF, plain or gzip")
    return read_gene_map(options.tx2gene, problems, cache_dir=options.cache_dir)


def _check_headers(match: Match, options: ImportOptions, problems: Problems) -> None:
    """Without a map, genes can only stand in the ids themselves."""
    if match.share_of_reads >= max(options.min_overlap, 1e-9):
        return
    problems.add(
        "transcripts",
        "no gene is known" if not len(match.gene_ids) else "few name their gene",
        examples=match.transcript_ids[:3],
        count=int((match.gene_of < 0).sum()),
        fix="give --tx2gene FILE (transcript, gene) or --gtf FILE",
    )


# ---- the bundle


@dataclass(frozen=True)
class _Assembly:
    quantified: Quantified
    match: Match
    gene_map: GeneMap | None
    annotation: Annotation | None
    options: ImportOptions
    origin: Origin

    def imported(
        self, aligned: Aligned | None, sheet_findings: tuple[dict[str, Any], ...]
    ) -> Imported:
        match, quantified = self.match, self.quantified
        lost = match.gene_of < 0
        keep = np.flatnonzero(~lost) if self.options.without_gene == "drop" else None
        made = transcript_table(quantified, match, self.gene_map, self.annotation, self.options)
        table = made.table
        counts = quantified.counts
        if self.options.counts_from != "no":
            assert quantified.effective_lengths is not None
            counts = counts_from_abundance(
                counts,
                quantified.effective_lengths,
                how=self.options.counts_from,
                gene_of=match.gene_of,
            )
        if keep is not None and lost.any():
            table, counts = table.iloc[keep].reset_index(drop=True), counts[keep]
            if not len(table):
                fix = "give the map of these transcripts, or --without-gene keep"
                problem = Problem("transcripts", "none is left, as none has a gene", fix=fix)
                raise ImportDataError(_headline(self.origin), [problem])
        genes, gene_counts = sum_genes(table, counts)
        if self.annotation is not None:
            genes = with_places(genes, table, self.annotation)
        bundle = Bundle(
            name=self.origin.name,
            suite=SUITE,
            description=self.origin.description,
            samples=self._samples(aligned),
            tables={"transcript": table, "gene": genes},
            matrices={"transcript_counts": counts, "gene_counts": gene_counts},
            provenance={},
        )
        named = self._sources()
        quants = file_hashes([(sample, self._shown(path), path) for sample, path in self._files()])
        provenance = source_record(_IMPORTER, named) | {
            "import_kind": self.origin.kind,
            "counts_from_abundance": self.options.counts_from,
            "quant_files": str(len({row["file"] for row in quants})),
            "quant_files_sha256": hash_of_files(quants),
            "share_of_reads_with_gene": f"{match.share_of_reads:.6f}",
        }
        provenance |= {} if aligned is None else dict(aligned.provenance)
        bundle = replace(bundle, provenance=provenance)
        found = findings(
            bundle,
            match,
            made,
            gene_map=self.gene_map,
            aligned=aligned,
            of_sheet=sheet_findings,
            of_samples=self.quantified.findings,
            without_gene=self.options.without_gene,
        )
        report = self._report(bundle, aligned, made, found)
        hashes = [
            {"role": role, "file": path.name, "sha256": provenance[f"{role}_sha256"]}
            for role, path in named.items()
        ]
        return Imported(bundle, replace(report, sources=[*hashes, *quants]))

    def _samples(self, aligned: Aligned | None) -> pd.DataFrame:
        if aligned is not None:
            return aligned.frame
        return pd.DataFrame({SAMPLE_ID: self.quantified.sample_ids.astype(object)})

    def _sources(self) -> dict[str, Path]:
        options = self.options
        roles = {"tx2gene": options.tx2gene, "gtf": options.gtf, "samples": options.samples}
        return {role: path for role, path in roles.items() if path is not None}

    def _files(self) -> list[tuple[str, Path]]:
        return self.quantified.sources

    def _shown(self, path: Path) -> str:
        """Name of a file below the folder that was given."""
        folder = self.origin.source
        return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name

    def _report(
        self,
        bundle: Bundle,
        aligned: Aligned | None,
        made: TranscriptTable,
        found: list[dict[str, Any]],
    ) -> ImportReport:
        match, ids = self.match, bundle.sample_ids
        totals = bundle.matrices["transcript_counts"].sum(axis=0)
        lost = np.flatnonzero(match.gene_of < 0)
        order = lost[np.lexsort((match.transcript_ids[lost], -match.reads[lost]))]
        return ImportReport(
            kind=self.origin.kind,
            source=self.origin.source.resolve().name,
            samples={
                "n": bundle.n_samples,
                "only_in_files": [] if aligned is None else list(aligned.only_in_files),
                "only_in_sheet": [] if aligned is None else list(aligned.only_in_sheet),
            },
            transcripts={
                "n": len(bundle.tables["transcript"]),
                "with_gene": int((match.gene_of >= 0).sum()),
                "share_of_reads_with_gene": match.share_of_reads,
            },
            genes=len(bundle.tables["gene"]),
            totals=dict(zip(ids.tolist(), totals.tolist(), strict=True)),
            counts_from=self.options.counts_from,
            usage_from=made.usage_from,
            findings=found,
            notes=[*self.origin.notes, *self.quantified.notes],
            without_gene=[str(match.transcript_ids[place]) for place in order],
        )

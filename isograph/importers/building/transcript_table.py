"""The transcript table of a bundle: genes, names, lengths, biotypes of quantified transcripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.model import Annotation
from isograph.importers.building.abundance import mean_lengths
from isograph.importers.building.annotated import fill_in, share_of_reads
from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.identifiers import Match
from isograph.importers.options import ImportOptions
from isograph.importers.quantifiers.model import Quantified

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

_SHOWN = 3


@dataclass(frozen=True)
class TranscriptTable:
    """The table and what is to be said about it.

    Attributes:
        table: one row a quantified transcript, in their order.
        usage_from: what usage is shown by.
        findings: as the import report lists them.
    """

    table: pd.DataFrame
    usage_from: str
    findings: tuple[dict[str, Any], ...]


def transcript_table(
    quantified: Quantified,
    match: Match,
    gene_map: GeneMap | None,
    annotation: Annotation | None,
    options: ImportOptions,
) -> TranscriptTable:
    """Make the table; a transcript without a gene gets one of its own.

    Args:
        quantified: all samples.
        match: the gene of each transcript.
        gene_map: what it was made with.
        annotation: adds what the map does not tell.
        options: how counts are made decides whether lengths matter for usage.
    """
    findings: list[dict[str, Any]] = []
    lost = match.gene_of < 0
    gene = np.empty(len(lost), dtype=object)
    gene[~lost] = match.gene_ids[match.gene_of[~lost]]
    gene[lost] = _own_genes(match.transcript_ids[lost], match.gene_ids)
    names: Texts = np.full(len(lost), None, dtype=object)
    names[~lost] = match.gene_names[match.gene_of[~lost]]
    biotypes, lengths = match.biotypes.copy(), match.lengths.copy()
    if annotation is not None and (gene_map is None or gene_map.kind != "gtf"):
        findings += fill_in(
            annotation,
            match,
            names=names,
            biotypes=biotypes,
            lengths=lengths,
            min_overlap=options.min_overlap,
        )
    if quantified.lengths is not None:
        lengths = np.where(quantified.lengths > 0, quantified.lengths, lengths)
    table = pd.DataFrame({"transcript_id": match.transcript_ids.astype(object), "gene_id": gene})
    if not pd.isna(names).all():
        table["gene_name"] = names
    if not np.isnan(lengths).all():
        table["length"] = lengths
    usage_from, effective = _usage_lengths(quantified, lengths, options)
    if effective is not None:
        known = effective > 0
        table["effective_length"] = np.where(known, effective, np.nan)
        # one that nobody has a read of takes no part in usage
        bare = ~known & (match.reads > 0)
        findings += [_without_length(match, bare)] if bare.any() else []
    if not pd.isna(biotypes).all():
        table["biotype"] = biotypes
    return TranscriptTable(table, usage_from, tuple(findings))


def _own_genes(transcripts: npt.NDArray[np.str_], genes: npt.NDArray[np.str_]) -> Texts:
    """Names for genes of one transcript each; none of them is that of another gene."""
    own: Texts = transcripts.astype(object)
    taken = np.isin(transcripts, genes)
    own[taken] = [f"transcript:{name}" for name in transcripts[taken]]
    return own


def _usage_lengths(
    quantified: Quantified, lengths: Floats, options: ImportOptions
) -> tuple[str, Floats | None]:
    """What usage is shown by, and the lengths that it divides counts by, shape (n_transcripts,)."""
    if options.counts_from in ("scaledTPM", "dtuScaledTPM"):
        return f"counts ({options.counts_from}: in proportion to molecules within a gene)", None
    if quantified.effective_lengths is not None:
        return "counts over effective length", mean_lengths(quantified.effective_lengths)
    if not np.isnan(lengths).all():
        return "counts over length", lengths
    return "counts (no length is known)", None


def _without_length(match: Match, unknown: npt.NDArray[np.bool_]) -> dict[str, Any]:
    top = np.lexsort((match.transcript_ids, np.where(unknown, -match.reads, 1.0)))[:_SHOWN]
    return {
        "kind": "no_effective_length",
        "n": int(unknown.sum()),
        "share_of_reads": share_of_reads(match.reads, unknown),
        "examples": [str(match.transcript_ids[place]) for place in top if unknown[place]],
        "action": "usage in their genes is that of counts",
    }

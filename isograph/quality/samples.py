"""The samples of a cohort one by one: reads, genes, sex."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.bundle.names import gene_names
from isograph.quality import abundance, sex
from isograph.quality.columns import measured_column
from isograph.quality.findings import Findings
from isograph.quality.model import Check, Flag, Floats
from isograph.quality.reads import (
    LEAST_COUNT,
    Reads,
    mitochondrial_genes,
    read_counts,
    top_share,
)

DEPTH, GENES = "library size (log2)", "detected genes"


def look_at_samples(bundle: Bundle, order: npt.NDArray[np.int64], found: Findings) -> Floats:
    """Numbers of each sample, sex; log abundance, shape (n_genes, n_samples)."""
    reads = read_counts(bundle, order)
    if reads is None:
        for part in ("library_size", "sex"):
            found.untold[part] = "the data set has no counts"
    else:
        _look_at_reads(bundle, reads, found)
    expression = "transcript_counts" not in bundle.matrices and "gene_expression" in bundle.matrices
    if expression:
        made, n_genes = abundance.from_expression(bundle, order)
        found.assay = "gene_expression"
        found.columns["detected_genes"] = n_genes
    elif reads is not None:
        found.columns["detected_genes"] = np.count_nonzero(
            reads.totals >= LEAST_COUNT, axis=0
        ).astype(np.float64)
        found.assay = reads.assay
        made = abundance.from_reads(reads)
        found.columns["size_factor"] = made.factors
    else:
        why = "the data set has neither counts nor expression"
        found.untold |= {"detected_genes": why, "correlation": why}
        return np.empty((0, len(found.ids)))
    found.facts["genes_expressed"] = len(made.values)
    column = measured_column(GENES, found.columns["detected_genes"], found.ids.tolist())
    found.measured += [column] if column else []
    return made.values


def _look_at_reads(bundle: Bundle, reads: Reads, found: Findings) -> None:
    library = reads.totals.sum(axis=0)
    mitochondrial = mitochondrial_genes(bundle, reads.gene_ids)
    found.columns["library_size"] = library
    found.columns["top50_share"] = top_share(reads.totals)
    if reads.n_transcripts is not None:
        found.columns["detected_transcripts"] = reads.n_transcripts.astype(np.float64)
    if mitochondrial is None:
        found.untold["mitochondrial_share"] = (
            "no gene is known to be mitochondrial by its name (MT-…) or chromosome"
        )
    else:
        part = reads.totals[mitochondrial].sum(axis=0)
        share = np.full(len(library), np.nan)
        np.divide(part, library, out=share, where=library > 0)
        found.columns["mitochondrial_share"] = share
    depth = measured_column(DEPTH, np.log2(np.maximum(library, 1.0)), found.ids.tolist())
    found.measured += [depth] if depth else []
    _look_at_sex(bundle, reads, found)


def _look_at_sex(bundle: Bundle, reads: Reads, found: Findings) -> None:
    names = gene_names(bundle, reads.gene_ids)
    check = sex.check_sex(reads.totals, reads.gene_ids, names)
    declared = sex.declared_sex(found.samples, None if check is None else check.predicted)
    if declared is not None:
        found.columns["declared_sex"] = declared.sex
    if check is None:
        found.untold["sex"] = "XIST and Y-linked genes are not both among the genes"
        return
    found.columns |= {"xist": check.xist, "y_genes": check.y_genes}
    found.columns["predicted_sex"] = check.predicted
    ahead = check.xist - check.y_genes
    for i in _unclear_samples(check, found):
        words = str(check.why[i])
        found.flags.append(
            Flag(str(found.ids[i]), Check.SEX_UNCLEAR, float(ahead[i]), np.nan, words)
        )
    if declared is None:
        found.notes.append("No sample column holds the sex: predictions were not compared.")
        return
    found.sex_column = declared.column
    if declared.note:
        found.notes.append(f"Sex in column {declared.column}: {declared.note}.")
    known = np.array([value is not None for value in declared.sex])
    wrong = known & (check.predicted != sex.UNCLEAR) & (check.predicted != declared.sex)
    for i in np.flatnonzero(wrong).tolist():
        told = f"{declared.column} says {declared.sex[i]}, the genes say {check.predicted[i]}"
        found.flags.append(
            Flag(str(found.ids[i]), Check.SEX, float(ahead[i]), np.nan, f"{told}: swapped?")
        )


def _unclear_samples(check: sex.SexCheck, found: Findings) -> list[int]:
    """Samples whose unclear sex is worth a flag: not one that most of the cohort shares."""
    unclear = check.predicted == sex.UNCLEAR
    for reason in (sex.NEITHER, sex.SHALLOW):
        these = unclear & (check.why == reason)
        n = np.count_nonzero(these)
        if 2 * n > len(these):
            found.notes.append(
                f"In {n:,} of {len(these):,} samples {reason}. That is so common here that these "
                "samples are not flagged."
            )
            unclear &= ~these
    return np.flatnonzero(unclear).tolist()

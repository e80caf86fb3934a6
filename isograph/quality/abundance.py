"""Log abundance of expressed genes, as samples are compared by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.features.abundance import log_abundance
from isograph.features.design import ROWS_A_BLOCK
from isograph.features.filtering import expressed_genes
from isograph.features.normalisation import size_factors
from isograph.machine import blocks, in_threads
from isograph.quality.model import Floats
from isograph.quality.reads import Reads, gene_rows

LEAST_GENES = 20
LEAST_SAMPLES = 3
_LEAST_SEEN = 0.8


@dataclass(frozen=True)
class Abundance:
    """Log abundance, samples sorted by id.

    Attributes:
        values: expressed genes only, shape (n_genes, n_samples), finite.
        factors: size factors, shape (n_samples,); None without counts.
    """

    values: Floats
    factors: Floats | None


def from_reads(reads: Reads) -> Abundance:
    """The features' own log abundance, before standardising and without removing covariates.

    Genes have 10 reads or more in a tenth of the samples and in three at least, as in a fit.

    Args:
        reads: of all genes.
    """
    settings = FeatureSettings()
    n_samples = reads.totals.shape[1]
    few = settings.model_copy(update={"min_samples": min(settings.min_samples, n_samples)})
    keep, _, _ = expressed_genes(reads.totals, few)
    totals = reads.totals[keep]
    factors = size_factors(totals, method=settings.normalisation)
    if n_samples < LEAST_SAMPLES or len(totals) == 0:
        return Abundance(np.empty((0, n_samples)), factors)

    def fill(part: slice) -> None:
        totals[part] = log_abundance(totals[part], factors, settings)

    in_threads(fill, blocks(len(totals), ROWS_A_BLOCK))
    return Abundance(totals, factors)


def from_expression(bundle: Bundle, order: npt.NDArray[np.int64]) -> tuple[Abundance, Floats]:
    """Ready-made log expression; the few missing values take the gene's mean.

    Genes have a value in four fifths of the samples, and vary.

    Args:
        bundle: with `gene_expression`.
        order: columns to take, in this order.

    Returns:
        The abundance, and the genes with a value in each sample, shape (n_samples,).
    """
    values, _ = gene_rows(bundle, "gene_expression", order)
    seen = ~np.isnan(values)
    n_genes = np.count_nonzero(seen, axis=0).astype(np.float64)
    enough = seen.mean(axis=1) >= _LEAST_SEEN if seen.size else np.zeros(len(seen), dtype=bool)
    values, seen = values[enough], seen[enough]
    means = np.where(seen, values, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    values = np.where(seen, values, means[:, None])
    if values.size:
        values = values[np.ptp(values, axis=1) > 0]
    return Abundance(values, None), n_genes

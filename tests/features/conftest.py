"""Data sets of the feature tests."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.bundle.model import Bundle
from tests.features.counts import multinomial_counts, sample_table, transcript_bundle

SIZES = (1, 2, 3, 4, 2, 5, 2, 3) * 5


@pytest.fixture(scope="module")
def cohort() -> Bundle:
    """40 genes of one to five isoforms × 50 samples, gaps, lengths, covariates and traits."""
    rng = np.random.default_rng(20)
    parts = [
        multinomial_counts(rng, n_genes=1, n_isoforms=size, n_samples=50, reads=80, concentration=8)
        for size in SIZES
    ]
    counts = np.concatenate(parts)
    starts = np.concatenate([[0], np.cumsum(SIZES)[:-1]])
    for gene in (1, 2, 9):  # without reads in a third of the samples
        rows = slice(starts[gene], starts[gene] + SIZES[gene])
        counts[rows, rng.permutation(50)[:17]] = 0.0
    counts[starts[3] : starts[3] + SIZES[3]] = 0.0  # never expressed
    samples = sample_table(
        50,
        age=rng.normal(50, 10, 50),
        batch=rng.permutation(np.repeat(["a", "b"], 25)),
        Dx=rng.permutation(np.repeat(["Control", "SCZD"], 25)),
    )
    return transcript_bundle(
        counts, SIZES, samples=samples, length=rng.integers(500, 3000, len(counts))
    )

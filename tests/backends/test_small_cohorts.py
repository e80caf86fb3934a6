"""Cohorts smaller and odder than anybody would fit: a result or one clear sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.errors import IsographError


def odd_cohort(seed: int) -> Bundle:
    """One to nine genes of one to six transcripts in 2 to 15 samples, some without any read."""
    rng = np.random.default_rng(seed)
    n_samples, sizes = int(rng.integers(2, 16)), rng.integers(1, 7, rng.integers(1, 10))
    n = int(sizes.sum())
    level = rng.gamma(0.7, rng.choice([3, 50, 400]), (n, 1))
    shared = rng.normal(size=(1, n_samples)) * rng.choice([0, 1, 2])
    counts = rng.poisson(level * np.exp(rng.normal(0, 0.5, (n, 1)) * shared)).astype(float)
    if rng.random() < 0.3:
        counts[:, rng.integers(n_samples)] = 0
    if rng.random() < 0.2:
        counts[rng.integers(n)] = counts[0]
    genes = np.repeat([f"G{gene}" for gene in range(len(sizes))], sizes)
    return Bundle(
        name="odd",
        suite="x",
        description="",
        samples=pd.DataFrame({"sample_id": [f"S{place:02d}" for place in range(n_samples)]}),
        tables={
            "transcript": pd.DataFrame(
                {"transcript_id": [f"T{place}" for place in range(n)], "gene_id": genes}
            )
        },
        matrices={"transcript_counts": counts},
    )


@pytest.mark.parametrize("part", range(4))
def test_an_odd_cohort_is_fitted_or_refused(part: int) -> None:
    fitted = 0
    for seed in range(40 * part, 40 * part + 40):
        bundle = odd_cohort(seed)
        try:
            fit = isograph.fit(bundle, study=isograph.make_study(bundle="odd", name="odd"))
        except IsographError:
            continue
        assert set(fit.fates["gene_id"]) == set(bundle.gene_ids)
        fitted += 1
    # those with a sample without reads are refused
    assert fitted > 12

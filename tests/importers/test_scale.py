"""Values that are called counts and are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from isograph.errors import Problems
from isograph.importers.scale import note_other_scale

Values = np.ndarray


def counts(n_rows: int = 80, n_samples: int = 6) -> Values:
    rng = np.random.default_rng(3)
    size = rng.lognormal(3, 2, (n_rows, 1)) * rng.uniform(0.5, 2, n_samples)
    return rng.poisson(size).astype(float)


def noted(values: Values) -> str:
    problems = Problems()
    note_other_scale(values, "t.tsv", problems)
    return "\n".join(str(one) for one in problems.found)


def fractional(values: Values) -> Values:
    return np.where(values > 0, values + 0.37, 0.0)


def tpm(values: Values) -> Values:
    return values / values.sum(axis=0) * 1e6


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values,
        fractional,
        # few reads, as in a panel
        lambda values: np.minimum(values, 12.0),
        # read down to one depth
        lambda values: np.vstack([values, 1e6 - values.sum(axis=0)]),
    ],
)
def test_counts_are_let_through(change: Callable[[Values], Values]) -> None:
    assert noted(change(counts())) == ""


@pytest.mark.parametrize("log", [np.log1p, lambda values: np.log2(values + 1)])
def test_logarithms_are_told(log: Callable[[Values], Values]) -> None:
    assert "look like logarithms" in noted(log(fractional(counts())))


def test_tpm_is_told_by_the_sum_of_every_sample() -> None:
    assert "each sample sums to 1,000,000" in noted(tpm(counts()))
    # rounded to two places, as in files
    assert "each sample sums to 1,000,000" in noted(np.round(tpm(counts()), 2))


def test_tpm_of_transcripts_that_were_filtered_is_told_too() -> None:
    kept = tpm(counts(400))
    kept = kept[kept.mean(axis=1) > 200]
    assert np.ptp(kept.sum(axis=0)) > 1_000
    assert "look like TPM" in noted(kept)


def test_a_small_table_may_be_anything() -> None:
    assert noted(np.log1p(counts(5, 3))) == ""

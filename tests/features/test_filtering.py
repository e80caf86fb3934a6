"""Which genes and transcripts stay, at the very edges of the settings."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.config import FeatureSettings
from isograph.features import build_features
from isograph.features.filtering import expressed_genes, seen_transcripts
from tests.features.counts import null_counts, sample_table, study, transcript_bundle

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()


def row(n_samples: int, **counts: tuple[float, int]) -> np.ndarray:
    """One row: each keyword gives a value and in how many samples it stands; zeros elsewhere."""
    values = np.zeros((1, n_samples))
    start = 0
    for value, count in counts.values():
        values[0, start : start + count] = value
        start += count
    return values


def test_a_gene_needs_the_count_in_just_as_many_samples_as_asked_for() -> None:
    background = {"rest": (1.0, 90)}
    just = row(100, enough=(10.0, 10), **background)
    one_short = row(100, enough=(10.0, 9), rest=(1.0, 91))
    keep, n_enough, needed = expressed_genes(np.concatenate([just, one_short]), SETTINGS)
    assert keep.tolist() == [True, False]
    assert n_enough.tolist() == [10, 9]
    assert needed == 10


def test_a_count_just_below_the_minimum_does_not_count() -> None:
    totals = np.concatenate([np.full((1, 20), 10.0), np.full((1, 20), 9.999)])
    keep, n_enough, _ = expressed_genes(totals, SETTINGS)
    assert keep.tolist() == [True, False]
    assert n_enough.tolist() == [20, 0]


@pytest.mark.parametrize(
    ("n_samples", "needed"), [(6, 3), (10, 3), (30, 3), (31, 4), (100, 10), (101, 11), (160, 16)]
)
def test_the_number_of_samples_asked_for_is_a_share_but_at_least_three(
    n_samples: int, needed: int
) -> None:
    assert expressed_genes(np.ones((1, n_samples)), SETTINGS)[2] == needed


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_of_a_hundred_samples_is_its_percentage(percent: int) -> None:
    settings = FeatureSettings(min_samples=1, min_sample_share=percent / 100)
    assert expressed_genes(np.ones((1, 100)), settings)[2] == percent


def test_a_gene_without_reads_in_more_than_the_tied_share_is_left_out() -> None:
    at_the_limit = row(50, enough=(100.0, 10))
    beyond = row(50, enough=(100.0, 9))
    keep, n_enough, needed = expressed_genes(np.concatenate([at_the_limit, beyond]), SETTINGS)
    assert min(n_enough) >= needed
    assert keep.tolist() == [True, False]


@pytest.mark.parametrize(
    ("n_samples", "last_dropped"), [(20, 2), (160, 2), (200, 2), (300, 3), (1000, 10)]
)
def test_a_transcript_must_be_seen_in_more_samples_than_the_limit(
    n_samples: int, last_dropped: int
) -> None:
    dropped = row(n_samples, seen=(1000.0, last_dropped))
    kept = row(n_samples, seen=(1.0, last_dropped + 1))
    assert seen_transcripts(np.concatenate([dropped, kept]), SETTINGS).tolist() == [False, True]


def test_transcript_limits_hold_for_shares_that_binary_numbers_miss() -> None:
    # 0.29 × 100 is 28.999999999999996
    settings = FeatureSettings(transcript_min_share=0.29)
    counts = np.concatenate([row(100, seen=(5.0, 29)), row(100, seen=(5.0, 30))])
    assert seen_transcripts(counts, settings).tolist() == [False, True]


def test_fractions_of_a_read_count_as_seen() -> None:
    assert seen_transcripts(row(30, seen=(0.01, 3)), SETTINGS).tolist() == [True]


def test_rare_isoforms_survive() -> None:
    rng = np.random.default_rng(1)
    totals = rng.poisson(60, (200, 160))
    rare = rng.binomial(totals, 1 / 26)
    by_count = np.count_nonzero(rare >= 10, axis=1) >= 0.25 * 160
    assert not by_count.any()  # the usual filter would lose every one
    assert seen_transcripts(rare.astype(np.float64), SETTINGS).all()


def test_the_order_of_samples_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.exp(rng.normal(0, 3, (300, 1))), (300, 40)).astype(np.float64)
    shuffled = counts[:, rng.permutation(40)]
    keep = expressed_genes(counts, SETTINGS)[0]
    assert 0 < keep.sum() < 300
    np.testing.assert_array_equal(keep, expressed_genes(shuffled, SETTINGS)[0])
    np.testing.assert_array_equal(
        seen_transcripts(counts, SETTINGS), seen_transcripts(shuffled, SETTINGS)
    )


def test_traits_have_no_say() -> None:
    rng = np.random.default_rng(3)
    counts = null_counts(rng, n_genes=30, n_samples=40, reads=12.0)
    group = np.repeat(["case", "control"], 20)
    counts[:2, :20] = 0.0  # expressed in one group only
    told = sample_table(40, Dx=group, Age=rng.normal(50, 10, 40))
    swapped = sample_table(40, Dx=rng.permutation(group), Age=rng.normal(50, 10, 40))
    first, second, blind = (
        build_features(
            transcript_bundle(counts, [2] * 30, samples=samples), study=study(), settings=SETTINGS
        )
        for samples in (told, swapped, sample_table(40))
    )
    assert first.genes.equals(blind.genes)
    assert second.genes.equals(blind.genes)
    np.testing.assert_array_equal(first.values, blind.values)

"""Shrunken usage: the Dirichlet–multinomial moments, missing totals, count noise."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.config import FeatureSettings
from isograph.features.usage import Usage, shrunk_usage
from tests.features.counts import Floats, multinomial_counts

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()
UNBOUNDED = FeatureSettings(usage_prior_min=0.01, usage_prior_max=1e5)


def priors(usage: Usage, counts: Floats) -> Floats:
    """Prior strength of every gene: what stands beside the counts, over all its transcripts."""
    seen = np.repeat(usage.observed, usage.sizes, axis=0)
    added = np.where(seen, np.exp(usage.logs) - counts, np.nan)
    return np.add.reduceat(np.nanmedian(added, axis=1), usage.starts)


def genes(counts: Floats, size: int) -> np.ndarray:
    return np.arange(0, len(counts), size)


@pytest.mark.parametrize("n_isoforms", [2, 4])
@pytest.mark.parametrize("concentration", [3.0, 20.0, 60.0])
def test_the_concentration_behind_the_counts_is_recovered(
    n_isoforms: int, concentration: float
) -> None:
    rng = np.random.default_rng(0)
    counts = multinomial_counts(
        rng,
        n_genes=150,
        n_isoforms=n_isoforms,
        n_samples=200,
        reads=80,
        concentration=concentration,
    )
    usage = shrunk_usage(counts, genes(counts, n_isoforms), UNBOUNDED)
    assert np.median(priors(usage, counts)) == pytest.approx(concentration, rel=0.1)


def test_the_concentration_is_recovered_from_a_few_reads() -> None:
    rng = np.random.default_rng(9)
    counts = multinomial_counts(
        rng, n_genes=150, n_isoforms=3, n_samples=500, reads=4, concentration=5
    )
    usage = shrunk_usage(counts, genes(counts, 3), UNBOUNDED)
    assert np.median(priors(usage, counts)) == pytest.approx(5, rel=0.1)


def test_the_prior_is_the_documented_moment_estimate_gene_by_gene() -> None:
    rng = np.random.default_rng(10)
    counts = multinomial_counts(
        rng, n_genes=30, n_isoforms=3, n_samples=9, reads=20, concentration=6
    )
    found = priors(shrunk_usage(counts, genes(counts, 3), UNBOUNDED), counts)
    for gene in range(30):
        block = counts[3 * gene : 3 * gene + 3]
        totals = block.sum(axis=0)
        share = block / totals
        mean = share.mean(axis=1)
        observed = share.var(axis=1, ddof=1).sum()
        h, inverse = (mean * (1 - mean)).sum(), np.mean(1 / totals)
        # observed = H·(ρ + (1 − ρ)·mean(1/N)), ρ = 1/(1 + A)
        rho = np.clip((observed / h - inverse) / (1 - inverse), 1e-6, 1 - 1e-6)
        expected = np.clip(1 / rho - 1, 0.01, 1e5)
        assert found[gene] == pytest.approx(expected, rel=1e-4)


def test_the_prior_strength_stays_within_its_bounds() -> None:
    rng = np.random.default_rng(1)
    loose = multinomial_counts(
        rng, n_genes=50, n_isoforms=3, n_samples=60, reads=100, concentration=0.3
    )
    stable = multinomial_counts(rng, n_genes=50, n_isoforms=3, n_samples=60, reads=100)
    counts = np.concatenate([loose, stable])
    found = priors(shrunk_usage(counts, genes(counts, 3), SETTINGS), counts)
    np.testing.assert_allclose(found[:50], 1.0, rtol=1e-6)
    assert (found >= 1.0 - 1e-6).all()
    assert (found <= 50.0 + 1e-6).all()
    assert (found[50:] > 49.9).mean() > 0.9


def test_every_transcript_is_drawn_to_its_own_mean_usage() -> None:
    rng = np.random.default_rng(2)
    counts = multinomial_counts(
        rng, n_genes=20, n_isoforms=3, n_samples=50, reads=200, concentration=10
    )
    usage = shrunk_usage(counts, genes(counts, 3), SETTINGS)
    added = np.exp(usage.logs) - counts
    strength = np.repeat(np.add.reduceat(added, usage.starts, axis=0), 3, axis=0)
    np.testing.assert_allclose(
        added / strength, usage.mean_usage[:, None].repeat(50, axis=1), rtol=1e-6
    )


def test_mean_usage_is_the_mean_of_the_shares() -> None:
    rng = np.random.default_rng(3)
    counts = multinomial_counts(
        rng, n_genes=10, n_isoforms=4, n_samples=40, reads=30, concentration=8
    )
    usage = shrunk_usage(counts, genes(counts, 4), SETTINGS)
    for gene in range(10):
        block = counts[4 * gene : 4 * gene + 4]
        expected = (block / block.sum(axis=0)).mean(axis=1)
        np.testing.assert_allclose(usage.mean_usage[4 * gene : 4 * gene + 4], expected, atol=1e-5)
    np.testing.assert_allclose(np.add.reduceat(usage.mean_usage, usage.starts), 1.0)


def test_a_sample_without_reads_is_not_observed_and_changes_nothing_else() -> None:
    rng = np.random.default_rng(4)
    counts = multinomial_counts(
        rng, n_genes=15, n_isoforms=3, n_samples=40, reads=60, concentration=15
    )
    plain = shrunk_usage(counts, genes(counts, 3), SETTINGS)
    wider = np.insert(counts, 10, 0.0, axis=1)
    usage = shrunk_usage(wider, genes(counts, 3), SETTINGS)
    assert not usage.observed[:, 10].any()
    assert usage.observed.sum() == 15 * 40
    np.testing.assert_allclose(np.delete(usage.logs, 10, axis=1), plain.logs, rtol=1e-12)
    np.testing.assert_allclose(usage.logs[:, 10], plain.logs.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(usage.count_noise, plain.count_noise, rtol=1e-12)


def test_a_gene_never_seen_gives_numbers_all_the_same() -> None:
    counts = np.concatenate([np.zeros((2, 10)), np.full((2, 10), 5.0)])
    usage = shrunk_usage(counts, np.array([0, 2]), SETTINGS)
    assert np.isfinite(usage.logs).all()
    assert np.isfinite(usage.count_noise).all()
    assert usage.observed.tolist() == [[False] * 10, [True] * 10]


def test_a_transcript_never_seen_gives_numbers_all_the_same() -> None:
    counts = np.array([[20.0, 30.0, 10.0, 40.0], [0.0, 0.0, 0.0, 0.0]])
    usage = shrunk_usage(counts, np.array([0]), SETTINGS)
    assert np.isfinite(usage.logs).all()
    assert usage.mean_usage[1] < 1e-5


@pytest.mark.parametrize("scale", [0.001, 0.37, 1.9])
def test_fractional_counts_are_counts(scale: float) -> None:
    rng = np.random.default_rng(5)
    counts = scale * multinomial_counts(
        rng, n_genes=40, n_isoforms=3, n_samples=50, reads=40, concentration=10
    )
    usage = shrunk_usage(counts, genes(counts, 3), SETTINGS)
    found = priors(usage, counts)
    assert np.isfinite(usage.logs).all()
    assert (found >= 1.0 - 1e-6).all()
    assert (found <= 50.0 + 1e-6).all()


def test_a_hair_more_of_a_read_changes_a_hair() -> None:
    rng = np.random.default_rng(6)
    counts = multinomial_counts(
        rng, n_genes=40, n_isoforms=2, n_samples=50, reads=20, concentration=10
    )
    first = shrunk_usage(counts, genes(counts, 2), SETTINGS)
    second = shrunk_usage(counts + 1e-9, genes(counts, 2), SETTINGS)
    same = np.repeat(first.observed.all(axis=1), 2)
    np.testing.assert_allclose(first.logs[same], second.logs[same], atol=1e-6)


@pytest.mark.parametrize("reads", [30.0, 300.0])
def test_count_noise_is_the_variance_that_counting_alone_gives(reads: float) -> None:
    rng = np.random.default_rng(7)
    counts = multinomial_counts(rng, n_genes=200, n_isoforms=3, n_samples=200, reads=reads)
    usage = shrunk_usage(counts, genes(counts, 3), SETTINGS)
    logs = usage.logs.reshape(200, 3, 200)
    weight = usage.mean_usage.reshape(200, 3)
    centred = logs - np.einsum("gk,gkn->gn", weight, logs)[:, None]
    centred = (centred - centred.mean(axis=2, keepdims=True)) * np.sqrt(weight)[:, :, None]
    per_axis = (centred**2).sum(axis=(1, 2)) / 199 / 2  # two dimensions of three parts
    assert np.median(per_axis / usage.count_noise) == pytest.approx(1.0, abs=0.1)

"""Shared profiles, and each gene's place in its group without itself."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities.profile import (
    leading_profile,
    member_pvalues,
    row_correlations,
    scores_without_gene,
)
from isograph.network.significance import correlation_pvalue
from tests.network.synthetic import feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")


def centred(shape: tuple[int, int], seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=shape)
    return values - values.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(3, 40), (40, 40), (90, 40)])
def test_the_profile_is_the_first_right_singular_vector(shape: tuple[int, int]) -> None:
    values = centred(shape, 0)
    _, singular, vt = np.linalg.svd(values, full_matrices=False)
    profile, share, loading = leading_profile(values)
    assert abs(profile @ vt[0]) / np.sqrt(40) == pytest.approx(1.0, abs=1e-10)
    assert np.mean(profile**2) == pytest.approx(1.0)
    assert profile.mean() == pytest.approx(0.0, abs=1e-12)
    assert share == pytest.approx(singular[0] ** 2 / (singular**2).sum())
    expected = [np.corrcoef(row, profile)[0, 1] for row in values]
    np.testing.assert_allclose(loading, expected, atol=1e-10)


def test_both_gram_matrices_give_the_same_profile() -> None:
    values = centred((41, 40), 1)
    wide, _, _ = leading_profile(values)
    padded, _, _ = leading_profile(np.hstack([values, np.zeros((41, 3))]))  # more samples than rows
    padded = padded[:40]
    assert abs(np.corrcoef(wide, padded)[0, 1]) == pytest.approx(1.0, abs=1e-10)


def test_row_correlations_are_pearsons() -> None:
    values, profiles = centred((10, 30), 2), centred((10, 30), 3)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(values, profiles, strict=True)]
    np.testing.assert_allclose(row_correlations(values, profiles), expected)


def test_a_row_that_does_not_vary_correlates_with_nothing() -> None:
    values, profiles = centred((2, 30), 4), centred((2, 30), 5)
    values[0], profiles[1] = 0.0, 0.0
    assert row_correlations(values, profiles).tolist() == [0.0, 0.0]


def test_scores_leave_out_every_feature_of_the_gene() -> None:
    rng = np.random.default_rng(6)
    features = feature_set(rng.normal(size=(9, 20)), genes=[0, 0, 1, 2, 2, 3, 4, 4, 5])
    labels = np.array([0, 0, 0, 1, 1, -1])
    rows = np.array([0, 1, 2, 3, 5, 7])
    module = np.array([0, 0, 0, 0, 1, 1])
    loading = rng.normal(size=6)
    genes = np.array([0, 2, 3, 4])
    found = scores_without_gene(features, rows, module, loading, genes, labels)
    for gene, score in zip(genes, found, strict=True):
        expected = sum(
            loading[k] * features.values[rows[k]]
            for k in range(6)
            if module[k] == labels[gene] and features.gene_of[rows[k]] != gene
        )
        np.testing.assert_allclose(score, expected, atol=1e-12)


def with_stranger(seed: int, *, n_samples: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """p of twelve genes that follow a factor, and of one in their group that does not."""
    rng = np.random.default_rng(seed)
    rows = followers(rng, rng.normal(size=n_samples), 12, loading=0.7)
    rows = np.concatenate([rows, rng.normal(size=(1, n_samples))])
    p = member_pvalues(feature_set(rows), np.arange(13), np.zeros(13, dtype=int))
    return p[:12], p[12:]


def test_members_are_significant() -> None:
    assert max(with_stranger(seed)[0].max() for seed in range(20)) < 1e-3


def test_a_stranger_in_a_group_has_an_even_p() -> None:
    p = np.concatenate([with_stranger(seed)[1] for seed in range(600)])
    for alpha in (0.5, 0.1, 0.01):
        error = np.sqrt(alpha * (1 - alpha) / 600)
        assert abs((p <= alpha).mean() - alpha) < 4 * error


def test_a_group_of_noise_is_not_significant_only_because_each_gene_is_part_of_it() -> None:
    rows = [np.random.default_rng(seed).normal(size=(8, 60)) for seed in range(40)]
    with_itself = np.concatenate([np.abs(leading_profile(values)[2]) for values in rows])
    assert (correlation_pvalue(with_itself, 58.0) < 0.001).mean() > 0.3
    without = np.concatenate(
        [
            member_pvalues(feature_set(values), np.arange(8), np.zeros(8, dtype=int))
            for values in rows
        ]
    )
    # not quite even: the weights of the others are held, and know the gene a little
    assert (without < 0.001).mean() < 0.05


def test_a_gene_pays_for_each_of_its_features() -> None:
    rng = np.random.default_rng(8)
    rows = followers(rng, rng.normal(size=50), 8, loading=0.5)
    features = feature_set(rows, genes=[0, 0, 1, 2, 3, 4, 5, 6])
    p = member_pvalues(features, np.arange(8), np.zeros(7, dtype=int))
    weights = leading_profile(features.values)[2]
    rest = weights[2:] @ features.values[2:]
    r = np.array([np.corrcoef(rest, features.values[row])[0, 1] for row in (0, 1)])
    assert p[0] == pytest.approx(2 * correlation_pvalue(r, 48.0).min())


def test_genes_without_a_feature_in_the_group_are_not_significant() -> None:
    features = feature_set(np.random.default_rng(9).normal(size=(5, 20)))
    labels = np.array([0, 0, 0, -1, 0])
    p = member_pvalues(features, np.array([0, 1, 2]), labels)
    assert p[3] == p[4] == 1.0
    assert (member_pvalues(features, np.empty(0, dtype=int), labels) == 1).all()


def test_groups_are_tested_each_on_its_own() -> None:
    rng = np.random.default_rng(10)
    rows = np.concatenate([followers(rng, rng.normal(size=60), 6, loading=0.8) for _ in range(2)])
    order = rng.permutation(12)
    labels = np.repeat([0, 1], 6)[order]
    features = feature_set(rows[order])
    together = member_pvalues(features, np.arange(12), labels)
    for group in (0, 1):
        alone = np.flatnonzero(labels == group)
        own = member_pvalues(feature_set(rows[order][alone]), np.arange(6), np.zeros(6, dtype=int))
        np.testing.assert_allclose(together[alone], own, rtol=1e-9)

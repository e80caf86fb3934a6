"""Confidence from half-samples."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings
from isograph.features.blocks import Blocks
from isograph.features.model import FeatureSet
from isograph.modules import stability as stability_module
from isograph.modules.stability import (
    Stability,
    _half_of_blocks,
    _passed,
    half_sample_stability,
)
from isograph.network.association import Association
from isograph.network.significance import critical_correlation
from tests.network.synthetic import associate, feature_set, followers, orthonormal

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = CommunitySettings()


def planted(seed: int, *, loadings: tuple[float, ...], n_samples: int = 100) -> FeatureSet:
    """Modules of 15 genes with these loadings, and background."""
    rng = np.random.default_rng(seed)
    parts = [followers(rng, rng.normal(size=n_samples), 15, loading=value) for value in loadings]
    return feature_set(np.concatenate([*parts, rng.normal(size=(60, n_samples))]))


def stability(
    features: FeatureSet, *, seed: int = 0, n_halves: int = 20
) -> tuple[Stability, Association, Partition]:
    found = associate(features)
    partition = find_modules(features, found, SETTINGS)
    rng = np.random.default_rng(seed)
    result = half_sample_stability(features, found, partition, n_halves=n_halves, rng=rng)
    return result, found, partition


def test_a_strong_module_is_certain() -> None:
    result, _, partition = stability(planted(0, loadings=(0.95, 0.9)))
    assert partition.n_modules == 2
    np.testing.assert_array_equal(result.stability, [1.0, 1.0])
    np.testing.assert_array_equal(result.membership[:30], 1.0)


def test_membership_is_a_share_and_missing_outside_modules() -> None:
    result, _, partition = stability(planted(1, loadings=(0.6, 0.55)))
    inside = partition.labels >= 0
    assert inside.any()
    assert np.isnan(result.membership[~inside]).all()
    assert (result.membership[inside] >= 0).all()
    assert (result.membership[inside] <= 1).all()
    assert ((result.stability >= 0) & (result.stability <= 1)).all()
    np.testing.assert_allclose(result.membership[inside] * 20 % 1, 0.0, atol=1e-9)


def test_a_module_is_never_more_stable_than_its_genes_are_on_average() -> None:
    # its largest piece is made of genes that stayed
    result, _, partition = stability(planted(2, loadings=(0.7, 0.6, 0.55)))
    assert partition.n_modules > 1
    for module in range(partition.n_modules):
        mean = result.membership[partition.labels == module].mean()
        assert result.stability[module] <= mean + 1e-12


def test_weaker_modules_are_less_certain() -> None:
    result, _, partition = stability(planted(3, loadings=(0.9, 0.6)))
    strong, weak = (
        partition.labels[0],
        partition.labels[partition.labels != partition.labels[0]].max(),
    )
    assert strong != weak
    assert result.stability[strong] > result.stability[weak]
    assert result.membership[15:30][partition.labels[15:30] >= 0].min() < 1.0


def test_an_edge_that_just_passed_stays_in_half_of_the_halves() -> None:
    rng = np.random.default_rng(4)
    n_pairs, n_samples = 40, 200
    rows = orthonormal(rng, 2 * n_pairs, n_samples)
    n_tests = 2 * n_pairs * (2 * n_pairs - 1) / 2
    just = critical_correlation(0.999 * 0.01 / n_tests, n_samples - 2)
    rows[1::2] = just * rows[::2] + np.sqrt(1 - just**2) * rows[1::2]
    features = feature_set(rows)
    found = associate(features)
    # pairs must hold by ranks too, and by ranks some of these are a little weaker
    partition = find_modules(features, found, CommunitySettings(pair_fwer=0.999))
    assert partition.n_modules >= 0.8 * n_pairs
    result = half_sample_stability(
        features, found, partition, n_halves=100, rng=np.random.default_rng(0)
    )
    assert result.stability.mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_seed_gives_the_same_confidence() -> None:
    features = planted(5, loadings=(0.6, 0.55))
    first, second = (stability(features, seed=7)[0] for _ in range(2))
    np.testing.assert_array_equal(first.membership, second.membership)
    np.testing.assert_array_equal(first.stability, second.stability)


def test_the_seed_changes_confidence_only() -> None:
    features = planted(5, loadings=(0.6, 0.55))
    before = features.values.copy()
    first, edges, partition = stability(features, seed=1)
    second, other_edges, other_partition = stability(features, seed=2)
    assert not np.array_equal(first.membership, second.membership, equal_nan=True)
    np.testing.assert_array_equal(features.values, before)
    np.testing.assert_array_equal(edges.r, other_edges.r)
    for field in fields(partition):
        if field.name not in ("association", "graph", "edge_alpha"):
            np.testing.assert_array_equal(
                getattr(partition, field.name), getattr(other_partition, field.name)
            )
    # two seeds of twenty halves agree within what twenty draws can say
    inside = partition.labels >= 0
    assert np.abs(first.membership - second.membership)[inside].mean() < 0.15


def test_signs_of_features_do_not_matter() -> None:
    features = planted(6, loadings=(0.65, 0.6))
    flip = np.random.default_rng(6).choice([-1.0, 1.0], (features.n_features, 1))
    first, _, _ = stability(features)
    second, _, _ = stability(feature_set(features.values * flip))
    np.testing.assert_allclose(first.membership, second.membership)


def test_no_modules_have_no_stability() -> None:
    result, _, _ = stability(feature_set(np.random.default_rng(8).normal(size=(40, 30))))
    assert result.stability.shape == (0,)
    assert np.isnan(result.membership).all()


def test_edges_of_a_half_are_those_of_its_correlations() -> None:
    rng = np.random.default_rng(5)
    values = feature_set(rng.normal(size=(12, 3)) @ rng.normal(size=(3, 30))).values
    i, j = np.triu_indices(12, 1)
    halves = [np.sort(rng.permutation(30)[:15]) for _ in range(6)]
    limits = [0.2, 0.7]
    passed = _passed(values, i, j, halves, np.tile(np.array(limits)[:, None], len(i)))
    assert passed.shape == (6, 2, len(i))
    for half, found in zip(halves, passed, strict=True):
        r = np.abs(np.corrcoef(values[:, half]))[i, j]
        for limit, each in zip(limits, found, strict=True):
            np.testing.assert_array_equal(each, r >= limit)


def test_a_feature_that_does_not_vary_in_a_half_has_no_edge_there() -> None:
    values = np.array([[1.0, -1, 1, -1, 0, 0, 0, 0], [1.0, -1, 1, -1, 1, -1, 1, -1]])
    pair = np.array([0]), np.array([1])
    passed = _passed(values, *pair, [np.arange(4), np.arange(4, 8)], np.array([[0.5]]))
    assert passed[:, 0, 0].tolist() == [True, False]


def test_blocks_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    features = planted(6, loadings=(0.6, 0.55))
    whole, _, _ = stability(features)
    monkeypatch.setattr(stability_module, "_CHUNK", 5)
    for threads in ("1", "2"):
        monkeypatch.setenv("ISOGRAPH_THREADS", threads)
        parts, _, _ = stability(features)
        np.testing.assert_array_equal(parts.membership, whole.membership)
        np.testing.assert_array_equal(parts.stability, whole.stability)


def test_halves_are_made_of_whole_donors_and_fill_half_of_the_samples() -> None:
    blocks = Blocks("donor", np.repeat(np.arange(9), [4, 4, 4, 4, 2, 2, 1, 1, 2]))
    rng = np.random.default_rng(0)
    halves = [_half_of_blocks(blocks, rng) for _ in range(50)]
    for half in halves:
        inside = np.bincount(blocks.codes[half], minlength=9)
        assert ((inside == 0) | (inside == blocks.sizes)).all()
        assert 10 <= len(half) <= 12
    assert len({half.tobytes() for half in halves}) > 20


def test_a_strong_module_is_certain_in_donors_too() -> None:
    features = planted(0, loadings=(0.95, 0.9))
    features = replace(features, blocks=Blocks("donor", np.repeat(np.arange(25), 4)))
    result, _, partition = stability(features)
    assert partition.n_modules == 2
    assert result.stability.min() > 0.9


def test_a_module_of_donors_is_less_certain_than_one_of_samples() -> None:
    """The same r means less where samples of a donor are alike."""
    rng, blocks = np.random.default_rng(9), Blocks("donor", np.repeat(np.arange(25), 4))
    donor = rng.normal(size=25)[blocks.codes]
    noise = rng.normal(size=(15, 25))[:, blocks.codes]
    rows = 0.85 * donor + np.sqrt(1 - 0.85**2) * noise + 0.1 * rng.normal(size=(15, 100))
    features = feature_set(np.concatenate([rows, rng.normal(size=(60, 100))]))
    found = associate(features)
    partition = find_modules(features, found, SETTINGS)
    certain = [
        half_sample_stability(
            some, found, partition, n_halves=20, rng=np.random.default_rng(1)
        ).membership[:15]
        for some in (features, replace(features, blocks=blocks))
    ]
    assert np.nanmean(certain[1]) < np.nanmean(certain[0])

"""Eigengenes against a singular value decomposition, their sign, and what must not move them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isograph.communities.factors import carriers
from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.modules.eigengenes import Eigengenes, module_eigengenes
from isograph.network.association import Association
from tests.network.synthetic import ABUNDANCE, SWITCH, Floats, associate, feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")

Fitted = tuple[FeatureSet, Association, Partition]


def fitted(features: FeatureSet) -> Fitted:
    found = associate(features)
    return features, found, find_modules(features, found, CommunitySettings())


def planted(seed: int, *, n_samples: int = 100) -> FeatureSet:
    """Two modules of 20 and 12 genes, abundance and two switch axes a gene, and background."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 3, n_samples))
    for genes, size in ((slice(0, 20), 20), (slice(20, 32), 12)):
        factor = rng.normal(size=n_samples)
        rows[genes, 0] = followers(rng, factor, size, loading=0.7)
        rows[genes, 1] = followers(rng, factor, size, loading=0.85)
    return feature_set(
        rows.reshape(180, n_samples),
        genes=np.repeat(np.arange(60), 3),
        kinds=[ABUNDANCE, SWITCH, SWITCH] * 60,
    )


@pytest.fixture(scope="module")
def two_modules() -> Fitted:
    return fitted(planted(0))


@pytest.fixture(scope="module")
def found(two_modules: Fitted) -> Eigengenes:
    return module_eigengenes(*two_modules)


def used(eigengenes: Eigengenes, module: int) -> np.ndarray:
    return eigengenes.rows[eigengenes.module == module]


def same_up_to_sign(first: Floats, second: Floats) -> bool:
    return bool(np.allclose(first, second, atol=1e-8) or np.allclose(first, -second, atol=1e-8))


def test_two_modules_are_there(two_modules: Fitted, found: Eigengenes) -> None:
    partition = two_modules[2]
    assert np.bincount(partition.labels + 1).tolist() == [28, 20, 12]
    assert found.values.shape == (2, 100)


def test_an_eigengene_is_the_first_right_singular_vector(
    two_modules: Fitted, found: Eigengenes
) -> None:
    values = two_modules[0].values
    for module in (0, 1):
        _, singular, vt = np.linalg.svd(values[used(found, module)], full_matrices=False)
        assert same_up_to_sign(found.values[module], vt[0] * np.sqrt(100))
        share = singular[0] ** 2 / (singular**2).sum()
        assert found.variance_explained[module] == pytest.approx(share)


def test_eigengenes_have_mean_zero_and_unit_variance(found: Eigengenes) -> None:
    np.testing.assert_allclose(found.values.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.values.var(axis=1), 1.0, rtol=1e-12)


def test_explained_variance_is_the_mean_squared_loading(found: Eigengenes) -> None:
    for module in (0, 1):
        loading = found.loading[found.module == module]
        assert found.variance_explained[module] == pytest.approx(np.mean(loading**2))
        assert 0.4 < found.variance_explained[module] < 0.8


def test_loadings_are_correlations_with_the_eigengene(
    two_modules: Fitted, found: Eigengenes
) -> None:
    for row, module, loading in zip(found.rows, found.module, found.loading, strict=True):
        r = np.corrcoef(two_modules[0].values[row], found.values[module])[0, 1]
        assert loading == pytest.approx(r, abs=1e-10)


def test_an_eigengene_is_positive_with_its_top_driver(found: Eigengenes) -> None:
    for module in (0, 1):
        loading = found.loading[found.module == module]
        assert (loading < 0).any()
        assert loading[np.argmax(np.abs(loading))] > 0


def test_one_feature_a_gene_and_channel_enters(two_modules: Fitted, found: Eigengenes) -> None:
    features = two_modules[0]
    for module in (0, 1):
        rows = used(found, module)
        assert rows.tolist() == sorted(rows)
        channels = list(zip(features.gene_of[rows], features.is_switch[rows], strict=True))
        assert len(channels) == len(set(channels))
        assert set(two_modules[2].labels[features.gene_of[rows]]) == {module}


def test_channels_without_an_edge_do_not_enter() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(120, 100))
    rows[1:24:2] = followers(rng, rng.normal(size=100), 12, loading=0.9)
    features = feature_set(rows, genes=np.repeat(np.arange(60), 2), kinds=[ABUNDANCE, SWITCH] * 60)
    eigengenes = module_eigengenes(*fitted(features))
    assert eigengenes.rows.tolist() == list(range(1, 24, 2))


def test_a_channel_with_an_edge_takes_the_axis_that_follows_the_eigengene_best() -> None:
    rng = np.random.default_rng(2)
    factor = rng.normal(size=100)
    rows = rng.normal(size=(80, 2, 100))
    rows[:12, 0] = followers(rng, factor, 12, loading=0.8)
    rows[0, 1] = 0.98 * factor + 0.1 * rng.normal(size=100)
    features = feature_set(rows.reshape(160, 100), genes=np.repeat(np.arange(80), 2))
    features, association, partition = fitted(features)
    assert partition.n_modules == 1
    # a backend may have drawn its edges to the first axis alone
    keep = (association.i != 1) & (association.j != 1)
    parts = {name: getattr(association, name)[keep] for name in ("i", "j", "r", "weight", "pvalue")}
    first_axis_only = replace(association, **parts)
    assert carriers(features, first_axis_only, partition.labels)[0] == 0
    eigengenes = module_eigengenes(features, first_axis_only, partition)
    assert eigengenes.rows.tolist() == [1, *range(2, 24, 2)]


@pytest.mark.parametrize("seed", range(4))
def test_flipping_features_flips_at_most_the_eigengenes_sign(seed: int, found: Eigengenes) -> None:
    plain = planted(0)
    flip = np.random.default_rng(seed).choice([-1.0, 1.0], (180, 1))
    other = module_eigengenes(
        *fitted(
            feature_set(
                plain.values * flip, genes=plain.gene_of, kinds=[ABUNDANCE, SWITCH, SWITCH] * 60
            )
        )
    )
    assert other.rows.tolist() == found.rows.tolist()
    np.testing.assert_allclose(other.variance_explained, found.variance_explained, rtol=1e-9)
    for module in (0, 1):
        loading = np.abs(found.loading[found.module == module])
        top = used(found, module)[np.argmax(loading)]
        np.testing.assert_allclose(
            other.values[module], flip[top] * found.values[module], atol=1e-9
        )


def test_an_eigengene_follows_the_planted_factor() -> None:
    rng = np.random.default_rng(3)
    factor = rng.normal(size=80)
    rows = np.concatenate([followers(rng, factor, 25, loading=0.7), rng.normal(size=(50, 80))])
    eigengenes = module_eigengenes(*fitted(feature_set(rows)))
    assert abs(np.corrcoef(eigengenes.values[0], factor)[0, 1]) > 0.95


def test_a_module_larger_than_the_cohort_works() -> None:
    rng = np.random.default_rng(4)
    rows = followers(rng, rng.normal(size=30), 60, loading=0.95)
    eigengenes = module_eigengenes(*fitted(feature_set(rows)))
    _, _, vt = np.linalg.svd(feature_set(rows).values, full_matrices=False)
    assert same_up_to_sign(eigengenes.values[0], vt[0] * np.sqrt(30))


def test_no_modules_have_no_eigengenes() -> None:
    features = feature_set(np.random.default_rng(5).normal(size=(30, 40)))
    eigengenes = module_eigengenes(*fitted(features))
    assert eigengenes.values.shape == (0, 40)
    assert len(eigengenes.rows) == len(eigengenes.module) == len(eigengenes.loading) == 0

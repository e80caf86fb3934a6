"""Broad factors are found where members of several modules share them, and nowhere else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings, ProgrammeSettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.programmes.breadth import residual_edges, shared_modules
from isograph.programmes.evidence import module_factors
from isograph.programmes.find import (
    Programmes,
    bent_remainders,
    find_programmes,
    take_out,
)
from isograph.programmes.search import Search, varimax
from tests.network.synthetic import associate, feature_set, followers, orthonormal

N = 100


def find(features: FeatureSet) -> tuple[Association, Partition]:
    association = associate(features)
    return association, find_modules(features, association, CommunitySettings())


def programmes_of(features: FeatureSet, **settings: object) -> Programmes:
    association, partition = find(features)
    chosen = ProgrammeSettings(**settings)
    return find_programmes(features, association, partition, find, chosen)


def modular(
    rng: np.random.Generator,
    *,
    n_modules: int = 6,
    size: int = 12,
    n_noise: int = 80,
    n_samples: int = N,
) -> np.ndarray:
    """Rows of independent modules, then of noise."""
    factors = orthonormal(rng, n_modules, n_samples)
    parts = [followers(rng, factor, size, loading=0.75) for factor in factors]
    return np.vstack([*parts, rng.normal(size=(n_noise, n_samples))])


def with_broad(
    rng: np.random.Generator, rows: np.ndarray, *, k: int = 1, strength: float = 0.9
) -> tuple[np.ndarray, np.ndarray]:
    """Rows plus k factors that all of them load on, and these, shape (k, n_samples)."""
    broad = orthonormal(rng, k, rows.shape[1])
    return rows + strength * rng.normal(size=(len(rows), k)) @ broad, broad


def spanned(programmes: Programmes, broad: np.ndarray) -> np.ndarray:
    """Share of each factor that the programmes span."""
    basis = np.linalg.qr(programmes.values.T)[0]
    return np.sum((broad @ basis) ** 2, axis=1) / np.sum(broad**2, axis=1)


@pytest.mark.parametrize("k", [1, 3])
def test_factors_that_everything_shares_are_found_and_taken_out(k: int) -> None:
    rng = np.random.default_rng(k)
    rows, broad = with_broad(rng, modular(rng), k=k)
    features = feature_set(rows)
    programmes = programmes_of(features)
    assert len(programmes) == k
    assert programmes.removed.all()
    assert (spanned(programmes, broad) > 0.9).all()
    clean = take_out(features, programmes, names=[f"P{i}" for i in range(k)])
    assert clean.df_residual == features.df_residual - k
    labels = find(clean)[1].labels
    assert labels.max() == 5
    assert (labels[72:] >= 0).sum() <= 1
    for module in range(6):
        assert len(set(labels[module * 12 : module * 12 + 12])) == 1


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_noise(seed: int) -> None:
    features = feature_set(np.random.default_rng(seed).normal(size=(200, 60)))
    programmes = programmes_of(features)
    assert len(programmes) == 0
    assert programmes.record["residual_edges"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_beside_independent_modules(seed: int) -> None:
    features = feature_set(modular(np.random.default_rng(seed)))
    programmes = programmes_of(features)
    assert len(programmes) == 0
    assert programmes.record == {
        "residual_edges": 0,
        "shared_modules": 0,
        "faint_modules": 0,
        "searched": False,
    }


def test_a_search_that_was_not_called_for_changes_nothing() -> None:
    """Even if asked to look, it prefers modules alone."""
    features = feature_set(modular(np.random.default_rng(0)))
    search = Search(features, find, ProgrammeSettings(), log_depth=None)
    plain, best = search.run()
    assert best.directions is None
    assert best.nats == plain.nats


def test_one_factor_of_all_genes_and_no_module_is_no_programme() -> None:
    """What everything follows in the same measure is one module: nothing is left beside it."""
    rng = np.random.default_rng(1)
    rows = followers(rng, orthonormal(rng, 1, N)[0], 100, loading=0.7)
    assert len(programmes_of(feature_set(rows))) == 0


@pytest.mark.parametrize("size", [2, 3, 4])
def test_small_modules_never_make_a_direction(size: int) -> None:
    rng = np.random.default_rng(size)
    rows = modular(rng, n_modules=20, size=size, n_noise=100)
    features = feature_set(rows)
    _, best = Search(features, find, ProgrammeSettings(), log_depth=None).run()
    assert best.directions is None
    association, partition = find(features)
    factors = module_factors(features, association, partition.labels)
    assert partition.n_modules >= 15
    assert residual_edges(features, association, factors, partition.labels) == 0


@pytest.mark.parametrize("n_samples", [12, 20])
def test_tiny_cohorts_keep_half_of_their_freedom(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    rows, _ = with_broad(rng, modular(rng, n_samples=n_samples, n_modules=3), k=8, strength=2.0)
    features = feature_set(rows)
    search = Search(features, find, ProgrammeSettings(), log_depth=None)
    assert search.most <= features.df_residual // 2
    _, best = search.run()
    assert best.size <= features.df_residual // 2
    assert best.clean.df_residual >= 1
    assert np.isfinite(best.clean.values).all()


def test_no_more_factors_than_asked_for() -> None:
    rng = np.random.default_rng(3)
    rows, _ = with_broad(rng, modular(rng), k=3)
    programmes = programmes_of(feature_set(rows), max_factors=2)
    assert len(programmes) <= 2


def test_six_samples_leave_no_room() -> None:
    features = feature_set(np.random.default_rng(0).normal(size=(30, 4)))
    search = Search(features, find, ProgrammeSettings(), log_depth=None)
    plain, best = search.run()
    assert search.most <= 1
    assert best.directions is None or best.clean.df_residual >= 1
    assert plain.directions is None


@pytest.mark.parametrize("genes", [[0], [0] * 8, [0, 0, 0, 1, 1, 1]])
def test_one_or_two_genes_are_no_trouble(genes: list[int]) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(genes), 40)) + 3 * rng.normal(size=40)
    features = feature_set(rows, genes=genes)
    assert len(programmes_of(features)) == 0
    _, best = Search(features, find, ProgrammeSettings(), log_depth=None).run()
    assert best.directions is None


def test_features_without_variance_are_no_trouble() -> None:
    rng = np.random.default_rng(4)
    rows, broad = with_broad(rng, modular(rng))
    features = feature_set(rows)
    flat = features.values.copy()
    flat[[0, 50, 100]] = 0.0
    features = dataclasses.replace(features, values=flat)
    programmes = programmes_of(features)
    assert len(programmes) == 1
    assert spanned(programmes, broad)[0] > 0.9
    assert (programmes.loading[[0, 50, 100]] == 0).all()
    clean = take_out(features, programmes, names=["P00"])
    assert (clean.values[[0, 50, 100]] == 0).all()


def test_signs_of_features_do_not_matter() -> None:
    """Sides of a switch are a convention: programmes are the same up to their own sign."""
    rng = np.random.default_rng(5)
    rows, _ = with_broad(rng, modular(rng), k=2)
    sign = rng.choice([-1.0, 1.0], (len(rows), 1))
    first, other = programmes_of(feature_set(rows)), programmes_of(feature_set(rows * sign))
    assert len(first) == len(other) == 2
    r = np.abs(np.sum(first.values * other.values, axis=1)) / N
    np.testing.assert_allclose(r, 1.0, atol=1e-6)


def test_report_takes_nothing_out() -> None:
    rng = np.random.default_rng(6)
    rows, _ = with_broad(rng, modular(rng))
    features = feature_set(rows)
    programmes = programmes_of(features, broad_factors="report")
    assert len(programmes) == 1
    assert not programmes.removed.any()
    assert take_out(features, programmes, names=["P00"]) is features


@pytest.mark.parametrize("limit", [100, 120])
def test_a_search_among_some_genes_serves_all(limit: int) -> None:
    rng = np.random.default_rng(7)
    rows, broad = with_broad(rng, modular(rng, n_noise=150), k=1)
    features = feature_set(rows)
    programmes = programmes_of(features, search_genes=limit)
    assert len(programmes) == 1
    assert spanned(programmes, broad)[0] > 0.85
    clean = take_out(features, programmes, names=["P00"])
    assert find(clean)[1].labels.max() == 5
    assert programmes.loading.shape == (features.n_features, 1)


@pytest.mark.parametrize("seed", [10, 11])
def test_background_that_a_factor_binds_to_modules_does_not_hide_it(seed: int) -> None:
    """Most genes of the one large module then leave nothing; those of true modules do."""
    rng = np.random.default_rng(seed)
    rows, broad = with_broad(rng, modular(rng, n_noise=300))
    features = feature_set(rows)
    assert find(features)[1].labels.max() <= 5
    programmes = programmes_of(features)
    assert len(programmes) == 1
    assert spanned(programmes, broad)[0] > 0.9


def test_pairs_of_relatives_in_a_large_module_start_no_search() -> None:
    """Genes that share reads correlate beside their module, two by two."""
    rng = np.random.default_rng(12)
    rows = modular(rng, n_modules=2, size=120, n_noise=20)
    shared = np.repeat(rng.normal(size=(30, N)), 2, axis=0)
    rows[:60] += 0.8 * shared
    features = feature_set(rows)
    association, partition = find(features)
    factors = module_factors(features, association, partition.labels)
    assert residual_edges(features, association, factors, partition.labels) < 5


def counts(features: FeatureSet) -> tuple[int, int]:
    """Pairs that modules leave, and modules that members of others share."""
    association, partition = find(features)
    factors = module_factors(features, association, partition.labels)
    left = residual_edges(features, association, factors, partition.labels)
    return left, shared_modules(features, factors, partition.labels, least_share=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_a_module_of_background_that_members_of_others_follow_faintly_is_a_broad_factor(
    seed: int,
) -> None:
    """No two of those members have an edge by it; all of them together give it away."""
    rng = np.random.default_rng(seed)
    rows = modular(rng, n_noise=250)
    broad = orthonormal(rng, 1, N)
    strength = np.where(np.arange(len(rows)) < 72, 0.2, 1.0)
    rows += strength[:, None] * rng.normal(size=(len(rows), 1)) * broad
    features = feature_set(rows)
    left, shared = counts(features)
    assert left < 5
    assert shared == 1
    programmes = programmes_of(features)
    assert programmes.removed.sum() == 1
    assert spanned(programmes, broad)[0] > 0.9


def test_genes_in_two_modules_make_none_of_them_broad() -> None:
    rng = np.random.default_rng(5)
    factors = orthonormal(rng, 6, N)
    rows = np.vstack([followers(rng, factor, 12, loading=0.75) for factor in factors])
    for gene in rng.choice(72, size=22, replace=False):
        rows[gene] += 0.75 * factors[(gene // 12 + rng.integers(1, 6)) % 6]
    assert counts(feature_set(rows))[1] == 0


def test_modules_that_a_driver_correlates_share_none() -> None:
    rng = np.random.default_rng(6)
    driver, *own = orthonormal(rng, 7, N)
    latents = [0.6 * driver + 0.8 * one for one in own]
    rows = np.vstack([followers(rng, one, 12, loading=0.9) for one in latents])
    assert counts(feature_set(rows)) == (0, 0)


def test_programmes_come_in_order_with_a_fixed_sign() -> None:
    rng = np.random.default_rng(8)
    rows, _ = with_broad(rng, modular(rng), k=3)
    programmes = programmes_of(feature_set(rows))
    share = np.mean(programmes.loading**2, axis=0)
    assert (np.diff(share) <= 0).all()
    assert (np.sum(programmes.loading**3, axis=0) >= 0).all()
    np.testing.assert_allclose(np.mean(programmes.values**2, axis=1), 1.0)
    np.testing.assert_allclose(np.mean(programmes.values, axis=1), 0.0, atol=1e-9)


def test_varimax_finds_simple_structure_whatever_the_rotation() -> None:
    rng = np.random.default_rng(0)
    simple = np.kron(np.eye(3), rng.uniform(0.5, 1, (20, 1)))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    found = simple @ turn @ varimax(simple @ turn)
    matched = np.abs(np.corrcoef(found.T, simple.T)[:3, 3:])
    np.testing.assert_allclose(matched.max(axis=1), 1.0, atol=1e-3)
    back = varimax(simple @ turn)
    np.testing.assert_allclose(back.T @ back, np.eye(3), atol=1e-10)


def test_bent_remainders_are_those_of_what_was_removed() -> None:
    rng = np.random.default_rng(9)
    rows, _ = with_broad(rng, modular(rng), k=2)
    features = feature_set(rows)
    both = programmes_of(features)
    one = dataclasses.replace(both, removed=np.array([True, False]))
    clean = take_out(features, one, names=["P00", "P01"])
    left = bent_remainders(features, clean, one)
    assert left is not None
    np.testing.assert_allclose(left.T @ left, np.eye(left.shape[1]), atol=1e-9)
    np.testing.assert_allclose(clean.design.basis.T @ left, 0.0, atol=1e-9)
    gone, stayed = (value**2 - np.mean(value**2) for value in both.values)
    for bent, most, least in ((gone, 1.0, 0.7), (stayed, 0.3, 0.0)):
        share = np.sum((bent @ left) ** 2) / np.sum(bent**2)
        assert least <= share <= most
    none = dataclasses.replace(both, removed=np.array([False, False]))
    assert bent_remainders(features, features, none) is None

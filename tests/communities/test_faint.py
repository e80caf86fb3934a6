"""Modules that no pair of genes shows are found, and noise has none."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities import growth
from isograph.communities.faint import FaintModule, faint_modules, group_log_pvalue
from isograph.communities.growth import Grown
from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association, strongest_pairs
from tests.network.synthetic import Floats, feature_set, followers, orthonormal

pytestmark = pytest.mark.filterwarnings("error")

N_SAMPLES, N_NOISE = 120, 240
SETTINGS = CommunitySettings()


def pairs_of(features: FeatureSet) -> Association:
    return strongest_pairs(
        features, false_edges_per_feature=3e-3, proposals_per_feature=1.0, neighbours=30
    )


def modules(features: FeatureSet, settings: CommunitySettings = SETTINGS) -> Partition:
    return find_modules(features, pairs_of(features), settings)


def candidates(features: FeatureSet) -> list[FaintModule]:
    proposals = pairs_of(features).proposals
    assert proposals is not None
    everybody = np.ones(len(features.gene_ids), dtype=bool)
    return faint_modules(features, proposals, everybody, fdr=0.05, member_fdr=0.01)


def planted(
    rng: np.random.Generator, *, loading: float = 0.43, size: int = 25, n_modules: int = 3
) -> tuple[Floats, np.ndarray]:
    """Weak modules and noise; a pair of members correlates 0.18, where an edge needs 0.38."""
    factors = orthonormal(rng, n_modules, N_SAMPLES)
    rows = [followers(rng, factor, size, loading=loading) for factor in factors]
    rows.append(rng.normal(size=(N_NOISE, N_SAMPLES)))
    truth = np.repeat([*range(n_modules), -1], [size] * n_modules + [N_NOISE])
    return np.vstack(rows), truth


class TestWeakModules:
    @pytest.mark.parametrize("seed", range(3))
    def test_are_found_although_hardly_any_pair_shows_them(self, seed: int) -> None:
        rows, truth = planted(np.random.default_rng(seed))
        features = feature_set(rows)
        plain = modules(features, SETTINGS.model_copy(update={"faint_modules": False}))
        found = modules(features)
        assert np.count_nonzero(plain.labels[truth >= 0] >= 0) <= 25
        assert np.count_nonzero(found.labels[truth >= 0] >= 0) >= 60
        assert np.count_nonzero(found.labels[truth < 0] >= 0) <= 2
        assert found.n_modules == 3
        for module in range(3):
            assert len(set(truth[(found.labels == module) & (truth >= 0)])) == 1

    def test_hold_together_by_pairs_that_are_told(self) -> None:
        rows, _ = planted(np.random.default_rng(0))
        found = modules(feature_set(rows))
        assert found.n_faint >= 1
        assert (found.n_edges > 0).all()
        assert len(found.association) > len(pairs_of(feature_set(rows)))
        assert (found.fate_value[found.labels >= 0] <= SETTINGS.module_fwer).all()

    def test_join_the_strong_part_of_the_same_module(self) -> None:
        rng = np.random.default_rng(1)
        (factor,) = orthonormal(rng, 1, N_SAMPLES)
        strong = followers(rng, factor, 5, loading=0.8)
        weak = followers(rng, factor, 25, loading=0.5)
        rows = np.vstack([strong, weak, rng.normal(size=(N_NOISE, N_SAMPLES))])
        found = modules(feature_set(rows))
        assert found.n_modules == 1
        assert found.n_faint == 0
        assert np.count_nonzero(found.labels[:30] == 0) >= 25

    def test_do_not_depend_on_the_order_of_genes_or_signs(self) -> None:
        rng = np.random.default_rng(2)
        rows, _ = planted(rng)
        order = rng.permutation(len(rows))
        sign = rng.choice([-1.0, 1.0], (len(rows), 1))
        first, second = modules(feature_set(rows)), modules(feature_set((sign * rows)[order]))
        together = first.labels[order][:, None] == first.labels[order][None, :]
        assigned = first.labels[order] >= 0
        np.testing.assert_array_equal(assigned, second.labels >= 0)
        again = second.labels[:, None] == second.labels[None, :]
        np.testing.assert_array_equal(
            together[np.ix_(assigned, assigned)], again[np.ix_(assigned, assigned)]
        )

    def test_are_not_looked_for_when_switched_off(self) -> None:
        rows, _ = planted(np.random.default_rng(0))
        off = modules(feature_set(rows), SETTINGS.model_copy(update={"faint_modules": False}))
        assert off.n_faint == 0
        assert len(off.association) == len(pairs_of(feature_set(rows)))


class TestNoise:
    @pytest.mark.parametrize("n_samples", [20, 60])
    def test_has_no_significant_candidate(self, n_samples: int) -> None:
        rng = np.random.default_rng(n_samples)
        logs = [
            module.log_p
            for _ in range(15)
            for module in candidates(feature_set(rng.normal(size=(300, n_samples))))
        ]
        assert min(logs, default=0.0) > np.log(0.01)

    def test_with_heavy_tails_has_none_either(self) -> None:
        rng = np.random.default_rng(3)
        for _ in range(5):
            rows = rng.standard_t(2.5, size=(300, 40))
            assert modules(feature_set(rows)).n_faint == 0

    def test_genes_without_a_free_partner_are_no_candidates(self) -> None:
        features = feature_set(np.random.default_rng(0).normal(size=(20, 40)))
        proposals = pairs_of(features).proposals
        assert proposals is not None
        nobody = np.zeros(20, dtype=bool)
        assert faint_modules(features, proposals, nobody, fdr=0.05, member_fdr=0.01) == []


def test_what_follows_columns_that_were_taken_out_is_refused() -> None:
    rng = np.random.default_rng(6)
    rows, truth = planted(rng, n_modules=1)
    features = feature_set(rows)
    mean = np.linalg.svd(rows[truth == 0])[2][0]
    column = (mean - mean.mean())[:, None]
    explained = column / np.linalg.norm(column)
    found = find_modules(features, pairs_of(features), SETTINGS, explained=explained)
    free = find_modules(features, pairs_of(features), SETTINGS)
    assert free.n_faint == 1
    assert found.n_faint == 0


def test_gaps_do_not_hide_a_faint_module() -> None:
    rng = np.random.default_rng(7)
    rows, truth = planted(rng, loading=0.5)
    seen = rng.random(rows.shape) > 0.1
    found = modules(feature_set(rows, observed=seen))
    assert np.count_nonzero(found.labels[truth >= 0] >= 0) >= 55
    assert np.count_nonzero(found.labels[truth < 0] >= 0) <= 3


def test_a_candidate_is_judged_by_the_genes_that_become_members(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those who made the factor may be other genes, and better ones may have taken some."""
    rng = np.random.default_rng(8)
    rows, truth = planted(rng, loading=0.6, n_modules=1)
    features = feature_set(rows)
    association = pairs_of(features)
    nobody = Grown(
        labels=np.full(len(rows), -1),
        pvalue=np.empty(0),
        refused=np.empty(0),
        association=association,
    )
    true, noise = np.flatnonzero(truth == 0), np.flatnonzero(truth < 0)[:12]
    claimed = [
        FaintModule(rows=true[:20], alpha=1e-4, log_p=-600.0),
        FaintModule(rows=np.sort(np.append(true[:20], noise)), alpha=1e-4, log_p=-500.0),
    ]
    monkeypatch.setattr(growth, "faint_modules", lambda *args, **levels: claimed)
    found = growth.with_faint(features, nobody, SETTINGS)
    assert found.n_faint == 1
    assert len(found.refused) == 1
    assert np.log(found.pvalue[0]) == pytest.approx(group_log_pvalue(features, true[:20]))
    assert (found.labels[noise] < 0).all()

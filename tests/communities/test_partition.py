"""From edges to modules: nothing in noise, what is planted, and why each gene is where it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from isograph.communities.fates import ASSIGNED, NO_EDGE, NOT_SIGNIFICANT, OUTSIDE, TOO_SMALL
from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.network.significance import critical_correlation
from tests.network.synthetic import Floats, associate, feature_set, followers, orthonormal

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = CommunitySettings()


def modules(
    features: FeatureSet, *, budget: float = 1e-3, settings: CommunitySettings = SETTINGS
) -> Partition:
    return find_modules(features, associate(features, budget=budget), settings)


def groups(partition: Partition, names: np.ndarray) -> set[frozenset[str]]:
    """The modules as sets of names."""
    return {
        frozenset(names[partition.labels == label].tolist()) for label in range(partition.n_modules)
    }


def planted(
    seed: int,
    sizes: tuple[int, ...],
    n_background: int,
    *,
    n_samples: int = 120,
    loading: float = 0.8,
) -> tuple[Floats, np.ndarray]:
    """Rows and the module of each, −1 for background."""
    rng = np.random.default_rng(seed)
    parts = [followers(rng, rng.normal(size=n_samples), size, loading=loading) for size in sizes]
    parts.append(rng.normal(size=(n_background, n_samples)))
    truth = np.repeat([*range(len(sizes)), -1], [*sizes, n_background])
    return np.concatenate(parts), truth


class TestNoise:
    def test_has_no_modules(self) -> None:
        found = 0
        for seed in range(40):
            rows = np.random.default_rng(seed).normal(size=(300, 60))
            found += modules(feature_set(rows)).n_modules
        assert found == 0

    def test_has_none_where_the_features_of_a_gene_correlate(self) -> None:
        found = 0
        for seed in range(40):
            rng = np.random.default_rng(seed)
            shared = np.repeat(rng.normal(size=(100, 50)), 3, axis=0)
            rows = 0.9 * shared + 0.44 * rng.normal(size=(300, 50))
            features = feature_set(rows, genes=np.repeat(np.arange(100), 3))
            found += modules(features).n_modules
        assert found == 0

    def test_has_few_at_any_budget_of_edges(self) -> None:
        # family-wise levels hold even where a fiftieth of all pairs are edges by chance
        settings = CommunitySettings(module_fwer=0.05, pair_fwer=0.05)
        n_sets = 60
        for budget in (0.02, 0.3):
            hits = 0
            for seed in range(n_sets):
                rows = np.random.default_rng(1000 + seed).normal(size=(50, 30))
                hits += modules(feature_set(rows), budget=budget, settings=settings).n_modules > 0
            assert hits <= 0.05 * n_sets

    def test_tells_every_gene_that_it_has_no_module(self) -> None:
        partition = modules(feature_set(np.random.default_rng(0).normal(size=(300, 60))))
        assert (partition.labels == -1).all()
        assert not np.isin(partition.fate, [ASSIGNED]).any()
        for name in ("pvalue", "qvalue", "n_edges"):
            assert len(getattr(partition, name)) == 0


class TestPlanted:
    def test_modules_are_found_and_background_is_not(self) -> None:
        rows, truth = planted(1, (30, 12, 20, 6), 200)
        partition = modules(feature_set(rows))
        names = np.arange(len(rows)).astype(str)
        expected = {frozenset(names[truth == k].tolist()) for k in range(4)}
        assert groups(partition, names) == expected
        assert (partition.pvalue < 1e-6).all()
        assert (partition.qvalue >= partition.pvalue).all()
        assert (partition.fate[truth >= 0] == ASSIGNED).all()

    def test_modules_are_numbered_by_size_then_by_first_gene(self) -> None:
        rows, truth = planted(2, (8, 15, 8, 25), 50)
        partition = modules(feature_set(rows))
        sizes = np.bincount(partition.labels[(partition.labels >= 0) & (truth >= 0)])
        assert sizes.tolist() == [25, 15, 8, 8]
        assert np.count_nonzero((partition.labels >= 0) & (truth < 0)) <= 1
        assert [truth[partition.labels == k][0] for k in range(4)] == [3, 1, 0, 2]

    def test_a_pair_is_a_module(self) -> None:
        rng = np.random.default_rng(3)
        rows = rng.normal(size=(200, 60))
        rows[70] = 0.95 * rows[12] + np.sqrt(1 - 0.95**2) * rows[70]
        partition = modules(feature_set(rows))
        assert partition.n_modules == 1
        assert np.flatnonzero(partition.labels == 0).tolist() == [12, 70]
        assert partition.pvalue[0] == pytest.approx(pair_p_of(feature_set(rows), 12, 70))
        assert partition.n_edges.tolist() == [1]

    def test_a_pair_that_jumps_in_the_same_few_samples_is_none(self) -> None:
        rng = np.random.default_rng(3)
        rows = rng.normal(size=(200, 30))
        rows[[12, 70], :4] += 12.0
        features = feature_set(rows)
        partition = modules(features)
        r = features.values[12] @ features.values[70] / 30
        assert r > 0.9
        assert partition.n_modules == 0
        assert partition.fate[[12, 70]].tolist() == [NOT_SIGNIFICANT, NOT_SIGNIFICANT]

    def test_signs_of_features_do_not_matter(self) -> None:
        rows, _ = planted(4, (15, 10), 100)
        flip = np.random.default_rng(4).choice([-1.0, 1.0], (len(rows), 1))
        first, second = modules(feature_set(rows)), modules(feature_set(rows * flip))
        np.testing.assert_array_equal(first.labels, second.labels)
        np.testing.assert_allclose(first.pvalue, second.pvalue, rtol=1e-6)

    def test_the_names_of_genes_do_not_matter(self) -> None:
        rows, _ = planted(5, (25, 15, 10), 150)
        names = np.arange(len(rows)).astype(str)
        expected = groups(modules(feature_set(rows)), names)
        assert len(expected) == 3
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(len(rows))
            assert groups(modules(feature_set(rows[order])), names[order]) == expected

    def test_edge_counts_are_those_within_modules(self) -> None:
        rows, _ = planted(6, (15, 10), 60)
        partition = modules(feature_set(rows))
        source, target = (
            partition.labels[partition.graph.source],
            partition.labels[partition.graph.target],
        )
        expected = [np.count_nonzero((source == k) & (target == k)) for k in range(2)]
        assert partition.n_edges.tolist() == expected

    def test_a_module_of_halves_with_opposite_signs_is_one(self) -> None:
        rng = np.random.default_rng(7)
        rows = followers(rng, rng.normal(size=100), 24, loading=0.8, signs=False)
        rows[12:] *= -1
        noise = rng.normal(size=(80, 100))
        partition = modules(feature_set(np.concatenate([rows, noise])))
        assert partition.n_modules == 1
        assert np.flatnonzero(partition.labels == 0).tolist() == list(range(24))

    def test_switch_and_abundance_of_different_genes_join(self) -> None:
        rng = np.random.default_rng(8)
        factor = rng.normal(size=100)
        rows = rng.normal(size=(120, 100))
        carriers = [*range(0, 20, 2), *range(21, 41, 2)]  # abundance of ten genes, switch of ten
        rows[carriers] = followers(rng, factor, 20, loading=0.85)
        kinds = ["abundance", "switch"] * 60
        features = feature_set(rows, genes=np.repeat(np.arange(60), 2), kinds=kinds)
        partition = modules(features)
        assert np.flatnonzero(partition.labels == 0).tolist() == list(range(20))


def fated() -> tuple[FeatureSet, dict[str, list[int]]]:
    """Exactly uncorrelated rows, but for what is planted, so that each fate is by construction.

    With n features the threshold of an edge is 2·10⁻³/(n − 1), of a strong one 10⁻²·2/(n(n − 1)).
    """
    rng = np.random.default_rng(9)
    n, n_samples = 60, 150
    own = orthonormal(rng, n + 1, n_samples)
    rows, factor = own[:n].copy(), own[n]
    pair_p, strong = 2e-3 / (n - 1), 2e-2 / (n * (n - 1))
    weak_r = critical_correlation(np.sqrt(pair_p * strong), n_samples - 2)
    barely_r = critical_correlation(0.5 * strong, n_samples - 2)  # family-wise 0.005

    def lean(gene: int, on: int, r: float) -> None:
        rows[gene] = r * own[on] + np.sqrt(1 - r**2) * own[gene]

    rows[:10] = 0.8 * factor + 0.6 * own[:10]
    lean(20, on=0, r=weak_r / 0.6)  # on what gene 0 has for itself alone
    lean(31, on=30, r=weak_r)
    lean(41, on=40, r=barely_r)
    return feature_set(rows), {
        ASSIGNED: list(range(10)),
        OUTSIDE: [20],
        TOO_SMALL: [30, 31],
        NOT_SIGNIFICANT: [40, 41],
    }


def pair_p_of(features: FeatureSet, first: int, second: int) -> float:
    """Family-wise p of a pair: the weaker of its evidence by values and by ranks."""
    a, b = features.values[first], features.values[second]
    n_tests = features.n_features * (features.n_features - 1) / 2
    return float(n_tests * max(stats.pearsonr(a, b).pvalue, stats.spearmanr(a, b).pvalue))


class TestFates:
    def test_are_what_was_planted(self) -> None:
        features, planted_fates = fated()
        partition = modules(features)
        expected = np.full(60, NO_EDGE, dtype="<U24")
        for fate, genes in planted_fates.items():
            expected[genes] = fate
        assert dict(enumerate(partition.fate)) == dict(enumerate(expected))

    def test_come_with_the_number_behind_them(self) -> None:
        features, _ = fated()
        partition = modules(features)
        value = partition.fate_value
        assert (value[partition.fate == NO_EDGE] == 0).all()
        np.testing.assert_array_equal(value[:10], partition.pvalue[0])
        assert value[20] == 1  # edges to its community
        assert value[[30, 31]].tolist() == [2, 2]  # genes in its community
        np.testing.assert_allclose(value[[40, 41]], pair_p_of(features, 40, 41), rtol=1e-6)

    def test_a_pair_passes_where_it_is_asked_for_less(self) -> None:
        features, _ = fated()
        asked = 1.2 * pair_p_of(features, 40, 41)
        partition = modules(features, settings=CommunitySettings(pair_fwer=asked))
        assert partition.n_modules == 2
        assert partition.fate[[40, 41]].tolist() == [ASSIGNED, ASSIGNED]

    def test_the_number_of_a_single_edge_is_family_wise(self) -> None:
        features, _ = fated()
        assert modules(features).edge_alpha == pytest.approx(0.01 / (60 * 59 / 2))


class TestRemainders:
    """Modules that follow columns which were taken out before, or a bent version of them."""

    def bent(self, *, seed: int = 0) -> tuple[FeatureSet, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        factor, bend = orthonormal(rng, 2, 120)
        rows = np.vstack(
            [
                followers(rng, factor, 8, loading=0.75),
                followers(rng, bend, 8, loading=0.75),
                rng.normal(size=(150, 120)),
            ]
        )
        return feature_set(rows), np.repeat([0, 1, -1], [8, 8, 150]), bend / np.sqrt(120)

    def test_are_refused(self) -> None:
        features, truth, bend = self.bent()
        found = find_modules(features, associate(features), SETTINGS, explained=bend[:, None])
        assert (found.labels[truth == 0] == 0).all()
        assert (found.labels[truth == 1] == -1).all()
        assert set(found.fate[truth == 1]) <= {NOT_SIGNIFICANT, OUTSIDE}

    def test_are_modules_where_nothing_was_taken_out(self) -> None:
        features, truth, _ = self.bent()
        found = modules(features)
        assert found.n_modules == 2
        assert (found.labels[truth >= 0] >= 0).all()

    def test_columns_that_say_nothing_change_nothing(self) -> None:
        features, _, _ = self.bent()
        rng = np.random.default_rng(9)
        columns = np.linalg.qr(rng.normal(size=(120, 12)))[0]
        columns -= columns.mean(axis=0)
        columns = np.linalg.qr(columns)[0]
        plain = modules(features)
        found = find_modules(features, associate(features), SETTINGS, explained=columns)
        np.testing.assert_array_equal(found.labels, plain.labels)
        assert (found.pvalue >= plain.pvalue).all()

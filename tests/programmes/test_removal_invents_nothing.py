"""What removal leaves of noise is noise: no correlation that was not there before."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.network.significance import correlation_pvalue
from isograph.programmes.directions import Directions, principal_directions, remove
from tests.network.synthetic import associate, feature_set, followers

BUDGET = 0.05


def cleaned(rows: np.ndarray, k: int) -> np.ndarray:
    features = feature_set(rows)
    directions = principal_directions(features.values, k)
    return remove(features, directions, names=tuple(str(i) for i in range(k))).values


def correlation(rows: np.ndarray) -> float:
    return float(np.corrcoef(rows)[0, 1])


@pytest.mark.parametrize("n_samples", [20, 60])
def test_two_features_that_dominate_a_direction_are_not_opposed_after_it(n_samples: int) -> None:
    found = []
    for seed in range(40):
        rows = np.random.default_rng(seed).normal(size=(2, n_samples))
        found.append((correlation(cleaned(rows, 1)), correlation(rows)))
    after, before = np.array(found).T
    assert np.abs(after).mean() <= 1.2 * np.abs(before).mean() + 0.02
    assert np.abs(after.mean()) < 4 / np.sqrt(40 * n_samples)


def test_an_average_that_keeps_own_parts_would_bind_them() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 40))
    features = feature_set(rows)
    own = principal_directions(features.values, 1)
    naive = Directions(own.values, np.zeros_like(own.weight), own.source, own.curves)
    clean = remove(features, naive, names=("a",))
    assert abs(correlation(clean.values)) > 0.99


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("n_samples", [30, 100])
def test_false_edges_stay_within_their_budget(n_samples: int, k: int) -> None:
    """Noise features that follow k factors: edges after removal are as few as chance gives."""
    false, draws, n_rows = 0, 12, 200
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        factors = rng.normal(size=(k, n_samples))
        rows = rng.normal(size=(n_rows, k)) @ factors + rng.normal(size=(n_rows, n_samples))
        features = feature_set(rows)
        directions = principal_directions(features.values, k)
        clean = remove(features, directions, names=tuple(str(i) for i in range(k)))
        false += len(associate(clean, budget=BUDGET).i)
    expected = BUDGET * n_rows * draws
    # 1.15: estimated factors leave a little, besides four standard deviations of the count
    assert false <= 1.15 * expected + 4 * np.sqrt(expected)


def test_without_removal_there_would_be_many() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 60)) + rng.normal(size=(200, 60))
    assert len(associate(feature_set(rows), budget=BUDGET).i) > 1000


def test_p_of_noise_pairs_is_uniform_after_removal() -> None:
    """Degrees of freedom fall by the directions: nominal levels hold, neither more nor less."""
    levels = np.array([0.1, 0.01, 0.001])
    counts, pairs = np.zeros(3), 0
    for seed in range(10):
        rng = np.random.default_rng(100 + seed)
        factors = rng.normal(size=(3, 40))
        rows = rng.normal(size=(150, 3)) @ factors + rng.normal(size=(150, 40))
        features = feature_set(rows)
        clean = remove(features, principal_directions(features.values, 3), names=("a", "b", "c"))
        r = np.corrcoef(clean.values)[np.triu_indices(150, 1)]
        p = correlation_pvalue(r, float(clean.df_residual))
        counts += [np.count_nonzero(p <= level) for level in levels]
        pairs += len(p)
    assert (counts / pairs / levels < [1.15, 1.3, 1.8]).all()
    assert (counts / pairs / levels > [0.7, 0.6, 0.4]).all()


def test_a_module_survives_the_removal_of_a_factor_beside_it() -> None:
    rng = np.random.default_rng(5)
    n = 80
    own, broad = rng.normal(size=(2, n))
    rows = followers(rng, own, 12, loading=0.8)
    rows = np.vstack([rows, rng.normal(size=(150, n))])
    rows = rows + rng.normal(size=(len(rows), 1)) * broad
    clean = cleaned(rows, 1)
    module = np.abs(np.corrcoef(clean[:12]))[np.triu_indices(12, 1)]
    assert module.mean() > 0.5
    assert np.abs(clean @ (broad - broad.mean()) / n).mean() < 0.12


def test_features_of_one_gene_leave_nothing_false_to_others() -> None:
    """Related features of a gene weigh in together; among 200 others that does no harm."""
    rng = np.random.default_rng(9)
    after = []
    for _ in range(20):
        gene = rng.normal(size=40) + 0.5 * rng.normal(size=(3, 40))
        rows = np.vstack([gene, rng.normal(size=(200, 40))])
        after.append(np.abs(np.corrcoef(cleaned(rows, 1))[:3, 3:]).mean())
    noise = np.abs(np.corrcoef(rng.normal(size=(200, 40))))[np.triu_indices(200, 1)].mean()
    assert np.mean(after) < 1.1 * noise

"""Genes join by a module's factor what no edge could tell, and noise does not."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.communities.extension import extend_modules
from isograph.features.model import FeatureSet
from tests.network.synthetic import associate, feature_set, followers

N_SAMPLES = 60


def extended_labels(features: FeatureSet, labels: np.ndarray, *, fdr: float) -> np.ndarray:
    return extend_modules(features, associate(features), labels, fdr=fdr, local_fdr=0.2).labels


def planted(
    rng: np.random.Generator, *, n_members: int = 14, n_noise: int = 300, loading: float = 0.85
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a strong module, of weaker followers of it, and noise; and what each is."""
    factor = rng.normal(size=N_SAMPLES)
    factor = (factor - factor.mean()) / factor.std()
    rows = np.vstack(
        [
            followers(rng, factor, n_members, loading=loading),
            followers(rng, factor, 6, loading=0.68),
            rng.normal(size=(n_noise, N_SAMPLES)),
        ]
    )
    return rows, np.repeat([0, 1, 2], [n_members, 6, n_noise])


@pytest.mark.parametrize("seed", range(3))
def test_weak_followers_join_and_noise_stays_out(seed: int) -> None:
    rows, kind = planted(np.random.default_rng(seed))
    features = feature_set(rows)
    labels = np.where(kind == 0, 0, -1)
    extended = extended_labels(features, labels, fdr=0.01)
    assert (extended[kind == 0] == 0).all()
    assert (extended[kind == 1] == 0).sum() >= 5
    assert (extended[kind == 2] == 0).sum() <= 2


def test_false_members_are_as_rare_as_promised() -> None:
    rng = np.random.default_rng(11)
    false = true = 0
    for _ in range(60):
        rows, kind = planted(rng)
        features = feature_set(rows)
        extended = extended_labels(features, np.where(kind == 0, 0, -1), fdr=0.01)
        false += int((extended[kind == 2] == 0).sum())
        true += int((extended[kind != 2] == 0).sum())
    assert true >= 60 * 19
    assert false / (false + true) <= 0.015


def test_many_certain_members_do_not_pay_for_doubtful_ones() -> None:
    rng = np.random.default_rng(4)
    false = 0
    for _ in range(10):
        rows, kind = planted(rng, n_members=200, n_noise=800, loading=0.9)
        features = feature_set(rows)
        extended = extended_labels(features, np.where(kind == 0, 0, -1), fdr=0.05)
        false += int((extended[kind == 2] == 0).sum())
    # the share among all members alone would let ten of them in each time
    assert false <= 20


def test_a_gene_joins_the_module_that_it_follows() -> None:
    rng = np.random.default_rng(3)
    first, kind = planted(rng, n_noise=0)
    second, _ = planted(rng, n_noise=100)
    features = feature_set(np.vstack([first, second]))
    truth = np.concatenate([np.zeros(20), np.ones(20), np.full(100, -1)]).astype(int)
    core = np.concatenate([kind == 0, kind == 0, np.zeros(100, dtype=bool)])
    extended = extended_labels(features, np.where(core, truth, -1), fdr=0.01)
    joined = (extended >= 0) & ~core
    assert joined.sum() >= 9
    assert (extended[joined] == truth[joined]).all()


def test_a_pair_takes_nobody_in() -> None:
    rows, kind = planted(np.random.default_rng(0), n_members=2, loading=0.95)
    features = feature_set(rows)
    labels = np.where(kind == 0, 0, -1)
    extended = extended_labels(features, labels, fdr=0.01)
    assert (extended == labels).all()


def test_without_modules_nobody_joins() -> None:
    features = feature_set(np.random.default_rng(0).normal(size=(20, N_SAMPLES)))
    nobody = np.full(20, -1)
    assert (extended_labels(features, nobody, fdr=0.5) == -1).all()


def test_gaps_cost_degrees_of_freedom_and_not_the_signal() -> None:
    rng = np.random.default_rng(5)
    rows, kind = planted(rng)
    seen = np.ones(rows.shape, dtype=bool)
    followers_of = np.flatnonzero(kind == 1)
    seen[followers_of[0], :20] = False  # still 40 samples to follow the module in
    noise = np.flatnonzero(kind == 2)[:50]
    seen[noise, 6:] = False  # six samples show nothing
    features = feature_set(rows, observed=seen)
    labels = np.where(kind == 0, 0, -1)
    extended = extended_labels(features, labels, fdr=0.01)
    assert (extended[followers_of] == 0).sum() >= 5
    assert (extended[noise] == -1).all()


def test_the_features_that_let_genes_in_are_told() -> None:
    rows, kind = planted(np.random.default_rng(0))
    features = feature_set(rows)
    found = extend_modules(
        features, associate(features), np.where(kind == 0, 0, -1), fdr=0.01, local_fdr=0.2
    )
    joined = (found.labels >= 0) & (kind != 0)
    assert found.rows.tolist() == np.flatnonzero(joined).tolist()
    assert 0 < found.alpha < 0.01

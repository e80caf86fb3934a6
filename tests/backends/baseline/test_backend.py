"""The `baseline` backend: which pairs are edges, and what its settings change."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import isograph
from isograph.backends import get_backend
from isograph.backends.baseline import backend as baseline
from isograph.backends.baseline.settings import BaselineSettings
from isograph.backends.baseline.shrinkage import analytic_shrinkage, partial_rows
from isograph.backends.protocol import Task
from isograph.bundle.model import Bundle
from isograph.config import CommunitySettings
from isograph.errors import ConfigError
from isograph.evaluation.null import permuted_null
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.progress import Steps
from isograph.study import make_study
from tests.network.synthetic import feature_set, followers


def chain(n_samples: int = 400) -> FeatureSet:
    """Feature 1 follows feature 0, 2 follows 1, and so on: neighbours only are linked directly."""
    rng = np.random.default_rng(6)
    values = rng.normal(size=(60, n_samples))
    for row in range(1, 10):
        values[row] = followers(rng, values[row - 1] / values[row - 1].std(), 1, loading=0.8)[0]
    return feature_set(values)


def edges(features: FeatureSet, **settings: object) -> Association:
    chosen = BaselineSettings.model_validate(settings)
    task = Task(features=features, settings=chosen, communities=CommunitySettings())
    return get_backend("baseline").find(task, Steps()).partition.association


def by_pair(found: Association) -> dict[tuple[int, int], float]:
    """Weight of each pair."""
    pairs = zip(found.i.tolist(), found.j.tolist(), strict=True)
    return dict(zip(pairs, found.weight.tolist(), strict=True))


def test_partial_correlation_ranks_direct_links_first() -> None:
    features = chain()
    found = edges(features, neighbours=1)
    pairs = set(by_pair(found))
    direct = {(row, row + 1) for row in range(9)}
    assert len(pairs) >= 5
    assert pairs <= direct


def test_an_indirect_link_weighs_far_less_than_its_correlation_says() -> None:
    found = edges(chain())
    weight = by_pair(found)
    assert weight[(4, 6)] < 0.3 * weight[(4, 5)]
    plain = by_pair(edges(chain(), similarity="r2"))
    assert plain[(4, 6)] > 0.5 * plain[(4, 5)]


def test_edges_are_the_strongest_partial_correlations_within_the_budget() -> None:
    features = chain(80)
    found = edges(features, neighbours=4)
    shrinkage = analytic_shrinkage(features.values, df=79)
    rows = partial_rows(features.values, shrinkage=shrinkage).rows
    partial = np.abs(rows @ rows.T)
    np.fill_diagonal(partial, 0.0)
    rank = np.argsort(np.argsort(-partial, axis=1), axis=1)
    among = np.minimum(rank, rank.T) < 4
    n = features.n_samples
    r = features.values @ features.values.T / n
    expected = among & (np.abs(r) >= found.floor) & np.triu(np.ones(r.shape, dtype=bool), 1)
    np.testing.assert_array_equal(np.argwhere(expected), np.column_stack([found.i, found.j]))
    np.testing.assert_allclose(found.weight, partial[found.i, found.j] ** 2)
    np.testing.assert_allclose(found.r, r[found.i, found.j])
    assert (found.pvalue <= found.pair_p).all()


def test_asking_for_partial_significance_leaves_fewer_edges_of_larger_p() -> None:
    features = chain()
    plain, strict = edges(features), edges(features, evidence="partial")
    kept = set(zip(strict.i, strict.j, strict=True))
    assert kept < set(zip(plain.i, plain.j, strict=True))
    assert {(row, row + 1) for row in range(9)} <= kept
    where = [k for k, pair in enumerate(zip(plain.i, plain.j, strict=True)) if pair in kept]
    assert (strict.pvalue >= plain.pvalue[where]).all()


def test_a_set_shrinkage_is_used_and_recorded(toy: Bundle) -> None:
    study = make_study(name="test", bundle="x", set={"shrinkage": "0.5"})
    assert isograph.fit(toy, backend="baseline", study=study).calibration["shrinkage"] == 0.5
    automatic = isograph.fit(toy, backend="baseline").calibration
    assert 0.01 < automatic["shrinkage"] < 0.99
    assert automatic["partial_null_df"] > 0


def test_near_full_shrinkage_ranks_as_correlation_does() -> None:
    features = chain(80)
    shrunken, r2 = edges(features, shrinkage=0.9999), edges(features, similarity="r2")
    np.testing.assert_array_equal(shrunken.i, r2.i)
    np.testing.assert_array_equal(shrunken.j, r2.j)


@pytest.mark.parametrize("similarity", ["r2", "random"])
def test_an_ablation_is_one_setting_away(toy: Bundle, similarity: str) -> None:
    study = make_study(name="test", bundle="x", set={"similarity": similarity})
    fit = isograph.fit(toy, backend="baseline", study=study)
    assert fit.calibration["similarity"] == similarity


def test_too_many_samples_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST_SAMPLES", 50)
    with pytest.raises(ConfigError, match="inverts a matrix of samples, 80 here"):
        edges(chain(80))


def test_module_p_of_noise_stays_within_its_level(realistic: Bundle) -> None:
    few = dataclasses.replace(
        realistic,
        samples=realistic.samples.iloc[:40].reset_index(drop=True),
        matrices={assay: data[:, :40] for assay, data in realistic.matrices.items()},
    )
    study = make_study(name="test", bundle="x", backends=("baseline",))
    null = permuted_null(few, study=study, n_permutations=6, seed=1)
    assert null.with_modules.n <= 1
    assert null.edge_ratio < 2

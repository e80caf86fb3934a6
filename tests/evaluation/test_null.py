"""Permutations in which nothing is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import isograph
from isograph.bundle.model import Bundle
from isograph.errors import IsographError
from isograph.evaluation.null import NullProgress, NullResult, permuted_null
from isograph.evaluation.null_plots import null_picture
from isograph.evaluation.permutation import BlocksPermuted, blocks_permuted, permute_genes
from isograph.features.blocks import Blocks
from isograph.features.model import FeatureSet
from isograph.study import make_study


@pytest.fixture(scope="module")
def with_covariate(realistic: Bundle) -> FeatureSet:
    study = make_study(bundle="realistic", covariates="~ Age")
    return isograph.study_features(realistic, study=study)


def shuffled(features: FeatureSet, seed: int = 1) -> FeatureSet:
    return permute_genes(features, rng=np.random.default_rng(seed))


def test_planted_modules_are_gone_after_permutation(realistic: Bundle) -> None:
    assert isograph.fit(realistic).calibration["n_modules"] == 5
    result = permuted_null(realistic, n_permutations=20)
    assert result.with_modules.n == 0
    assert result.with_modules.high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert not any(draw.searched for draw in result.draws)


def test_features_of_a_gene_keep_together(realistic: Bundle) -> None:
    features = isograph.study_features(realistic)
    mixed = shuffled(features)
    for gene in (0, 17, 60):
        rows = np.flatnonzero(features.gene_of == gene)
        before = features.values[rows] @ features.values[rows].T
        np.testing.assert_allclose(mixed.values[rows] @ mixed.values[rows].T, before)
        assert not np.array_equal(mixed.values[rows], features.values[rows])


def test_genes_get_orders_of_their_own(realistic: Bundle) -> None:
    features = isograph.study_features(realistic)
    same = replace(features, values=np.tile(np.linspace(-1, 1, 160), (features.n_features, 1)))
    first_rows = np.unique(features.gene_of, return_index=True)[1]
    assert len(np.unique(shuffled(same).values[first_rows], axis=0)) == len(first_rows)


def test_gaps_move_with_their_values(realistic: Bundle) -> None:
    features = isograph.study_features(realistic)
    observed = features.observed.copy()
    observed[:, :7] = False
    gappy = replace(features, values=np.where(observed, features.values, 0.0), observed=observed)
    mixed = shuffled(gappy)
    assert (mixed.values[~mixed.observed] == 0).all()
    np.testing.assert_array_equal(mixed.observed.sum(axis=1), 153)
    assert not np.array_equal(mixed.observed, observed)


def test_rows_are_orthogonal_to_covariates_again(with_covariate: FeatureSet) -> None:
    mixed = shuffled(with_covariate)
    assert np.abs(mixed.values @ mixed.design.basis).max() < 1e-9
    np.testing.assert_allclose(np.mean(mixed.values**2, axis=1), 1.0)
    assert mixed.df_residual == with_covariate.df_residual == 160 - 3


def test_permutation_number_k_depends_on_the_seed_alone(
    toy: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_THREADS", "1")
    few = permuted_null(toy, n_permutations=3, seed=5)
    monkeypatch.setenv("ISOGRAPH_THREADS", "2")
    more = permuted_null(toy, n_permutations=5, seed=5)
    assert more.draws[:3] == few.draws
    assert permuted_null(toy, n_permutations=3, seed=6).draws != few.draws


def test_false_edges_stay_near_the_budget(realistic: Bundle) -> None:
    result = permuted_null(realistic, n_permutations=60)
    expected = sum(draw.expected_edges for draw in result.draws)
    found = sum(draw.n_edges for draw in result.draws)
    low, high = stats.poisson.interval(0.999, expected)
    assert low <= found <= high
    assert result.edge_ratio == pytest.approx(found / expected)


def test_module_p_is_not_too_small(realistic: Bundle) -> None:
    result = permuted_null(realistic, n_permutations=60, seed=1)
    assert len(set(result.smallest_p.tolist())) > 3, "no candidate was seen at all"
    for level, share in result.calibration((0.05, 0.25, 0.5)).items():
        assert share.low <= level


def test_progress_counts_to_the_end(toy: Bundle) -> None:
    seen: list[NullProgress] = []
    permuted_null(toy, n_permutations=4, report=seen.append)
    assert [progress.done for progress in seen] == [1, 2, 3, 4]
    assert seen[-1].seconds_left == 0
    assert seen[0].seconds_left > 0


def test_all_that_is_out_of_bounds_is_refused_at_once(toy: Bundle) -> None:
    with pytest.raises(IsographError, match=r"(?s)permutations.*seed"):
        permuted_null(toy, n_permutations=0, seed=-1)


def test_broad_factors_can_be_left_out(toy: Bundle) -> None:
    study = make_study(bundle="toy", set={"broad_factors": "off"})
    result: NullResult = permuted_null(toy, study=study, n_permutations=2)
    assert result.as_record()["broad_factor_searches"] == 0


def test_a_picture_is_drawn_where_no_candidate_was_seen() -> None:
    assert null_picture({"nothing": np.ones(5)}).startswith(b"\x89PNG")


def donors_of(sizes: list[int]) -> Blocks:
    return Blocks("donor", np.repeat(np.arange(len(sizes)), sizes))


def test_samples_of_a_donor_keep_together(realistic: Bundle) -> None:
    blocks = donors_of([4] * 20 + [2] * 39 + [1, 1])
    features = replace(isograph.study_features(realistic), blocks=blocks)
    mixed = shuffled(features)
    moved = 0
    for row in (0, 50, 200):
        before, after = (
            sorted(tuple(sorted(some[row, blocks.codes == k])) for k in range(blocks.n_blocks))
            for some in (features.values, mixed.values)
        )
        assert before == after
        moved += int((features.values[row] != mixed.values[row]).sum())
    assert moved > 300


def test_samples_within_a_donor_change_places_too(realistic: Bundle) -> None:
    blocks = donors_of([90, 70])
    features = replace(isograph.study_features(realistic), blocks=blocks)
    mixed = shuffled(features)
    for k in range(2):
        own = blocks.codes == k
        before, after = features.values[:, own], mixed.values[:, own]
        np.testing.assert_array_equal(np.sort(before, axis=1), np.sort(after, axis=1))
        assert (before != after).mean() > 0.9
    assert blocks_permuted(blocks) == BlocksPermuted("donor", 2, 0)


def test_genes_of_the_same_donors_get_orders_of_their_own(realistic: Bundle) -> None:
    features = isograph.study_features(realistic)
    same = np.tile(np.linspace(-1, 1, 160), (features.n_features, 1))
    features = replace(features, values=same, blocks=donors_of([4] * 40))
    first_rows = np.unique(features.gene_of, return_index=True)[1]
    assert len(np.unique(shuffled(features).values[first_rows], axis=0)) == len(first_rows)


def test_donor_effects_stay_and_make_no_module(toy: Bundle) -> None:
    donor = [f"d{i // 4:02d}" for i in range(64)]
    bundle = replace(toy, samples=toy.samples.assign(donor=donor), provenance={"block": "donor"})
    result = permuted_null(bundle, n_permutations=10)
    assert result.with_modules.n == 0
    assert result.as_record()["blocks"] == {"column": "donor", "n_blocks": 16, "n_exchangeable": 16}
    assert "blocks" not in permuted_null(toy, n_permutations=1).as_record()

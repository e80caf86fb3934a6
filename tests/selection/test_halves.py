"""Complementary halves: what they share, what they depend on, when they are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isograph.bundle.model import Bundle
from isograph.errors import StudyError
from isograph.selection import deal_pairs
from isograph.selection.halves import half_bundle
from isograph.study import Study, make_study


def study_of(**fields: object) -> Study:
    return make_study(bundle="toy", **fields)


def without(bundle: Bundle, n: int) -> Bundle:
    return half_bundle(bundle, np.sort(bundle.sample_ids)[n:])


def test_halves_of_a_pair_share_no_sample_and_hold_them_all(toy: Bundle) -> None:
    for first, second in deal_pairs(toy, study=study_of(), n_pairs=4):
        assert len(first) == len(second) == toy.n_samples // 2
        np.testing.assert_array_equal(
            np.sort(np.concatenate([first, second])), np.sort(toy.sample_ids)
        )


def test_of_an_odd_number_of_samples_one_sits_out(toy: Bundle) -> None:
    odd = without(toy, 1)
    for first, second in deal_pairs(odd, study=study_of(), n_pairs=4):
        assert len(first) == len(second) == 31
        assert len(np.unique(np.concatenate([first, second]))) == 62


def test_pairs_differ_from_each_other(toy: Bundle) -> None:
    pairs = deal_pairs(toy, study=study_of(), n_pairs=4)
    assert len({tuple(pair.first) for pair in pairs}) == 4


def test_a_seed_gives_the_same_pairs_however_many_and_in_whatever_order(toy: Bundle) -> None:
    few = deal_pairs(toy, study=study_of(seed=7), n_pairs=2)
    order = np.random.default_rng(1).permutation(toy.n_samples)
    shuffled = replace(
        toy,
        samples=toy.samples.iloc[order].reset_index(drop=True),
        matrices={name: matrix[:, order] for name, matrix in toy.matrices.items()},
    )
    many = deal_pairs(shuffled, study=study_of(seed=7), n_pairs=4)
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.first, other.first)
        np.testing.assert_array_equal(one.second, other.second)
    others = deal_pairs(toy, study=study_of(seed=8), n_pairs=2)
    assert not np.array_equal(few[0].first, others[0].first)


def test_a_half_keeps_its_samples_columns(toy: Bundle) -> None:
    wanted = np.sort(toy.sample_ids)[::2]
    half = half_bundle(toy, wanted)
    assert set(half.sample_ids) == set(wanted)
    for name, matrix in half.matrices.items():
        whole = pd.DataFrame(toy.matrices[name], columns=toy.sample_ids)
        np.testing.assert_array_equal(matrix, whole[half.sample_ids].to_numpy())


def test_samples_dropped_for_a_missing_covariate_are_in_no_half(toy: Bundle) -> None:
    samples = toy.samples.copy()
    samples.loc[:9, "Age"] = np.nan
    gone = set(samples["sample_id"][:10])
    study = study_of(covariates="~ Age", drop_missing=True)
    for pair in deal_pairs(replace(toy, samples=samples), study=study, n_pairs=2):
        assert len(pair.first) == 27
        assert not gone & {*pair.first, *pair.second}


def test_a_rare_level_of_a_covariate_is_in_both_halves_where_it_must_be(toy: Bundle) -> None:
    rare = ["b"] * 3 + ["a"] * (toy.n_samples - 3)
    bundle = replace(toy, samples=toy.samples.assign(batch=rare))
    level = dict(zip(bundle.sample_ids, rare, strict=True))
    for pair in deal_pairs(bundle, study=study_of(covariates="~ C(batch)"), n_pairs=6):
        for half in pair:
            assert {level[sample] for sample in half} == {"a", "b"}


def test_a_level_of_one_sample_is_refused_with_the_reason(toy: Bundle) -> None:
    alone = ["b"] + ["a"] * (toy.n_samples - 1)
    bundle = replace(toy, samples=toy.samples.assign(batch=alone))
    with pytest.raises(StudyError, match=r"halves of 32.*could not be fitted") as refused:
        deal_pairs(bundle, study=study_of(covariates="~ C(batch)"))
    assert "covariates: batch" in str(refused.value)


def test_too_few_samples_for_halves_are_refused_with_their_number(toy: Bundle) -> None:
    few = without(toy, toy.n_samples - 10)
    with pytest.raises(StudyError, match=r"10 samples make halves of 5.*\n.*at least 6 samples"):
        deal_pairs(few, study=study_of())


@pytest.mark.parametrize("n_pairs", [-1, 0, 1])
def test_fewer_than_two_pairs_are_refused(toy: Bundle, n_pairs: int) -> None:
    with pytest.raises(StudyError, match="no standard error"):
        deal_pairs(toy, study=study_of(), n_pairs=n_pairs)


def test_donors_are_dealt_whole_and_nobody_sits_out(toy: Bundle) -> None:
    donor = [f"d{i // 3}" for i in range(toy.n_samples)]
    bundle = replace(toy, samples=toy.samples.assign(donor=donor), provenance={"block": "donor"})
    of = dict(zip(bundle.sample_ids, donor, strict=True))
    pairs = deal_pairs(bundle, study=study_of(), n_pairs=6)
    for first, second in pairs:
        assert not {of[one] for one in first} & {of[one] for one in second}
        assert len(first) + len(second) == toy.n_samples
        assert abs(len(first) - len(second)) <= 3
    assert len({tuple(pair.first) for pair in pairs}) == 6
    independent = deal_pairs(bundle, study=study_of(block="none"), n_pairs=6)
    plain = deal_pairs(toy, study=study_of(), n_pairs=6)
    for one, other in zip(independent, plain, strict=True):
        np.testing.assert_array_equal(one.first, other.first)

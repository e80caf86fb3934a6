"""Ranks and normal scores of rows."""

from __future__ import annotations

import numpy as np
from scipy import stats

from isograph.communities.ranks import average_ranks, normal_scores


def test_ranks_are_those_of_scipy_with_ties() -> None:
    values = np.random.default_rng(0).integers(0, 6, (40, 25)).astype(float)
    np.testing.assert_array_equal(average_ranks(values), stats.rankdata(values, axis=1))


def test_no_rows_have_no_ranks() -> None:
    assert average_ranks(np.empty((0, 5))).shape == (0, 5)


def test_scores_are_standardised_and_keep_the_order() -> None:
    values = np.random.default_rng(1).normal(size=(10, 30)) ** 3
    scores = normal_scores(values)
    np.testing.assert_allclose(scores.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.square(scores).mean(axis=1), 1)
    np.testing.assert_array_equal(np.argsort(scores, axis=1), np.argsort(values, axis=1))


def test_a_single_huge_value_counts_no_more_than_its_rank() -> None:
    row = np.arange(20.0)
    far = row.copy()
    far[-1] = 1e9
    np.testing.assert_allclose(normal_scores(row[None]), normal_scores(far[None]))


def test_a_constant_row_scores_nothing() -> None:
    np.testing.assert_array_equal(normal_scores(np.ones((1, 8))), np.zeros((1, 8)))

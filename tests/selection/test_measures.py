"""Agreement, module overlap and counts on bare arrays, against independent formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score

from isograph.evaluation.agreement import with_singletons
from isograph.selection.measures import adjusted_rand, best_jaccard, false_edges_bound, tally

LABELS = arrays(np.int64, 30, elements=st.integers(-1, 4))
NONE = np.full(6, -1)


@given(LABELS, LABELS)
def test_agreement_is_scikit_learns_with_singletons(first: np.ndarray, second: np.ndarray) -> None:
    expected = adjusted_rand_score(with_singletons(first), with_singletons(second))
    if (
        max(np.bincount(first + 1)[1:].max(initial=0), np.bincount(second + 1)[1:].max(initial=0))
        < 2
    ):
        expected = 0.0
    assert adjusted_rand(first, second) == pytest.approx(expected, abs=1e-12)


def test_leaving_all_genes_out_is_no_agreement() -> None:
    assert adjusted_rand(NONE, NONE) == 0.0
    assert adjusted_rand(NONE, np.array([0, 0, 1, 1, -1, -1])) == 0.0


def test_the_same_modules_agree_whatever_their_numbers() -> None:
    labels = np.array([0, 0, 1, 1, 1, -1])
    assert adjusted_rand(labels, np.array([1, 1, 0, 0, 0, -1])) == pytest.approx(1.0)
    assert adjusted_rand(np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64)) == 1.0


def test_jaccard_is_that_of_the_best_module() -> None:
    full = np.array([0, 0, 0, 0, 1, 1, -1, -1])
    half = np.array([1, 1, 1, 2, 0, 0, 0, -1])
    found = best_jaccard(full, half, n_modules=2, shared=np.ones(8, dtype=bool))
    np.testing.assert_allclose(found, [3 / 4, 2 / 3])


def test_genes_that_the_half_could_not_assign_do_not_count() -> None:
    full = np.array([0, 0, 0, 0, 1, 1])
    half = np.array([0, 0, 0, -1, -1, -1])
    shared = np.array([True, True, True, False, False, False])
    np.testing.assert_allclose(best_jaccard(full, half, n_modules=2, shared=shared), [1.0, 0.0])


def test_no_module_in_the_half_is_no_overlap() -> None:
    full = np.array([0, 0, 0, 1, 1, 1])
    found = best_jaccard(full, NONE, n_modules=2, shared=np.ones(6, dtype=bool))
    np.testing.assert_array_equal(found, [0.0, 0.0])
    assert best_jaccard(NONE, full, n_modules=0, shared=np.ones(6, dtype=bool)).shape == (0,)


@given(st.lists(st.sets(st.integers(0, 20)), max_size=6))
def test_tally_counts_the_sets_that_hold_a_key(sets: list[set[int]]) -> None:
    keys, times = tally([np.array(sorted(one), dtype=np.int64) for one in sets])
    expected = {key: sum(key in one for one in sets) for key in set().union(*sets)}
    assert dict(zip(keys.tolist(), times.tolist(), strict=True)) == expected
    assert keys.tolist() == sorted(expected)


def test_the_bound_is_that_of_theorem_1() -> None:
    # Meinshausen and Bühlmann: q = √((2π − 1) p) allows one false selection
    assert false_edges_bound(np.sqrt(0.5 * 4950), 4950, 0.75) == pytest.approx(1.0)
    assert false_edges_bound(0.0, 4950, 0.75) == 0.0
    assert false_edges_bound(3.0, 0, 0.75) is None

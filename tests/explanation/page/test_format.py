"""Numbers as people read them."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.explanation.page.format import (
    compact,
    counted,
    equals_pvalue,
    exact,
    fixed,
    listed,
    percent,
    pvalues,
    whole,
)


def test_small_p_has_two_digits_and_an_exponent_without_zeros() -> None:
    assert pvalues(np.array([2.1234e-12, 1e-5, 9.96e-4])) == ["2.1e-12", "1.0e-5", "1.0e-3"]


def test_p_from_a_thousandth_on_has_three_decimals() -> None:
    assert pvalues(np.array([0.001, 0.0499, 1.0])) == ["0.001", "0.050", "1.000"]


def test_p_that_doubles_cannot_hold_is_a_bound() -> None:
    assert pvalues(np.array([0.0, 2.2e-308])) == ["<1e-300", "<1e-300"]
    assert equals_pvalue("q", 0.0).split() == ["q", "<", "1e-300"]


def test_missing_numbers_are_a_dash_in_every_style() -> None:
    gap = np.array([np.nan])
    styles = [pvalues(gap), compact(gap), percent(gap), whole(gap), fixed(gap, digits=2)]
    assert styles == [["–"]] * 5
    assert exact(gap) == [""]


def test_negative_numbers_have_a_true_minus_and_zero_has_none() -> None:
    assert fixed(np.array([-0.5, -1e-9, 0.25]), digits=2) == ["−0.50", "0.00", "0.25"]
    assert fixed(np.array([0.5]), digits=1, signed=True) == ["+0.5"]


def test_tooltips_have_every_digit() -> None:
    value = 2.123456789012345e-12
    assert float(exact(np.array([value]))[0]) == value


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 gene"), (0, "0 genes"), (1200, "1,200 genes")]
)
def test_counts_agree_with_their_noun(number: int, words: str) -> None:
    assert counted(number, "gene") == words


def test_lists_end_with_and() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]

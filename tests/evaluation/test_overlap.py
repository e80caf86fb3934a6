"""Overlapping normalised mutual information."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isograph.evaluation.overlap import cover_agreement, overlapping_information


def plain_onmi(one: list[set[int]], other: list[set[int]], n: int) -> float:
    """McDaid, Greene and Hurley (2011), written out with loops."""

    def h(w: float) -> float:
        return -w / n * np.log2(w / n) if w > 0 else 0.0

    def entropy(x: set[int]) -> float:
        return h(len(x)) + h(n - len(x))

    def given_all(x: set[int], cover: list[set[int]]) -> float:
        best = entropy(x)
        for y in cover:
            a, b = n - len(x | y), len(y - x)
            c, d = len(x - y), len(x & y)
            if h(a) + h(d) >= h(b) + h(c):
                best = min(best, h(a) + h(b) + h(c) + h(d) - entropy(y))
        return best

    hx, hy = sum(map(entropy, one)), sum(map(entropy, other))
    if max(hx, hy) == 0:
        return 0.0
    shared = hx - sum(given_all(x, other) for x in one)
    shared += hy - sum(given_all(y, one) for y in other)
    return 0.5 * shared / max(hx, hy)


def members(cover: list[set[int]], n: int) -> npt.NDArray[np.float64]:
    table = np.zeros((len(cover), n))
    for row, module in enumerate(cover):
        table[row, list(module)] = 1
    return table


_covers = st.lists(st.sets(st.integers(0, 14), min_size=1), min_size=1, max_size=5)


@settings(max_examples=80, deadline=None)
@given(_covers, _covers)
def test_it_equals_the_definition_written_out(one: list[set[int]], other: list[set[int]]) -> None:
    found = overlapping_information(members(one, 15), members(other, 15), n_items=15)
    assert found == pytest.approx(np.clip(plain_onmi(one, other, 15), 0, 1), abs=1e-9)
    back = overlapping_information(members(other, 15), members(one, 15), n_items=15)
    assert found == pytest.approx(back, abs=1e-9)


def table(modules: dict[str, str]) -> pd.DataFrame:
    rows = [(gene, module) for module, genes in modules.items() for gene in genes]
    return pd.DataFrame(rows, columns=["gene_id", "module_id"])


TRUTH, SECOND = table({"A": "abcd", "B": "efgh"}), table({"B": "a"})


def test_the_same_cover_under_other_names_agrees_fully() -> None:
    found = table({"x": "efgha", "y": "dcba"})
    assert cover_agreement((TRUTH, SECOND), (found, None), n_genes=20) == pytest.approx(1.0)


def test_second_modules_count() -> None:
    without = cover_agreement((TRUTH, SECOND), (TRUTH, None), n_genes=20)
    assert without < cover_agreement((TRUTH, SECOND), (TRUTH, SECOND), n_genes=20)


def test_nothing_found_agrees_with_nothing() -> None:
    nothing = TRUTH.head(0)
    assert cover_agreement((TRUTH, SECOND), (nothing, None), n_genes=20) == 0.0


def test_one_module_of_everything_says_nothing() -> None:
    found = table({"x": "abcdefgh"})
    assert cover_agreement((TRUTH, SECOND), (found, None), n_genes=8) == pytest.approx(0.0)

"""Names and numbers as pictures show them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.explanation.pictures.words import (
    gene_labels,
    number,
    plain,
    shortened,
    shown_of,
    signed,
    small_number,
    text_width,
)


def test_a_short_name_stays_as_it_is() -> None:
    assert shortened("BCL2L1", 2.0) == "BCL2L1"


@pytest.mark.parametrize("inches", [0.3, 0.8, 1.7])
@pytest.mark.parametrize("middle", [False, True])
def test_a_long_name_fits_after_it_was_cut(inches: float, middle: bool) -> None:
    text = shortened("a gene with a name as long as a sentence" * 3, inches, middle=middle)
    assert "…" in text
    assert text_width(text) <= inches
    assert text_width(text) > inches - 0.25


def test_a_cut_in_the_middle_keeps_both_ends() -> None:
    text = shortened("MSTRG.123456789.123456789.17", 1.2, middle=True)
    assert text.startswith("MSTRG")
    assert text.endswith(".17")


def test_ids_stand_where_there_is_no_name() -> None:
    names = pd.Series({"g1": "ONE", "g2": None, "g3": "  "})
    assert gene_labels(names, ["g1", "g2", "g3", "g4"]) == ["ONE", "g2", "g3", "g4"]


def test_genes_of_one_name_are_told_apart_by_the_end_of_their_ids() -> None:
    names = pd.Series({"ENSG00000000001.2": "A", "ENSG00000000009.4": "A", "ENSG3": "B"})
    assert gene_labels(names, list(names.index)) == ["A …0001.2", "A …0009.4", "B"]


def test_genes_whose_ids_end_alike_get_their_whole_id() -> None:
    names = pd.Series({"x-123456": "A", "y-123456": "A"})
    assert gene_labels(names, list(names.index)) == ["x-123456", "y-123456"]


def test_a_dollar_starts_no_formula_and_line_breaks_are_gone() -> None:
    assert plain("a$b$\n c") == r"a\$b\$ c"


def test_signs_that_the_font_lacks_are_replaced() -> None:
    assert plain("μ 病") == "μ \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (2.4e-6, "2×10⁻⁶"), (1e-120, "1×10⁻¹²⁰"), (0.0, "0"), (np.nan, "–")],
)
def test_small_numbers(value: float, text: str) -> None:
    assert small_number(value) == text


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    assert number(-0.304) == "−0.30"
    assert number(-0.001) == "0.00"
    assert signed(0.304) == "+0.30"
    assert signed(-0.304) == "−0.30"
    assert signed(0.001) == "0.00"


def test_how_many_are_shown_of_how_many() -> None:
    assert shown_of(30, 1812, "genes") == "30 of 1,812 genes"
    assert shown_of(8, 8, "genes with edges") == "8 genes with edges"
    assert shown_of(1, 1, "genes with edges") == "1 gene with edges"

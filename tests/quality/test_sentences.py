"""Flags in sentences."""

from __future__ import annotations

import pytest

from isograph.bundle import Bundle
from isograph.quality.model import Check, Flag
from isograph.quality.sentences import flag_sentences
from tests.quality.cohort import cohort, study


@pytest.fixture
def bundle() -> Bundle:
    return cohort(3, n_samples=12, columns={"donor": ["a", "b", "c"] * 4})


def flags(places: list[int], reason: str = "sex is wrong") -> list[Flag]:
    return [Flag(f"S{place:03d}", Check.SEX, 0.0, float("nan"), reason) for place in places]


def test_a_whole_donor_is_named(bundle: Bundle) -> None:
    known = study(block="donor")
    assert flag_sentences(flags([0, 3, 6, 9]), bundle, study=known) == (
        "all 4 samples of donor a: sex is wrong",
    )
    assert flag_sentences(flags([0, 3, 6]), bundle, study=known) == (
        "3 samples of donor a: sex is wrong",
    )


def test_samples_of_several_donors_are_listed_once_a_reason(bundle: Bundle) -> None:
    told = flag_sentences(
        [*flags([0, 1, 2, 3, 4]), *flags([5], "few reads")],
        bundle,
        study=study(block="donor"),
    )
    assert told == ("S000, S001, S002 and 2 more: sex is wrong", "S005: few reads")


def test_without_donors_samples_are_listed(bundle: Bundle) -> None:
    assert flag_sentences(flags([0, 3]), bundle, study=study()) == ("S000, S003: sex is wrong",)

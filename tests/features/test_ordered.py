"""Columns whose levels have an order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.errors import StudyError
from isograph.explanation.pictures.trait_strips import trait_strip
from isograph.features.ordered import ordered_levels
from isograph.features.traits import Trait, TraitKind, infer_traits
from isograph.study import make_study

pytestmark = pytest.mark.filterwarnings("error")

STAGES = ["I", "II", "III", "IV"]


def frame(stage: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": [f"S{i}" for i in range(len(stage))], "stage": stage})


def infer(stage: list[object], levels: list[str] = STAGES) -> Trait:
    (trait,) = infer_traits(frame(stage), ordered={"stage": levels})
    return trait


def test_levels_become_their_ranks() -> None:
    trait = infer(["II", "I", None, "IV", "I"])
    assert trait.kind == TraitKind.CONTINUOUS
    assert trait.reason == "ordered: I < II < III < IV"
    assert trait.levels == tuple(STAGES)
    assert trait.n_missing == 1
    np.testing.assert_array_equal(trait.values, [1, 0, np.nan, 3, 0])


def test_names_of_levels_come_back_for_pictures() -> None:
    named = infer(["II", "I", None, "IV", "I"]).level_values
    assert named.astype(object).where(named.notna(), None).tolist() == ["II", "I", None, "IV", "I"]
    assert named.cat.categories.tolist() == STAGES


def test_numbers_are_ordered_by_their_text() -> None:
    trait = infer([3.0, 1.0, 2.0, 2.0], ["3", "2", "1"])
    np.testing.assert_array_equal(trait.values, [0, 2, 1, 1])


def test_values_that_are_no_level_are_named() -> None:
    with pytest.raises(StudyError, match=r"ordered: stage.*none of its levels I, II.*V, X"):
        infer(["I", "X", "V", "II"], ["I", "II"])


def test_a_column_of_one_level_is_constant() -> None:
    assert infer(["I", "I", None, "I"]).kind == TraitKind.CONSTANT


def test_an_unknown_column_and_one_that_is_groups_too_are_refused() -> None:
    with pytest.raises(StudyError, match=r"(?s)ordered: stag:.*mean stage"):
        infer_traits(frame(["I", "II"]), ordered={"stag": STAGES})
    with pytest.raises(StudyError, match="named in categorical too"):
        infer_traits(frame(["I", "II"]), categorical=["stage"], ordered={"stage": STAGES})


def test_the_study_goes_before_the_bundle_column_by_column() -> None:
    provenance = {"ordered_levels": '{"stage": ["a", "b"], "grade": ["low", "high"], "x": ["1"]}'}
    found = ordered_levels({"stage": ["b", "a"]}, provenance, groups=["x"])
    assert found == {"grade": ["low", "high"], "stage": ["b", "a"]}


def test_a_study_takes_lists_numbers_and_text() -> None:
    study = make_study(bundle="x", ordered={"stage": "I, II", "dose": [1, 2.0, 0.5]})
    assert study.ordered == {"stage": ("I", "II"), "dose": ("1", "2", "0.5")}


@pytest.mark.parametrize("levels", ["I", ["I", "I"], []])
def test_an_order_has_two_levels_each_once(levels: object) -> None:
    with pytest.raises(StudyError, match="two levels at least, each once"):
        make_study(bundle="x", ordered={"stage": levels})


def test_pictures_name_the_ends_of_an_order() -> None:
    trait = infer(["II", "I", None, "III", "I"])
    strip = trait_strip(trait, np.array([f"S{i}" for i in range(5)]), most_levels=6)
    assert strip.key[0][0] == "I – III"
    assert strip.key[1][0] == "missing"
    np.testing.assert_array_equal(strip.colours[1], strip.colours[4])

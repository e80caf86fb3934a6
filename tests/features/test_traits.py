"""Which kind of trait a sample column becomes, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from isograph.errors import StudyError
from isograph.features.columns import read_column
from isograph.features.traits import Trait, TraitKind, infer_traits
from tests.shared_data import shared_path

pytestmark = pytest.mark.filterwarnings("error")


def table(**columns: object) -> pd.DataFrame:
    n = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pd.DataFrame({"sample_id": [f"S{i:03d}" for i in range(n)], **columns})


def one(values: object, *, name: str = "x", categorical: bool = False) -> Trait:
    (trait,) = infer_traits(table(**{name: values}), categorical=[name] if categorical else [])
    return trait


def test_fractional_numbers_are_continuous() -> None:
    trait = one([1.5, 2.0, np.nan, 3.25, 9.0])
    assert (trait.kind, trait.levels, trait.n_missing, trait.reason) == ("continuous", (), 1, "")
    np.testing.assert_array_equal(trait.values.to_numpy(), [1.5, 2.0, np.nan, 3.25, 9.0])


def test_values_are_indexed_by_sample_id() -> None:
    trait = one([1.5, 2.0, 3.5])
    assert list(trait.values.index) == ["S000", "S001", "S002"]


def test_two_numbers_are_two_levels_written_without_a_point() -> None:
    assert one([2.0, 1.0, 1.0, np.nan, 2.0]).levels == ("1", "2")
    assert one([0.5, 10.0, 0.5, 10.0]).levels == ("0.5", "10")


def test_nullable_integers_with_a_gap_keep_their_kind() -> None:
    two = one(pd.array([1, 2, None, 1, 2], dtype="Int64"))
    assert (two.kind, two.levels, two.n_missing) == ("two-level", ("1", "2"), 1)
    many = one(pd.array([31, 7, None, 45, 90], dtype="Int64"))
    assert (many.kind, many.n_missing) == ("continuous", 1)
    assert many.values.dtype == np.float64


@pytest.mark.parametrize(
    "values",
    [
        [True, False, True, True, False],
        pd.array([True, False, None, True, False], dtype="boolean"),
        [True, False, None, True, False],
    ],
    ids=["bool", "boolean", "object"],
)
def test_truth_values_are_two_levels_from_false(values: object) -> None:
    trait = one(values)
    assert (trait.kind, trait.levels) == (TraitKind.TWO_LEVEL, ("False", "True"))


def test_object_columns_of_numbers_are_numbers() -> None:
    mixed: list[object] = [1, 2.5, None, 4]
    assert one(mixed).kind == "continuous"
    assert one([Decimal("1.5"), Decimal("2.5"), Decimal(4), None]).kind == "continuous"


def test_infinite_numbers_count_as_missing() -> None:
    trait = one([1.0, 2.5, np.inf, -np.inf, 3.0])
    assert trait.n_missing == 2
    assert np.isfinite(trait.values.dropna()).all()


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (["SCZD", "Control"] * 3, ("Control", "SCZD")),
        (["AD", "healthy"] * 3, ("healthy", "AD")),
        (["KO", "wild-type"] * 3, ("wild-type", "KO")),
        (["Drug", "Untreated"] * 3, ("Untreated", "Drug")),
        (["IFNg", "SL1344", "naive"] * 3, ("naive", "IFNg", "SL1344")),
        (["yes", "No"] * 3, ("No", "yes")),
        (["male", "female"] * 3, ("female", "male")),
    ],
)
def test_well_known_controls_are_the_reference_level(
    values: list[str], levels: tuple[str, ...]
) -> None:
    assert one(values).levels == levels


def test_number_levels_are_ordered_by_size() -> None:
    trait = one([10, 9, 1, 10, 9, 1], categorical=True)
    assert (trait.kind, trait.levels) == ("many-level", ("1", "9", "10"))
    assert one(["10", "9", "1"] * 3).levels == ("1", "9", "10")


def test_ordered_categories_keep_their_order_and_lose_unused_ones() -> None:
    dtype = pd.CategoricalDtype(["low", "mid", "control", "high"], ordered=True)
    trait = one(pd.Categorical(["high", "low", "control"] * 3, dtype=dtype))
    assert trait.levels == ("low", "control", "high")


def test_unordered_categories_are_ordered_as_text_is() -> None:
    trait = one(pd.Categorical(["b", "a", "ctrl"] * 3, categories=["b", "ctrl", "a", "unused"]))
    assert trait.levels == ("ctrl", "a", "b")


@pytest.mark.parametrize("gone", ["", "  ", "NA", "NaN", "null", None])
def test_blank_and_na_text_is_missing(gone: str | None) -> None:
    trait = one(["a", "b", gone, "a", "b "])
    assert (trait.levels, trait.n_missing) == (("a", "b"), 1)


def test_none_as_a_level_stays_a_level() -> None:
    assert one(["none", "high", "none", "high"]).levels == ("none", "high")


@pytest.mark.parametrize(
    ("values", "shown"),
    [([3, 3, 3], "3"), (["F2"] * 3, "F2"), ([np.nan] * 3, "no sample"), ([None] * 3, "no sample")],
)
def test_one_value_or_none_is_constant(values: list[object], shown: str) -> None:
    trait = one(values)
    assert trait.kind == "constant"
    assert shown in trait.reason
    assert not trait.testable


def test_text_of_its_own_for_each_sample_is_id_like() -> None:
    assert one(["q1", "q2", "q3", "q4", "q5"]).kind == "id-like"
    assert one(["a", "b"]).kind == "id-like"


def test_text_is_id_like_above_half_as_many_values_as_samples() -> None:
    assert one(["a", "a", "b", "b", "c", "c", "d", "d"]).kind == "many-level"
    assert one(["a", "a", "b", "b", "c", "c", "d", "e"]).kind == "id-like"
    assert one(["a", "a", "b"]).kind == "two-level"


def test_distinct_whole_numbers_of_a_measurement_stay_continuous() -> None:
    weights = np.random.default_rng(1).permutation(400)[:40] + 1000
    assert one(weights, name="weight_mg").kind == "continuous"
    assert one(weights, name="cell_number").kind == "continuous"
    assert one(weights, name="body_mass_index").kind == "continuous"


@pytest.mark.parametrize("name", ["Number", "patient", "Mouse_ID", "sampleNumber", "barcode"])
def test_distinct_whole_numbers_under_the_name_of_an_id_are_id_like(name: str) -> None:
    numbers = np.random.default_rng(2).permutation(400)[:40] + 1000
    assert one(numbers, name=name).kind == "id-like"


def test_a_running_number_is_id_like_in_any_row_order() -> None:
    numbers = np.random.default_rng(3).permutation(20) + 1
    assert one(numbers, name="well").kind == "id-like"
    assert one(numbers + 29, name="age").kind == "continuous"
    assert one([1, 2, 3, 4, 5, 6], name="week").kind == "continuous"


def test_few_whole_numbers_are_continuous_with_a_hint() -> None:
    trait = one([1, 2, 3, 4, 5, 6, 7] * 3, name="lab")
    assert trait.kind == "continuous"
    assert trait.reason == "7 whole-number levels: pass --categorical lab if these are groups"
    assert one([1, 2, 3, 4, 5, 6, 7] * 3, name="lab", categorical=True).kind == "many-level"


def test_no_hint_where_a_number_occurs_once() -> None:
    assert one([1, 1, 2, 2, 3]).reason == ""


def test_whole_numbers_as_text_stay_groups_with_a_hint() -> None:
    dates = [f"1111{day}" for day in range(10, 22)] * 3
    trait = one(dates)
    assert (trait.kind, len(trait.levels)) == ("many-level", 12)
    assert "12 levels, all whole numbers stored as text" in trait.reason


def test_fractional_numbers_as_text_are_continuous() -> None:
    trait = one([f"{7 + i / 8}" for i in range(15)])
    assert (trait.kind, trait.reason) == ("continuous", "numbers stored as text")
    assert trait.values.iloc[1] == 7.125


def test_dates_are_groups() -> None:
    trait = one(pd.to_datetime(["2001-10-22", "2001-10-24", None] * 3))
    assert (trait.levels, trait.n_missing) == (("2001-10-22", "2001-10-24"), 3)


def test_sample_id_is_never_a_trait() -> None:
    assert [trait.name for trait in infer_traits(table(x=[1.0, 2.0, 4.0]))] == ["x"]
    with pytest.raises(StudyError, match="sample_id: names the samples"):
        infer_traits(table(x=[1.0, 2.0, 4.0]), names=["sample_id"])


def test_named_traits_come_in_the_order_of_the_names() -> None:
    samples = table(a=[1.0, 2.0, 4.0], b=[1.0, 2.5, 4.0], c=["u"] * 3)
    assert [trait.name for trait in infer_traits(samples, names=["b", "a"])] == ["b", "a"]


def test_every_unknown_name_is_listed_with_near_ones() -> None:
    with pytest.raises(StudyError) as error:
        infer_traits(
            table(Dx=["a", "b"] * 2, Age=[1, 2, 3, 5]), names=["dx", "zz"], categorical=["age"]
        )
    text = str(error.value)
    assert "traits: dx: no such sample column → did you mean Dx?" in text
    assert "traits: zz: no such sample column → columns are Dx, Age" in text
    assert "categorical: age: no such sample column → did you mean Age?" in text


def test_wanted_traits_that_cannot_be_tested_are_refused_with_the_reason() -> None:
    samples = table(Strain=["F2"] * 3, tube=["t1", "t2", "t3"], x=[1.0, 2.0, 4.0])
    with pytest.raises(StudyError) as error:
        infer_traits(samples, names=["Strain", "tube", "x"])
    assert "Strain: constant: every sample has the value F2" in str(error.value)
    assert "tube: id-like: each of 3 samples has a value of its own" in str(error.value)
    assert len(error.value.problems) == 2


def test_kind_and_levels_do_not_depend_on_row_order() -> None:
    rng = np.random.default_rng(4)
    samples = table(
        g=rng.choice(["b", "control", "a"], 30),
        k=rng.choice([3, 10, 2], 30),
        x=rng.normal(size=30),
        n=np.arange(30),
    )
    mixed = samples.iloc[rng.permutation(30)]
    assert infer_traits(samples, categorical=["k"]) == infer_traits(mixed, categorical=["k"])


def test_record_holds_plain_values() -> None:
    record = one(["SCZD", "Control", None] * 2, name="Dx").as_record()
    assert record == {
        "name": "Dx",
        "kind": "two-level",
        "levels": ["Control", "SCZD"],
        "n_missing": 2,
        "reason": "",
    }
    assert type(record["kind"]) is str


def test_read_column_keeps_a_repeated_index() -> None:
    column = pd.Series(["a", "b", None], index=["i", "i", "j"])
    assert list(read_column(column).index) == ["i", "i", "j"]


def test_mouse_liver_columns() -> None:
    samples = pd.read_parquet(shared_path("data", "real", "liver_f2_female", "samples.parquet"))
    kinds = {trait.name: trait for trait in infer_traits(samples)}
    assert kinds["Number"].kind == kinds["Mouse_ID"].kind == "id-like"
    assert kinds["Strain"].kind == kinds["Western_Diet"].kind == "constant"
    assert kinds["Western_Diet"].n_missing == 135
    assert kinds["sex"].levels == ("1", "2")
    assert kinds["weight_g"].kind == kinds["Aortic_lesions"].kind == "continuous"


def test_geuvadis_columns() -> None:
    samples = pd.read_parquet(
        shared_path("data", "real", "geuvadis_chr19_ceu91", "samples.parquet")
    )
    kinds = {trait.name: trait for trait in infer_traits(samples)}
    assert kinds["individual"].kind == kinds["assay_name"].kind == "id-like"
    assert kinds["population"].kind == "constant"
    assert (kinds["run_date"].kind, len(kinds["run_date"].levels)) == ("many-level", 12)
    assert "--categorical lab" in kinds["lab"].reason
    assert (kinds["sex"].levels, kinds["sex"].n_missing) == (("female", "male"), 2)
    assert kinds["library_size_chr19"].kind == "continuous"


# ---- numbers with slips


AGES = [str(age) for age in range(30, 50)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([*AGES, "n.d.", None], "numbers but for 1 of 21 values: 'n.d.' of S020"),
        (
            [f"{age},0" for age in AGES],
            "numbers written with commas or percent signs: '30,0' of S000, '31,0' of S001, "
            "'32,0' of S002, …",
        ),
        (["0.5"] * 10 + ["1.5"] * 10 + ["1.5?"], "numbers but for 1 of 21 values: '1.5?' of S020"),
        ([*AGES, "inf"], "numbers but for 1 of 21 values: 'inf' of S020"),
        (
            [f"1,2{age},567" for age in AGES],
            "numbers written with commas or percent signs: '1,230,567' of S000, "
            "'1,231,567' of S001, '1,232,567' of S002, …",
        ),
    ],
    ids=["odd cell", "commas", "fractions", "infinite", "thousands"],
)
def test_numbers_with_slips_are_unclear_and_not_tested(
    values: list[str | None], reason: str
) -> None:
    trait = one(values)
    assert (trait.kind, trait.reason, trait.testable) == ("unclear", reason, False)
    with pytest.raises(StudyError, match="write plain numbers") as error:
        infer_traits(table(age=values), names=["age"])
    assert f"traits: age: unclear: {reason}" in str(error.value)


def test_groups_that_are_nearly_all_numbers_stay_groups() -> None:
    assert one(["1", "2", "3"] * 7 + ["3b"] * 2).kind == "many-level"
    assert one([*AGES, *AGES, *AGES, "n.d."], categorical=True).kind == "many-level"

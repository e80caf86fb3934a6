"""Sex by XIST and Y-linked genes beside the sample sheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isograph.quality import Quality, assess_quality
from isograph.quality.model import Check
from isograph.quality.sex import check_sex, declared_sex
from tests.quality.cohort import cohort, study, with_columns, with_sex

SEXES = ["female", "male"] * 10


def flagged(quality: Quality, check: Check) -> list[str]:
    return [flag.sample_id for flag in quality.flags if flag.check == check]


def checked(sexes: list[str], declared: object, *, column: str = "sex") -> Quality:
    bundle = with_sex(cohort(1, n_samples=len(sexes)), sexes)
    return assess_quality(with_columns(bundle, **{column: declared}), study=study())


def test_sexes_that_agree_are_not_flagged() -> None:
    quality = checked(SEXES, SEXES)
    assert quality.samples["predicted_sex"].tolist() == SEXES
    assert not flagged(quality, Check.SEX)
    assert not flagged(quality, Check.SEX_UNCLEAR)


def test_two_swapped_samples_are_flagged() -> None:
    declared = [*SEXES]
    declared[4], declared[7] = declared[7], declared[4]
    quality = checked(SEXES, declared)
    assert flagged(quality, Check.SEX) == ["S004", "S007"]
    (reason,) = {f.reason for f in quality.flags if f.sample_id == "S004"}
    assert reason == "sex says male, the genes say female: swapped?"


@pytest.mark.parametrize("kind", ["both", "neither"])
def test_both_high_and_both_low_are_unclear(kind: str) -> None:
    quality = checked([kind, *SEXES[1:]], SEXES)
    assert quality.samples["predicted_sex"][0] == "unclear"
    assert flagged(quality, Check.SEX_UNCLEAR) == ["S000"]
    assert not flagged(quality, Check.SEX)


def test_what_most_of_a_cohort_lacks_is_a_note_and_no_flag() -> None:
    quality = checked(["neither"] * 15 + SEXES[:5], ["female"] * 20)
    assert not flagged(quality, Check.SEX_UNCLEAR)
    assert any("In 15 of 20 samples neither" in note for note in quality.notes)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["F", "M"] * 10, "Sex"),
        (["Female", "MALE "] * 10, "donor_gender"),
        ([2, 1] * 10, "sex"),
        ([0, 1] * 10, "msex"),
        ([1, 0] * 10, "sex"),
        ([0, 1] * 10, "sex"),
        ([True, False] * 10, "sex"),
    ],
)
def test_every_way_of_writing_sex_is_read(values: list[object], column: str) -> None:
    if values[0] is True:
        # truth values say nothing of their meaning
        assert checked(SEXES, values, column=column).sex_column is None
        return
    quality = checked(SEXES, values, column=column)
    assert quality.sex_column == column
    assert quality.samples["declared_sex"].tolist() == SEXES


def test_a_column_that_only_sounds_alike_is_not_taken() -> None:
    samples = pd.DataFrame({"sample_id": ["a", "b"], "unisex_toilet": ["m", "f"], "essex": [1, 2]})
    assert declared_sex(samples, None) is None


def test_a_missing_sex_is_not_compared() -> None:
    quality = checked(SEXES, [None, *SEXES[1:]])
    assert quality.samples["declared_sex"][0] is None
    assert not flagged(quality, Check.SEX)


def test_without_a_column_predictions_stand_alone() -> None:
    quality = assess_quality(with_sex(cohort(1, n_samples=20), SEXES), study=study())
    assert quality.sex_column is None
    assert any("No sample column holds the sex" in note for note in quality.notes)


def test_without_xist_nothing_is_told() -> None:
    quality = assess_quality(cohort(1), study=study())
    assert "XIST" in quality.untold["sex"]
    assert quality.samples["predicted_sex"].isna().all()


def test_ids_of_ensembl_with_a_version_and_names_of_mice_are_known() -> None:
    totals = np.array([[4000, 0], [0, 3000], [10**7, 10**7]], dtype=float)
    for ids, names in (
        (["ENSG00000229807.13", "ENSG00000067048.17", "x"], ["-", "-", "-"]),
        (["g1", "g2", "g3"], ["Xist", "Ddx3y", "Actb"]),
        (["ENSMUSG00000086503", "ENSMUSG00000069049", "x"], ["a", "b", "c"]),
    ):
        check = check_sex(totals, np.array(ids), np.array(names))
        assert check is not None
        assert check.predicted.tolist() == ["female", "male"]


def test_a_shallow_sample_is_unclear_rather_than_wrong() -> None:
    totals = np.array([[0.0, 1.0], [0.0, 0.0], [20_000.0, 20_000.0]])
    check = check_sex(totals, np.array(["a", "b", "c"]), np.array(["XIST", "UTY", "ACTB"]))
    assert check is not None
    assert check.predicted.tolist() == ["unclear", "unclear"]
    assert "too few reads" in check.why[0]


def test_ready_made_expression_has_no_scale_for_it() -> None:
    bundle = with_sex(cohort(1, n_samples=20), SEXES)
    logs = np.log2(bundle.matrices["gene_counts"] + 1.0)
    quality = assess_quality(replace(bundle, matrices={"gene_expression": logs}), study=study())
    assert quality.untold["sex"] == "the data set has no counts"

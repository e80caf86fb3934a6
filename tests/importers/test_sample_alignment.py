"""The sample sheet beside the quantified samples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from isograph.errors import Problems
from isograph.importers.sheets.sample_alignment import Aligned, align
from isograph.importers.sheets.sample_sheet import Sheet


def kinds(findings: Sequence[Mapping[str, Any]]) -> set[str]:
    return {one["kind"] for one in findings}


def sheet_of(columns: Mapping[str, Sequence[object]]) -> Sheet:
    return Sheet(pd.DataFrame(columns, dtype=object), "sample_id", Path("s.csv"))


def aligned(sheet: Sheet, ids: Sequence[str], **options: Any) -> Aligned:
    problems = Problems()
    found = align(sheet, ids, problems, **options)
    assert not problems, problems.found
    assert found is not None
    return found


def misfit(sheet: Sheet, ids: Sequence[str], **options: Any) -> str:
    problems = Problems()
    assert align(sheet, ids, problems, **options) is None
    return "\n".join(str(problem) for problem in problems.found)


def test_rows_follow_the_samples() -> None:
    found = aligned(sheet_of({"sample_id": ["b", "c", "a"], "x": ["1", "2", "3"]}), "abc")
    assert found.frame["x"].tolist() == ["3", "1", "2"]
    assert found.kept.tolist() == [0, 1, 2]


def test_samples_of_one_place_are_named_both_ways() -> None:
    sheet = sheet_of({"sample_id": ["a", "x"]})
    text = misfit(sheet, "ab")
    assert "lacks quantified samples (1): b" in text
    assert "samples that were not quantified (1): x" in text
    found = aligned(sheet, "ab", allow_missing=True)
    assert (found.only_in_files, found.only_in_sheet) == (("b",), ("x",))
    assert found.kept.tolist() == [0]


def test_nothing_in_common_is_refused_even_where_some_may_be_missing() -> None:
    sheet = sheet_of({"sample_id": ["x", "y"], "barcode": ["a", "b"]})
    text = misfit(sheet, "ab", allow_missing=True)
    assert "has none of the 2 quantified samples" in text
    assert "sheet x | files a" in text
    assert "--sample-column barcode" in text


def test_names_that_r_changed_are_explained() -> None:
    assert "check.names" in misfit(sheet_of({"sample_id": ["1-a", "2-b"]}), ["X1.a", "X2.b"])


def test_donors_are_counted() -> None:
    sheet = sheet_of({"sample_id": list("abcd"), "donor": ["d1", "d1", "d2", "d3"]})
    found = aligned(sheet, "abcd", block="donor")
    assert found.provenance == {"block": "donor", "n_blocks": "3", "n_in_repeated_blocks": "2"}
    assert kinds(found.findings) == {"repeated_donors"}


def test_a_column_like_donors_that_repeats_is_pointed_at() -> None:
    sheet = sheet_of({"sample_id": list("abcde"), "Donor_ID": ["d1", "d1", "d2", "d3", "d3"]})
    [found] = aligned(sheet, "abcde").findings
    assert found["kind"] == "unnamed_blocks"
    assert "--block Donor_ID" in found["action"]


@pytest.mark.parametrize(
    ("donors", "block", "told"),
    [
        (["d1", None, "d1"], "donor", "samples without a donor (1): b"),
        (["d1", "d2", "d1"], "mouse", "has no column 'mouse' for blocks: donor"),
    ],
)
def test_donors_that_are_not_known_are_refused(
    donors: list[str | None], block: str, told: str
) -> None:
    sheet = sheet_of({"sample_id": list("abc"), "donor": donors})
    assert told in misfit(sheet, "abc", block=block)


def test_levels_get_their_order() -> None:
    sheet = sheet_of({"sample_id": list("abc"), "stage": ["II", "I", None]})
    found = aligned(sheet, "abc", ordered={"stage": ("I", "II", "III")})
    assert json.loads(found.provenance["ordered_levels"]) == {"stage": ["I", "II", "III"]}
    assert kinds(found.findings) == {"unused_levels"}


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ({"stage": ("I", "III")}, "values of stage that are none of its levels (1): II"),
        ({"stage": ("I", "I", "II")}, "are no order"),
        ({"grade": ("1", "2")}, "has no column 'grade' to order"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(
    levels: dict[str, tuple[str, ...]], told: str
) -> None:
    sheet = sheet_of({"sample_id": list("abc"), "stage": ["II", "I", None]})
    assert told in misfit(sheet, "abc", ordered=levels)


def test_numbers_may_name_donors_and_levels() -> None:
    frame = pd.DataFrame({"sample_id": list("abc"), "donor": [1, 1, 2], "dose": [10, 1, 1]})
    sheet = Sheet(frame, "sample_id", Path("s.csv"))
    found = aligned(sheet, "abc", block="donor", ordered={"dose": ("1", "10")})
    assert found.frame["donor"].tolist() == ["1", "1", "2"]
    assert found.frame["dose"].tolist() == ["10", "1", "1"]


@pytest.mark.parametrize(
    ("sheets", "files", "told"),
    [
        (["S1", "S11"], ["S1_quant", "S11_quant"], "end in '_quant' in the files, in '' in the"),
        (["S1-a", "S2-a"], ["S1", "S2"], "end in '' in the files, in '-a' in the sheet"),
        (["s1", "Ab"], ["S1", "aB"], "upper and lower case"),
        (["7", "12"], ["007", "012"], "leading zeros are lost"),
    ],
)
def test_why_names_differ_is_told_where_it_can_be_seen(
    sheets: list[str], files: list[str], told: str
) -> None:
    assert told in misfit(sheet_of({"sample_id": sheets}), files)


def test_a_sheet_on_its_side_and_paths_are_recognised() -> None:
    turned = sheet_of({"sample_id": ["Dx", "Age"], "S1": ["a", "3"], "S2": ["b", "4"]})
    assert "its columns are the samples: turn it" in misfit(turned, ["S1", "S2"])
    paths = sheet_of({"sample_id": ["one", "two"], "file": ["q/S1/quant.sf", "q\\S2\\quant.sf"]})
    assert "file holds paths with the samples' ids in them" in misfit(paths, ["S1", "S2"])


def test_names_that_have_nothing_to_do_with_each_other_get_no_such_hint() -> None:
    text = misfit(sheet_of({"sample_id": ["a", "b"]}), ["x", "y"])
    assert text.endswith("sheet a | files x, sheet b | files y")


def test_a_few_strangers_are_listed_with_the_way_to_leave_them_out() -> None:
    sheet = sheet_of({"sample_id": [*"abcdefg"]})
    text = misfit(sheet, [*"abcvwxyz"])
    assert "lacks quantified samples (5): v, w, x, … → " in text
    assert "samples that were not quantified (4): d, e, f, … → " in text
    assert "--allow-missing" in text


@pytest.mark.parametrize("ids", [[], ["a"]])
def test_no_samples_on_one_side_are_refused(ids: list[str]) -> None:
    empty = Sheet(pd.DataFrame({"sample_id": pd.Series([], dtype=object)}), "id", Path("s.csv"))
    assert "has none of the" in misfit(empty, ids)


def test_a_block_of_single_samples_is_told_to_change_nothing() -> None:
    sheet = sheet_of({"sample_id": list("abc"), "donor": ["d1", "d2", "d3"]})
    found = aligned(sheet, "abc", block="donor")
    assert found.provenance["n_in_repeated_blocks"] == "0"
    assert kinds(found.findings) == {"no_repeated_donors"}


def test_blocks_are_counted_among_the_samples_that_are_kept() -> None:
    sheet = sheet_of({"sample_id": list("abcd"), "donor": ["d1", "d1", "d2", "d2"]})
    found = aligned(sheet, "abc", block="donor", allow_missing=True)
    assert found.provenance == {"block": "donor", "n_blocks": "2", "n_in_repeated_blocks": "2"}


def test_missing_values_stay_missing() -> None:
    sheet = sheet_of({"sample_id": list("abc"), "x": ["1", None, "2"], "y": [None] * 3})
    frame = aligned(sheet, "abc").frame
    assert frame["x"].isna().tolist() == [False, True, False]
    assert frame["y"].isna().all()


def test_all_that_does_not_fit_is_told_at_once() -> None:
    sheet = sheet_of(
        {"sample_id": list("abc"), "donor": ["d", None, "d"], "stage": ["I", "X", "I"]}
    )
    text = misfit(sheet, "abd", block="donor", ordered={"stage": ("I", "II"), "grade": ("1", "2")})
    for told in ("(1): d", "(1): c", "samples without a donor", "none of its levels", "'grade'"):
        assert told in text

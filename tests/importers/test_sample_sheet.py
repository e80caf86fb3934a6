"""Sample sheets as people keep them, and how they meet the quantified samples."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.errors import Problems
from isograph.importers.sample_alignment import Aligned, align
from isograph.importers.sample_sheet import Sheet, read_sample_sheet

TEXT = "sample_id,Dx,age,code\nS1,a,3,007\nS2,,4.5,012\nS3,b,,001\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, **options: Any) -> Sheet:
    problems = Problems()
    sheet = read_sample_sheet(path, problems, **options)
    assert not problems, problems.found
    assert sheet is not None
    return sheet


def refusal(path: Path, **options: Any) -> str:
    problems = Problems()
    assert read_sample_sheet(path, problems, **options) is None
    assert problems
    return "\n".join(str(problem) for problem in problems.found)


def kinds(findings: Sequence[Mapping[str, Any]]) -> set[str]:
    return {one["kind"] for one in findings}


# ---- files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.csv", TEXT),
        ("s.tsv", TEXT.replace(",", "\t")),
        ("s.txt", TEXT.replace(",", "\t")),
        ("s.csv", TEXT.replace(",", ";")),
        ("s.csv", TEXT.replace("\n", "\r\n")),
        ("s.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("s.csv", TEXT.encode("utf-16")),
        ("s.csv.gz", gzip.compress(TEXT.encode())),
        ("s.csv", gzip.compress(TEXT.encode())),
        ("s.csv", TEXT + ",,,\n\n"),
        ("s.csv", TEXT.replace("S1,a", ' S1 ,"a"')),
    ],
)
def test_text_in_many_shapes_says_the_same(tmp_path: Path, name: str, content: str | bytes) -> None:
    frame = read(write(tmp_path / name, content)).frame
    assert frame.columns.tolist() == ["sample_id", "Dx", "age", "code"]
    assert frame["sample_id"].tolist() == ["S1", "S2", "S3"]
    assert frame["Dx"].tolist() == ["a", None, "b"]
    np.testing.assert_array_equal(frame["age"].to_numpy(dtype=float), [3, 4.5, np.nan])
    assert frame["code"].tolist() == ["007", "012", "001"], "leading zeros are no numbers"


def test_blanks_between_cells_are_read_from_txt(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "s.txt", "sample Dx\nS1  a\nS2 b\n")).frame
    assert frame["Dx"].tolist() == ["a", "b"]


def test_excel_is_read_with_dates_and_whole_numbers(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame(
        {
            "Sample": ["S1", "S2"],
            "n": [1.0, 2.0],
            "born": pd.to_datetime(["2001-02-03", None]),
            "ok": [True, False],
        }
    )
    with pd.ExcelWriter(tmp_path / "s.xlsx") as book:
        frame.to_excel(book, sheet_name="first", index=False)
        frame.assign(n=[7, 8]).to_excel(book, sheet_name="other", index=False)
    sheet = read(tmp_path / "s.xlsx")
    assert sheet.frame["n"].tolist() == [1, 2]
    assert sheet.frame["born"].tolist() == ["2001-02-03", None]
    assert sheet.frame["ok"].tolist() == [True, False]
    assert sheet.id_column == "Sample"
    assert "further_sheets" in kinds(sheet.findings)
    assert read(tmp_path / "s.xlsx", sheet="other").frame["n"].tolist() == [7, 8]
    assert "has no sheet 'none': first, other" in refusal(tmp_path / "s.xlsx", sheet="none")


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame({"run": ["S1", "S2"], "batch": pd.Categorical(["x", None]), "n": [1, 2]})
    frame.to_parquet(tmp_path / "s.parquet")
    found = read(tmp_path / "s.parquet").frame
    assert found["sample_id"].tolist() == ["S1", "S2"]
    assert found["batch"].tolist() == ["x", None]
    assert found["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("s.csv", "", "holds no rows"),
        ("s.csv", "sample_id,Dx\n", "holds no samples"),
        ("s.csv", "sample_id,Dx\nS1,a,b\n", "rows without 2 cells"),
        ("s.csv", 'sample_id,Dx\nS1,"a\n', "cannot be read as a table"),
        ("s.csv", b"\xff\xff\xfe", "cannot be read as a table"),
        ("s.csv.gz", b"\x1f\x8b\x08\x00", "cannot be read as a table"),
        ("s.xlsx", b"PK\x03\x04", "cannot be read as XLSX"),
        ("s.parquet", b"PAR1", "s.parquet"),
        ("s.docx", b"x", "unknown kind of file"),
        ("s.csv", "sample_id,Dx,Dx\nS1,a,b\n", "columns with the same name (1): Dx"),
        ("s.csv", "sample_id,Dx\nS1,a\nS1,b\n", "samples that stand twice (1): S1"),
        ("s.csv", "sample_id,Dx\nS1,a\n,b\n", "samples without an id (1): row 2"),
    ],
)
def test_what_is_no_sheet_is_refused(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    assert told in refusal(write(tmp_path / name, content))


def test_a_folder_is_no_sheet(tmp_path: Path) -> None:
    (tmp_path / "s.csv").mkdir()
    assert "no such file" in refusal(tmp_path / "s.csv")


# ---- which column names the samples


@pytest.mark.parametrize("name", ["sample_id", "Sample", "Run", "sample name", "ID", "library_id"])
def test_usual_names_of_the_id_column_are_known(tmp_path: Path, name: str) -> None:
    sheet = read(write(tmp_path / "s.csv", f"Dx,{name}\na,S1\nb,S2\n"))
    assert sheet.frame["sample_id"].tolist() == ["S1", "S2"]
    assert sheet.id_column == name


def test_the_files_decide_between_two_possible_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "sample,run\nA1,S1\nA2,S2\n")
    assert "several columns could hold the sample ids (2): sample, run" in refusal(path)
    assert read(path, sample_ids=["S1", "S2"]).id_column == "run"
    assert read(path, sample_column="sample").frame["sample_id"].tolist() == ["A1", "A2"]


def test_an_unknown_id_column_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "who,Dx\nS1,a\n")
    assert "--sample-column" in refusal(path)
    assert "has no column 'where': who, Dx" in refusal(path, sample_column="where")


def test_row_names_of_r_are_ids(tmp_path: Path) -> None:
    sheet = read(write(tmp_path / "s.csv", '"","Dx"\n"S1","a"\n"S2","b"\n'))
    assert sheet.frame["sample_id"].tolist() == ["S1", "S2"]


# ---- what is noticed


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([*("3.5" for _ in range(19)), "n.d."], "nearly_numeric"),
        (["3,5", "4,25", "1,0"], "numbers_as_text"),
        (["12 %", "5%", "7%"], "numbers_as_text"),
        (["2001-02-03", "2001-02-04", "2001-03-04"], "dates_as_text"),
    ],
)
def test_columns_that_were_meant_as_numbers_are_named(
    tmp_path: Path, cells: list[str], kind: str
) -> None:
    rows = "".join(f'S{place},"{cell}"\n' for place, cell in enumerate(cells))
    sheet = read(write(tmp_path / "s.csv", "sample_id,x\n" + rows))
    assert kinds(sheet.findings) == {kind}
    [found] = sheet.findings
    assert found["examples"][0].startswith("x of S")


def test_rows_that_stand_twice_the_same_are_kept_once(tmp_path: Path) -> None:
    sheet = read(write(tmp_path / "s.csv", "sample_id,Dx\nS1,a\nS2,b\nS1,a\n"))
    assert sheet.frame["sample_id"].tolist() == ["S1", "S2"]
    assert kinds(sheet.findings) == {"repeated_rows"}


# ---- beside the samples


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

"""Sample sheets as people keep them."""

from __future__ import annotations

import gzip
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.errors import Problems
from isograph.importers.sheets.sample_sheet import Sheet, read_sample_sheet

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
        ("s.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("s.csv", gzip.compress(TEXT.encode(), mtime=0)),
        ("s.csv", TEXT + ",,,\n\n"),
        ("s.csv", TEXT.replace("S1,a", ' S1 ,"a"')),
        ("s.csv", TEXT.replace("S1,a", "\u200bS1\u00a0,a\ufeff")),
        ("s.csv", "sep=;\r\n" + TEXT.replace(",", ";")),
        ("s.csv", "sep=|\n" + TEXT.replace(",", "|")),
        ("s.csv", TEXT.replace("\n", "\r")),
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
        ("s.csv", b"sample_id,Dx\nS1,\x00\n", "NUL bytes"),
        ("s.csv", TEXT.encode("utf-16-le"), "UTF-16 without its mark"),
        ("s.csv", TEXT + "S4,a", "last line is cut off"),
        ("s.csv", "sample_id,x,y\nS1,inf,-inf\nS2,2,3\n", "infinite values of y (1): S1"),
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


def test_the_column_that_holds_all_samples_wins_over_one_that_holds_some(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "sample,run\nS1,S2\nS2,X\n")
    assert read(path, sample_ids=["S1", "S2"]).id_column == "sample"
    assert "several columns" in refusal(path, sample_ids=["S2"])


def test_of_two_columns_with_the_same_ids_the_first_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "run,sample\nS1,S1\nS2,S2\n")
    assert read(path).id_column == "run"


def test_sample_id_is_the_one_among_equals(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "run,sample_id\nS1,S1\nS2,S2\n")
    assert read(path).frame.columns.tolist() == ["sample_id", "run"]


def test_an_unknown_id_column_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "who,Dx\nS1,a\n")
    assert "--sample-column" in refusal(path)
    assert "has no column 'where': who, Dx" in refusal(path, sample_column="where")


def test_a_sheet_on_its_side_is_recognised(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "trait,S1,S2,S3\nDx,a,b,c\n")
    assert "turn it, one row a sample" in refusal(path, sample_ids=["S1", "S2", "S3"])


def test_paths_in_the_place_of_ids_are_recognised(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "filename,Dx\n/x/S1/quant.sf,a\n/x/S2/quant.sf,b\n")
    told = refusal(path, sample_ids=["S1", "S2"])
    assert "filename holds paths with the samples' ids in them" in told


def test_a_sheet_in_another_encoding_is_refused_with_the_cell(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes("sample_id,sex,site\nS1,f,Bonn\nS2,männlich,Köln\n".encode("cp1252"))
    told = refusal(path)
    assert "is not UTF-8: line 3 has 'männlich' if it is Windows-1252" in told
    assert "CSV UTF-8" in told


def test_row_names_of_r_are_ids(tmp_path: Path) -> None:
    sheet = read(write(tmp_path / "s.csv", '"","Dx"\n"S1","a"\n"S2","b"\n'))
    assert sheet.frame["sample_id"].tolist() == ["S1", "S2"]


# ---- what is noticed


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([*("3.5" for _ in range(19)), "n.d."], "nearly_numeric"),
        (["1,234", "4,250", "1,000"], "numbers_as_text"),
        (["3,5", "4.25", "1,0"], "numbers_as_text"),
        (["12 %", "5%", "7"], "numbers_as_text"),
        (["2001-02-03", "2001-02-04", "2001-03-04"], "dates_as_text"),
        (["1-Mar", "2-Sep", "12-Dec-2001"], "dates_as_text"),
        (["2001-02-03T04:05:06", "2001-02-04T00:00:00"], "dates_as_text"),
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


@pytest.mark.parametrize(
    ("cells", "kind", "numbers"),
    [
        (["3,5", "4,25", "1"], "decimal_commas", [3.5, 4.25, 1]),
        (["0,125", "-1,5"], "decimal_commas", [0.125, -1.5]),
        (["12 %", "5%", "0.5%"], "percent_signs", [12, 5, 0.5]),
        (["12,5%", "5%"], "decimal_commas", [12.5, 5]),
        (["12", "-", "5.5"], "missing_words", [12, np.nan, 5.5]),
        (["12,5", "Unknown", "5"], "missing_words", [12.5, np.nan, 5]),
        (["12", ".", "not collected"], "missing_words", [12, np.nan, np.nan]),
    ],
)
def test_numbers_as_people_write_them_are_numbers_and_it_is_said(
    tmp_path: Path, cells: list[str], kind: str, numbers: list[float]
) -> None:
    rows = "".join(f"S{place};{cell}\n" for place, cell in enumerate(cells))
    sheet = read(write(tmp_path / "s.csv", "sample_id;x\n" + rows))
    np.testing.assert_array_equal(sheet.frame["x"].astype(float), numbers)
    assert kind in kinds(sheet.findings)


def test_a_word_for_missing_stays_a_level_among_levels_and_it_is_said(tmp_path: Path) -> None:
    text = "sample_id,smoker\nS1,yes\nS2,unknown\nS3,no\nS4,n/a\nS5,na\n"
    sheet = read(write(tmp_path / "s.csv", text))
    assert sheet.frame["smoker"].tolist() == ["yes", "unknown", "no", None, None]
    [found] = sheet.findings
    assert (found["kind"], found["examples"]) == ("missing_levels", ["smoker of S2 = 'unknown'"])


def test_rows_that_stand_twice_the_same_are_kept_once(tmp_path: Path) -> None:
    sheet = read(write(tmp_path / "s.csv", "sample_id,Dx\nS1,a\nS2,b\nS1,a\n"))
    assert sheet.frame["sample_id"].tolist() == ["S1", "S2"]
    assert kinds(sheet.findings) == {"repeated_rows"}


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "########"])
def test_errors_of_a_spreadsheet_are_missing_and_named(tmp_path: Path, error: str) -> None:
    text = f"sample_id,x,y\nS1,1,a\nS2,{error},b\nS3,3,{error}\n"
    sheet = read(write(tmp_path / "s.csv", text))
    assert sheet.frame["x"].isna().tolist() == [False, True, False]
    assert sheet.frame["y"].tolist() == ["a", "b", None]
    [found] = sheet.findings
    assert (found["kind"], found["n"], found["examples"]) == ("excel_errors", 2, [error, error])


def test_a_treatment_called_none_is_a_value(tmp_path: Path) -> None:
    sheet = read(write(tmp_path / "s.csv", "sample_id,drug\nS1,None\nS2,drug\n"))
    assert sheet.frame["drug"].tolist() == ["None", "drug"]


# ---- workbooks


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def test_formulas_that_nobody_computed_are_refused(tmp_path: Path) -> None:
    rows = [["sample", "x"], ["S1", "=1+1"], ["S2", 3]]
    text = refusal(workbook(tmp_path / "s.xlsx", rows))
    assert "formulas without a saved value (1): B2" in text


def test_a_formula_that_gives_empty_text_is_a_missing_value(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [["sample", "x"], ["S1", "=1+1"], ["S2", '=""']])
    saved = tmp_path / "saved.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for name in old.namelist():
            # as a spreadsheet program saves it: the formula and its value
            new.writestr(name, old.read(name).replace(b"1+1</f><v />", b"1+1</f><v>2</v>"))
    assert read(saved).frame["x"].isna().tolist() == [False, True]


def test_ids_of_a_workbook_that_are_numbers_are_text_without_a_point(tmp_path: Path) -> None:
    sheet = read(workbook(tmp_path / "s.xlsx", [["sample", "x"], [1, 2.5], [2.0, None]]))
    assert sheet.frame["sample_id"].tolist() == ["1", "2"]
    np.testing.assert_array_equal(sheet.frame["x"], [2.5, np.nan])


def test_empty_rows_above_the_header_of_a_workbook_are_left_out(tmp_path: Path) -> None:
    sheet = read(workbook(tmp_path / "s.xlsx", [[], [None], ["sample", "x"], ["S1", 1]]))
    assert sheet.frame["sample_id"].tolist() == ["S1"]


def test_an_empty_workbook_and_one_cut_short_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "s.xlsx", [])
    assert "holds no rows" in refusal(path)
    path = workbook(tmp_path / "t.xlsx", [["sample", "x"], ["S1", 1]])
    path.write_bytes(path.read_bytes()[:-40])
    assert "cannot be read as XLSX" in refusal(path)


def test_a_workbook_without_openpyxl_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "s.xlsx", b"PK")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install openpyxl" in refusal(path)

"""prepDE's matrix: its header and its ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.quantifiers.made import read, refusal


def write(folder: Path, text: str, name: str = "transcript_count_matrix.csv") -> Path:
    (folder / name).write_text(text)
    return folder


def test_ids_of_transcript_and_gene_are_taken_apart(tmp_path: Path) -> None:
    found = read(write(tmp_path, "transcript_id,S1\nT1.1|GA,3\nT2.1|GB,4\n"), "prepde")

    assert list(found.transcript_ids) == ["T1.1", "T2.1"]
    assert found.gene_ids is not None
    assert list(found.gene_ids) == ["GA", "GB"]


@pytest.mark.parametrize(
    "ids", [("T1|GA", "T2"), ("T1|GA|x|", "T2|GB|y|"), ("T1|GA", "T1|GB"), ("T1", "T2")]
)
def test_ids_of_any_other_form_stay(tmp_path: Path, ids: tuple[str, str]) -> None:
    found = read(write(tmp_path, f"transcript_id,S1\n{ids[0]},3\n{ids[1]},4\n"), "prepde")

    assert list(found.transcript_ids) == list(ids)
    assert found.gene_ids is None


def test_quoted_cells_are_read(tmp_path: Path) -> None:
    text = '"transcript_id","S 1","S,2"\n"T1",3,4\n"T2","5",6\n'

    found = read(write(tmp_path, text), "prepde")

    assert list(found.sample_ids) == ["S 1", "S,2"]
    assert found.counts.tolist() == [[3, 4], [5, 6]]


@pytest.mark.parametrize("first", ["gene_id", "", "Transcript"])
def test_another_first_column_is_refused(tmp_path: Path, first: str) -> None:
    assert "not transcript_id" in refusal(write(tmp_path, f"{first},S1\nT1,3\n"), "prepde")


def test_tabs_are_refused_by_what_should_stand_there(tmp_path: Path) -> None:
    assert "separated by commas" in refusal(write(tmp_path, "transcript_id\tS1\nT1\t3\n"), "prepde")


def test_a_name_before_that_of_the_file_is_fine(tmp_path: Path) -> None:
    folder = write(tmp_path, "transcript_id,S1\nT1,3\n", name="my_transcript_count_matrix.csv")

    assert list(read(folder, "prepde").sample_ids) == ["S1"]


def test_that_lengths_are_missing_is_noted(tmp_path: Path) -> None:
    found = read(write(tmp_path, "transcript_id,S1\nT1,3\n"), "prepde")

    assert any("no lengths" in note for note in found.notes)

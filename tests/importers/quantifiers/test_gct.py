"""GCT: its three lines of header, and what GTEx puts into such files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.quantifiers.made import read, refusal

_HEADER = "transcript_id\tgene_id\tS1\tS2\n"
_ROWS = "ENST1.1\tENSG1.2\t1.5\t2\nENST2.1\tENSG1.2\t0\t3\n"


def write(folder: Path, text: str, name: str = "expected_count.gct") -> Path:
    (folder / name).write_text(text)
    return folder


def test_genes_are_in_the_second_column(tmp_path: Path) -> None:
    found = read(write(tmp_path, f"#1.2\n2\t2\n{_HEADER}{_ROWS}"), "gct")

    assert list(found.transcript_ids) == ["ENST1.1", "ENST2.1"]
    assert found.gene_ids is not None
    assert list(found.gene_ids) == ["ENSG1.2", "ENSG1.2"]
    assert found.counts.tolist() == [[1.5, 2], [0, 3]]


def test_name_and_description_are_the_same_columns(tmp_path: Path) -> None:
    text = f"#1.2\n2\t2\nName\tDescription\tS1\tS2\n{_ROWS}"

    assert read(write(tmp_path, text), "gct").counts.sum() == 6.5


def test_a_file_that_begins_with_its_columns_is_read(tmp_path: Path) -> None:
    assert read(write(tmp_path, _HEADER + _ROWS), "gct").counts.sum() == 6.5


@pytest.mark.parametrize("size", ["3\t2", "2\t3", "", "many"])
def test_a_size_that_is_not_that_of_the_table_is_refused(tmp_path: Path, size: str) -> None:
    message = refusal(write(tmp_path, f"#1.2\n{size}\n{_HEADER}{_ROWS}"), "gct")

    assert "has 2 rows and 2 samples, its second line says" in message


def test_a_file_that_lost_whole_lines_is_refused(tmp_path: Path) -> None:
    text = f"#1.2\n2\t2\n{_HEADER}{_ROWS.splitlines(keepends=True)[0]}"

    assert "has 1 rows" in refusal(write(tmp_path, text), "gct")


def test_the_size_is_that_of_the_file_also_where_few_samples_are_wanted(tmp_path: Path) -> None:
    folder = write(tmp_path, f"#1.2\n2\t2\n{_HEADER}{_ROWS}")

    assert read(folder, "gct", only=["S2"]).counts.tolist() == [[2], [3]]


@pytest.mark.parametrize("name", ["GTEx_v8_transcript_tpm.gct", "x.RPKM.gct", "fpkm.gct"])
def test_a_file_of_tpm_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    assert "no counts, by its name" in refusal(write(tmp_path, _HEADER + _ROWS, name=name), "gct")


def test_a_file_of_genes_is_refused(tmp_path: Path) -> None:
    text = f"Name\tDescription\tS1\n{'ENSG00000223972.5'}\tDDX11L1\t3\n"

    assert "rows are genes" in refusal(write(tmp_path, text), "gct")


@pytest.mark.parametrize("text", ["#1.2\n", "#1.2\n2\t2\n", "#1.3\n2\t2\n" + _HEADER + _ROWS])
def test_a_header_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    assert "header starts with" in refusal(write(tmp_path, text), "gct")

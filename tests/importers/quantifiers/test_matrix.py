"""Tables with a column a sample: what holds for prepDE's and for GCT."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isograph.importers.quantifiers import matrix
from tests.importers.quantifiers.made import read, refusal

pytestmark = pytest.mark.parametrize("kind", ["prepde", "gct"])

IDS = ("T1.2", "T2.1", "T3.1")
SAMPLES = ("S2", "S1")
VALUES = np.array([[10.0, 0.5], [0.0, 3.0], [7.0, 12.25]])
NAME = {"prepde": "transcript_count_matrix.csv", "gct": "transcripts.gct"}
MARK = {"prepde": ",", "gct": "\t"}


def rows_of(
    kind: str, *, ids: tuple[str, ...] = IDS, samples: tuple[str, ...] = SAMPLES
) -> list[list[str]]:
    """Header and cells."""
    genes = kind == "gct"
    rows = [["transcript_id", *(["gene_id"] if genes else []), *samples]]
    for number, name in enumerate(ids):
        cells = [str(value) for value in VALUES[number]]
        rows.append([name, *([f"G{number // 2}"] if genes else []), *cells])
    return rows


def as_text(kind: str, rows: list[list[str]]) -> str:
    body = "".join(MARK[kind].join(row) + "\n" for row in rows)
    size = f"#1.2\n{len(rows) - 1}\t{len(rows[0]) - 2}\n"
    return size + body if kind == "gct" else body


def text(kind: str) -> str:
    return as_text(kind, rows_of(kind))


def write(folder: Path, kind: str, content: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME[kind]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_counts_are_those_of_the_file_in_its_order(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, text(kind))

    for found in (read(tmp_path, kind), read(path, kind)):
        assert list(found.transcript_ids) == list(IDS)
        assert list(found.sample_ids) == list(SAMPLES)
        np.testing.assert_array_equal(found.counts, VALUES)
        assert found.lengths is None
        assert found.effective_lengths is None
        assert found.sources == [(sample, path) for sample in SAMPLES]


@pytest.mark.parametrize(
    "change",
    [
        gzip.compress,
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: gzip.compress(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")),
    ],
    ids=["gzip", "bom", "crlf", "all"],
)
def test_packing_mark_and_line_ends_change_nothing(
    tmp_path: Path, kind: str, change: Callable[[bytes], bytes]
) -> None:
    write(tmp_path, kind, change(text(kind).encode()))

    found = read(tmp_path, kind)

    np.testing.assert_array_equal(found.counts, VALUES)
    assert list(found.transcript_ids) == list(IDS)
    assert list(found.sample_ids) == list(SAMPLES)


def test_a_file_that_ends_in_gz_is_found(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, gzip.compress(text(kind).encode()))
    path.rename(path.with_name(path.name + ".gz"))

    np.testing.assert_array_equal(read(tmp_path, kind).counts, VALUES)


def test_a_cut_within_the_last_line_is_refused_wherever_it_is(tmp_path: Path, kind: str) -> None:
    data = text(kind).encode()
    begin = data.rstrip(b"\n").rfind(b"\n") + 1
    for place in range(begin + 1, len(data)):
        write(tmp_path, kind, data[:place])
        assert NAME[kind] in refusal(tmp_path, kind)


def test_cut_gzip_is_refused(tmp_path: Path, kind: str) -> None:
    packed = gzip.compress(text(kind).encode())
    for end in (3, len(packed) // 2, len(packed) - 1):
        write(tmp_path, kind, packed[:end])
        assert "cannot be read" in refusal(tmp_path, kind)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "missing or NaN"),
        ("", "missing or NaN"),
        ("-1.5", "negative"),
        ("1e300", "impossibly large"),
        ("inf", "impossibly large"),
        ("many", "not numbers"),
    ],
)
def test_a_count_that_is_none_is_named(tmp_path: Path, kind: str, value: str, reason: str) -> None:
    rows = rows_of(kind)
    rows[2][-1] = value
    write(tmp_path, kind, as_text(kind, rows))

    message = refusal(tmp_path, kind)

    assert f"counts that are {reason}" in message or f"counts that are infinite or {reason}" in (
        message
    )
    assert "T2.1 in S1" in message


def test_a_hole_in_a_file_is_refused(tmp_path: Path, kind: str) -> None:
    data = text(kind).encode()
    for damaged in (data.replace(b"T2.1", b"T2.\x00"), data[:-2] + b"\x00\n"):
        write(tmp_path, kind, damaged)
        assert "NUL bytes" in refusal(tmp_path, kind)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00\xff\xfe rubbish\n"])
def test_an_empty_or_foreign_file_is_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    write(tmp_path, kind, data)

    assert NAME[kind] in refusal(tmp_path, kind)


def test_a_header_alone_or_without_samples_is_refused(tmp_path: Path, kind: str) -> None:
    rows = rows_of(kind)
    write(tmp_path, kind, as_text(kind, rows[:1]))
    assert "a header and no rows" in refusal(tmp_path, kind)
    write(tmp_path, kind, as_text(kind, [row[: -len(SAMPLES)] for row in rows]))
    assert "has no sample" in refusal(tmp_path, kind)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / NAME[kind]).mkdir()

    assert "is a folder" in refusal(tmp_path, kind)


@pytest.mark.parametrize("mark", [";", " ", "|"])
def test_a_wrong_separator_is_refused(tmp_path: Path, kind: str, mark: str) -> None:
    write(tmp_path, kind, text(kind).replace(MARK[kind], mark))

    assert NAME[kind] in refusal(tmp_path, kind)


def test_samples_and_transcripts_that_stand_twice_are_named(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, as_text(kind, rows_of(kind, samples=("S1", "S1"))))
    assert "samples that stand twice (1): S1" in refusal(tmp_path, kind)
    write(tmp_path, kind, as_text(kind, rows_of(kind, ids=("T1", "T2", "T1"))))
    assert "transcripts that stand twice (1): T1" in refusal(tmp_path, kind)


def test_what_has_no_name_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, as_text(kind, rows_of(kind, samples=("S1", ""))))
    assert "samples without a name" in refusal(tmp_path, kind)
    write(tmp_path, kind, as_text(kind, rows_of(kind, ids=("T1", "", "T3"))))
    assert "lines without a transcript" in refusal(tmp_path, kind)


def test_a_sample_called_as_a_column_of_text_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, as_text(kind, rows_of(kind, samples=("S1", "transcript_id"))))

    assert NAME[kind] in refusal(tmp_path, kind)


def test_lines_of_another_length_are_named(tmp_path: Path, kind: str) -> None:
    rows = rows_of(kind)
    rows[1].pop()
    rows[2].append("1")
    write(tmp_path, kind, as_text(kind, rows))

    assert "lines with another number of cells (2)" in refusal(tmp_path, kind)


def test_only_the_samples_asked_for_are_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, text(kind))

    found = read(tmp_path, kind, only=["S1", "S9"])

    assert list(found.sample_ids) == ["S1"]
    np.testing.assert_array_equal(found.counts, VALUES[:, 1:])
    assert "none of the samples asked for" in refusal(tmp_path, kind, only=["S9"])


def test_a_file_of_many_blocks_is_read_as_pandas_reads_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "_BLOCK", 256)
    rng = np.random.default_rng(3)
    values = rng.poisson(400, (300, 5)) / 4
    samples = [f"S{number}" for number in range(5)]
    rows = [["transcript_id", *(["gene_id"] if kind == "gct" else []), *samples]]
    rows += [
        [f"T{number}", *(["G"] if kind == "gct" else []), *map(str, row)]
        for number, row in enumerate(values)
    ]
    path = write(tmp_path, kind, as_text(kind, rows))

    found = read(path, kind)

    skip = 2 if kind == "gct" else 0
    frame = pd.read_csv(path, sep=MARK[kind], skiprows=skip, index_col=0)[samples]
    np.testing.assert_array_equal(found.counts, frame.to_numpy())
    assert list(found.transcript_ids) == list(frame.index)


def test_bad_cells_of_many_blocks_are_counted_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "_BLOCK", 256)
    rows = [["transcript_id", *(["gene_id"] if kind == "gct" else []), "S1"]]
    rows += [
        [f"T{number}", *(["G"] if kind == "gct" else []), "x" if number % 50 == 0 else "1"]
        for number in range(200)
    ]
    path = write(tmp_path, kind, as_text(kind, rows))

    message = refusal(path, kind)

    assert "counts that are not numbers (4): T0 in S1" in message
    assert "T50 in S1" in message


def test_several_matrices_in_a_folder_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, text(kind))
    write(tmp_path / "batch2", kind, text(kind))

    assert NAME[kind] in refusal(tmp_path, kind)

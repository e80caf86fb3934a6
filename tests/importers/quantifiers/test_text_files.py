"""What holds for every kind of one text file a sample."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.importers.quantifiers.made import (
    COUNT_COLUMN,
    COUNTS,
    IDS,
    LENGTHS,
    SAMPLE_KINDS,
    as_text,
    path_of,
    read,
    refusal,
    rows_of,
    write,
)

pytestmark = pytest.mark.parametrize("kind", SAMPLE_KINDS)


def text(kind: str) -> str:
    return as_text(rows_of(kind))


def with_count(kind: str, value: str) -> str:
    rows = rows_of(kind)
    rows[2][COUNT_COLUMN[kind]] = value
    return as_text(rows)


def test_counts_and_lengths_are_those_of_the_file(tmp_path: Path, kind: str) -> None:
    for sample in ("S2", "S1"):
        write(tmp_path, kind, sample)

    found = read(tmp_path, kind)

    assert list(found.transcript_ids) == list(IDS)
    assert list(found.sample_ids) == ["S1", "S2"]
    np.testing.assert_allclose(found.counts, np.column_stack([COUNTS, COUNTS]), rtol=1e-12)
    assert found.lengths is not None
    assert list(found.lengths) == list(LENGTHS)
    assert found.sources == [(one, path_of(tmp_path, kind, one)) for one in ("S1", "S2")]


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def with_bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def with_crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("change", [gzipped, with_bom, with_crlf])
def test_packing_mark_and_line_ends_change_nothing(tmp_path: Path, kind: str, change) -> None:  # type: ignore[no-untyped-def]
    data = text(kind).encode()
    write(tmp_path / "plain", kind, "S1", data)
    write(tmp_path / "other", kind, "S1", change(data))

    one, other = read(tmp_path / "plain", kind), read(tmp_path / "other", kind)

    assert one.counts.tobytes() == other.counts.tobytes()
    assert list(one.transcript_ids) == list(other.transcript_ids)


def test_a_file_that_ends_in_gz_is_found(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, "S1", gzip.compress(text(kind).encode()))
    path.rename(path.with_name(path.name + ".gz"))

    assert list(read(tmp_path, kind).sample_ids) == ["S1"]


def test_order_of_columns_and_of_rows_does_not_matter(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1")
    rows = [row[::-1] for row in rows_of(kind)]
    write(tmp_path, kind, "S2", as_text([rows[0], *rows[:0:-1]]))

    found = read(tmp_path, kind)

    np.testing.assert_array_equal(found.counts[:, 0], found.counts[:, 1])


def test_a_cut_within_the_last_line_is_refused_wherever_it_is(tmp_path: Path, kind: str) -> None:
    data = text(kind).encode()
    begin = data.rstrip(b"\n").rfind(b"\n") + 1
    for place in range(begin + 1, len(data)):
        write(tmp_path, kind, "S1", data[:place])
        assert "S1" in refusal(tmp_path, kind)


def test_a_file_that_lost_its_last_line_differs_from_the_others(tmp_path: Path, kind: str) -> None:
    for sample in ("S1", "S2", "S3"):
        write(tmp_path, kind, sample)
    write(tmp_path, kind, "S2", as_text(rows_of(kind)[:-1]))

    message = refusal(tmp_path, kind)

    assert "other transcripts than the 4 of S1" in message
    assert "S2 (lacks 1, has 0 more)" in message


def test_cut_gzip_is_refused(tmp_path: Path, kind: str) -> None:
    packed = gzip.compress(text(kind).encode())
    for end in (3, len(packed) // 2, len(packed) - 1):
        write(tmp_path, kind, "S1", packed[:end])
        assert "cannot be read" in refusal(tmp_path, kind)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "missing or NaN"),
        ("", "missing or NaN"),
        ("-1.5", "negative"),
        ("1e300", "impossibly large"),
        ("inf", "impossibly large"),
        ("many", "is not a number"),
        ("1,5", "is not a number"),
    ],
)
def test_a_count_that_is_none_is_named(tmp_path: Path, kind: str, value: str, reason: str) -> None:
    write(tmp_path, kind, "S1", with_count(kind, value))

    message = refusal(tmp_path, kind)

    assert reason in message
    assert "T2.1" in message


def test_a_hole_in_a_file_is_refused(tmp_path: Path, kind: str) -> None:
    data = text(kind).encode()
    write(tmp_path, kind, "S1", data.replace(b"T2.1", b"T2.\x00"))
    write(tmp_path, kind, "S2", data[:-8] + b"\x00" * 8)
    write(tmp_path, kind, "S3", text(kind).encode("utf-16"))

    message = refusal(tmp_path, kind)

    assert message.count("holds NUL bytes") == 3


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00\xff\xfe rubbish"])
def test_an_empty_or_foreign_file_is_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    write(tmp_path, kind, "S1", data)

    assert "S1" in refusal(tmp_path, kind)


def test_a_header_alone_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1", as_text(rows_of(kind)[:1]))

    assert "a header and no rows" in refusal(tmp_path, kind)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path, kind: str) -> None:
    path_of(tmp_path, kind, "S1").mkdir(parents=True)

    assert "is a folder" in refusal(tmp_path, kind)


@pytest.mark.parametrize(("mark", "word"), [(",", "commas"), (";", "semicolons"), (" ", "spaces")])
def test_a_wrong_separator_is_named(tmp_path: Path, kind: str, mark: str, word: str) -> None:
    write(tmp_path, kind, "S1", text(kind).replace("\t", mark))

    assert f"separate columns by tabs, not by {word}" in refusal(tmp_path, kind)


def test_a_header_without_a_column_or_with_one_twice_is_refused(tmp_path: Path, kind: str) -> None:
    rows = rows_of(kind)
    name = rows[0][COUNT_COLUMN[kind]]
    write(tmp_path, kind, "S1", as_text([[*rows[0], name], *([*row, "1"] for row in rows[1:])]))
    write(tmp_path, kind, "S2", as_text(rows).replace(name, "other"))

    message = refusal(tmp_path, kind)

    assert f"columns stand twice: {name}" in message.replace(" (1)", "")
    assert f"columns are not there: {name}" in message.replace(" (1)", "")


def test_a_line_too_short_or_too_long_is_named(tmp_path: Path, kind: str) -> None:
    rows = rows_of(kind)
    rows[1].pop()
    rows[3].append("1")
    write(tmp_path, kind, "S1", as_text(rows))

    assert "lines with another number of cells (2)" in refusal(tmp_path, kind)


def test_a_transcript_twice_or_without_a_name_is_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1", as_text(rows_of(kind, ids=("T1.2", "T2.1", "T1.2", ""))))

    message = refusal(tmp_path, kind)

    assert "transcripts that stand twice (1): T1.2" in message
    assert "lines without" in message


def test_an_id_of_digits_or_with_a_quote_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    ids = ("007", 'T"2', "NA", "1e5")
    write(tmp_path, kind, "S1", as_text(rows_of(kind, ids=ids)))

    assert list(read(tmp_path, kind).transcript_ids) == list(ids)


def test_an_id_in_quotes_is_refused(tmp_path: Path, kind: str) -> None:
    ids = ('"T1.2', "T2.1", "T3.1", "T4.1")
    write(tmp_path, kind, "S1", as_text(rows_of(kind, ids=ids)))

    assert 'in quotes (1): "T1.2' in refusal(tmp_path, kind)


def test_a_union_counts_what_is_lacking_as_nothing(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1")
    other = rows_of(kind, ids=("T3.1", "T9.1", "T1.2", "T4.1"), genes=("GB", "GA", "GA", "GC"))
    write(tmp_path, kind, "S2", as_text(other))

    found = read(tmp_path, kind, allow_union=True)

    assert list(found.transcript_ids) == [*IDS, "T9.1"]
    np.testing.assert_allclose(found.counts[:, 0], [*COUNTS, 0])
    np.testing.assert_allclose(found.counts[:, 1], [COUNTS[2], 0, COUNTS[0], COUNTS[3], COUNTS[1]])
    assert any("S2" in note and "counts as 0" in note for note in found.notes)
    assert found.lengths is not None
    assert found.lengths[4] == LENGTHS[1]
    if found.effective_lengths is not None:
        # the one sample that has a transcript tells its length
        assert found.effective_lengths[1, 1] == found.effective_lengths[1, 0]
        assert found.effective_lengths[4, 0] == found.effective_lengths[4, 1]
    if found.gene_ids is not None:
        assert found.gene_ids[4] == "GA"


def test_all_bad_files_are_told_at_once(tmp_path: Path, kind: str) -> None:
    for number in range(5):
        write(tmp_path, kind, f"S{number}", with_count(kind, "-1"))
    write(tmp_path, kind, "S5", b"")
    write(tmp_path, kind, "S6")

    message = refusal(tmp_path, kind)

    assert "5 files" in message
    assert "S5" in message


def test_only_the_samples_asked_for_are_read(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1")
    write(tmp_path, kind, "S2", b"")

    assert list(read(tmp_path, kind, only=["S1", "S7"]).sample_ids) == ["S1"]
    assert "none of the samples asked for" in refusal(tmp_path, kind, only=["S7"])

"""Transcript-to-gene maps from tables and annotations."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isograph.errors import Problems
from isograph.importers.mapping.gene_map import GeneMap, read_gene_map
from tests.shared_data import shared_path

HEADERS = [
    ("TXNAME", "GENEID"),
    ("transcript_id", "gene_id"),
    ("target_id", "gene"),
    ("tx", "gene_id"),
    ("Name", "gene"),
    ("Transcript stable ID version", "Gene stable ID"),
]
BODY = "T2,G1\nT1,G1\nT3,G2\n"


def read(path: Path) -> GeneMap:
    """The map, which must be without problems."""
    problems = Problems()
    found = read_gene_map(path, problems)
    assert not problems, problems.found
    assert found is not None
    return found


def refusal(path: Path) -> str:
    """The problems of a map that is refused."""
    problems = Problems()
    assert read_gene_map(path, problems) is None
    assert problems
    return "\n".join(str(problem) for problem in problems.found)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# ---- tables


@pytest.mark.parametrize("header", HEADERS)
def test_known_headers_tell_the_columns_in_either_order(
    tmp_path: Path, header: tuple[str, str]
) -> None:
    swapped = "".join(f"{line.split(',')[1]},{line.split(',')[0]}\n" for line in BODY.split())
    for name, text in (
        ("a", f"{header[0]},{header[1]}\n{BODY}"),
        ("b", f"{header[1]},{header[0]}\n{swapped}"),
    ):
        found = read(written(tmp_path / f"{name}.csv", text))
        assert found.transcript_ids.tolist() == ["T1", "T2", "T3"]
        assert found.gene_ids.tolist() == ["G1", "G1", "G2"]
        assert found.kind == "table"


def test_two_columns_need_no_header(tmp_path: Path) -> None:
    assert read(written(tmp_path / "t.csv", BODY)).transcript_ids.tolist() == ["T1", "T2", "T3"]


def test_a_third_column_without_header_is_the_name(tmp_path: Path) -> None:
    found = read(written(tmp_path / "t.tsv", "T1\tG1\talpha\nT2\tG2\t\n"))
    assert found.gene_names is not None
    assert found.gene_names.tolist() == ["alpha", None]


def test_more_columns_are_told_by_name(tmp_path: Path) -> None:
    text = "chrom,symbol,gene_id,tx_len,transcript_id,biotype\n1,a,G1,100,T1,lncRNA\n1,b,G2,,T2,\n"
    found = read(written(tmp_path / "t.csv", text))
    assert found.gene_names is not None
    assert found.lengths is not None
    assert found.biotypes is not None
    assert found.gene_names.tolist() == ["a", "b"]
    np.testing.assert_array_equal(found.lengths, [100.0, np.nan])
    assert found.biotypes.tolist() == ["lncRNA", None]


def test_gene_is_the_id_only_if_no_column_is_called_gene_id(tmp_path: Path) -> None:
    found = read(written(tmp_path / "t.csv", "gene,transcript_id,gene_id\nalpha,T1,G1\n"))
    assert found.gene_ids.tolist() == ["G1"]
    assert found.gene_names is not None
    assert found.gene_names.tolist() == ["alpha"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "csv.gz", "tsv.gz", "parquet"])
def test_every_kind_of_file_gives_the_same_map(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"TXNAME": ["T2", "T1"], "GENEID": ["G2", "007"]})
    path = tmp_path / f"map.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="," if "csv" in kind else "\t", index=False)
    found = read(path)
    assert found.transcript_ids.tolist() == ["T1", "T2"]
    assert found.gene_ids.tolist() == ["007", "G2"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + BODY,
        BODY.replace("\n", "\r\n"),
        BODY.replace(",", " , "),
        BODY.replace(",", ";"),
        BODY.replace(",", "\t"),
        BODY + "\n\n",
    ],
)
def test_marks_line_ends_blanks_and_separators_change_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    found = read(path)
    assert found.transcript_ids.tolist() == ["T1", "T2", "T3"]
    assert found.gene_ids.tolist() == ["G1", "G1", "G2"]


def test_repeated_rows_are_kept_once_and_counted(tmp_path: Path) -> None:
    found = read(written(tmp_path / "t.csv", BODY + "T1,G1\nT1,G1\n"))
    assert len(found) == 3
    assert found.n_repeated == 2
    assert [(one["kind"], one["n"]) for one in found.findings] == [("repeated_map_rows", 2)]


def test_rows_without_transcript_or_gene_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(written(tmp_path / "t.csv", BODY + "T9,\n,G9\nT8,NA\n"))
    assert len(found) == 3
    assert found.n_incomplete == 3


def test_a_transcript_of_two_genes_is_refused_and_named(tmp_path: Path) -> None:
    text = refusal(written(tmp_path / "t.csv", BODY + "T1,G7\n"))
    assert "transcripts of two genes or more (1): T1 of G1 and G7" in text


def test_columns_that_nobody_can_tell_are_refused(tmp_path: Path) -> None:
    assert "no header" in refusal(written(tmp_path / "t.csv", "a,b,c,d\n1,2,3,4\n"))
    assert "no header" in refusal(written(tmp_path / "u.csv", "T1\nT2\n"))
    text = "transcript_id,b,c\nT1,2,3\n"
    assert "do not tell transcript and gene" in refusal(written(tmp_path / "v.csv", text))


def test_rows_of_another_width_are_counted(tmp_path: Path) -> None:
    text = refusal(written(tmp_path / "t.csv", BODY + "T4\nT5,G5,x\n"))
    assert "rows without 2 cells" in text
    assert "(2)" in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b""),
        ("t.csv", b"\xff\xfe\x00bad,\n"),
        ("t.csv", BODY.encode() + b"T\x00,G\n"),
        ("t.csv", BODY.encode()[:-1]),
        ("t.csv.gz", gzip.compress(BODY.encode() * 900, mtime=0)[:-9]),
        ("t.parquet", b"PAR1 no"),
        ("t.doc", BODY.encode()),
        ("t.csv", b"transcript_id,gene_id\n"),
        ("t.gtf", b"no annotation\n"),
        ("t.gff3", b"##gff-version 3\n1\tx\texon\t1\t9\t.\t+\t.\tID=e1;Parent=T1\n"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path)


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "absent.csv")


@settings(max_examples=40, deadline=None)
@given(st.permutations(list(range(8))))
def test_order_of_rows_does_not_change_the_map(order: list[int]) -> None:
    rows = [
        "T1,G1,a,",
        "T1,G1,b,50",
        "T1,G1,,40",
        "T2,G1,,9",
        "T3,G2,c,",
        "T4,G2,c,1",
        "T5,G3,,",
        "T5,G3,,",
    ]
    head = "transcript_id,gene_id,gene_name,length\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = read(written(folder / "a.csv", head + "\n".join(rows) + "\n"))
        other = read(written(folder / "b.csv", head + "".join(f"{rows[i]}\n" for i in order)))
    assert first.transcript_ids.tolist() == other.transcript_ids.tolist()
    assert first.gene_names is not None
    assert other.gene_names is not None
    assert first.gene_names.tolist() == other.gene_names.tolist()
    np.testing.assert_array_equal(first.lengths, other.lengths)
    assert first.n_repeated == other.n_repeated == 3


# ---- annotations

NAMED = 'gene_id "G1"; transcript_id "T1"; gene_name "a"; transcript_type "lncRNA";'
OTHER = 'gene_id "G2"; transcript_id "T2"; transcript_biotype "protein_coding";'
GTF = f"""\
1\tx\texon\t101\t200\t.\t+\t.\t{NAMED}
1\tx\texon\t301\t350\t.\t+\t.\t{NAMED}
1\tx\texon\t101\t110\t.\t-\t.\t{OTHER}
1\tx\texon\t101\t110\t.\t-\t.\ttranscript_id "T3";
"""


@pytest.mark.parametrize("name", ["a.gtf", "a.gtf.gz"])
def test_a_gtf_gives_names_biotypes_and_lengths(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(GTF.encode()) if name.endswith("gz") else GTF.encode())
    found = read(path)
    assert found.kind == "gtf"
    assert found.transcript_ids.tolist() == ["T1", "T2"]
    assert found.gene_ids.tolist() == ["G1", "G2"]
    assert found.gene_names is not None
    assert found.biotypes is not None
    assert found.lengths is not None
    assert found.gene_names.tolist() == ["a", None]
    assert found.biotypes.tolist() == ["lncRNA", "protein_coding"]
    assert found.lengths.tolist() == [150.0, 10.0]
    assert found.n_incomplete == 1


def test_a_kept_reading_of_an_annotation_gives_the_same_map(tmp_path: Path) -> None:
    path, problems = written(tmp_path / "a.gtf", GTF), Problems()
    for _ in range(2):
        found = read_gene_map(path, problems, cache_dir=tmp_path / "cache")
        assert found is not None
        assert found.gene_ids.tolist() == ["G1", "G2"]
        assert found.lengths is not None
        assert found.lengths.tolist() == [150.0, 10.0]
    assert not problems


def test_the_map_of_geuvadis_is_read() -> None:
    found = read(shared_path("data", "quants", "geuvadis6", "tx2gene.csv.gz"))
    assert len(found) == 48006
    assert dict(zip(found.transcript_ids, found.gene_ids, strict=True))["NM_130786"] == "A1BG"


def test_the_annotation_of_hesc_is_read() -> None:
    found = read(shared_path("data", "quants", "isa_hesc6", "example.gtf.gz"))
    assert len(found) == 1092
    assert found.lengths is not None
    row = found.transcript_ids.tolist().index("TCONS_00000001")
    assert found.gene_ids[row] == "XLOC_000001"
    assert found.lengths[row] == 1652


def test_an_open_quote_is_refused_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", 'T1,G1\nT2,"G2\nT3,G3\n')
    assert "a quote without its other (1): line 2" in refusal(path)


def test_the_map_of_kb_python_is_read(tmp_path: Path) -> None:
    rows = "".join(f"T{i}\tG{i}\tname{i}\tT{i}-201\tchr1\t{i}\t9{i}\t+\n" for i in range(3))
    found = read(written(tmp_path / "t2g.txt", rows))
    assert found.gene_ids.tolist() == ["G0", "G1", "G2"]
    assert found.gene_names is not None
    assert found.gene_names.tolist() == ["name0", "name1", "name2"]

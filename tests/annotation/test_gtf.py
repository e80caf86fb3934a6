"""Reading of GTF files in the dialects that are about."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from isograph.annotation.cache import read_annotation
from isograph.annotation.gtf import read_gtf
from isograph.errors import ImportDataError
from tests.annotation.making import line, saved, transcript
from tests.shared_data import shared_path

DIALECTS = {
    "gencode": (
        'gene_id "G.2"; transcript_id "T.1"; gene_type "lncRNA"; gene_name "N"; '
        'transcript_type "protein_coding"; level 2;',
        ("G.2", "N", "protein_coding"),
    ),
    "ensembl": (
        'gene_id "G"; gene_version "2"; transcript_id "T.1"; gene_name "N"; '
        'gene_biotype "lncRNA"; transcript_biotype "protein_coding";',
        ("G", "N", "protein_coding"),
    ),
    "refseq": (
        'gene_id "N"; transcript_id "T.1"; db_xref "GeneID:1"; gbkey "mRNA"; gene "N"; '
        'product "kinase; beta 2";',
        ("N", "N", None),
    ),
    "stringtie": (
        'gene_id "MSTRG.1"; transcript_id "T.1"; exon_number "1"; ref_gene_name "N"; cov "3.2";',
        ("MSTRG.1", "N", None),
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_gives_gene_name_and_biotype(tmp_path: Path, dialect: str) -> None:
    about, expected = DIALECTS[dialect]
    text = line("gene", 1, 99, 'gene_id "N"; transcript_id "";') + line("exon", 1, 99, about)
    row = read_gtf(saved(tmp_path, text)).transcripts.iloc[0]
    assert row["transcript_id"] == "T.1"
    assert (row["gene_id"], row["gene_name"], row["biotype"]) == expected


def test_stop_codon_counts_as_coding(tmp_path: Path) -> None:
    text = transcript("T", [(1, 100), (200, 300)], [(10, 100), (200, 240)], stop=(241, 243))
    found = read_gtf(saved(tmp_path, text))
    assert found.coding(0).tolist() == [[10, 100], [200, 243]]
    assert bool(found.transcripts["cds_end_known"].iloc[0])


def test_tag_of_an_open_end_makes_the_stop_unknown(tmp_path: Path) -> None:
    text = transcript("T", [(1, 100)], [(10, 100)], more=' tag "cds_end_NF";')
    assert not read_gtf(saved(tmp_path, text)).transcripts["cds_end_known"].iloc[0]


def test_comments_blank_lines_and_crlf_do_no_harm(tmp_path: Path) -> None:
    plain = transcript("T", [(1, 100), (200, 300)])
    odd = "#!genome\r\n\r\n" + plain.replace("\n", "\r\n") + "\r\n"
    one, other = (read_gtf(saved(tmp_path, text, f"{len(text)}")) for text in (plain, odd))
    assert one.transcripts.equals(other.transcripts)
    assert one.exons(0).tolist() == other.exons(0).tolist()


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "named_plain.gtf"
    path.write_bytes(gzip.compress(transcript("T", [(1, 100)]).encode()))
    assert len(read_gtf(path)) == 1


def test_malformed_lines_are_all_counted_in_one_error(tmp_path: Path) -> None:
    good = transcript("T", [(1, 100)])
    text = "#c\n\n" + good + "a\tb\n" * 5 + line("exon", 9, 3, 'transcript_id "T";')
    with pytest.raises(ImportDataError) as caught:
        read_gtf(saved(tmp_path, text))
    assert "nine columns (5): line 4: a b, line 5: a b, line 6: a b" in str(caught.value)
    assert "after their end (1)" in str(caught.value)


def test_rows_are_found_with_and_without_version(tmp_path: Path) -> None:
    found = read_gtf(saved(tmp_path, transcript("T.7", [(1, 9)]) + transcript("U", [(1, 9)])))
    assert found.rows_of(["T.7", "U.1", "X"]).tolist() == [0, 1, -1]
    assert found.rows_of(["T"]).tolist() == found.rows_of(["T.9"]).tolist() == [0]


def test_numbered_isoforms_are_no_versions_of_each_other(tmp_path: Path) -> None:
    one = read_gtf(saved(tmp_path, transcript("AT1.1", [(1, 9)]) + transcript("AT2.1", [(1, 9)])))
    assert one.rows_of(["AT1.1", "AT1.2", "AT2.1"]).tolist() == [0, -1, 1]
    two = read_gtf(saved(tmp_path, transcript("AT1.1", [(1, 9)]) + transcript("AT1.2", [(1, 9)])))
    assert two.rows_of(["AT1.3"]).tolist() == [-1]


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    path, cache = saved(tmp_path, transcript("T", [(1, 9)], [(2, 4)])), tmp_path / "cache"
    first = read_annotation(path, cache_dir=cache)
    kept = next(cache.glob("*/exons.parquet"))
    good = kept.read_bytes()
    kept.write_bytes(b"spoilt")
    again = read_annotation(path, cache_dir=cache)
    assert kept.read_bytes() == good
    third = read_annotation(path, cache_dir=cache)
    for other in (again, third):
        assert other.transcripts.equals(first.transcripts)
        assert np.array_equal(other.exon_end, first.exon_end)
        assert np.array_equal(other.cds_start, first.cds_start)


@pytest.mark.parametrize(
    "parts",
    [
        ("real", "geuvadis_chr19_ceu91", "annotation.gtf.gz"),
        ("quants", "ballgown20", "hg19_genes_small.gtf.gz"),
        ("quants", "isa_hesc6", "example.gtf.gz"),
    ],
)
def test_real_files_have_their_exons_line_for_line(parts: tuple[str, ...]) -> None:
    path = shared_path("data", *parts)
    found = read_gtf(path)
    with gzip.open(path, "rt") as text:
        exons = {
            (about.split('transcript_id "')[1].split('"')[0], chromosome, int(start), int(end))
            for chromosome, _, feature, start, end, _, _, _, about in (
                row.split("\t") for row in text if not row.startswith("#")
            )
            if feature == "exon"
        }
    owners = np.repeat(np.arange(len(found)), np.diff(found.exon_first))
    table = found.transcripts.iloc[owners]
    ours = set(
        zip(
            table["transcript_id"],
            table["chromosome"],
            found.exon_start.tolist(),
            found.exon_end.tolist(),
            strict=True,
        )
    )
    assert ours == exons

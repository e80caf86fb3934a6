"""RSEM: samples are named by files, genes are in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.importers.quantifiers.made import GENES, IDS, as_text, read, refusal, rows_of, write
from tests.shared_data import shared_path


def test_genes_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1")
    rows = rows_of("rsem")
    write(tmp_path, "rsem", "S2", as_text([rows[0], *rows[:0:-1]]))

    found = read(tmp_path, "rsem")

    assert found.gene_ids is not None
    assert dict(zip(found.transcript_ids, found.gene_ids, strict=True)) == dict(
        zip(IDS, GENES, strict=True)
    )


def test_samples_quantified_with_other_genes_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1")
    write(tmp_path, "rsem", "S2", as_text(rows_of("rsem", genes=("GA", "GX", "GB", "GC"))))

    message = refusal(tmp_path, "rsem")

    assert "other genes than in S1" in message
    assert "S2 (1: T2.1)" in message


def test_a_union_of_samples_with_other_genes_is_refused_too(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1")
    rows = rows_of("rsem", genes=("GA", "GX", "GB", "GC"))
    write(tmp_path, "rsem", "S2", as_text([rows[0], *rows[:1:-1]]))

    assert "S2 (1: T2.1)" in refusal(tmp_path, "rsem", allow_union=True)


def test_samples_of_a_union_must_agree_on_what_the_first_lacks(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1", as_text(rows_of("rsem")[:-1]))
    write(tmp_path, "rsem", "S2")
    write(tmp_path, "rsem", "S3", as_text(rows_of("rsem", genes=("GA", "GA", "GB", "GX"))))

    message = refusal(tmp_path, "rsem", allow_union=True)

    assert "other genes than in samples before (1): S3 (1: T4.1)" in message


def test_transcripts_that_are_their_own_genes_leave_genes_to_a_map(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1", as_text(rows_of("rsem", genes=IDS)))

    assert read(tmp_path, "rsem").gene_ids is None


def test_files_of_genes_beside_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "S1")
    (tmp_path / "S1.genes.results").write_text("gene_id\n")

    assert list(read(tmp_path, "rsem").sample_ids) == ["S1"]


def test_a_sample_may_have_points_in_its_name(tmp_path: Path) -> None:
    write(tmp_path, "rsem", "P1.liver.rep2")

    assert list(read(tmp_path, "rsem").sample_ids) == ["P1.liver.rep2"]


def test_a_real_file_is_read_as_pandas_reads_it(tmp_path: Path) -> None:
    source = shared_path("data", "quants", "ballgown20", "tiny.isoforms.results.gz")
    shutil.copy(source, tmp_path)

    found = read(tmp_path, "rsem")
    # read where it lies, beside the folders of another tool, it is the same
    beside = read(source.parent, "rsem")

    frame = pd.read_csv(source, sep="\t")
    assert list(found.sample_ids) == ["tiny"]
    assert list(found.transcript_ids) == list(frame["transcript_id"])
    assert found.gene_ids is not None
    assert list(found.gene_ids) == list(frame["gene_id"])
    assert found.counts.sum() == pytest.approx(frame["expected_count"].sum(), rel=1e-12)
    assert found.counts.tobytes() == beside.counts.tobytes()

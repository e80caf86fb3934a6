"""StringTie and Ballgown: counts from coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isograph.errors import Problems
from isograph.importers.quantifiers import QuantOptions, read_quantified
from isograph.importers.quantifiers.ctab import read_ctab
from tests.importers.quantifiers.made import COUNTS, GENES, as_text, read, refusal, rows_of, write
from tests.shared_data import shared_path


def test_counts_halve_where_reads_are_twice_as_long(tmp_path: Path) -> None:
    write(tmp_path, "ctab", "S1")

    short = read(tmp_path, "ctab", read_length=50)
    long = read(tmp_path, "ctab", read_length=100)

    np.testing.assert_allclose(short.counts[:, 0], COUNTS)
    np.testing.assert_allclose(long.counts, short.counts / 2)


@pytest.mark.parametrize("length", [0, -75, float("nan"), float("inf")])
def test_a_read_length_that_is_none_is_refused(tmp_path: Path, length: float) -> None:
    write(tmp_path, "ctab", "S1")

    assert "read length" in refusal(tmp_path, "ctab", read_length=length)


def test_without_a_read_length_the_option_is_named(tmp_path: Path) -> None:
    write(tmp_path, "ctab", "S1")
    problems = Problems()

    assert read_quantified(tmp_path, kind="ctab", problems=problems) is None
    assert "--read-length" in str(problems.found[0])


def test_the_reader_itself_wants_one() -> None:
    with pytest.raises(ValueError, match="read_length must be given"):
        read_ctab(Path("t_data.ctab"), QuantOptions(), Problems())


def test_genes_are_in_the_file_and_a_point_is_no_name(tmp_path: Path) -> None:
    rows = rows_of("ctab")
    rows[1][9], rows[2][9] = ".", ""
    write(tmp_path, "ctab", "S1", as_text(rows))

    found = read(tmp_path, "ctab")

    assert found.gene_ids is not None
    assert found.gene_names is not None
    assert list(found.gene_ids) == list(GENES)
    assert list(found.gene_names) == [None, None, "nGB", "nGC"]


def test_transcripts_without_a_gene_are_no_gene_called_point(tmp_path: Path) -> None:
    rows = rows_of("ctab")
    rows[1][8], rows[2][8] = ".", "."
    write(tmp_path, "ctab", "S1", as_text(rows))
    write(tmp_path, "ctab", "S2", as_text([rows[0], *rows[:0:-1]]))

    found = read(tmp_path, "ctab")

    assert found.gene_ids is not None
    assert list(found.gene_ids) == [None, None, "GB", "GC"]


def test_files_without_any_gene_leave_genes_to_a_map(tmp_path: Path) -> None:
    write(tmp_path, "ctab", "S1", as_text(rows_of("ctab", genes=(".",) * 4)))

    assert read(tmp_path, "ctab").gene_ids is None


def test_the_ending_that_nf_core_gives_folders_is_no_part_of_the_sample(tmp_path: Path) -> None:
    write(tmp_path, "ctab", "S1.ballgown")

    assert list(read(tmp_path, "ctab").sample_ids) == ["S1"]


def test_real_samples_are_read_as_pandas_reads_them() -> None:
    folder = shared_path("data", "quants", "ballgown20")

    found = read(folder, "ctab", read_length=75)

    assert found.counts.shape[1] == 20
    assert found.effective_lengths is None
    for column, (_, path) in enumerate(found.sources):
        frame = pd.read_csv(path, sep="\t").set_index("t_name").loc[list(found.transcript_ids)]
        expected = frame["cov"] * frame["length"] / 75
        np.testing.assert_allclose(found.counts[:, column], expected, rtol=1e-12)
        assert found.gene_ids is not None
        assert list(found.gene_ids) == list(frame["gene_id"])

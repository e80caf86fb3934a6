"""Whether a map is that of the reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isograph.errors import Problems
from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.identifiers import match_transcripts
from isograph.importers.mapping.overlap import check_overlap


def overlap(reads: dict[str, float], genes: dict[str, str], **options: float) -> list[str]:
    ids, problems = sorted(genes), Problems()
    known = GeneMap(
        transcript_ids=np.array(ids, dtype=str),
        gene_ids=np.array([genes[one] for one in ids], dtype=str),
        gene_names=None,
        lengths=None,
        biotypes=None,
        source=Path("tx2gene.csv"),
        kind="table",
    )
    match = match_transcripts(list(reads), list(reads.values()), known)
    check_overlap(match, known, problems, **options)
    return [str(problem) for problem in problems.found]


def test_enough_reads_are_no_problem() -> None:
    assert overlap({"a": 9, "b": 1}, {"a": "G"}) == []
    assert overlap({"a": 1, "b": 9}, {"a": "G"}, min_overlap=0.05) == []


def test_too_few_reads_show_ids_side_by_side() -> None:
    lines = overlap({"ENST0001x": 80, "ENST0002": 20}, {"ENST0001": "G1", "ENST0002": "G2"})
    assert lines[0].startswith("tx2gene.csv: gives 20.0% of reads a gene, 90.0% are needed")
    assert "transcripts without a gene (1)" in lines[0]
    assert "--min-overlap" in lines[0]
    assert lines[1] == (
        "tx2gene.csv: quantified ENST0001x (80.0% of reads) | nearest in the map ENST0001"
    )
    assert len(lines) == 2


def test_at_most_three_are_shown_those_of_most_reads() -> None:
    lines = overlap({f"q{i}": float(i) for i in range(9)}, {"m": "G"})
    assert [line.split()[2] for line in lines[1:]] == ["q8", "q7", "q6"]


def test_columns_in_the_wrong_order_are_told() -> None:
    lines = overlap({"ENST01.1": 1, "ENST02.1": 1}, {"ENSG01": "ENST01", "ENSG02": "ENST02"})
    assert "are its columns swapped?" in lines[0]


@pytest.mark.parametrize(("share", "n_told"), [(0.9, 0), (0.89999, 2), (0.0, 2)])
def test_the_limit_itself_is_enough(share: float, n_told: int) -> None:
    assert len(overlap({"a": share, "b": 1 - share}, {"a": "G"})) == n_told


def test_reads_count_not_transcripts() -> None:
    few = {f"q{i}": 0.1 for i in range(99)}
    assert overlap({"a": 991.0} | few, {"a": "G"}) == []


def test_without_any_reads_transcripts_count_and_no_share_is_told() -> None:
    lines = overlap({"a": 0, "b": 0}, {"a": "G"})
    assert "gives 50.0% of reads a gene" in lines[0]
    assert lines[1] == "tx2gene.csv: quantified b | nearest in the map a"


def test_the_nearest_id_is_the_one_that_begins_alike_also_without_its_version() -> None:
    genes = {"ENST0000000123.4": "G1", "ENST0000000999.1": "G2", "NM_1": "G3"}
    lines = overlap({"ENST0000000123.4x": 1}, genes)
    assert lines[1].endswith("nearest in the map ENST0000000123.4")

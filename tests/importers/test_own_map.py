"""Genes that the files name, and an annotation for the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.own_map import own_map
from isograph.importers.quantifiers.model import Quantified


def texts(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


def quantified(*genes: str | None) -> Quantified:
    return Quantified(
        transcript_ids=texts("T2.1", "T1.1", "T3.1"),
        sample_ids=texts("S1"),
        counts=np.ones((3, 1)),
        effective_lengths=None,
        lengths=None,
        gene_ids=texts(*genes),
        gene_names=None,
        sources=[("S1", Path("S1.results"))],
        notes=[],
    )


ANNOTATION = GeneMap(
    transcript_ids=np.array(["T1.2", "T3.1", "T9.1"]),
    gene_ids=np.array(["A", "C", "I"]),
    gene_names=texts("a", "c", None),
    lengths=None,
    biotypes=None,
    source=Path("g.gtf"),
    kind="gtf",
)


def test_genes_of_the_files_are_enough_where_all_are_named() -> None:
    found = own_map(quantified("B", "A", "C"), ANNOTATION)
    assert found is not None
    assert found.transcript_ids.tolist() == ["T1.1", "T2.1", "T3.1"]
    assert found.gene_ids.tolist() == ["A", "B", "C"]
    assert found.source == Path("S1.results")


def test_an_annotation_fills_in_what_the_files_leave_open() -> None:
    found = own_map(quantified("B", "X", None), ANNOTATION)
    assert found is not None
    # T1 is named by the files, whatever its version in the annotation
    assert found.transcript_ids.tolist() == ["T1.1", "T2.1", "T3.1", "T9.1"]
    assert found.gene_ids.tolist() == ["X", "B", "C", "I"]
    assert found.gene_names is not None
    assert found.gene_names.tolist() == [None, None, "c", None]


def test_without_an_annotation_they_stay_open() -> None:
    found = own_map(quantified("B", "", None))
    assert found is not None
    assert found.transcript_ids.tolist() == ["T2.1"]


@pytest.mark.parametrize("word", ["NA", "na", ".", "-", "unknown"])
def test_a_word_for_nothing_is_no_gene(word: str) -> None:
    assert own_map(quantified(word, word, word)) is None
    assert own_map(quantified(word, word, word), ANNOTATION) is ANNOTATION
    found = own_map(quantified("B", word, word))
    assert found is not None
    assert found.transcript_ids.tolist() == ["T2.1"]


def test_a_column_that_repeats_the_transcripts_knows_no_gene() -> None:
    assert own_map(quantified("T2.1", "T1.1", "T3.1")) is None


def test_numbered_isoforms_are_filled_in_by_their_whole_ids() -> None:
    numbered = replace(quantified("A", "A", None), transcript_ids=texts("AT1.1", "AT1.2", "AT1.3"))
    rest = replace(
        ANNOTATION,
        transcript_ids=np.array(["AT1.1", "AT1.2", "AT1.3"]),
        gene_ids=np.array(["A", "A", "A"]),
    )
    found = own_map(numbered, rest)
    assert found is not None
    assert found.transcript_ids.tolist() == ["AT1.1", "AT1.2", "AT1.3"]

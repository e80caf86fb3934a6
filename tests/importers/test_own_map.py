"""Genes that the files name, and an annotation for the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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
    assert found.transcript_ids.tolist() == ["T1.1", "T2.1", "T3.1"]
    assert found.gene_ids.tolist() == ["A", "B", "C"]
    assert found.source == Path("S1.results")


def test_an_annotation_fills_in_what_the_files_leave_open() -> None:
    found = own_map(quantified("B", "X", None), ANNOTATION)
    # T1 is named by the files, whatever its version in the annotation
    assert found.transcript_ids.tolist() == ["T1.1", "T2.1", "T3.1", "T9.1"]
    assert found.gene_ids.tolist() == ["X", "B", "C", "I"]
    assert found.gene_names is not None
    assert found.gene_names.tolist() == [None, None, "c", None]


def test_without_an_annotation_they_stay_open() -> None:
    found = own_map(quantified("B", "", None))
    assert found.transcript_ids.tolist() == ["T2.1"]

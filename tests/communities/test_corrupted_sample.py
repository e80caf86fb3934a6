"""One bad sample must neither make a module nor unmake one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.results.model import Fit
from tests.features.counts import null_counts, transcript_bundle
from tests.network.synthetic import Floats

pytestmark = pytest.mark.filterwarnings("error")

# each takes the counts of some genes in one sample, one block of transcripts a gene
CORRUPTIONS: dict[str, Callable[[Floats], Floats]] = {
    "a hundred times the reads": lambda block: 100 * block,
    "a billion reads": lambda block: np.full_like(block, 1e9),
    "no reads": np.zeros_like,
    "a hundredth of the reads": lambda block: np.floor(block / 100),
    "isoforms in reverse": lambda block: block[::-1],
    "all reads in one isoform": lambda block: np.eye(len(block))[0] * block.sum(),
    "a million reads of one isoform": lambda block: block + 1e6 * np.eye(len(block))[0],
}


def corrupted(bundle: Bundle, how: str, *, share: float = 0.05, seed: int = 0) -> Bundle:
    """The bundle with the first sample corrupted in a share of the genes."""
    rng = np.random.default_rng(seed)
    counts = bundle.matrices["transcript_counts"].astype(np.float64)
    gene_of = bundle.tables["transcript"]["gene_id"].to_numpy(dtype=str)
    genes = np.unique(gene_of)
    chosen = rng.choice(genes, round(share * len(genes)), replace=False)
    for gene in chosen:
        rows = np.flatnonzero(gene_of == gene)
        counts[rows, 0] = CORRUPTIONS[how](counts[rows, 0])
    return replace(bundle, matrices={**bundle.matrices, "transcript_counts": counts})


def partition(fit: Fit) -> set[frozenset[str]]:
    return {frozenset(group) for _, group in fit.modules.groupby("module_id")["gene_id"]}


@pytest.fixture(scope="module")
def nulls() -> list[Bundle]:
    """Two isoforms a gene and nothing planted, in a small and a middling cohort."""
    return [
        transcript_bundle(
            null_counts(np.random.default_rng(n), n_genes=300, n_samples=n), [2] * 300
        )
        for n in (24, 80)
    ]


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_makes_no_module_where_nothing_is_planted(how: str, nulls: list[Bundle]) -> None:
    for bundle in nulls:
        fit = isograph.fit(corrupted(bundle, how))
        assert len(fit.modules) == 0


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_does_not_change_the_partition(how: str, realistic: Bundle, realistic_fit: Fit) -> None:
    fit = isograph.fit(corrupted(realistic, how))
    assert len(partition(realistic_fit)) == 5
    assert partition(fit) == partition(realistic_fit)


def test_that_failed_altogether_changes_nothing_either(
    realistic: Bundle, realistic_fit: Fit, nulls: list[Bundle]
) -> None:
    rng = np.random.default_rng(1)
    for bundle, expected in ((realistic, partition(realistic_fit)), (nulls[1], set())):
        counts = bundle.matrices["transcript_counts"].astype(np.float64)
        counts[:, 0] = rng.poisson(counts[:, 0] / 1000)
        failed = replace(bundle, matrices={**bundle.matrices, "transcript_counts": counts})
        assert partition(isograph.fit(failed)) == expected

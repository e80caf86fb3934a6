"""Counts and bundles that tests of the features are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.study import Study, make_study

Floats = npt.NDArray[np.float64]


def sample_table(n_samples: int, **columns: Any) -> pd.DataFrame:
    """Samples `S000`, `S001`, … with further columns."""
    ids = [f"S{i:03d}" for i in range(n_samples)]
    return pd.DataFrame({"sample_id": ids, **columns})


def gene_names(n_genes: int) -> list[str]:
    """Genes `G0000`, `G0001`, …."""
    return [f"G{i:04d}" for i in range(n_genes)]


def transcript_bundle(
    counts: Floats,
    sizes: Sequence[int],
    *,
    samples: pd.DataFrame | None = None,
    **columns: Any,
) -> Bundle:
    """A bundle of transcript counts alone; `sizes` are the numbers of transcripts of the genes."""
    genes = np.repeat(gene_names(len(sizes)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    ids = [f"{gene}.{k}" for gene, k in zip(genes, place, strict=True)]
    return Bundle(
        name="counts",
        suite="tests",
        description="",
        samples=sample_table(counts.shape[1]) if samples is None else samples,
        tables={
            "transcript": pd.DataFrame({"transcript_id": ids, "gene_id": genes, **columns}),
            "gene": pd.DataFrame({"gene_id": gene_names(len(sizes))}),
        },
        matrices={"transcript_counts": counts},
    )


def gene_bundle(
    *, samples: pd.DataFrame | None = None, psi_genes: Sequence[str] = (), **assays: Floats
) -> Bundle:
    """A bundle of gene assays (`gene_counts`, `gene_expression`) and `psi`, as they are given."""
    n_samples = next(iter(assays.values())).shape[1]
    tables = {}
    for assay, data in assays.items():
        if assay == "psi":
            genes = list(psi_genes) or gene_names(len(data))
            uids = [f"P{i:04d}" for i in range(len(data))]
            tables["psi"] = pd.DataFrame({"psi_uid": uids, "gene_id": genes})
        else:
            tables["gene"] = pd.DataFrame({"gene_id": gene_names(len(data))})
    return Bundle(
        name="genes",
        suite="tests",
        description="",
        samples=sample_table(n_samples) if samples is None else samples,
        tables=tables,
        matrices=assays,
    )


def study(**fields: Any) -> Study:
    """A study of a bundle in memory."""
    return make_study(name="test", bundle=Path("memory"), **fields)


def multinomial_counts(
    rng: np.random.Generator,
    *,
    n_genes: int,
    n_isoforms: int,
    n_samples: int,
    reads: float,
    concentration: float | None = None,
) -> Floats:
    """Dirichlet–multinomial counts around one mean usage a gene; multinomial without spread.

    Returns:
        Shape (n_genes · n_isoforms, n_samples).
    """
    parts = []
    for _ in range(n_genes):
        mean = rng.dirichlet(np.full(n_isoforms, 3.0))
        totals = rng.poisson(reads, n_samples)
        if concentration is None:
            shares = np.tile(mean, (n_samples, 1))
        else:
            shares = rng.dirichlet(concentration * mean, n_samples)
        parts.append(rng.multinomial(totals, shares).T)
    return np.concatenate(parts).astype(np.float64)


def null_counts(
    rng: np.random.Generator, *, n_genes: int, n_samples: int, reads: float = 100.0
) -> Floats:
    """Two isoforms a gene, overdispersed totals and usage, nothing shared but depth.

    Returns:
        Shape (2 · n_genes, n_samples).
    """
    depth = np.exp(rng.normal(0, 0.25, n_samples))
    mean = np.exp(rng.normal(np.log(reads), 1.0, n_genes))[:, None]
    totals = rng.poisson(mean * depth * rng.gamma(5.0, 0.2, (n_genes, n_samples)))
    first = rng.binomial(totals, rng.beta(5.0, 5.0, (n_genes, n_samples)))
    counts = np.empty((2 * n_genes, n_samples))
    counts[::2], counts[1::2] = first, totals - first
    return counts

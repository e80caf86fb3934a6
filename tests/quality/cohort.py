"""Cohorts for tests of quality control: genes of very different size, nothing planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle import Bundle
from isograph.study import Study, make_study

Y_NAMES = ("DDX3Y", "RPS4Y1", "KDM5D", "UTY")


def cohort(
    seed: int,
    *,
    n_samples: int = 40,
    n_genes: int = 600,
    noise: float = 0.35,
    depth: float = 0.25,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> Bundle:
    """Gamma–Poisson counts of genes, lognormal library sizes.

    Args:
        seed: of everything.
        noise: standard deviation of a gene's log abundance between samples.
        depth: of log library sizes.
        columns: of the sample table.
    """
    rng = np.random.default_rng(seed)
    size = rng.lognormal(5.0, 1.8, n_genes)
    libraries = rng.lognormal(0.0, depth, n_samples)
    rates = size[:, None] * libraries * np.exp(rng.normal(0.0, noise, (n_genes, n_samples)))
    ids = [f"S{number:03d}" for number in range(n_samples)]
    genes = [f"G{number:04d}" for number in range(n_genes)]
    return Bundle(
        name="cohort",
        suite="tests",
        description="",
        samples=pd.DataFrame({"sample_id": ids, **(columns or {})}),
        tables={"gene": pd.DataFrame({"gene_id": genes, "gene_name": genes})},
        matrices={"gene_counts": rng.poisson(rates).astype(np.int64)},
    )


def with_counts(bundle: Bundle, counts: npt.NDArray[Any]) -> Bundle:
    """The same cohort with other counts."""
    return replace(bundle, matrices={"gene_counts": counts})


def with_columns(bundle: Bundle, **columns: Any) -> Bundle:
    """The same cohort with further sample columns."""
    return replace(bundle, samples=bundle.samples.assign(**columns))


def with_sex(bundle: Bundle, sexes: Sequence[str], *, cpm: float = 40.0) -> Bundle:
    """XIST and four Y-linked genes in the first rows, as these sexes have them.

    Args:
        sexes: `female`, `male`, `both` or `neither`, one a sample.
        cpm: counts a million of a gene that is there.
    """
    counts = bundle.matrices["gene_counts"].copy()
    # a million reads and more, so that absence shows
    counts = counts * int(np.ceil(4e6 / counts.sum(axis=0).min()))
    library = counts.sum(axis=0)
    there = np.round(library * cpm / 1e6).astype(np.int64)
    female = np.isin(list(sexes), ["female", "both"])
    male = np.isin(list(sexes), ["male", "both"])
    counts[0] = np.where(female, there, 0)
    counts[1 : 1 + len(Y_NAMES)] = np.where(male, there, 0)
    names = ["XIST", *Y_NAMES, *bundle.tables["gene"]["gene_name"][1 + len(Y_NAMES) :]]
    genes = bundle.tables["gene"].assign(gene_name=names)
    return replace(bundle, tables={"gene": genes}, matrices={"gene_counts": counts})


def study(**fields: Any) -> Study:
    """A study over a bundle in memory."""
    return make_study(bundle=Path("cohort"), **fields)

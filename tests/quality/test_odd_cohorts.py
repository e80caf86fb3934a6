"""Cohorts that nobody would plan: each ends in a page, without a warning of numpy's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from isograph.files import to_json
from isograph.quality import assess_quality
from isograph.quality.folder import quality_record
from isograph.quality.page import quality_page
from tests.quality.cohort import cohort, study, with_columns, with_counts

Counts = npt.NDArray[Any]

COUNTS: dict[str, Callable[[Counts], Counts]] = {
    "no reads": np.zeros_like,
    "one value": lambda c: c * 0 + 7,
    "huge": lambda c: c * 1e9,
    "fractions": lambda c: c / 1e4,
    "half of the samples empty": lambda c: c * (np.arange(c.shape[1]) % 2),
    "all samples alike": lambda c: np.repeat(c[:, :1], c.shape[1], axis=1),
    "one gene": lambda c: np.where(np.arange(len(c))[:, None] == 3, c, 0),
}


def odd_columns(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Sample columns of every kind that tables hold."""
    return {
        "empty": [None] * n,
        "nan": np.full(n, np.nan),
        "infinite": rng.choice([np.inf, -np.inf, 1.0, np.nan], n),
        "huge": rng.normal(size=n) * 1e300,
        "tiny": [1e-310] * (n - 1) + [2e-310],
        "flag": rng.random(n) < 0.5,
        "day": pd.date_range("2020-01-01", periods=n),
        "sparse": rng.choice(["a", "b", None], n),
        "code": pd.array(rng.choice([1, 2, None], n), dtype="Int64"),
        "level": pd.Categorical(rng.choice(["lo", "hi"], n), ["lo", "hi", "no"], ordered=True),
        "sex": rng.choice(["m", "2", "", "xx", "0"], n),
    }


@pytest.mark.parametrize("kind", sorted(COUNTS))
@pytest.mark.parametrize("n", [3, 7])
def test_odd_counts_give_a_page(kind: str, n: int) -> None:
    bundle = cohort(1, n_samples=n, n_genes=60)
    counts = COUNTS[kind](bundle.matrices["gene_counts"])
    quality = assess_quality(with_counts(bundle, counts), study=study())
    assert quality_page(quality)
    assert len(quality.samples) == n


@pytest.mark.parametrize("n", [1, 2, 5, 12, 25])
def test_odd_sample_columns_give_a_page(n: int) -> None:
    bundle = with_columns(cohort(1, n_samples=n), **odd_columns(np.random.default_rng(n), n))
    quality = assess_quality(bundle, study=study(covariates="~ huge + sparse"))
    assert quality_page(quality)
    assert "NaN" not in to_json(quality_record(quality))
    assert {"empty", "nan"} <= {name for name, _ in quality.unusable}


@pytest.mark.parametrize("missing", [0.05, 0.5, 1.0])
def test_expression_with_holes_gives_a_page(missing: float) -> None:
    bundle = cohort(1, n_samples=10)
    logs = np.log2(bundle.matrices["gene_counts"] + 1.0)
    logs[np.random.default_rng(0).random(logs.shape) < missing] = np.nan
    quality = assess_quality(replace(bundle, matrices={"gene_expression": logs}), study=study())
    assert quality_page(quality)
    assert ("correlation" in quality.untold) == (missing == 1.0)

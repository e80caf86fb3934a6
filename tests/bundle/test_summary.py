"""What `isograph export` tells about a bundle."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isograph.exporters import summarise_bundle
from isograph.files import to_json
from isograph.simulation import simulate
from tests.bundle.builder import counts, small_bundle


def test_sizes_and_assays() -> None:
    summary = summarise_bundle(small_bundle())
    assert summary["n_samples"] == 4
    assert summary["n_genes"] == 3
    assert summary["n_transcripts"] == 5
    assert summary["available_assays"] == ["gene_counts", "transcript_counts"]
    assert summary["has_truth"] is False
    assert summary["content_hash"] == small_bundle().content_hash


def test_genes_are_counted_without_a_gene_table() -> None:
    tables = {"transcript": small_bundle().tables["transcript"]}
    bundle = small_bundle(tables=tables, matrices={"transcript_counts": counts()})
    assert summarise_bundle(bundle)["n_genes"] == 3


def test_a_bundle_without_transcripts_has_none() -> None:
    bundle = small_bundle(
        tables={"gene": small_bundle().tables["gene"]},
        matrices={"gene_expression": np.zeros((3, 4))},
    )
    assert summarise_bundle(bundle)["n_transcripts"] == 0


def test_traits_come_with_kind_and_missingness() -> None:
    n = 40
    samples = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)],
            "Dx": ["Control", "SCZD"] * (n // 2),
            "Age": [np.nan] * 10 + list(np.linspace(20, 80, n - 10)),
            "site": ["x"] * n,
        }
    )
    bundle = small_bundle(samples=samples, matrices={"transcript_counts": np.ones((5, n))})
    traits = {trait["name"]: trait for trait in summarise_bundle(bundle)["traits"]}
    assert list(traits) == ["Dx", "Age", "site"]
    assert traits["Dx"]["kind"] == "two-level"
    assert traits["Dx"]["levels"] == ["Control", "SCZD"]
    assert traits["Age"]["kind"] == "continuous"
    assert traits["Age"]["n_missing"] == 10
    assert traits["Age"]["missingness"] == pytest.approx(0.25)
    assert traits["site"]["kind"] == "constant"


def test_the_column_of_donors_is_told_as_such() -> None:
    bundle = simulate("toy_multiplex_v1", seed=3)
    samples = bundle.samples.assign(donor=[f"d{i // 2}" for i in range(bundle.n_samples)])
    known = replace(bundle, samples=samples, provenance={"block": "donor"})
    kinds = {trait["name"]: trait["kind"] for trait in summarise_bundle(known)["traits"]}
    assert kinds["donor"] == "block"


def test_the_summary_is_plain_json() -> None:
    summary = summarise_bundle(small_bundle())
    assert json.loads(to_json(summary)) == summary

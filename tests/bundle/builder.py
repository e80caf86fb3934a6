"""Bundles for tests: one in memory, and folders written by hand from the format page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle import Bundle

SAMPLES = ["S1", "S2", "S3", "S4"]
TRANSCRIPTS = ["T1", "T2", "T3", "T4", "T5"]
GENES_OF = ["GB", "GA", "GA", "GB", "GC"]
GENES = ["GB", "GA", "GC"]


def counts() -> npt.NDArray[np.float64]:
    """Fractional counts of five transcripts in four samples."""
    return np.arange(20, dtype=np.float64).reshape(5, 4) * 1.5


def gene_sums() -> npt.NDArray[np.float64]:
    """Their sums over the transcripts of each gene, in the order of `GENES`."""
    rows = counts()
    return np.array(
        [rows[[i for i, g in enumerate(GENES_OF) if g == gene]].sum(0) for gene in GENES]
    )


def small_bundle(**changes: Any) -> Bundle:
    """Five transcripts of three genes in four samples, with every type of sample column."""
    parts: dict[str, Any] = {
        "name": "small",
        "suite": "tests",
        "description": "five transcripts — four samples",
        "samples": pd.DataFrame(
            {
                "sample_id": SAMPLES,
                "Dx": ["Control", "SCZD", None, "SCZD"],
                "Age": [40.5, np.nan, 61.25, 33.0],
                "batch": pd.array([1, 2, None, 2], dtype="Int64"),
                "lane": [3, 1, 2, 3],
                "smoker": [True, False, True, True],
            }
        ),
        "tables": {
            "transcript": pd.DataFrame(
                {"transcript_id": TRANSCRIPTS, "gene_id": GENES_OF, "length": [9, 8, 7, 6, 5]}
            ),
            "gene": pd.DataFrame({"gene_id": GENES, "gene_name": ["b", None, "c"]}),
        },
        "matrices": {"transcript_counts": counts(), "gene_counts": gene_sums()},
        "provenance": {"generator": "tests", "seed": "1"},
    }
    return Bundle(**{**parts, **changes})


class Folder:
    """A bundle folder written with json, numpy and pandas alone, that a test can damage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.table("samples.parquet", {"sample_id": SAMPLES, "Dx": ["a", "a", "b", "b"]})
        self.table("transcripts.parquet", {"transcript_id": TRANSCRIPTS, "gene_id": GENES_OF})
        self.table("genes.parquet", {"gene_id": GENES})
        self.table("psi.parquet", {"psi_uid": ["P1", "P2", "P3"], "gene_id": GENES})
        self.matrix("transcript_counts.npz", data=counts())
        self.matrix("gene_counts.npz", data=gene_sums())
        self.matrix("psi.npz", data=np.full((3, 4), 0.25))
        self.write_manifest(
            {
                "dataset_name": "hand",
                "suite_name": "tests",
                "description": "",
                "sample_table": "samples.parquet",
                "feature_tables": [
                    {"kind": "transcript", "filename": "transcripts.parquet", "n_rows": 5},
                    {"kind": "gene", "filename": "genes.parquet", "n_rows": 3},
                    {"kind": "psi", "filename": "psi.parquet", "n_rows": 3},
                ],
                "matrices": [
                    matrix_entry("transcript_counts", 5, 4),
                    matrix_entry("gene_counts", 3, 4),
                    matrix_entry("psi", 3, 4),
                ],
                "provenance": {"generator": "tests"},
                "truth_tables": [],
            }
        )

    def table(self, filename: str, columns: dict[str, Any]) -> None:
        """Write one parquet file, as pandas does."""
        pd.DataFrame(columns).to_parquet(self.path / filename, index=False)

    def matrix(self, filename: str, **arrays: Any) -> None:
        """Write one npz file."""
        np.savez(self.path / filename, **arrays)

    def write_manifest(self, manifest: Any) -> None:
        """Write `manifest.json`."""
        (self.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest in place."""
        manifest = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        change(manifest)
        self.write_manifest(manifest)

    def add_table(
        self, kind: str, filename: str, columns: dict[str, Any], *, truth: bool = False
    ) -> None:
        """Write a further feature table and list it."""
        self.table(filename, columns)
        n_rows = len(next(iter(columns.values())))
        entry = {"kind": kind, "filename": filename, "n_rows": n_rows}
        self.edit(lambda m: m["feature_tables"].append(entry))
        if truth:
            self.edit(lambda m: m["truth_tables"].append(filename))


def matrix_entry(assay: str, n_features: int, n_samples: int) -> dict[str, Any]:
    """The manifest's entry of a matrix."""
    return {
        "assay_name": assay,
        "filename": f"{assay}.npz",
        "n_features": n_features,
        "n_samples": n_samples,
        "encoding": "dense_npz",
    }


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

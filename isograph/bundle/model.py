"""What a data set is: samples, feature tables, matrices and, in fixtures, the planted truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.files import hash_arrays, hash_parts, hash_table

TABLE_OF_ASSAY = {
    "transcript_counts": "transcript",
    "gene_counts": "gene",
    "gene_expression": "gene",
    "psi": "psi",
    "junction_counts": "junction",
}
ID_COLUMN = {"transcript": "transcript_id", "gene": "gene_id", "psi": "psi_uid"}


@dataclass(frozen=True)
class Bundle:
    """One data set in memory, as its folder on disk holds it.

    Attributes:
        name: `dataset_name` of the manifest.
        suite: `suite_name` of the manifest.
        description: free text.
        samples: one row a sample; `sample_id` first, then traits and covariates.
        tables: feature tables by kind (`gene`, `transcript`, `truth_module`, …), one row a feature.
        matrices: by assay, shape (n_features, n_samples); rows follow the table of the assay
            (`TABLE_OF_ASSAY`), columns follow `samples`.
        provenance: where the data come from, string to string.
        path: the folder it was loaded from, if it was.
    """

    name: str
    suite: str
    description: str
    samples: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    matrices: Mapping[str, npt.NDArray[Any]]
    provenance: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def sample_ids(self) -> npt.NDArray[np.str_]:
        """Sample ids, shape (n_samples,), in matrix column order."""
        return self.samples["sample_id"].to_numpy(dtype=str)

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples)

    @property
    def gene_ids(self) -> npt.NDArray[np.str_]:
        """Every gene of the bundle, sorted: of the gene table and of the transcript table."""
        ids: set[str] = set()
        for kind in ("gene", "transcript"):
            if kind in self.tables:
                ids.update(self.tables[kind]["gene_id"].astype(str))
        return np.array(sorted(ids), dtype=str)

    @property
    def has_truth(self) -> bool:
        """Whether the bundle carries planted modules."""
        return "truth_module" in self.tables

    @cached_property
    def content_hash(self) -> str:
        """Hash over ids and values of everything that a fit can see (not name, path or dtype)."""
        parts = {"samples": hash_table(self.samples)}
        parts |= {f"table:{kind}": hash_table(frame) for kind, frame in self.tables.items()}
        parts |= hash_arrays({f"matrix:{name}": data for name, data in self.matrices.items()})
        return hash_parts(parts)

"""The result of a fit, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from isograph.files import hash_parts, hash_table
from isograph.progress import Step

TABLES = (
    "modules",
    "edges",
    "traits",
    "feature_scores",
    "module_gene_roles",
    "eigengenes",
    "eigengene_loadings",
    "module_summary",
    "gene_fates",
    "module_overlaps",
    "programmes",
    "programme_loadings",
)
AXIS_WEIGHTS = "axis_weights.parquet"
EXTRA_FILES = ("vae_checkpoint.pt", "dendrogram.parquet", AXIS_WEIGHTS)
# pictures that `isograph.plots` puts beside the tables, by file stem
PLOTS = ("module_traits", "modules", "soft_threshold", "dendrogram")


@dataclass(frozen=True)
class Fit:
    """Modules of one study by one backend, with everything that explains them.

    Attributes:
        config: the complete configuration of the run, as in `fit_config.json`.
        calibration: the backend's record, as in `calibration.json`; None where it has none.
        tables: every table by file stem (`TABLES`), with the schemas of `isograph.schemas`.
        steps: what was done and how long it took.
        log: lines of `run.log`.
        files: what the backend keeps beside the tables, by file name (`EXTRA_FILES`). Their bytes
            are the same for the same fit on one machine; no content hash covers them.
    """

    config: Mapping[str, Any]
    calibration: Mapping[str, Any] | None
    tables: Mapping[str, pa.Table]
    steps: tuple[Step, ...] = ()
    log: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """One table as a data frame, by file stem."""
        frame: pd.DataFrame = self.tables[name].to_pandas()
        return frame

    @cached_property
    def modules(self) -> pd.DataFrame:
        """Assigned genes: `gene_id`, `module_id`, `membership`, `kme`."""
        return self.table("modules")

    @cached_property
    def edges(self) -> pd.DataFrame:
        """Gene–gene edges with the pair of features that carries each."""
        return self.table("edges")

    @cached_property
    def traits(self) -> pd.DataFrame:
        """Module–trait tests."""
        return self.table("traits")

    @cached_property
    def roles(self) -> pd.DataFrame:
        """Which channel carries each module gene."""
        return self.table("module_gene_roles")

    @cached_property
    def eigengenes(self) -> pd.DataFrame:
        """One row a module, one column a sample."""
        return self.table("eigengenes")

    @cached_property
    def eigengene_loadings(self) -> pd.DataFrame:
        """Features that each eigengene is made of, with their correlation with it."""
        return self.table("eigengene_loadings")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a module: size, roles, significance, stability, top genes."""
        return self.table("module_summary")

    @cached_property
    def fates(self) -> pd.DataFrame:
        """Every gene of the bundle and why it is in a module or not."""
        return self.table("gene_fates")

    @cached_property
    def overlaps(self) -> pd.DataFrame:
        """Further modules of genes that follow more than their own."""
        return self.table("module_overlaps")

    @cached_property
    def programmes(self) -> pd.DataFrame:
        """Broad factors: one row each, one column a sample."""
        return self.table("programmes")

    @cached_property
    def programme_loadings(self) -> pd.DataFrame:
        """Features that load on each programme."""
        return self.table("programme_loadings")

    @cached_property
    def feature_scores(self) -> pd.DataFrame:
        """Standardised switch and abundance features, one column a sample."""
        return self.table("feature_scores")

    @cached_property
    def table_hashes(self) -> dict[str, str]:
        """Content hash of each table."""
        return {name: hash_table(table) for name, table in self.tables.items()}

    @cached_property
    def content_hash(self) -> str:
        """One hash over ids and values of all tables: equal for equal results anywhere."""
        return hash_parts(self.table_hashes)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all steps."""
        return sum(step.seconds for step in self.steps)

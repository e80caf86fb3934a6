"""What a backend gets to see: standardised features, their genes, and what was removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph import schemas
from isograph.features.blocks import Blocks
from isograph.features.covariates import Design
from isograph.features.dependence import Dependence
from isograph.features.traits import Trait
from isograph.files import hash_table, to_arrow
from isograph.machine import blocks, in_threads

SWITCH = "switch"
ABUNDANCE = "abundance"
AXIS_WEIGHTS = ("feature_id", "transcript_id", "weight", "mean_usage", "prior")
META_COLUMNS = ("feature_id", "gene_id", "feature_type", "n_transcripts", "axis", "variance_share")

_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class FeatureSet:
    """Features of one study, sorted by gene, then abundance before switch axes in order.

    Attributes:
        meta: one row a feature, columns `META_COLUMNS`.
        values: float64, shape (n_features, n_samples); rows have mean 0 and variance 1, are
            orthogonal to the design, and are 0 where not observed.
        observed: bool, shape (n_features, n_samples); False where a gene was not expressed.
        sample_ids: shape (n_samples,), sorted; the column order of `values`.
        samples: the sample table in that order.
        design: what was removed from every feature.
        traits: usable sample columns with their kinds.
        genes: one row a gene of the bundle: `gene_id`, `fate` (null where it has features) and
            the `value` and `meaning` behind that fate.
        record: settings, size factors and counts, for `features.json`.
        blocks: which samples are of one donor, where donors have several; else None.
        axis_weights: what switch axes are made of, columns `AXIS_WEIGHTS`, a row an axis and
            transcript: log(count + prior · mean usage) times weight adds up to the axis. None where
            there is none, or where it is not known. No hash covers it.
    """

    meta: pd.DataFrame
    values: npt.NDArray[np.float64]
    observed: npt.NDArray[np.bool_]
    sample_ids: npt.NDArray[np.str_]
    samples: pd.DataFrame
    design: Design
    traits: tuple[Trait, ...]
    genes: pd.DataFrame
    record: Mapping[str, Any]
    blocks: Blocks | None = None
    axis_weights: pd.DataFrame | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.values.shape[0])

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.values.shape[1])

    @property
    def df_residual(self) -> int:
        """Degrees of freedom of a correlation between two features: samples − 2 − design rank.

        Where samples come in blocks this is the most that a pair can have, see `df_between`.
        """
        return self.n_samples - 2 - self.design.rank

    @cached_property
    def dependence(self) -> Dependence | None:
        """What samples of one donor do to correlations; None where samples are independent."""
        return None if self.blocks is None else Dependence(self.blocks, self.design)

    @cached_property
    def block_share(self) -> npt.NDArray[np.float64]:
        """Share of each feature that lies between blocks, shape (n_features,); 0 without blocks."""
        if self.dependence is None:
            return np.zeros(self.n_features)
        return self.dependence.share(self.values)

    def df_between(
        self, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64] | float:
        """Degrees of freedom of correlations between rows over all samples.

        Args:
            first, second: rows of mean 0, orthogonal to the design, shape (n_rows, n_samples) or
                one of them (1, n_samples).

        Returns:
            `df_residual` without blocks; else one a row, no more than that.
        """
        if self.dependence is None:
            return float(self.df_residual)
        return self.dependence.df(self.dependence.share(first), self.dependence.share(second))

    @cached_property
    def gene_ids(self) -> npt.NDArray[np.str_]:
        """Genes that have features, sorted, shape (n_genes,)."""
        return np.unique(self.meta["gene_id"].to_numpy(dtype=str))

    @cached_property
    def gene_of(self) -> npt.NDArray[np.int64]:
        """Row of `gene_ids` of each feature, shape (n_features,), never falling."""
        genes = self.meta["gene_id"].to_numpy(dtype=str)
        return np.searchsorted(self.gene_ids, genes).astype(np.int64)

    @cached_property
    def is_switch(self) -> npt.NDArray[np.bool_]:
        """Whether each feature is a switch axis, shape (n_features,)."""
        switch: npt.NDArray[np.bool_] = self.meta["feature_type"].to_numpy(dtype=str) == SWITCH
        return switch

    def of_genes(self, genes: npt.NDArray[np.int64]) -> FeatureSet:
        """The features of some genes only; `genes` are rows of `gene_ids`, sorted."""
        return self.take(np.flatnonzero(np.isin(self.gene_of, genes)))

    def take(self, rows: npt.NDArray[np.int64]) -> FeatureSet:
        """Some of the features only; `rows` are sorted."""
        return replace(
            self,
            meta=self.meta.iloc[rows].reset_index(drop=True),
            values=self.values[rows],
            observed=self.observed[rows],
        )

    @cached_property
    def table(self) -> pa.Table:
        """`feature_scores`: meta and values, null where not observed."""
        order = np.argsort(self.meta["feature_id"].to_numpy(dtype=str), kind="stable")
        # one row a sample: then each column of the table is a view
        scores = np.empty((self.n_samples, self.n_features))

        def fill(part: slice) -> None:
            rows = order[part]
            seen = self.observed[rows]
            block = self.values[rows]
            scores[:, part] = (block if seen.all() else np.where(seen, block, np.nan)).T

        in_threads(fill, blocks(self.n_features, _ROWS_AT_ONCE))
        schema = schemas.feature_scores(list(self.sample_ids))
        n_meta = len(META_COLUMNS)
        named = to_arrow(self.meta.iloc[order], pa.schema(list(schema)[:n_meta]))
        columns = [pa.array(row, type=pa.float64(), from_pandas=True) for row in scores]
        return pa.Table.from_arrays([*named.columns, *columns], schema=schema)

    @cached_property
    def content_hash(self) -> str:
        """Hash over ids and values."""
        return hash_table(self.table)

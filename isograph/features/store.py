"""Features on disk, so that several backends share one computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph import schemas
from isograph.errors import OutputError, Problem
from isograph.features.blocks import read_blocks
from isograph.features.covariates import build_design
from isograph.features.model import META_COLUMNS, FeatureSet
from isograph.features.traits import infer_traits
from isograph.files import (
    SCHEMA_VERSION,
    atomic_folder,
    read_json,
    to_arrow,
    write_json,
    write_table,
)

_GENES = pa.schema(
    [
        ("gene_id", pa.string()),
        ("fate", pa.string()),
        ("value", pa.float64()),
        ("meaning", pa.string()),
    ]
)


_WEIGHTS = "axis_weights.parquet"
_RECORDED = ("covariates", "categorical", "traits", "notes")


def write_features(features: FeatureSet, folder: Path) -> Path:
    """Write a feature set as `feature_scores`, `gene_filter`, `samples` and `features.json`.

    `axis_weights` where there are any.

    Args:
        features: what to write.
        folder: replaced whole.

    Returns:
        The folder.
    """
    folder = Path(folder)
    with atomic_folder(folder) as work:
        write_table(work / "feature_scores.parquet", features.table)
        write_table(work / "gene_filter.parquet", to_arrow(features.genes, _GENES))
        if features.axis_weights is not None:
            weights = to_arrow(features.axis_weights, schemas.AXIS_WEIGHTS)
            write_table(work / _WEIGHTS, weights)
        samples = pa.Table.from_pandas(features.samples, preserve_index=False)
        pq.write_table(samples, work / "samples.parquet")
        record = {
            "schema_version": SCHEMA_VERSION,
            "content_hash": features.content_hash,
            **features.record,
        }
        write_json(work / "features.json", record)
    return folder


def read_features(folder: Path) -> FeatureSet:
    """Read what `write_features` wrote; the design is rebuilt from the stored sample table.

    Raises:
        OutputError: a file is missing or unreadable.
    """
    folder = Path(folder)
    try:
        record = read_json(folder / "features.json")
        scores = pq.read_table(folder / "feature_scores.parquet").to_pandas()
        genes = pq.read_table(folder / "gene_filter.parquet").to_pandas()
        samples = pq.read_table(folder / "samples.parquet").to_pandas()
        weights = folder / _WEIGHTS
        # folders of former versions have none
        axes = pq.read_table(weights).to_pandas() if weights.is_file() else None
        missing = [name for name in _RECORDED if name not in record]
        if missing:
            raise ValueError(f"features.json lacks {', '.join(missing)}")
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        problem = Problem(str(folder), str(error), fix="compute the features again")
        raise OutputError("features cannot be read", [problem]) from error
    found = features_of_table(scores, samples=samples, genes=genes, record=record)
    return replace(found, axis_weights=axes)


def features_of_table(
    scores: pd.DataFrame, *, samples: pd.DataFrame, genes: pd.DataFrame, record: Mapping[str, Any]
) -> FeatureSet:
    """Features from their table; the design is rebuilt from the samples.

    Args:
        scores: as `feature_scores.parquet` has them, rows in any order.
        samples: sample table of these samples, sorted by `sample_id`.
        genes: as `FeatureSet.genes`.
        record: as `features.json` has it.

    Raises:
        KeyError, StudyError: the record lacks parts, or does not fit the samples.
    """
    categorical, names = tuple(record["categorical"]), record["traits"]
    design, _ = build_design(samples, record["covariates"], categorical=categorical)
    # dropped samples are not in the stored table, and noted all the same
    design = replace(design, notes=tuple(record["notes"]))
    blocks = read_blocks(samples, record.get("blocks", {}).get("column"))
    order = np.lexsort((scores["axis"], scores["feature_type"], scores["gene_id"]))
    scores = scores.iloc[order].reset_index(drop=True)
    sample_ids = samples["sample_id"].to_numpy(dtype=str)
    values = scores[list(sample_ids)].to_numpy(dtype=np.float64)
    observed = ~np.isnan(values)
    return FeatureSet(
        meta=scores[list(META_COLUMNS)],
        values=np.where(observed, values, 0.0),
        observed=observed,
        sample_ids=sample_ids,
        samples=samples,
        design=design,
        traits=infer_traits(
            samples,
            categorical=categorical,
            names=names,
            ordered=record.get("ordered_levels"),
            block=None if blocks is None else blocks.column,
        ),
        genes=_with_none(genes),
        record={k: v for k, v in record.items() if k not in ("schema_version", "content_hash")},
        blocks=blocks,
    )


def _with_none(genes: pd.DataFrame) -> pd.DataFrame:
    """None in the place of what is missing in text columns."""
    plain: pd.DataFrame = genes.astype(object).mask(genes.isna(), None)
    return plain.assign(value=genes["value"])

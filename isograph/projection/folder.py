"""Projections and preservation as folders, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from isograph import schemas
from isograph.files import (
    SCHEMA_VERSION,
    atomic_folder,
    to_arrow,
    write_bytes,
    write_json,
    write_table,
)
from isograph.projection.preserved import Preserved
from isograph.projection.project import Projection
from isograph.provenance import version
from isograph.results.model import Fit
from isograph.targets import check_target

PROJECTION, PRESERVATION = "projection.json", "preservation.json"


def write_projection(
    found: Projection, fit: Fit, folder: Path, *, bundle: Mapping[str, str], overwrite: bool = False
) -> Path:
    """Write `projected_eigengenes`, `projection`, `projected_traits` and `projection.json`.

    Args:
        found: what to write.
        fit: whose modules.
        folder: made, or replaced if it holds a former projection.
        bundle: name and content hash of the other cohort.
        overwrite: replace other files.

    Returns:
        The folder.
    """
    check_target(folder, result="projection", record=PROJECTION, overwrite=overwrite)
    with atomic_folder(Path(folder)) as work:
        write_table(work / "projected_eigengenes.parquet", _table(found.scores))
        write_table(work / "projection.parquet", to_arrow(found.modules, schemas.PROJECTION))
        write_table(work / "projected_traits.parquet", to_arrow(found.traits, schemas.TRAITS))
        record = _record(fit, bundle) | {
            "modules": len(found.modules),
            "projected": len(found.scores),
            "absent_features": dict(sorted(found.elsewhere.absent.items())),
            "notes": list(found.elsewhere.notes),
            "covariates": found.elsewhere.design.formula,
        }
        write_json(work / PROJECTION, record)
    return Path(folder)


def write_preservation(
    found: Preserved, fit: Fit, folder: Path, *, bundle: Mapping[str, str], overwrite: bool = False
) -> Path:
    """Write `preservation.parquet`, its picture and `preservation.json`.

    Args:
        found: what to write.
        fit: whose modules.
        folder: made, or replaced if it holds a former result.
        bundle: name and content hash of the other cohort.
        overwrite: replace other files.

    Returns:
        The folder.
    """
    # matplotlib is slow to load
    from isograph.plots.style import to_png
    from isograph.projection.picture import preservation_figure

    check_target(folder, result="comparison", record=PRESERVATION, overwrite=overwrite)
    with atomic_folder(Path(folder)) as work:
        write_table(
            work / "preservation.parquet", _table(found.table, counts=("n_fit", "n_features"))
        )
        write_bytes(work / "preservation.png", to_png(preservation_figure(found)))
        record = _record(fit, bundle) | {
            **found.record,
            "features": found.n_features,
            "untested": found.untested,
            "notes": list(found.elsewhere.notes),
            "covariates": found.elsewhere.design.formula,
        }
        write_json(work / PRESERVATION, record)
    return Path(folder)


def _table(frame: pd.DataFrame, *, counts: Sequence[str] = ()) -> pa.Table:
    """A row a module; all other columns are numbers, `counts` whole ones."""
    kinds = {"module_id": pa.string()} | dict.fromkeys(counts, pa.int64())
    schema = pa.schema([(str(name), kinds.get(str(name), pa.float64())) for name in frame])
    return to_arrow(frame, schema)


def _record(fit: Fit, bundle: Mapping[str, str]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "isograph_version": version(),
        "fit": {
            "study": fit.config["study"],
            "backend": fit.config["backend"],
            "content_hash": fit.content_hash,
        },
        "bundle": dict(bundle),
    }

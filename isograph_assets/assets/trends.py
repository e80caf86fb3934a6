"""The history of scores and costs as a report."""

from typing import Any

import dagster as dg
import pandas as pd

from isograph.evaluation.history import HISTORY, read_history
from isograph.evaluation.trend_plots import trends_picture
from isograph.evaluation.trends import trend_rows
from isograph.files import SCHEMA_VERSION, hash_parts, sha256_file, to_json
from isograph_assets.assets.suites import follows_scores
from isograph_assets.io_managers import Report
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    column_lineage,
    cost_metadata,
    made_by,
    markdown_table,
    picture,
    rows_metadata,
    short,
)
from isograph_assets.partitions import FIXTURE
from isograph_assets.pictures import SMALL_DPI
from isograph_assets.resources import Artifacts
from isograph_assets.stages import OWNERS, REPORTS_GROUP, stage_tags

_LINEAGE = {
    "mean_recovery": {"fixture_metrics": "recovery"},
    "mean_ari": {"fixture_metrics": "ari"},
    "mean_coverage": {"fixture_metrics": "coverage"},
    "mean_background_fraction": {"fixture_metrics": "background_fraction"},
    "total_seconds": {"fixture_metrics": "seconds"},
    "largest_peak_memory_bytes": {"fixture_metrics": "peak_memory_mib"},
}
_COLUMNS = ("suite", "backend", "machine", "run", "time", "commit", "n_cells", *_LINEAGE)
_MIB = 2.0**20


def build_trends_asset() -> dg.AssetsDefinition:
    """Every run of the history, side by side."""

    @dg.asset(
        key="trends",
        description=(
            "Recovery, ARI, seconds and memory of every suite and backend over all runs of the "
            "history; a JSON file and a picture."
        ),
        group_name=REPORTS_GROUP,
        deps=[FIXTURE.key("metrics")],
        io_manager_key="reports",
        kinds={"json"},
        owners=OWNERS,
        tags=stage_tags("report"),
        code_version=CODE_VERSION,
        automation_condition=follows_scores(),
    )
    def trends(artifacts: Artifacts) -> dg.Output[Report]:
        with Cost() as cost:
            path = artifacts.fetch_lines(artifacts.report(HISTORY))
            rows = trend_rows(read_history(path))
            document = {
                "schema_version": SCHEMA_VERSION,
                **made_by(),
                "inputs": {HISTORY: sha256_file(path) if path.exists() else None},
                "results": rows,
            }
            stored, shown = trends_picture(rows), trends_picture(rows, dpi=SMALL_DPI)
        content_hash = hash_parts({"results": to_json(rows)})
        return dg.Output(
            Report(document, {"": stored}),
            metadata={
                "runs": len({row["run"] for row in rows}),
                "picture": picture(shown, alt="scores and costs over runs"),
                **_latest(rows),
                "content hash": short(content_hash),
                **column_lineage(_LINEAGE),
                **rows_metadata(rows, _COLUMNS),
                **cost_metadata(cost),
            },
            data_version=dg.DataVersion(content_hash),
        )

    return trends


def _latest(rows: list[dict[str, Any]]) -> Metadata:
    """Where each suite and backend stands now."""
    if not rows:
        return {}
    frame = pd.DataFrame(rows).drop_duplicates(["suite", "backend", "machine"], keep="last")
    frame["largest peak (MiB)"] = frame["largest_peak_memory_bytes"].astype(float) / _MIB
    shown = {"suite": "suite", "backend": "backend", "time": "last run", "n_cells": "cells"}
    shown |= {"mean_recovery": "mean recovery", "mean_ari": "mean ARI"}
    shown |= {"total_seconds": "seconds of all", "largest peak (MiB)": "largest peak (MiB)"}
    table = frame[list(shown)].rename(columns=shown)
    return {"now": dg.MetadataValue.md(markdown_table(table, rows=len(table)))}

"""All fixtures and backends side by side."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import dagster as dg
import pandas as pd

from isograph.evaluation.leaderboard import COLUMNS
from isograph.evaluation.leaderboard import leaderboard as make_leaderboard
from isograph.evaluation.leaderboard_plots import leaderboard_picture
from isograph_assets.assets.suites import follows_scores
from isograph_assets.cells import cell_result
from isograph_assets.io_managers import Report
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    column_lineage,
    cost_metadata,
    markdown_table,
    picture,
    rows_metadata,
    short,
)
from isograph_assets.partitions import BACKENDS, FIXTURE, USUAL_FIXTURES, fit_key
from isograph_assets.pictures import SMALL_DPI
from isograph_assets.stages import OWNERS, REPORTS_GROUP, stage_tags

_SHOWN = {
    "family": "fixture or sweep",
    "suite": "suite",
    "backend": "backend",
    "n_points": "fixtures",
    "recovery": "recovery",
    "ari": "ARI",
    "ari_min": "worst ARI",
    "coverage": "coverage",
    "background_pooled": "background",
    "seconds": "seconds",
}
# a night and some hours: what began at night may still run in the morning
_FRESH = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=30), fail_window=timedelta(hours=54)
)
_NOT_SCORES = ("seed", "status")


def build_leaderboard_asset() -> dg.AssetsDefinition:
    """Everything that has been fitted and scored, in one table and one picture."""

    @dg.asset(
        key="leaderboard",
        description=(
            "Recovery, ARI, coverage, background and seconds of every fixture and backend that "
            "has been fitted; a JSON file and a picture."
        ),
        group_name=REPORTS_GROUP,
        ins={"metrics": dg.AssetIn(key=FIXTURE.key("metrics"))},
        io_manager_key="reports",
        kinds={"json"},
        owners=OWNERS,
        tags=stage_tags("report"),
        code_version=CODE_VERSION,
        automation_condition=follows_scores(),
        freshness_policy=_FRESH,
    )
    def leaderboard(metrics: dict[str, dict[str, Any]]) -> dg.Output[Report]:
        with Cost() as cost:
            document = make_leaderboard([cell_result(row) for row in metrics.values()])
            # the stress grids are large: nobody waits for the rest of them
            document["not_there_yet"] = [
                str(fit_key(dataset, backend))
                for dataset in USUAL_FIXTURES
                for backend in BACKENDS.get_partition_keys()
                if fit_key(dataset, backend) not in metrics
            ]
            stored = leaderboard_picture(document["families"])
            shown = leaderboard_picture(document["families"], dpi=SMALL_DPI)
        return dg.Output(
            Report(document, {"": stored}),
            metadata=_about(document, shown) | cost_metadata(cost),
            data_version=dg.DataVersion(document["content_hash"]),
        )

    return leaderboard


def _about(document: Mapping[str, Any], png: bytes) -> Metadata:
    rows = document["results"]
    families = pd.DataFrame(document["families"], columns=list(_SHOWN)).rename(columns=_SHOWN)
    found: Metadata = {
        "fixtures fitted": len({row["dataset"] for row in rows}),
        "not there yet": len(document["not_there_yet"]),
        "picture": picture(png, alt="scores by fixture or sweep"),
        "scores": dg.MetadataValue.md(markdown_table(families, rows=len(families))),
        "content hash": short(document["content_hash"]),
    }
    for summary in document["summary"]:
        backend = summary["backend"]
        for score in ("ari", "recovery"):
            value = summary[f"mean_{score}"]
            if value is not None:
                found[f"mean {score.upper() if score == 'ari' else score}, {backend}"] = round(
                    value, 4
                )
    columns = [name for name in COLUMNS if name not in _NOT_SCORES]
    found |= column_lineage({column: {"fixture_metrics": column} for column in columns})
    return found | rows_metadata(rows, COLUMNS)

"""Reports over many fits."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from isograph.files import SCHEMA_VERSION, hash_parts, plain, to_json
from isograph_assets.io_managers import Report
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    cost_metadata,
    markdown_table,
    picture,
    short,
)
from isograph_assets.partitions import BACKENDS, FIXTURE, FIXTURES, USUAL_FIXTURES, fit_key
from isograph_assets.pictures import leaderboard_picture

_TIMES = ("seconds", "peak_memory_mib")
_SCORES = ("recovery", "ari", "coverage", "background_fraction", "role_accuracy")
_COLUMNS = (
    *("dataset", "suite", "backend", "n_modules", "n_truth_modules"),
    *_SCORES,
    *("n_assigned", "n_background_assigned"),
    *_TIMES,
    "fit_content_hash",
)
_SHOWN = {
    "dataset": "fixture",
    "backend": "backend",
    "n_modules": "modules",
    "n_truth_modules": "planted",
    "recovery": "recovery",
    "ari": "ARI",
    "coverage": "coverage",
    "background_fraction": "background",
    "seconds": "seconds",
}


def leaderboard_condition() -> dg.AutomationCondition[Any]:
    """Again once metrics are new and no more of them are on their way."""
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    )


def build_leaderboard_asset() -> dg.AssetsDefinition:
    """All fixtures and backends side by side."""

    @dg.asset(
        key="leaderboard",
        description=(
            "Recovery, ARI, coverage, background and seconds of every fixture and backend that "
            "has been fitted; a JSON file and a picture."
        ),
        group_name="reports",
        ins={"metrics": dg.AssetIn(key=FIXTURE.key("metrics"))},
        io_manager_key="reports",
        kinds={"json"},
        code_version=CODE_VERSION,
        automation_condition=leaderboard_condition(),
    )
    def leaderboard(metrics: dict[str, dict[str, Any]]) -> dg.Output[Report]:
        with Cost() as cost:
            document = make_leaderboard(metrics)
            png = leaderboard_picture(document["results"])
        return dg.Output(
            Report(document, {"": png}),
            metadata=_about(document, png) | cost_metadata(cost),
            data_version=dg.DataVersion(document["content_hash"]),
        )

    return leaderboard


def make_leaderboard(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One row a fixture and backend, one summary a backend, and what is not there yet.

    Args:
        metrics: metrics files by partition key, in any order.
    """
    wanted = [
        fit_key(dataset, backend)
        for dataset in FIXTURES.get_partition_keys()
        for backend in BACKENDS.get_partition_keys()
    ]
    rows = [
        {column: metrics[key].get(column) for column in _COLUMNS}
        for key in wanted
        if key in metrics
    ]
    timeless = [{name: row[name] for name in _COLUMNS if name not in _TIMES} for row in rows]
    document = {
        "schema_version": SCHEMA_VERSION,
        "content_hash": hash_parts({f"{n:05d}": to_json(row) for n, row in enumerate(timeless)}),
        "results": rows,
        "summary": [
            _summarise(backend, [row for row in rows if row["backend"] == backend])
            for backend in BACKENDS.get_partition_keys()
        ],
        # the stress grids are made point by point: nobody waits for the rest of them
        "not_there_yet": [
            str(fit_key(dataset, backend))
            for dataset in USUAL_FIXTURES
            for backend in BACKENDS.get_partition_keys()
            if fit_key(dataset, backend) not in metrics
        ],
    }
    made: dict[str, Any] = plain(document)
    return made


def _summarise(backend: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    frame = pd.DataFrame(list(rows), columns=list(_COLUMNS))
    means = frame[[*_SCORES, "seconds"]].astype(float).mean()
    n_assigned = int(frame["n_assigned"].sum())
    n_background = int(frame["n_background_assigned"].sum())
    return {
        "backend": backend,
        "n_fixtures": len(frame),
        "n_right_module_count": int((frame["n_modules"] == frame["n_truth_modules"]).sum()),
        "mean_recovery": means["recovery"],
        "mean_ari": means["ari"],
        "mean_coverage": means["coverage"],
        "mean_seconds": means["seconds"],
        "n_assigned": n_assigned,
        "n_background_assigned": n_background,
        "pooled_background_fraction": n_background / n_assigned if n_assigned else None,
    }


def _about(document: Mapping[str, Any], png: bytes) -> Metadata:
    rows = pd.DataFrame(document["results"], columns=list(_COLUMNS))
    shown = rows[list(_SHOWN)].rename(columns=_SHOWN)
    found: Metadata = {
        "fixtures fitted": rows["dataset"].nunique(),
        "not there yet": len(document["not_there_yet"]),
        "picture": picture(png, alt="scores by fixture"),
        "scores": dg.MetadataValue.md(markdown_table(shown, rows=len(shown))),
    }
    found["content hash"] = short(document["content_hash"])
    for summary in document["summary"]:
        if summary["n_fixtures"]:
            found[f"mean ARI, {summary['backend']}"] = round(summary["mean_ari"], 4)
            found[f"mean recovery, {summary['backend']}"] = round(summary["mean_recovery"], 4)
    return found

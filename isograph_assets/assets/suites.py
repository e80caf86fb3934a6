"""Reports over a suite of fixtures and a backend: scores, costs, calibrations."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from isograph.evaluation.cells import CellResult
from isograph.evaluation.history import HISTORY, read_history
from isograph.evaluation.plots import benchmark_picture
from isograph.evaluation.regressions import Verdict, judge_latest
from isograph.evaluation.reports import benchmark_report, calibration_report, runtime_report
from isograph.files import hash_parts, read_json, to_json, write_json
from isograph_assets.cells import cell_result
from isograph_assets.checks import gate_result, regression_result, suite_checks
from isograph_assets.home import runs_of_a_pool
from isograph_assets.io_managers import KIND, Report
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
from isograph_assets.partitions import FIXTURE, OF_SUITE, SUITE_REPORTS, split_key
from isograph_assets.resources import Artifacts
from isograph_assets.stages import FIXTURES_POOL, OWNERS, REPORTS_GROUP, stage_tags

BENCHMARK, RUNTIME, CALIBRATION = "benchmark", "runtime-memory", "calibration"
ACCEPTED = "accepted.json"
"""File in the folder of reports: by suite and backend, the run that is good whatever it gave."""

_MIB = 2**20
_ROWS = 200
_SCORES = (
    *("dataset", "n_modules", "n_truth_modules", "recovery", "ari", "coverage"),
    *("background_fraction", "role_accuracy"),
)
_COSTS = ("dataset", "seconds", "cpu_seconds", "peak_memory_mib")
_NOT_CONTENT = ("isograph_version", "git", "packages", "code_versions")


class SummaryConfig(dg.Config):
    """What to make of a drop."""

    accept: bool = Field(
        default=False,
        description=(
            "take the latest run for good although scores fell or costs rose in it: later runs "
            "are compared with it"
        ),
    )


def build_suite_assets() -> list[dg.AssetsDefinition]:
    """The three reports of each suite and backend."""
    return [_benchmark_summary(), _runtime_memory_report(), _calibration_report()]


def follows_scores() -> dg.AutomationCondition[Any]:
    """Again once scores are new and no more of them are on their way."""
    return (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    )


def _common(kind: str) -> dict[str, Any]:
    return {
        "group_name": REPORTS_GROUP,
        "partitions_def": SUITE_REPORTS,
        "io_manager_key": "suite_reports",
        "metadata": {KIND: kind},
        "kinds": {"json"},
        "owners": OWNERS,
        "tags": stage_tags("report"),
        "code_version": CODE_VERSION,
        "automation_condition": follows_scores(),
    }


def _scores_of_suite() -> dg.AssetIn:
    return dg.AssetIn(key=FIXTURE.key("metrics"), partition_mapping=OF_SUITE)


def _benchmark_summary() -> dg.AssetsDefinition:
    @dg.asset(
        key="benchmark_summary",
        description=(
            "Scores of all fixtures of a suite by a backend, with their means by data set, "
            "scenario and suite, gates of the specification, and published figures beside ours: "
            "what `isograph benchmark` writes."
        ),
        ins={"metrics": _scores_of_suite()},
        check_specs=suite_checks(SUITE_REPORTS),
        **_common(BENCHMARK),
    )
    def benchmark_summary(
        context: dg.AssetExecutionContext,
        config: SummaryConfig,
        artifacts: Artifacts,
        metrics: dict[str, dict[str, Any]],
    ) -> Iterator[dg.Output[Report] | dg.AssetCheckResult]:
        suite, backend = _names(context)
        with Cost() as cost:
            cells = _cells(metrics, suite, backend)
            document = benchmark_report(
                cells, suite=suite, backend=backend, stage=f"{suite}-{backend}"
            )
            png = benchmark_picture(document["summary"])
            verdict = _judge(artifacts, suite, backend, accept=config.accept)
        yield dg.Output(
            Report(document, {"": png}),
            metadata=_about_summary(document, png, verdict) | cost_metadata(cost),
            data_version=dg.DataVersion(_content_hash(document)),
        )
        yield gate_result(document["gate_failures"], document["gates_checked"], backend=backend)
        yield regression_result(verdict)

    return benchmark_summary


def _runtime_memory_report() -> dg.AssetsDefinition:
    @dg.asset(
        key="runtime_memory_report",
        description=(
            "Seconds, processor seconds and peak memory of every fit of a suite by a backend, "
            "step by step; each fit was made in a process of its own."
        ),
        ins={"metrics": _scores_of_suite()},
        **_common(RUNTIME),
    )
    def runtime_memory_report(
        context: dg.AssetExecutionContext, metrics: dict[str, dict[str, Any]]
    ) -> dg.Output[Report]:
        suite, backend = _names(context)
        known = {key: row for key, row in metrics.items() if row["seconds"] is not None}
        with Cost() as cost:
            document = runtime_report(
                _cells(known, suite, backend),
                stage=f"{suite}-{backend}",
                backend=backend,
                jobs=runs_of_a_pool(context.instance, FIXTURES_POOL),
            )
        rows = sorted(known.values(), key=lambda row: -row["seconds"])
        return dg.Output(
            Report(document),
            metadata={
                "fits": len(rows),
                "seconds of all fits": round(sum(row["seconds"] for row in rows), 2),
                "largest peak memory (MiB)": max(row["peak_memory_mib"] or 0 for row in rows),
                "slowest first": _table(rows, _COSTS),
                "seconds of steps": _steps(known.values()),
                **_lineage(_COSTS),
                **rows_metadata(rows, _COSTS),
                **cost_metadata(cost),
            },
            data_version=dg.DataVersion(_content_hash(document)),
        )

    return runtime_memory_report


def _calibration_report() -> dg.AssetsDefinition:
    @dg.asset(
        key="calibration_report",
        description=(
            "The thresholds that each fit of a suite set itself: edge budget, degrees of freedom, "
            "null statistics; soft-threshold tables for WGCNA."
        ),
        ins={"metrics": _scores_of_suite()},
        deps=[dg.AssetDep(FIXTURE.key("fit"), partition_mapping=OF_SUITE)],
        **_common(CALIBRATION),
    )
    def calibration_report_asset(
        context: dg.AssetExecutionContext,
        artifacts: Artifacts,
        metrics: dict[str, dict[str, Any]],
    ) -> dg.Output[Report]:
        suite, backend = _names(context)
        with Cost() as cost:
            cells = [
                replace(cell, calibration=_calibration(artifacts, cell.cell.dataset, backend))
                for cell in _cells(metrics, suite, backend)
            ]
            document = calibration_report(cells, stage=f"{suite}-{backend}", backend=backend)
        return dg.Output(
            Report(document),
            metadata={
                "fits with a calibration": len(document["results"]),
                "first of them": dg.MetadataValue.json(
                    document["results"][0] if document["results"] else {}
                ),
                **cost_metadata(cost),
            },
            data_version=dg.DataVersion(_content_hash(document)),
        )

    return calibration_report_asset


def _names(context: dg.AssetExecutionContext) -> tuple[str, str]:
    suite, backend = split_key(context.partition_key)
    return suite, str(backend)


def _cells(metrics: Mapping[str, Mapping[str, Any]], suite: str, backend: str) -> list[CellResult]:
    """Cells in the order of the catalogue."""
    if not metrics:
        raise dg.Failure(
            f"no fit of {suite} by {backend} with scores and costs is there yet: run the job "
            "all_fixtures for its fixtures first",
            allow_retries=False,
        )
    return [cell_result(metrics[key]) for key in _ordered(metrics)]


def _ordered(metrics: Mapping[str, Any]) -> list[str]:
    names = {split_key(key)[0]: key for key in metrics}
    return [names[name] for name in FIXTURE.datasets.get_partition_keys() if name in names]


def _judge(artifacts: Artifacts, suite: str, backend: str, *, accept: bool) -> Verdict:
    """The latest run against the last good one."""
    history = read_history(artifacts.fetch_lines(artifacts.report(HISTORY)))
    path = artifacts.fetch(artifacts.report(ACCEPTED))
    accepted = read_json(path) if path.exists() else {}
    name = f"{suite}-{backend}"
    verdict = judge_latest(history, suite=suite, backend=backend, accepted=accepted.get(name))
    if accept and verdict.run is not None:
        with artifacts.writing(path):
            write_json(path, accepted | {name: verdict.run})
        return judge_latest(history, suite=suite, backend=backend, accepted=verdict.run)
    return verdict


def _calibration(artifacts: Artifacts, dataset: str, backend: str) -> dict[str, Any] | None:
    stored = artifacts.read(artifacts.fit(dataset, backend), "calibration.json")
    return None if stored is None else json.loads(stored)


def _content_hash(document: Mapping[str, Any]) -> str:
    return hash_parts({k: to_json(v) for k, v in document.items() if k not in _NOT_CONTENT})


def _lineage(columns: Sequence[str]) -> Metadata:
    """Every column is that of the scores of the same name."""
    return column_lineage({column: {"fixture_metrics": column} for column in columns})


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dg.MetadataValue:
    frame = pd.DataFrame(rows, columns=list(columns))
    return dg.MetadataValue.md(markdown_table(frame, rows=_ROWS))


def _steps(rows: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Seconds of each step over all fits, the longest first."""
    table = pd.DataFrame(
        [
            {
                "step": name,
                "seconds": cost["seconds"],
                "MiB": (cost["peak_memory_bytes"] or 0) / _MIB,
            }
            for row in rows
            for name, cost in (row["steps"] or {}).items()
        ],
        columns=["step", "seconds", "MiB"],
    )
    grouped = table.groupby("step").agg({"seconds": "sum", "MiB": "max"})
    grouped = grouped.rename(columns={"seconds": "seconds of all", "MiB": "largest peak (MiB)"})
    shown = grouped.sort_values("seconds of all", ascending=False).reset_index()
    return dg.MetadataValue.md(markdown_table(shown, rows=_ROWS))


def _about_summary(document: Mapping[str, Any], png: bytes, verdict: Verdict) -> Metadata:
    rows = document["summary"]
    (suite,) = document["suites"]
    found: Metadata = {
        "fixtures": len(rows),
        "mean ARI (at most 1)": suite["ari"],
        "mean recovery (0 to 1)": suite["recovery"],
        "background, pooled (share of assigned genes)": suite["background_pooled"],
        "mean seconds": suite["seconds"],
        "gates that failed": len(document["gate_failures"]),
        "things that got worse": len(verdict.worse),
    }
    found = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in found.items()
        if value is not None
    }
    return found | {
        "picture": picture(png, alt="ARI by fixture"),
        "scores": _table(rows, _SCORES),
        "content hash": short(_content_hash(document)),
        **_lineage(_SCORES),
        **rows_metadata(document["results"], _SCORES),
    }

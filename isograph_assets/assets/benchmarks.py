"""How well fits of fixtures find what was planted."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from isograph.bundle import Bundle
from isograph.evaluation import score_fit
from isograph.evaluation.cells import code_version
from isograph.evaluation.history import HISTORY, append_history, history_line
from isograph.evaluation.plan import SUITE_SEED
from isograph.files import SCHEMA_VERSION, hash_parts, plain, to_json
from isograph.results import Fit
from isograph_assets.cells import TIMES, cell_result
from isograph_assets.checks import fixture_checks, fixture_results
from isograph_assets.home import runs_of_a_pool
from isograph_assets.jobs import RUN_TAG
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    column_lineage,
    cost_metadata,
    preview,
    refusals,
    rows_metadata,
    short,
)
from isograph_assets.partitions import FIXTURE, SAME_DATASET, SUITE_OF, split_key
from isograph_assets.policies import RETRIES
from isograph_assets.resources import Artifacts
from isograph_assets.stages import FIXTURES_POOL, OWNERS, stage_tags

_HEADLINES = {
    "recovery": "recovery (0 to 1)",
    "ari": "ARI (at most 1)",
    "ami": "AMI (at most 1)",
    "coverage": "coverage (share of planted genes)",
    "background_fraction": "background (share of assigned genes)",
    "role_accuracy": "right roles (share of assigned planted genes)",
}
_BACKFILL_TAG = "dagster/backfill"

# columns of the fit's tables and of the truth that a score is made of
_PARTITION = {"fixture_fit": "module_id", "fixture_bundle": "truth_module.module_id"}
_ROLES = {
    "fixture_fit": "module_gene_roles.module_role",
    "fixture_bundle": "truth_channel_role.channel_role",
}
SCORE_SOURCES = {
    "dataset": {"fixture_bundle": "manifest.dataset_name"},
    **dict.fromkeys(
        ("recovery", "ari", "ami", "coverage", "background_fraction", "n_assigned"), _PARTITION
    ),
    "n_background_assigned": _PARTITION,
    "n_modules": {"fixture_fit": "module_id"},
    "n_truth_modules": {"fixture_bundle": "truth_module.module_id"},
    "role_accuracy": _ROLES,
    "fit_content_hash": {"fixture_fit": "content_hash"},
    "bundle_content_hash": {"fixture_bundle": "content_hash"},
}
"""By column of the scores, the columns of the assets before it."""


def build_metrics_asset() -> dg.AssetsDefinition:
    """Scores of each fixture's fits against the truth."""

    @dg.asset(
        key=FIXTURE.key("metrics"),
        description=(
            "Scores of a fit against the planted modules: recovery, ARI, coverage, background "
            "and more; one JSON file, and a line of the history."
        ),
        group_name=FIXTURE.group,
        partitions_def=FIXTURE.fits,
        ins={
            "bundle": dg.AssetIn(key=FIXTURE.key("bundle"), partition_mapping=SAME_DATASET),
            "fit": dg.AssetIn(key=FIXTURE.key("fit")),
        },
        io_manager_key="metrics",
        kinds={"json"},
        owners=OWNERS,
        tags=stage_tags("scores"),
        pool=FIXTURES_POOL,
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
        check_specs=fixture_checks(FIXTURE),
    )
    def metrics(
        context: dg.AssetExecutionContext, artifacts: Artifacts, bundle: Bundle, fit: Fit
    ) -> Iterator[dg.Output[dict[str, Any]] | dg.AssetCheckResult]:
        dataset, backend = split_key(context.partition_key)
        with refusals(), Cost() as cost:
            score = score_fit(bundle, fit, seed=SUITE_SEED).as_dict()
        document = {
            "schema_version": SCHEMA_VERSION,
            "dataset": dataset,
            "suite": SUITE_OF[dataset],
            "backend": backend,
            "seed": SUITE_SEED,
            "bundle_content_hash": bundle.content_hash,
            "fit_content_hash": fit.content_hash,
            "code_version": code_version(),
            **_cost_of_fit(context, fit),
            "n_samples": bundle.n_samples,
            "n_edges": len(fit.edges),
            **score,
        }
        yield dg.Output(
            document,
            metadata=_about_metrics(document, cost),
            data_version=dg.DataVersion(_hash(document)),
        )
        yield from fixture_results(score)
        _remember(context, artifacts, document)

    return metrics


def _remember(
    context: dg.AssetExecutionContext, artifacts: Artifacts, document: dict[str, Any]
) -> None:
    """One more line of the history, where it is known what the fit cost."""
    if document["seconds"] is None:
        context.log.info("the fit was not made by this instance: its cost is not known")
        return
    tags = context.run.tags
    run = tags.get(RUN_TAG) or tags.get(_BACKFILL_TAG) or context.run.run_id
    line = history_line(
        cell_result(document),
        suite=document["suite"],
        stage=f"{document['suite']}-{document['backend']}",
        run=run,
        jobs=runs_of_a_pool(context.instance, FIXTURES_POOL),
    )
    with artifacts.appending(artifacts.report(HISTORY)) as path:
        append_history(path, [line])


def _cost_of_fit(context: dg.AssetExecutionContext, fit: Fit) -> dict[str, Any]:
    """Seconds and memory of features and fit, as their materializations recorded them."""
    dataset, _ = split_key(context.partition_key)
    features = _latest(context, "feature_scores", dataset)
    latest = _latest(context, "fit", context.partition_key)
    costs: dict[str, Any] = dict.fromkeys(TIMES)
    # the fit on disk may be newer or older than the last one that this instance knows of
    if latest.get("content hash") != short(fit.content_hash):
        return costs
    costs["fit_seconds"] = latest.get("seconds")
    costs["feature_seconds"] = features.get("seconds")
    peaks = [
        value
        for made in (features, latest)
        for name, value in made.items()
        if name.startswith("peak memory")
    ]
    costs["peak_memory_mib"] = max(peaks, default=None)
    costs["steps"] = {**features.get("steps", {}), **latest.get("steps", {})}
    cpu = [step["cpu_seconds"] for step in costs["steps"].values()]
    costs["cpu_seconds"] = sum(cpu) if cpu else None
    if costs["fit_seconds"] is not None and costs["feature_seconds"] is not None:
        costs["seconds"] = costs["fit_seconds"] + costs["feature_seconds"]
    return costs


def _latest(context: dg.AssetExecutionContext, asset: str, partition: str) -> dict[str, Any]:
    """Metadata of the latest materialization of one partition, by name."""
    wanted = dg.AssetRecordsFilter(asset_key=FIXTURE.key(asset), asset_partitions=[partition])
    records = context.instance.fetch_materializations(wanted, limit=1).records
    made = records[0].asset_materialization if records else None
    return {} if made is None else {name: value.value for name, value in made.metadata.items()}


def _hash(document: dict[str, Any]) -> str:
    """Content hash of the scores: without times, and without the code that gave them."""
    left_out = (*TIMES, "code_version")
    return hash_parts({k: to_json(v) for k, v in document.items() if k not in left_out})


def _about_metrics(document: dict[str, Any], cost: Cost) -> Metadata:
    recall = pd.DataFrame(
        [{"planted role": role, "recall": value} for role, value in document["role_recall"].items()]
    )
    confusion = document["role_confusion"]
    found: Metadata = {
        shown: round(document[name], 4)
        for name, shown in _HEADLINES.items()
        if document[name] is not None
    }
    found |= {
        "modules found": document["n_modules"],
        "modules planted": document["n_truth_modules"],
        **cost_metadata(cost),
    }
    if not recall.empty:
        found["role recall"] = preview(recall)
    if confusion is not None:
        table = pd.DataFrame(confusion).T.rename_axis("planted \\ found").reset_index()
        found["roles"] = preview(table)
    found["content hash"] = short(_hash(document))
    found["all scores"] = dg.MetadataValue.json(plain(document))
    found |= column_lineage(SCORE_SOURCES)
    return found | rows_metadata([document], list(SCORE_SOURCES))

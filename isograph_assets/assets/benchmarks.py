"""How well fits of fixtures find what was planted."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from isograph.bundle import Bundle
from isograph.evaluation import score_fit
from isograph.files import SCHEMA_VERSION, hash_parts, plain, to_json
from isograph.results import Fit
from isograph_assets.checks import fixture_checks, fixture_results
from isograph_assets.measure import Cost
from isograph_assets.metadata import CODE_VERSION, Metadata, cost_metadata, preview, refusals, short
from isograph_assets.partitions import FIXTURE, SAME_DATASET, split_key

_SCORE_SEED = 0
_TIMES = ("seconds", "feature_seconds", "fit_seconds", "peak_memory_mib")
_HEADLINES = ("recovery", "ari", "ami", "coverage", "background_fraction", "role_accuracy")


def build_metrics_asset() -> dg.AssetsDefinition:
    """Scores of each fixture's fits against the truth."""

    @dg.asset(
        key=FIXTURE.key("metrics"),
        description=(
            "Scores of a fit against the planted modules: recovery, ARI, coverage, background "
            "and more; one JSON file."
        ),
        group_name=FIXTURE.group,
        partitions_def=FIXTURE.fits,
        ins={
            "bundle": dg.AssetIn(key=FIXTURE.key("bundle"), partition_mapping=SAME_DATASET),
            "fit": dg.AssetIn(key=FIXTURE.key("fit")),
        },
        io_manager_key="metrics",
        kinds={"json"},
        code_version=CODE_VERSION,
        check_specs=fixture_checks(FIXTURE),
    )
    def metrics(
        context: dg.AssetExecutionContext, bundle: Bundle, fit: Fit
    ) -> Iterator[dg.Output[dict[str, Any]] | dg.AssetCheckResult]:
        dataset, backend = split_key(context.partition_key)
        with refusals(), Cost() as cost:
            score = score_fit(bundle, fit, seed=_SCORE_SEED).as_dict()
        document = {
            "schema_version": SCHEMA_VERSION,
            "dataset": dataset,
            "suite": bundle.suite,
            "backend": backend,
            "bundle_content_hash": bundle.content_hash,
            "fit_content_hash": fit.content_hash,
            **_cost_of_fit(context, fit),
            **score,
        }
        yield dg.Output(
            document,
            metadata=_about_metrics(document, cost),
            data_version=dg.DataVersion(_hash(document)),
        )
        yield from fixture_results(score)

    return metrics


def _cost_of_fit(context: dg.AssetExecutionContext, fit: Fit) -> dict[str, float | None]:
    """Seconds and memory of features and fit, as their materializations recorded them."""
    dataset, _ = split_key(context.partition_key)
    features = _latest(context, "feature_scores", dataset)
    latest = _latest(context, "fit", context.partition_key)
    costs: dict[str, float | None] = dict.fromkeys(_TIMES)
    # the fit on disk may be newer or older than the last one that this instance knows of
    if latest.get("content hash") != short(fit.content_hash):
        return costs
    costs["fit_seconds"] = latest.get("seconds")
    costs["feature_seconds"] = features.get("seconds")
    costs["peak_memory_mib"] = next(
        (value for name, value in latest.items() if name.startswith("peak memory")), None
    )
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
    """Content hash of the scores, times left out."""
    return hash_parts({k: to_json(v) for k, v in document.items() if k not in _TIMES})


def _about_metrics(document: dict[str, Any], cost: Cost) -> Metadata:
    shown = {name: document[name] for name in _HEADLINES if document[name] is not None}
    recall = pd.DataFrame(
        [{"planted role": role, "recall": value} for role, value in document["role_recall"].items()]
    )
    confusion = document["role_confusion"]
    found: Metadata = {
        **{name: round(value, 4) for name, value in shown.items()},
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
    return found

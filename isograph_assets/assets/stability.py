"""Stability selection: which value of a backend's main parameter gives what comes back."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from isograph.bundle import Bundle
from isograph.features import FeatureSet
from isograph.files import hash_parts, to_json
from isograph.progress import Steps
from isograph.selection import select_by_stability, stability_report
from isograph_assets.io_managers import Report
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    cost_metadata,
    log_steps,
    markdown_table,
    picture,
    refusals,
    short,
)
from isograph_assets.partitions import SAME_DATASET, DatasetKind, split_key
from isograph_assets.pictures import stability_pictures
from isograph_assets.policies import RETRIES
from isograph_assets.stages import OWNERS, stage_tags
from isograph_assets.studies import study_of

_NOT_CONTENT = ("isograph_version", "git", "packages")


def build_stability_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """Stability selection of each data set of a kind by each backend."""

    @dg.asset(
        key=kind.key("stability_report"),
        description=(
            "Modules found anew in halves of the samples, at several values of the backend's main "
            "parameter: what comes back, and which value to use. A JSON file and a picture, the "
            "same as `isograph fit --stability-selection` writes."
        ),
        group_name=kind.group,
        partitions_def=kind.fits,
        ins={
            "bundle": dg.AssetIn(key=kind.key("bundle"), partition_mapping=SAME_DATASET),
            "features": dg.AssetIn(key=kind.key("feature_scores"), partition_mapping=SAME_DATASET),
        },
        io_manager_key="stability",
        kinds={"json"},
        owners=OWNERS,
        tags=stage_tags("report"),
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
    )
    def stability(
        context: dg.AssetExecutionContext, bundle: Bundle, features: FeatureSet
    ) -> dg.Output[Report]:
        dataset, backend = split_key(context.partition_key)
        steps = Steps()
        with refusals(), Cost() as cost:
            found = select_by_stability(
                bundle,
                study=study_of(bundle, dataset),
                backend=str(backend),
                features=features,
                steps=steps,
            )
            document = stability_report(found)
            stored, shown = stability_pictures(document)
        log_steps(context, steps)
        content = {k: to_json(v) for k, v in document.items() if k not in _NOT_CONTENT}
        content_hash = hash_parts(content)
        return dg.Output(
            Report(document, {"": stored}),
            metadata=_about(document, shown)
            | cost_metadata(cost)
            | {"content hash": short(content_hash)},
            data_version=dg.DataVersion(content_hash),
        )

    return stability


def _about(document: Mapping[str, Any], png: bytes) -> Metadata:
    best = document["recommended"]
    rows = pd.DataFrame(
        [
            {
                document["parameter"]: row["value"],
                "modules": row["n_modules"],
                "stable modules": row["n_stable_modules"],
                "genes in these": row["n_genes_in_stable_modules"],
                "edges": row["n_edges_full"],
                "stable edges": row["n_stable_edges"],
                "split-half ARI": row["split_half_ari"]["mean"],
                "standard error": row["split_half_ari"]["standard_error"],
            }
            for row in document["values"]
        ]
    )
    return {
        "parameter": document["parameter"],
        "recommended": "none" if best is None else best,
        "reason": document["reason"],
        "value of the study": document["study_value"],
        "picture": picture(png, alt="agreement, modules and edges by value"),
        "values": dg.MetadataValue.md(markdown_table(rows, rows=len(rows))),
    }

"""Bundles and their features: what every fit of a data set shares."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pandas as pd
import pyarrow as pa

from isograph.backends import study_features
from isograph.bundle import Bundle, validate_bundle
from isograph.errors import BundleError, IsographError
from isograph.exporters import summarise_bundle
from isograph.features import FeatureSet
from isograph.importers.building.report import ImportReport, finding_rows
from isograph.importers.of_study import open_study
from isograph.progress import Steps
from isograph.simulation import simulate
from isograph_assets.checks import bundle_check, bundle_result
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    as_failure,
    cost_metadata,
    log_steps,
    preview,
    refusals,
    short,
    steps_metadata,
    tables_metadata,
)
from isograph_assets.partitions import FIXTURE, DatasetKind
from isograph_assets.policies import RETRIES
from isograph_assets.resources import Artifacts, StudiesFolder
from isograph_assets.stages import FIXTURES_POOL, OWNERS, stage_tags
from isograph_assets.studies import STUDY_KEY, find_study, study_of

_FINDINGS = ("found", "number", "of reads", "what was done", "such as")
_FROM = {
    "fixture": "A simulated data set with planted modules, from its suite's seed.",
    "study": "The data set of a study, as it was when the study was run.",
}


def build_bundle_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """The bundle of each data set of a kind, checked before anything else runs."""

    @dg.asset(
        key=kind.key("bundle"),
        description=f"{_FROM[kind.name]} Samples, features, counts; one bundle folder.",
        group_name=kind.group,
        partitions_def=kind.datasets,
        io_manager_key="bundles",
        kinds={"parquet", "numpy"},
        owners=OWNERS,
        tags=stage_tags("bundle"),
        pool=FIXTURES_POOL if kind is FIXTURE else None,
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
        check_specs=[bundle_check(kind)],
        # a bundle that breaks the format is not stored; its check tells why
        output_required=False,
    )
    def bundle(
        context: dg.AssetExecutionContext, artifacts: Artifacts, studies: StudiesFolder
    ) -> Iterator[dg.Output[Bundle] | dg.AssetCheckResult]:
        name, steps = context.partition_key, Steps()
        report = None
        try:
            with Cost() as cost:
                if kind is FIXTURE:
                    made = simulate(name)
                else:
                    made, report = _bundle_of_study(name, studies, steps)
        except BundleError as error:
            yield bundle_result(error.problems)
            return
        except IsographError as error:
            raise as_failure(error) from error
        log_steps(context, steps)
        data_version = dg.DataVersion(made.content_hash)
        metadata = _about_bundle(made, cost) | _about_import(report)
        yield dg.Output(made, metadata=metadata, data_version=data_version)
        yield bundle_result(validate_bundle(artifacts.bundle(name)))

    return bundle


def build_features_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """Features of each data set of a kind, computed once for all backends."""

    @dg.asset(
        key=kind.key("feature_scores"),
        description=(
            "Switch axes and abundance of every expressed gene, without the study's covariates; "
            "one row a feature. All backends share them."
        ),
        group_name=kind.group,
        partitions_def=kind.datasets,
        ins={"bundle": dg.AssetIn(key=kind.key("bundle"))},
        io_manager_key="features",
        kinds={"parquet"},
        owners=OWNERS,
        tags=stage_tags("features"),
        pool=FIXTURES_POOL if kind is FIXTURE else None,
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
    )
    def feature_scores(context: dg.AssetExecutionContext, bundle: Bundle) -> dg.Output[FeatureSet]:
        steps = Steps()
        with refusals(), Cost() as cost:
            study = study_of(bundle, context.partition_key)
            features = study_features(bundle, study=study, steps=steps)
        log_steps(context, steps)
        metadata = _about_features(features, cost) | steps_metadata(steps)
        data_version = dg.DataVersion(features.content_hash)
        return dg.Output(features, metadata=metadata, data_version=data_version)

    return feature_scores


def _bundle_of_study(
    name: str, studies: StudiesFolder, steps: Steps
) -> tuple[Bundle, ImportReport | None]:
    """The bundle of a study with the study itself in its provenance; what an import found."""
    study = find_study(studies.root, name, bundles=studies.bundles_root)
    study = study.model_copy(update={"bundle": study.bundle.absolute()})
    bundle, report = open_study(study, steps=steps)
    recorded = {**bundle.provenance, STUDY_KEY: study.model_dump_json()}
    return replace(bundle, provenance=recorded), report


def _about_import(report: ImportReport | None) -> Metadata:
    if report is None:
        return {}
    rows = pd.DataFrame(finding_rows(report.findings), columns=list(_FINDINGS))
    share = report.transcripts["share_of_reads_with_gene"]
    found: Metadata = {
        "imported from": report.source,
        "import": preview(rows, rows=len(rows)) if len(rows) else "nothing to report",
        "import report": dg.MetadataValue.json(report.as_record()),
    }
    return found if share is None else found | {"share of reads with a gene": share}


def _about_bundle(bundle: Bundle, cost: Cost) -> Metadata:
    facts = summarise_bundle(bundle)
    tables = {"samples": bundle.samples, **bundle.tables}
    arrow = {k: pa.Table.from_pandas(v, preserve_index=False) for k, v in tables.items()}
    found: Metadata = {
        "samples": facts["n_samples"],
        "genes": facts["n_genes"],
        "transcripts": facts["n_transcripts"],
        "assays": ", ".join(facts["available_assays"]),
        "traits": ", ".join(f"{trait['name']} ({trait['kind']})" for trait in facts["traits"]),
    }
    if bundle.has_truth:
        found["planted modules"] = int(bundle.tables["truth_module"]["module_id"].nunique())
    found |= cost_metadata(cost)
    found["sample table"] = preview(bundle.samples)
    if STUDY_KEY in bundle.provenance:
        study = study_of(bundle, bundle.name)
        found["study"] = dg.MetadataValue.json(study.model_dump(mode="json"))
    found["content hash"] = short(bundle.content_hash)
    return found | tables_metadata(arrow, main="samples")


def _about_features(features: FeatureSet, cost: Cost) -> Metadata:
    n_switch = int(features.is_switch.sum())
    design = features.design
    return {
        "switch features": n_switch,
        "abundance features": features.n_features - n_switch,
        "genes with features": len(features.gene_ids),
        "genes filtered": int(features.genes["fate"].notna().sum()),
        "covariates removed": design.formula or "none",
        "degrees of freedom": features.df_residual,
        **cost_metadata(cost),
        "features": preview(features.meta[["feature_id", "n_transcripts", "variance_share"]]),
        "content hash": short(features.content_hash),
        **tables_metadata({"feature_scores": features.table}, main="feature_scores"),
    }

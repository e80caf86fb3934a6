"""Fits: one asset, one folder of the library's Fit contract, for each data set and backend."""

import dagster as dg
import pandas as pd

from isograph import fit as fit_modules
from isograph.bundle import Bundle
from isograph.features import FeatureSet
from isograph.progress import Steps
from isograph.results import Fit
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    cost_metadata,
    log_steps,
    picture,
    preview,
    refusals,
    short,
    steps_metadata,
    tables_metadata,
)
from isograph_assets.partitions import FIXTURE, SAME_DATASET, DatasetKind, split_key
from isograph_assets.pictures import fit_pictures
from isograph_assets.policies import RETRIES
from isograph_assets.stages import FIXTURES_POOL, OWNERS, stage_tags
from isograph_assets.studies import study_of

_SIGNIFICANT = 0.05
_ALT = {
    "module_traits": "correlation of modules with traits",
    "soft_threshold": "scale-free fit and connectivity by power",
    "dendrogram": "dendrogram with module colours",
}


def build_fit_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """Modules of each data set of a kind by each backend."""

    @dg.asset(
        key=kind.key("fit"),
        description=(
            "Modules, their edges, eigengenes, roles and traits, and the broad factors taken out "
            "before; one folder, the same as `isograph fit` writes."
        ),
        group_name=kind.group,
        partitions_def=kind.fits,
        ins={
            "bundle": dg.AssetIn(key=kind.key("bundle"), partition_mapping=SAME_DATASET),
            "features": dg.AssetIn(key=kind.key("feature_scores"), partition_mapping=SAME_DATASET),
        },
        io_manager_key="fits",
        kinds={"parquet", "json"},
        owners=OWNERS,
        tags=stage_tags("fit"),
        pool=FIXTURES_POOL if kind is FIXTURE else None,
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
    )
    def fit(
        context: dg.AssetExecutionContext, bundle: Bundle, features: FeatureSet
    ) -> dg.Output[Fit]:
        dataset, backend = split_key(context.partition_key)
        steps = Steps()
        with refusals(), Cost() as cost:
            study = study_of(bundle, dataset)
            found = fit_modules(
                bundle, study=study, backend=str(backend), features=features, steps=steps
            )
        log_steps(context, steps)
        metadata = _about_fit(found, bundle, cost) | steps_metadata(steps)
        data_version = dg.DataVersion(found.content_hash)
        return dg.Output(found, metadata=metadata, data_version=data_version)

    return fit


def _about_fit(fit: Fit, bundle: Bundle, cost: Cost) -> Metadata:
    summary = fit.summary
    assigned = fit.tables["modules"].num_rows
    return {
        "modules": len(summary),
        "broad factors found": len(fit.programmes),
        "broad factors taken out": int(fit.programmes["removed"].sum()),
        "genes assigned": assigned,
        "genes in all": fit.tables["gene_fates"].num_rows,
        "edges": fit.tables["edges"].num_rows,
        "module–trait tests at q < 0.05": int((fit.traits["qvalue"] < _SIGNIFICANT).sum()),
        **cost_metadata(cost),
        **_pictures(fit),
        "largest modules": preview(_largest_modules(summary)),
        "strongest traits": preview(_strongest_traits(fit.traits)),
        "programmes": preview(_programmes(fit.programmes)),
        "content hash": short(fit.content_hash),
        "content hash of bundle": short(bundle.content_hash),
        **tables_metadata(fit.tables, main="modules"),
    }


def _pictures(fit: Fit) -> Metadata:
    """The modules as the asset's picture, then whatever else the backend has."""
    drawn = fit_pictures(fit)
    found: Metadata = {"picture": picture(drawn.pop("modules"), alt="module sizes and eigengenes")}
    for name, png in drawn.items():
        found[f"picture of {name.replace('_', ' ')}"] = picture(png, alt=_ALT[name])
    return found


def _largest_modules(summary: pd.DataFrame) -> pd.DataFrame:
    shown = {"module_id": "module", "n_genes": "genes", "stability": "stability"}
    shown |= {"qvalue": "q", "top_genes": "top gene"}
    first = summary.assign(top_genes=summary["top_genes"].str.split(r"[,;\s]").str[0])
    return first[list(shown)].rename(columns=shown)


def _strongest_traits(traits: pd.DataFrame) -> pd.DataFrame:
    shown = {"module_id": "module", "trait": "trait", "test": "test", "r": "r", "qvalue": "q"}
    ordered = traits.sort_values(["pvalue", "module_id", "trait"], ignore_index=True)
    return ordered[list(shown)].rename(columns=shown)


def _programmes(programmes: pd.DataFrame) -> pd.DataFrame:
    shown = {"programme_id": "programme", "variance_share": "share of variance"}
    shown |= {"n_genes": "genes", "removed": "taken out", "best_match": "closest match"}
    shown |= {"best_match_r": "r", "best_match_q": "q"}
    return programmes[list(shown)].rename(columns=shown)

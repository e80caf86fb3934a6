"""Explanations: what each module of a fit is made of, with pictures and pages."""

from pathlib import Path

import dagster as dg
import pandas as pd
from pydantic import Field

from isograph.annotation.places import default_cache
from isograph.bundle import Bundle
from isograph.explanation import ExplainOptions, Explanations, explain
from isograph.explanation.attribution.availability import CHECKPOINT
from isograph.explanation.overview import overview
from isograph.explanation.pictures import draw_profile
from isograph.explanation.run import DRIVERS, POLARITIES
from isograph.files import hash_parts, hash_table
from isograph.plots import to_png
from isograph.progress import Steps
from isograph.results import Fit
from isograph_assets.io_managers import Pictured
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
)
from isograph_assets.partitions import FIXTURE, SAME_DATASET, DatasetKind
from isograph_assets.pictures import SMALL_DPI
from isograph_assets.policies import RETRIES
from isograph_assets.stages import FIXTURES_POOL, OWNERS, stage_tags

_MOST_ROWS = 30
_SHOWN = ("drivers", "usage", "heatmap")
_ALT = {
    "drivers": "genes that drive the largest module",
    "usage": "transcript usage along the largest module",
    "heatmap": "the largest module's genes in every sample",
}


class ExplainConfig(dg.Config):
    """What to explain of a fit, and how."""

    pictures: int = Field(
        default=12, ge=0, description="draw pictures of so many modules, the largest first"
    )
    gtf: str | None = Field(
        default=None, description="annotation: what changes in the structure of each switch"
    )
    gene_sets: str | None = Field(default=None, description="GMT file to test each module against")
    attribution: bool = Field(
        default=True, description="what the autoencoder uses, where the fit has one"
    )


def build_explanation_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """Explanations of each fit of a kind of data set."""

    @dg.asset(
        key=kind.key("explanation"),
        description=(
            "What each module is made of: genes that drive it, transcripts that rise and fall, "
            "contrasts, pictures, and a page a module with an index. One folder, the same as "
            "`isograph explain-module --plot` writes; open its index.html."
        ),
        group_name=kind.group,
        partitions_def=kind.fits,
        ins={
            "bundle": dg.AssetIn(key=kind.key("bundle"), partition_mapping=SAME_DATASET),
            "fit": dg.AssetIn(key=kind.key("fit")),
        },
        io_manager_key="explanations",
        kinds={"parquet", "html"},
        owners=OWNERS,
        tags=stage_tags("explanation"),
        pool=FIXTURES_POOL if kind is FIXTURE else None,
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
    )
    def explanation(
        context: dg.AssetExecutionContext, config: ExplainConfig, bundle: Bundle, fit: Fit
    ) -> dg.Output[Pictured]:
        steps = Steps()
        with refusals(), Cost() as cost:
            found = explain(fit, bundle=bundle, options=_options(config, fit), steps=steps)
        log_steps(context, steps)
        content_hash = _content_hash(found)
        return dg.Output(
            Pictured(found, most_pictured=config.pictures),
            metadata=_about(found) | cost_metadata(cost) | {"content hash": short(content_hash)},
            data_version=dg.DataVersion(content_hash),
        )

    return explanation


def _options(config: ExplainConfig, fit: Fit) -> ExplainOptions:
    attribution = config.attribution and CHECKPOINT in fit.files
    return ExplainOptions(
        vae_attribution=attribution,
        integrated_gradients=attribution,
        gene_sets=None if config.gene_sets is None else Path(config.gene_sets).expanduser(),
        gtf=None if config.gtf is None else Path(config.gtf).expanduser(),
        cache_dir=default_cache(),
    )


def _content_hash(found: Explanations) -> str:
    parts = {
        f"{part.profile.name}/{name}": hash_table(table)
        for part in found.parts
        for name, table in part.tables.items()
    }
    if found.switch_contrasts is not None:
        parts["switch_contrasts"] = hash_table(found.switch_contrasts)
    return hash_parts(parts)


def _about(found: Explanations) -> Metadata:
    """Pictures of the largest module, and the two tables that people ask for first."""
    about: Metadata = {"modules and programmes": len(found.parts)}
    if found.parts:
        first = found.parts[0]
        drawn = draw_profile(
            found.source,
            first.profile,
            drivers=first.table(DRIVERS),
            polarity=first.table(POLARITIES),
        )
        for name in _SHOWN:
            if name in drawn:
                png = to_png(drawn[name].figure, dpi=SMALL_DPI)
                about[f"{first.profile.name}: {drawn[name].title}"] = picture(png, alt=_ALT[name])
        about["modules"] = preview(_modules(found), rows=len(found.parts))
    if found.switch_contrasts is not None:
        about["switches by trait"] = preview(_contrasts(found))
    return about


def _modules(found: Explanations) -> pd.DataFrame:
    """One row an explanation: its top driver, its clearest switch and its closest trait."""
    shown = {"module_id": "module", "n_genes": "genes", "top_driver": "top driver", "r": "r"}
    shown |= {"switch": "switching gene", "falls": "falls", "rises": "rises"}
    shown |= {"trait": "closest trait", "qvalue": "q"}
    return overview(found, most=_MOST_ROWS)[list(shown)].rename(columns=shown)


def _contrasts(found: Explanations) -> pd.DataFrame:
    assert found.switch_contrasts is not None
    table: pd.DataFrame = found.switch_contrasts.to_pandas().sort_values(["pvalue", "gene_id"])
    shown = {"trait": "trait", "gene_id": "gene", "transcript_down": "falls"}
    shown |= {"transcript_up": "rises", "dif": "dIF", "qvalue": "q", "module_id": "module"}
    return table[list(shown)].rename(columns=shown)

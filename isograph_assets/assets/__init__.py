"""The assets: one factory for fixtures and studies, and what only fixtures have."""

import dagster as dg

from isograph_assets.assets.benchmarks import build_metrics_asset
from isograph_assets.assets.bundles import build_bundle_asset, build_features_asset
from isograph_assets.assets.explanations import build_explanation_asset
from isograph_assets.assets.fits import build_fit_asset
from isograph_assets.assets.leaderboard import build_leaderboard_asset
from isograph_assets.assets.quality import build_quality_asset
from isograph_assets.assets.stability import build_stability_asset
from isograph_assets.assets.suites import build_suite_assets
from isograph_assets.assets.trends import build_trends_asset
from isograph_assets.partitions import KINDS, STUDY, DatasetKind


def build_dataset_assets(kind: DatasetKind) -> list[dg.AssetsDefinition]:
    """Everything that fixtures and studies have in common."""
    return [
        build_bundle_asset(kind),
        build_features_asset(kind),
        build_fit_asset(kind),
        build_explanation_asset(kind),
    ]


def build_assets() -> list[dg.AssetsDefinition]:
    """Every asset of the pipeline."""
    shared = [asset for kind in KINDS for asset in build_dataset_assets(kind)]
    return [
        *shared,
        build_metrics_asset(),
        build_quality_asset(STUDY),
        build_stability_asset(STUDY),
        *build_suite_assets(),
        build_leaderboard_asset(),
        build_trends_asset(),
    ]

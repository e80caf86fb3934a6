"""`calibrated`: edges that noise would not give, at a stated budget of false ones."""

from __future__ import annotations

from dataclasses import replace

from isograph.backends.protocol import EDGE_BUDGET, Backend, BackendRecord, Found, Task, modules_of
from isograph.config import CalibratedSettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association, Search, strongest_pairs
from isograph.progress import Steps

RECORD = BackendRecord(
    name="calibrated",
    summary="Sign-free correlation between all switch axes and abundances, thresholded so that a "
    "stated number of false edges is expected.",
    assumes="After winsorising, features of unrelated genes are independent across samples.",
    limits="Members of weak modules are left out where their own correlation with the module is "
    "no more than chance allows; a gene is in one module at most.",
    reference="Null distribution of r: Fisher (1915), Biometrika 10:507",
)


def find(task: Task, steps: Steps) -> Found:
    """Modules in the graph of significant correlations."""
    assert isinstance(task.settings, CalibratedSettings)
    association = associate(task.features, task.settings, steps)
    return Found(modules_of(task, association, steps))


def associate(features: FeatureSet, settings: CalibratedSettings, steps: Steps) -> Association:
    """Significant correlations among each feature's strongest partners, weighted by r².

    Args:
        features: standardised features.
        settings: budgets, and how partners are searched for.
        steps: where to show progress.

    Returns:
        The association, with thresholds and counts in its calibration record.
    """
    with steps.step("association") as note:
        found = strongest_pairs(
            features,
            false_edges_per_feature=settings.false_edges_per_feature,
            proposals_per_feature=settings.proposals_per_feature,
            neighbours=settings.neighbours,
            search=Search(
                kernel=settings.kernel,
                device=settings.device,
                approximate_above=settings.approximate_above,
                probes=settings.approximate_probes,
            ),
            progress=steps.share,
        )
        most = "" if features.blocks is None else " at most"
        note.result = (
            f"{len(found):,} feature pairs at |r| ≥ {found.floor:.3f} "
            f"(p ≤ {found.pair_p:.1e}, {features.df_residual} df{most})"
        )
    record = {
        "degrees_of_freedom": features.df_residual,
        "n_features": features.n_features,
        "false_edges_per_feature": settings.false_edges_per_feature,
        "expected_false_edges": settings.false_edges_per_feature * features.n_features,
        "edge_pvalue_threshold": found.pair_p,
        "edge_r_threshold": found.floor,
        "neighbours": settings.neighbours,
        "neighbour_rule": "union",
        **found.calibration,
        "n_feature_edges": len(found),
    }
    return replace(found, calibration=record)


BACKEND = Backend(
    record=RECORD,
    settings=CalibratedSettings,
    find=find,
    broad_factors="auto",
    main=EDGE_BUDGET,
)

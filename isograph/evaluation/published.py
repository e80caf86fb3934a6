"""Figures that others reached on the stress grid, to stand beside ours.

Means over planted genes of the adjusted Rand index unless `metric` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

VAE = "IsoGraph 0.1"
VAE_TOLD = "IsoGraph 0.1, told the covariate"
VAE_MULTIPLEX = "IsoGraph 0.1, multiplex"
WGCNA = "WGCNA, published"
FAIR_UNSIGNED = "WGCNA, fair, unsigned"
FAIR_SIGNED = "WGCNA, fair, signed"

GRID = "published stress grid of IsoGraph 0.1, mean over all points and seeds of the scenario"
GRID_POINT = "published stress grid of IsoGraph 0.1, mean over seeds of the point"
LARGE = "published benchmark of IsoGraph 0.1 on xxlarge_multiplex_v1"
FAIR = (
    "R WGCNA run anew on sign-consistent features, unsigned at power 6 and signed at power 12, "
    "minModuleSize 5, two seeds"
)


@dataclass(frozen=True)
class Figure:
    """One published number.

    Attributes:
        where: scenario, or data set where `point` is true.
        method: who reached it.
        value: the number.
        source: where it comes from, in a sentence.
        metric: what is measured.
        point: whether it belongs to one data set and not to a whole scenario.
    """

    where: str
    method: str
    value: float
    source: str
    metric: str = "ari"
    point: bool = False


def _grid(where: str, vae: float, wgcna: float | None = None) -> tuple[Figure, ...]:
    found = [Figure(where, VAE, vae, GRID)]
    if wgcna is not None:
        found.append(Figure(where, WGCNA, wgcna, GRID))
    return tuple(found)


def _published_point(where: str, wgcna: float, vae: float | None = None) -> tuple[Figure, ...]:
    found = [Figure(where, WGCNA, wgcna, GRID_POINT, point=True)]
    if vae is not None:
        found.append(Figure(where, VAE, vae, GRID_POINT, point=True))
    return tuple(found)


def _fair(where: str, unsigned: float, signed: float, *, point: bool = True) -> tuple[Figure, ...]:
    return (
        Figure(where, FAIR_UNSIGNED, unsigned, FAIR, point=point),
        Figure(where, FAIR_SIGNED, signed, FAIR, point=point),
    )


PUBLISHED: tuple[Figure, ...] = (
    *_grid("idealized_switching", 0.998, 0.649),
    *_grid("noise_stress", 1.000, 0.663),
    *_grid("non_switching_background", 0.911, 0.633),
    Figure("non_switching_background-fraction0.05", VAE, 0.657, GRID_POINT, point=True),
    *_grid("feature_space_interactions", 0.670, 0.425),
    *_published_point("feature_space_interactions-strength2.0-fraction0.75", 0.016, 0.019),
    *_grid("unequal_isoform_abundance", 0.818, 0.600),
    *_published_point("unequal_isoform_abundance-imbalance25", 0.449, 0.280),
    *_grid("cell_composition", 0.185),
    Figure("cell_composition", VAE_TOLD, 0.643, GRID),
    *_grid("library_depth", 0.116),
    Figure("library_depth", VAE_TOLD, 0.647, GRID),
    *_grid("batch_effects", 0.627),
    Figure("batch_effects", VAE_TOLD, 0.646, GRID),
    *_grid("rna_degradation_coupled", 0.068, 0.75),
    Figure("rna_degradation_coupled", VAE_MULTIPLEX, 0.657, GRID),
    *_grid("abundance_switch_mixed", 0.201),
    Figure("scale_realistic", VAE, 0.625, GRID, metric="recovery"),
    Figure("scale_realistic", WGCNA, 0.625, GRID, metric="recovery"),
    Figure("negative_control_noise", VAE, 0.79, GRID, metric="assigned_share"),
    Figure("negative_control_noise", WGCNA, 1.00, GRID, metric="assigned_share"),
    Figure("xxlarge_multiplex_v1", VAE, 0.927, LARGE, metric="recovery", point=True),
    Figure("xxlarge_multiplex_v1", WGCNA, 0.919, LARGE, metric="recovery", point=True),
    Figure("xxlarge_multiplex_v1", VAE, 0.725, LARGE, metric="abundance_only_recall", point=True),
    Figure("xxlarge_multiplex_v1", VAE, 7555.0, LARGE, metric="seconds", point=True),
    Figure("xxlarge_multiplex_v1", WGCNA, 877.0, LARGE, metric="seconds", point=True),
    Figure("xxlarge_multiplex_v1", WGCNA, 1898.0, LARGE, metric="n_modules", point=True),
    *_fair("idealized_switching", 1.0, 1.0, point=False),
    *_fair("abundance_switch_mixed-genes200-share0.70", 1.0, 1.0),
    *_fair("abundance_switch_mixed-genes500-share0.70", 1.0, 1.0),
    *_fair("rna_degradation_coupled-bias2.0", 1.0, 1.0),
    *_fair("rna_degradation-bias2.0", 0.87, 0.94),
    *_fair("batch_effects-sd1.00", 0.87, 0.87),
    *_fair("cell_composition-cv0.20", 0.77, 0.74),
    *_fair("cell_composition-cv0.30", 0.61, 0.63),
    *_fair("library_depth-cv1.00", 0.62, 0.63),
    *_fair("unequal_isoform_abundance-imbalance25", 0.26, 0.97),
    *_fair("feature_space_interactions-strength1.0-fraction0.75", 0.96, 0.96),
    *_fair("feature_space_interactions-strength2.0-fraction0.50", 0.59, 0.62),
    *_fair("feature_space_interactions-strength3.0-fraction0.75", 0.01, 0.09),
    *_fair("non_switching_background-fraction0.05", 0.0, 0.0),
    Figure("negative_control_noise", FAIR_UNSIGNED, 0.0, FAIR, metric="n_modules"),
    Figure("negative_control_noise", FAIR_SIGNED, 0.0, FAIR, metric="n_modules"),
)
"""All of them; timings were taken on the publishers' machines."""


def figures_for(where: Iterable[str]) -> tuple[Figure, ...]:
    """Figures of the named scenarios and data sets."""
    names = set(where)
    return tuple(figure for figure in PUBLISHED if figure.where in names)

"""The points of the stress grid, sweep by sweep, with their names."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from isograph.simulation.confounds import Confound, ConfoundKind
from isograph.simulation.scenarios import ScenarioSpec

SUITE = "scenarios_v1"
CONFOUNDS_SUITE = "confounds_v1"
ALL_GENES = "_all"
"""Ending of the scenarios whose background genes show the confound too."""


def _spec(scenario: str, *point: str, **changes: object) -> ScenarioSpec:
    name = "-".join([scenario, *point])
    return replace(ScenarioSpec(name, SUITE, scenario), **changes)  # type: ignore[arg-type]


def _signal() -> list[ScenarioSpec]:
    """How much signal there is: modules, noise, unequal isoforms, depth of the counts."""
    grid = [
        _spec(
            "idealized_switching",
            f"fraction{fraction:.2f}",
            f"noise{noise:.2f}",
            switching_fraction=fraction,
            noise_sd=noise,
        )
        for fraction, noise in product((0.10, 0.25, 0.50, 0.75), (0.10, 0.25, 0.40))
    ]
    grid += [
        _spec(
            "unequal_isoform_abundance",
            f"imbalance{imbalance}",
            imbalance=float(imbalance),
            noise_sd=0.20,
        )
        for imbalance in (1, 4, 10, 25)
    ]
    grid += [
        _spec("non_switching_background", f"fraction{fraction:.2f}", switching_fraction=fraction)
        for fraction in (0.05, 0.10, 0.25, 0.50)
    ]
    grid += [
        _spec(
            "noise_stress",
            f"dispersion{dispersion}",
            f"noise{noise:.2f}",
            dispersion=float(dispersion),
            noise_sd=noise,
        )
        for dispersion, noise in product((3, 7, 15, 30), (0.05, 0.10, 0.25, 0.50))
    ]
    return grid


def _structure() -> list[ScenarioSpec]:
    """What modules look like: interactions, abundance, more isoforms, none at all."""
    grid = [
        _spec(
            "feature_space_interactions",
            f"strength{strength:.1f}",
            f"fraction{fraction:.2f}",
            interaction_strength=strength,
            interaction_fraction=fraction,
        )
        for strength, fraction in product((0.0, 0.5, 1.0, 2.0, 3.0), (0.25, 0.50, 0.75))
    ]
    grid += [
        _spec(
            "abundance_switch_mixed",
            f"genes{n_genes}",
            f"share{share:.2f}",
            n_genes=n_genes,
            n_samples=n_samples,
            abundance_share=share,
        )
        for (n_genes, n_samples), share in product(
            ((200, 100), (500, 200)), (0.0, 0.3, 0.5, 0.7, 1.0)
        )
    ]
    grid.append(_spec("multi_isoform_switch", n_isoforms=4))
    grid += [
        _spec("negative_control_noise", f"noise{noise:.2f}", switching_fraction=0.0, noise_sd=noise)
        for noise in (0.5, 1.0)
    ]
    return grid


def _confounded() -> list[ScenarioSpec]:
    """Recorded properties of the samples that shift the usage of module genes."""
    grid = []
    for coupled in (False, True):
        scenario = "rna_degradation_coupled" if coupled else "rna_degradation"
        for bias in (0.0, 0.5, 1.0, 2.0):
            confound = Confound("rna_degradation", bias)
            grid.append(_spec(scenario, f"bias{bias:.1f}", coupled=coupled, confound=confound))
    sweeps: tuple[tuple[str, ConfoundKind, str, tuple[float, ...]], ...] = (
        ("cell_composition", "cell_composition", "cv", (0.0, 0.1, 0.2, 0.3)),
        ("batch_effects", "batch", "sd", (0.0, 0.25, 0.5, 1.0)),
        ("library_depth", "library_depth", "cv", (0.25, 0.5, 0.75, 1.0)),
    )
    for scenario, kind, key, sizes in sweeps:
        for size in sizes:
            depth = {"depth_log_sd": size} if kind == "library_depth" else {}
            point = f"{key}{size:.2f}"
            grid.append(_spec(scenario, point, confound=Confound(kind, size), **depth))
    return grid


def _sizes() -> list[ScenarioSpec]:
    """How many genes there are."""
    grid = [
        _spec(
            "scale",
            f"genes{n_genes}",
            f"fraction{fraction:.2f}",
            n_genes=n_genes,
            n_samples=240,
            switching_fraction=fraction,
        )
        for n_genes, fraction in product((1000, 3000, 6000, 12_000), (0.15, 0.25))
    ]
    grid += [
        _spec(
            "scale_realistic",
            f"fraction{fraction:.2f}",
            n_genes=16_000,
            n_samples=300,
            switching_fraction=fraction,
        )
        for fraction in (0.15, 0.25)
    ]
    return grid


def _in_all_genes(spec: ScenarioSpec) -> list[ScenarioSpec]:
    """The same point where background genes show the confound too; none where there is none."""
    if spec.confound is None or spec.confound.size == 0:
        return []
    scenario = spec.scenario + ALL_GENES
    return [
        replace(
            spec,
            name=scenario + spec.name.removeprefix(spec.scenario),
            suite=CONFOUNDS_SUITE,
            scenario=scenario,
            confound=replace(spec.confound, background=True),
        )
    ]


SCENARIOS: tuple[ScenarioSpec, ...] = (*_signal(), *_structure(), *_confounded(), *_sizes())
"""The published grid, one fixture a point."""

CONFOUNDS: tuple[ScenarioSpec, ...] = tuple(
    variant for spec in SCENARIOS for variant in _in_all_genes(spec)
)
"""The grid's confounds where all genes show them, which the published grid has not."""

"""Which fixtures there are, with their parameters, and how to make one by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from types import MappingProxyType

from isograph.bundle.model import Bundle
from isograph.errors import InputError, Problems
from isograph.simulation.assemble import Planted, assemble
from isograph.simulation.core import (
    IdealizedSpec,
    RealisticSpec,
    plant_idealized,
    plant_realistic,
)
from isograph.simulation.frontier import FrontierSpec, plant_frontier
from isograph.simulation.frontier_grid import FRONTIER
from isograph.simulation.latents import LinearLatents, NonlinearLatents
from isograph.simulation.multiplex import MultiplexSpec, plant_multiplex
from isograph.simulation.scale import SCALE
from isograph.simulation.scale import SUITE as SCALE_SUITE
from isograph.simulation.scenario_grid import CONFOUNDS, SCENARIOS
from isograph.simulation.scenarios import ScenarioSpec, plant_scenario
from isograph.simulation.streams import Streams

Spec = IdealizedSpec | RealisticSpec | MultiplexSpec | ScenarioSpec | FrontierSpec


class FixtureError(InputError):
    """A fixture was asked for that does not exist, or with a seed that cannot be."""


@dataclass(frozen=True)
class FixtureInfo:
    """What a fixture looks like, without making it.

    Attributes:
        name: to pass to `simulate`.
        suite: it belongs to.
        n_genes: number of genes, background included.
        n_samples: number of samples.
        n_modules: number of planted modules.
        regular: False where it is so large that it is made only on request.
        scenario: the sweep or family that it is a point of; None outside the stress grids.
    """

    name: str
    suite: str
    n_genes: int
    n_samples: int
    n_modules: int
    regular: bool
    scenario: str | None


_IDEALIZED = LinearLatents(dx_effects=(0.8, 1.2), age_effects=(0.4, 0.7), confounder=0.0)
_REALISTIC = LinearLatents(dx_effects=(0.5, 1.5), age_effects=(0.2, 0.6), confounder=0.3)

_CORE: tuple[Spec, ...] = (
    IdealizedSpec("toy_v1", "core_v1", 24, 48, (12,) * 2, _IDEALIZED),
    IdealizedSpec("medium_v1", "core_v1", 400, 240, (50,) * 8, _IDEALIZED),
    RealisticSpec("realistic_v1", "core_v1", 200, 160, (20,) * 5, _REALISTIC, dispersion=5.0),
    RealisticSpec(
        "realistic_unequal_v1",
        "core_v1",
        200,
        160,
        (38, 25, 17, 12, 8),
        _REALISTIC,
        dispersion=5.0,
    ),
    RealisticSpec(
        "noisy_v1",
        "core_v1",
        300,
        100,
        (22, 18, 14, 11, 9, 8, 7, 6),
        LinearLatents(dx_effects=(0.2, 0.6), age_effects=(0.1, 0.25), confounder=0.6),
        dispersion=15.0,
        switch_concentration=10.0,
        stable_concentration=80.0,
    ),
    RealisticSpec(
        "large_v1",
        "core_v1",
        800,
        120,
        (40, 32, 25, 20, 18, 16, 15, 13, 12, 9),
        LinearLatents(dx_effects=(0.4, 0.9), age_effects=(0.15, 0.45), confounder=0.4),
        dispersion=7.0,
    ),
    RealisticSpec(
        "nonlinear_v1",
        "core_v1",
        200,
        200,
        (30, 25, 25, 20),
        NonlinearLatents(confounder=0.2),
        dispersion=5.0,
    ),
)


def _multiplex_latents(
    confounder: float,
    *,
    dx: tuple[float, float] = (0.35, 0.95),
    age: tuple[float, float] = (0.15, 0.45),
) -> LinearLatents:
    return LinearLatents(dx_effects=dx, age_effects=age, confounder=confounder, unit_variance=True)


_MULTIPLEX: tuple[Spec, ...] = (
    MultiplexSpec(
        "toy_multiplex_v1",
        "multiplex_v1",
        n_genes=40,
        n_samples=64,
        n_modules=2,
        role_sizes=(5, 5, 5, 5),
        latents=_multiplex_latents(0.1),
        switch_effect=2.8,
        abundance_effect=0.9,
        dispersion=4.0,
    ),
    MultiplexSpec(
        "medium_multiplex_v1",
        "multiplex_v1",
        n_genes=320,
        n_samples=180,
        n_modules=6,
        role_sizes=(8, 8, 8, 8),
        latents=_multiplex_latents(0.25),
        switch_effect=2.4,
        abundance_effect=0.75,
        dispersion=6.0,
    ),
    MultiplexSpec(
        "noisy_multiplex_v1",
        "multiplex_v1",
        n_genes=360,
        n_samples=110,
        n_modules=6,
        role_sizes=(7, 7, 7, 7),
        latents=_multiplex_latents(0.55, dx=(0.2, 0.6), age=(0.08, 0.25)),
        switch_effect=1.8,
        abundance_effect=0.55,
        dispersion=14.0,
        switch_concentration=18.0,
        stable_concentration=80.0,
    ),
    MultiplexSpec(
        "large_multiplex_v1",
        "multiplex_v1",
        n_genes=900,
        n_samples=140,
        n_modules=10,
        role_sizes=(12, 10, 12, 10),
        latents=_multiplex_latents(0.35),
        switch_effect=2.2,
        abundance_effect=0.65,
        dispersion=7.0,
    ),
    MultiplexSpec(
        "xxlarge_multiplex_v1",
        "multiplex_v1",
        n_genes=12_000,
        n_samples=240,
        n_modules=16,
        role_sizes=(20, 20, 20, 15),
        latents=_multiplex_latents(0.4),
        switch_effect=2.2,
        abundance_effect=0.65,
        dispersion=7.0,
        single_abundance=0.70,
        single_background=0.98,
    ),
)

_ON_REQUEST = frozenset({"xxlarge_multiplex_v1"})
_LARGEST_REGULAR_SCENARIO = 5999
_SPECS: Mapping[str, Spec] = {
    spec.name: spec for spec in (*_CORE, *_MULTIPLEX, *SCALE, *SCENARIOS, *CONFOUNDS, *FRONTIER)
}

SUITES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        suite: tuple(spec.name for spec in _SPECS.values() if spec.suite == suite)
        for suite in dict.fromkeys(spec.suite for spec in _SPECS.values())
    }
)
"""Fixtures by suite, those made only on request included (see `FixtureInfo.regular`)."""

SUITE_SEEDS: Mapping[str, int] = MappingProxyType(dict.fromkeys(SUITES, 7))
"""The seed of each suite, used where none is given."""


def list_fixtures() -> tuple[FixtureInfo, ...]:
    """Every fixture, suite by suite."""
    return tuple(
        FixtureInfo(
            name=spec.name,
            suite=spec.suite,
            n_genes=spec.n_genes,
            n_samples=spec.n_samples,
            n_modules=spec.n_modules,
            regular=_is_regular(spec),
            scenario=spec.scenario if isinstance(spec, ScenarioSpec | FrontierSpec) else None,
        )
        for spec in _SPECS.values()
    )


def _is_regular(spec: Spec) -> bool:
    if isinstance(spec, ScenarioSpec):
        return spec.n_genes <= _LARGEST_REGULAR_SCENARIO
    return spec.suite != SCALE_SUITE and spec.name not in _ON_REQUEST


def simulate(name: str, *, seed: int | None = None) -> Bundle:
    """Make a fixture: a bundle with planted modules and the tables that tell them.

    Args:
        name: a fixture of `list_fixtures`.
        seed: not negative; None takes the suite's seed. The same name and seed give the same
            bundle on every machine.

    Returns:
        The bundle, with transcript counts, gene counts and psi, truth tables, and generator,
        version, seed and all parameters in `provenance`.

    Raises:
        FixtureError: there is no such fixture (near names are given), or the seed is no whole
            number from 0 up.
    """
    problems = Problems()
    if name not in _SPECS:
        near = difflib.get_close_matches(name, list(_SPECS), n=3, cutoff=0.4)
        fix = f"did you mean {', '.join(near)}?" if near else _known()
        problems.add(name, "no such fixture", fix=fix)
    if seed is not None and not _is_seed(seed):
        problems.add("seed", f"must be a whole number from 0 up, got {seed!r}")
    problems.raise_if_any(FixtureError, "fixture refused")
    spec = _SPECS[name]
    chosen = SUITE_SEEDS[spec.suite] if seed is None else int(seed)
    return assemble(
        _plant(spec, Streams(name, chosen)),
        name=name,
        suite=spec.suite,
        description=(
            f"Simulated: {spec.n_modules} planted modules in {spec.n_genes:,} genes and "
            f"{spec.n_samples} samples"
        ),
        seed=chosen,
        parameters=asdict(spec),
    )


def _known() -> str:
    first = ", ".join(SUITES["core_v1"] + SUITES["multiplex_v1"])
    return f"one of {first}, or see `isograph simulate`"


def _is_seed(seed: object) -> bool:
    return isinstance(seed, Integral) and not isinstance(seed, bool) and int(seed) >= 0


def _plant(spec: Spec, streams: Streams) -> Planted:
    match spec:
        case IdealizedSpec():
            return plant_idealized(spec, streams)
        case RealisticSpec():
            return plant_realistic(spec, streams)
        case MultiplexSpec():
            return plant_multiplex(spec, streams)
        case ScenarioSpec():
            return plant_scenario(spec, streams)
        case FrontierSpec():
            return plant_frontier(spec, streams)

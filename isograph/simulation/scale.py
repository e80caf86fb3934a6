"""Realistic fixtures of thousands of genes, made only on request."""

from __future__ import annotations

from isograph.simulation.core import RealisticSpec
from isograph.simulation.latents import LinearLatents

SUITE = "scale_v1"

_LATENTS = LinearLatents(dx_effects=(0.4, 0.9), age_effects=(0.15, 0.45), confounder=0.4)
_STRESS_SIZES = (
    *(140, 96, 79, 70, 64, 58, 54, 51, 48, 46, 44, 42),
    *(40, 39, 38, 36, 35, 34, 33, 32, 31, 30, 30, 30),
)

SCALE: tuple[RealisticSpec, ...] = (
    RealisticSpec(
        "xlarge_v1",
        SUITE,
        6000,
        240,
        (160, 130, 110, 95, 80, 70, 60, 55, 50, 45, 40, 35),
        _LATENTS,
        dispersion=7.0,
    ),
    RealisticSpec(
        "xxlarge_v1",
        SUITE,
        12_000,
        240,
        (515, 412, 322, 258, 232, 206, 193, 167, 155, 116, 103, 90, 77, 64, 52, 38),
        _LATENTS,
        dispersion=7.0,
    ),
    RealisticSpec(
        "xxlarge_stress_v1",
        SUITE,
        12_000,
        240,
        _STRESS_SIZES,
        LinearLatents(dx_effects=(0.3, 0.7), age_effects=(0.1, 0.3), confounder=0.55),
        dispersion=15.0,
        switch_concentration=15.0,
        stable_concentration=15.0,
    ),
)

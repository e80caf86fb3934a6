"""Module latents: what all genes of a planted module follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.simulation.samples import age_z, is_case
from isograph.simulation.streams import Streams

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearLatents:
    """Latents that are linear in diagnosis, age and a shared confounder.

    Attributes:
        dx_effects: range from which each module's effect of Dx = SCZD is drawn evenly.
        age_effects: range from which each module's effect of z(Age) is drawn evenly.
        confounder: weight of a standard normal that all modules share.
        unit_variance: divide each latent by its standard deviation over the samples.
    """

    dx_effects: tuple[float, float]
    age_effects: tuple[float, float]
    confounder: float
    unit_variance: bool = False
    kind: Literal["linear"] = "linear"


@dataclass(frozen=True)
class NonlinearLatents:
    """Four latents that are steps in two hidden factors and linear in neither.

    With f1 = N(0, factor_sd) + dx_effect · SCZD and f2 = N(0, factor_sd) + age_effect · z(Age),
    the modules step up where f1² + f2² is small, where it is large, where f1 · f2 is large and
    where it is very negative, in this order.

    Attributes:
        confounder: weight of a standard normal that all modules share.
        factor_sd: standard deviation of the factors' own part.
        dx_effect: effect of SCZD on f1.
        age_effect: effect of z(Age) on f2.
        step: height of the step.
        low_quantile: the first module steps up below this quantile of f1² + f2².
        high_quantile: the second steps up above this quantile of it; the third above this
            quantile of |f1 · f2|, the fourth below minus that.
        noise_sd: standard deviation of what is added to each latent.
    """

    confounder: float
    factor_sd: float = 0.8
    dx_effect: float = 1.5
    age_effect: float = 1.2
    step: float = 2.5
    low_quantile: float = 0.35
    high_quantile: float = 0.65
    noise_sd: float = 0.15
    kind: Literal["nonlinear"] = "nonlinear"


Latents = LinearLatents | NonlinearLatents


def draw_latents(
    streams: Streams, *, samples: pd.DataFrame, n_modules: int, latents: Latents
) -> Floats:
    """Draw the latent of each module.

    Args:
        streams: the fixture's streams; steps `latents/…`.
        samples: the sample table.
        n_modules: number of planted modules (4 for nonlinear ones).
        latents: how they come about.

    Returns:
        Latents, shape (n_modules, n_samples), columns in sample order.
    """
    own = streams.rng("latents/own").standard_normal((n_modules, len(samples)))
    shared = streams.rng("latents/shared").standard_normal(len(samples))
    if isinstance(latents, LinearLatents):
        values = own + _trait_part(streams, samples=samples, n_modules=n_modules, latents=latents)
    else:
        values = _steps(streams, samples=samples, latents=latents) + latents.noise_sd * own
    values = values + latents.confounder * shared
    if isinstance(latents, LinearLatents) and latents.unit_variance:
        values = values / values.std(axis=1, keepdims=True)
    return values


def _trait_part(
    streams: Streams, *, samples: pd.DataFrame, n_modules: int, latents: LinearLatents
) -> Floats:
    dx = _evenly(streams.rng("latents/dx_effects"), n_modules, latents.dx_effects)
    age = _evenly(streams.rng("latents/age_effects"), n_modules, latents.age_effects)
    return dx[:, None] * is_case(samples) + age[:, None] * age_z(samples)


def _evenly(rng: np.random.Generator, n: int, bounds: tuple[float, float]) -> Floats:
    low, high = bounds
    return low + (high - low) * rng.random(n)


def _steps(streams: Streams, *, samples: pd.DataFrame, latents: NonlinearLatents) -> Floats:
    noise = streams.rng("latents/factors").standard_normal((2, len(samples)))
    f1 = latents.factor_sd * noise[0] + latents.dx_effect * is_case(samples)
    f2 = latents.factor_sd * noise[1] + latents.age_effect * age_z(samples)
    radius, product = f1 * f1 + f2 * f2, f1 * f2
    far = np.quantile(np.abs(product), latents.high_quantile)
    up = np.stack(
        [
            radius < np.quantile(radius, latents.low_quantile),
            radius > np.quantile(radius, latents.high_quantile),
            product > far,
            product < -far,
        ]
    )
    return latents.step * up.astype(np.float64)

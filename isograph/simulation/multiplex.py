"""Fixtures whose modules hold genes that follow the latent by usage, by abundance or by both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.simulation.assemble import Planted
from isograph.simulation.counts import (
    draw_dirichlet,
    draw_gamma_poisson,
    draw_stable_means,
    plant_switches,
    split_totals,
)
from isograph.simulation.genes import (
    CARRYING_ABUNDANCE,
    PLANTED_ROLES,
    SWITCHING,
    Layout,
    Placement,
    Role,
    draw_isoform_numbers,
    draw_share_of,
    place_genes,
)
from isograph.simulation.latents import LinearLatents, draw_latents
from isograph.simulation.samples import NORMAL_AGES, Ages, draw_samples
from isograph.simulation.streams import Streams


@dataclass(frozen=True)
class MultiplexSpec:
    """Parameters of a multiplex fixture.

    Attributes:
        name: of the fixture.
        suite: it belongs to.
        n_genes: number of genes; those in no module are background.
        n_samples: number of samples.
        n_modules: number of planted modules, all alike.
        role_sizes: genes a module that are switch only, abundance only, coupled, discordant.
        latents: how module latents come about.
        switch_effect: isoform 1 has share logistic(this × latent).
        abundance_effect: the expected total is multiplied by exp(± this × latent).
        dispersion: φ of the negative binomial totals (variance μ + μ²/φ).
        switch_concentration: κ of switching genes' shares.
        stable_concentration: κ of the other genes' shares.
        stable_mean_concentration: a stable gene's mean shares are Dirichlet(this, …).
        mean: exp of the mean of log gene means.
        mean_log_sd: standard deviation of log gene means.
        single_abundance: share of abundance-only genes with a single isoform.
        single_background: share of background genes with a single isoform.
        ages: distribution of ages.
    """

    name: str
    suite: str
    n_genes: int
    n_samples: int
    n_modules: int
    role_sizes: tuple[int, int, int, int]
    latents: LinearLatents
    switch_effect: float
    abundance_effect: float
    dispersion: float
    switch_concentration: float = 35.0
    stable_concentration: float = 120.0
    stable_mean_concentration: float = 3.0
    mean: float = 300.0
    mean_log_sd: float = 0.35
    single_abundance: float = 0.30
    single_background: float = 0.20
    ages: Ages = NORMAL_AGES


def plant_multiplex(spec: MultiplexSpec, streams: Streams) -> Planted:
    """Draw a multiplex fixture."""
    samples = draw_samples(streams, n_samples=spec.n_samples, ages=spec.ages)
    latents = draw_latents(streams, samples=samples, n_modules=spec.n_modules, latents=spec.latents)
    roles = list(zip(PLANTED_ROLES, spec.role_sizes, strict=True))
    placement = place_genes(
        streams.rng("placement"), n_genes=spec.n_genes, module_roles=[roles] * spec.n_modules
    )
    layout = _draw_layout(spec, streams, placement)
    totals = draw_gamma_poisson(
        streams.rng("totals"),
        mean=_expected_totals(spec, streams, placement, latents),
        size=spec.dispersion,
        shape=(spec.n_genes, spec.n_samples),
    )
    shares = _draw_shares(spec, streams, placement, layout, latents)
    counts = split_totals(streams.rng("counts"), totals=totals, shares=shares, layout=layout)
    return Planted(samples, placement, layout, latents, counts)


def _draw_layout(spec: MultiplexSpec, streams: Streams, placement: Placement) -> Layout:
    numbers = draw_isoform_numbers(streams.rng("isoform_numbers"), n_genes=spec.n_genes)
    for role, share in (
        (Role.ABUNDANCE_ONLY, spec.single_abundance),
        (Role.BACKGROUND, spec.single_background),
    ):
        rng = streams.rng(f"single_isoform/{role.value}")
        numbers[draw_share_of(rng, members=placement.has_role(role), share=share)] = 1
    return Layout(numbers)


def _expected_totals(
    spec: MultiplexSpec,
    streams: Streams,
    placement: Placement,
    latents: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Expected total of every gene and sample, shape (n_genes, n_samples)."""
    noise = streams.rng("gene_means").standard_normal(spec.n_genes)
    log_mean = np.repeat(
        (math.log(spec.mean) + spec.mean_log_sd * noise)[:, None], spec.n_samples, axis=1
    )
    carrying = placement.has_role(*CARRYING_ABUNDANCE)
    direction = np.where(placement.has_role(Role.DISCORDANT), -1.0, 1.0)[carrying, None]
    log_mean[carrying] += direction * spec.abundance_effect * latents[placement.module[carrying]]
    return np.exp(log_mean)


def _draw_shares(
    spec: MultiplexSpec,
    streams: Streams,
    placement: Placement,
    layout: Layout,
    latents: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    switching = placement.has_role(*SWITCHING)
    stable = draw_stable_means(
        streams.rng("stable_means"), layout=layout, concentration=spec.stable_mean_concentration
    )
    means = plant_switches(
        stable,
        layout=layout,
        switching=switching,
        logit=spec.switch_effect * latents[placement.module[switching]],
    )
    kappa = np.where(switching, spec.switch_concentration, spec.stable_concentration)
    return draw_dirichlet(streams.rng("shares"), means=means, concentration=kappa, layout=layout)

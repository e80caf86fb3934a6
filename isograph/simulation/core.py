"""Fixtures in which every module gene switches: idealized and realistic ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from isograph.simulation.assemble import Planted
from isograph.simulation.counts import (
    draw_dirichlet,
    draw_gamma_poisson,
    draw_stable_means,
    plant_switches,
    split_totals,
)
from isograph.simulation.genes import (
    Layout,
    Placement,
    Role,
    draw_isoform_numbers,
    place_genes,
)
from isograph.simulation.latents import Latents, LinearLatents, draw_latents
from isograph.simulation.samples import EVEN_AGES, NORMAL_AGES, Ages, draw_samples
from isograph.simulation.streams import Streams


@dataclass(frozen=True)
class IdealizedSpec:
    """Parameters of an idealized fixture: two isoforms, no noise beyond the totals.

    Attributes:
        name: of the fixture.
        suite: it belongs to.
        n_genes: number of genes.
        n_samples: number of samples.
        module_sizes: genes of each module.
        latents: how module latents come about.
        ages: distribution of ages.
        total_shape: shape of the gamma distribution of totals.
        total_scale: scale of it; the mean total is shape × scale.
        share_floor: shares stay between this and one minus this.
    """

    name: str
    suite: str
    n_genes: int
    n_samples: int
    module_sizes: tuple[int, ...]
    latents: LinearLatents
    ages: Ages = EVEN_AGES
    total_shape: float = 10.0
    total_scale: float = 30.0
    share_floor: float = 0.02

    @property
    def n_modules(self) -> int:
        """Number of planted modules."""
        return len(self.module_sizes)


@dataclass(frozen=True)
class RealisticSpec:
    """Parameters of a realistic fixture: overdispersed totals, Dirichlet shares, background.

    Attributes:
        name: of the fixture.
        suite: it belongs to.
        n_genes: number of genes; those in no module are background.
        n_samples: number of samples.
        module_sizes: genes of each module.
        latents: how module latents come about.
        dispersion: φ of the negative binomial totals (variance μ + μ²/φ).
        switch_concentration: κ of switching genes' shares.
        stable_concentration: κ of the other genes' shares.
        mean: μ, the expected total of every gene.
        stable_mean_concentration: a stable gene's mean shares are Dirichlet(this, …).
        ages: distribution of ages.
    """

    name: str
    suite: str
    n_genes: int
    n_samples: int
    module_sizes: tuple[int, ...]
    latents: Latents
    dispersion: float
    switch_concentration: float = 20.0
    stable_concentration: float = 100.0
    mean: float = 300.0
    stable_mean_concentration: float = 3.0
    ages: Ages = NORMAL_AGES

    @property
    def n_modules(self) -> int:
        """Number of planted modules."""
        return len(self.module_sizes)


def plant_idealized(spec: IdealizedSpec, streams: Streams) -> Planted:
    """Draw an idealized fixture: share logistic(latent) of a gamma total, rounded."""
    samples = draw_samples(streams, n_samples=spec.n_samples, ages=spec.ages)
    latents = draw_latents(streams, samples=samples, n_modules=spec.n_modules, latents=spec.latents)
    placement = _place_switches(streams, n_genes=spec.n_genes, sizes=spec.module_sizes)
    layout = Layout(np.full(spec.n_genes, 2, dtype=np.int64))
    shape = (spec.n_genes, spec.n_samples)
    drawn = streams.rng("totals").standard_gamma(spec.total_shape, shape)
    totals = np.rint(drawn * spec.total_scale).astype(np.int64)
    # background has no latent; index −1 would take the last module's
    logit = np.where(placement.module[:, None] >= 0, latents[placement.module], 0.0)
    share = np.clip(expit(logit), spec.share_floor, 1.0 - spec.share_floor)
    first = np.rint(totals * share).astype(np.int64)
    counts = np.stack([first, totals - first], axis=1).reshape(-1, spec.n_samples)
    return Planted(samples, placement, layout, latents, counts)


def plant_realistic(spec: RealisticSpec, streams: Streams) -> Planted:
    """Draw a realistic fixture: every module gene switches, background genes are stable."""
    samples = draw_samples(streams, n_samples=spec.n_samples, ages=spec.ages)
    latents = draw_latents(streams, samples=samples, n_modules=spec.n_modules, latents=spec.latents)
    placement = _place_switches(streams, n_genes=spec.n_genes, sizes=spec.module_sizes)
    layout = Layout(draw_isoform_numbers(streams.rng("isoform_numbers"), n_genes=spec.n_genes))
    totals = draw_gamma_poisson(
        streams.rng("totals"),
        mean=np.array(spec.mean),
        size=spec.dispersion,
        shape=(spec.n_genes, spec.n_samples),
    )
    switching = placement.module >= 0
    shares = draw_dirichlet(
        streams.rng("shares"),
        means=plant_switches(
            draw_stable_means(
                streams.rng("stable_means"),
                layout=layout,
                concentration=spec.stable_mean_concentration,
            ),
            layout=layout,
            switching=switching,
            logit=latents[placement.module[switching]],
        ),
        concentration=np.where(switching, spec.switch_concentration, spec.stable_concentration),
        layout=layout,
    )
    counts = split_totals(streams.rng("counts"), totals=totals, shares=shares, layout=layout)
    return Planted(samples, placement, layout, latents, counts)


def _place_switches(streams: Streams, *, n_genes: int, sizes: tuple[int, ...]) -> Placement:
    return place_genes(
        streams.rng("placement"),
        n_genes=n_genes,
        module_roles=[[(Role.SWITCH_ONLY, size)] for size in sizes],
    )

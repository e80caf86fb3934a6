"""The stress grid: one property of the data at a time, from easy to hopeless."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from isograph.simulation.assemble import Planted
from isograph.simulation.confounds import (
    Confound,
    draw_confound,
    record_confound,
    standardised,
)
from isograph.simulation.counts import draw_gamma_poisson, share_rest_evenly, split_totals
from isograph.simulation.genes import (
    CARRYING_ABUNDANCE,
    SWITCHING,
    Layout,
    Placement,
    Role,
    draw_share_of,
    even_sizes,
    place_genes,
)
from isograph.simulation.samples import Ages, EvenAges, age_z, draw_samples, is_case
from isograph.simulation.streams import Streams

Floats = npt.NDArray[np.float64]

SCENARIO_AGES = EvenAges(low=25.0, high=85.0, jitter=3.0)
MOST_MODULES, GENES_PER_MODULE, FEWEST_MODULES = 8, 50, 2


@dataclass(frozen=True)
class ScenarioSpec:
    """Parameters of one point of the stress grid.

    Attributes:
        name: of the fixture.
        suite: it belongs to.
        scenario: the sweep it is a point of.
        n_genes: number of genes; those in no module are background.
        n_samples: number of samples.
        n_isoforms: of every gene.
        switching_fraction: share of all genes that belong to modules, dealt evenly to them.
        noise_sd: of the logit of a switching gene, per sample; 0.15 of it of every share.
        imbalance: isoform 1 of a switching gene has this times the odds, isoform 1 of a
            background gene has share 1/(1 + this).
        dispersion: φ of the negative binomial totals (variance μ + μ²/φ).
        abundance_share: share of each module's genes that follow it by abundance alone, to the
            nearest whole gene; their usage is fixed at 0.5.
        coupled: every module gene follows by usage and by abundance. The published rule that
            genes with abundance have share 0.5 would leave no usage here, so it is applied to
            genes of `abundance_share` only.
        interaction_strength: weight of z(latent₀ · latent₁) in the genes that get it.
        interaction_fraction: share of all switching genes, whatever their module, that get it.
        confound: a recorded property of the samples that shifts usage, or None.
        mean: exp of the mean of log gene means.
        mean_log_sd: standard deviation of log gene means.
        depth_log_sd: standard deviation of log sample depths; `cv` of library_depth, as the
            published parameter of that name is.
        abundance_effect: expected totals are multiplied by exp(this × z(latent)).
        trait_effect: mean and standard deviation of each module's effects of z(Age) and of SCZD.
        share_noise: noise of every share, in units of `noise_sd`.
        share_floor: shares stay between this and one minus this (the published bound is not
            known).
        ages: distribution of ages.
    """

    name: str
    suite: str
    scenario: str
    n_genes: int = 400
    n_samples: int = 160
    n_isoforms: int = 2
    switching_fraction: float = 0.25
    noise_sd: float = 0.25
    imbalance: float = 1.0
    dispersion: float = 15.0
    abundance_share: float = 0.0
    coupled: bool = False
    interaction_strength: float = 0.0
    interaction_fraction: float = 0.0
    confound: Confound | None = None
    mean: float = 80.0
    mean_log_sd: float = 0.8
    depth_log_sd: float = 0.25
    abundance_effect: float = 0.5
    trait_effect: tuple[float, float] = (0.15, 0.05)
    share_noise: float = 0.15
    share_floor: float = 0.01
    ages: Ages = SCENARIO_AGES

    @property
    def n_modules(self) -> int:
        """One a 50 genes, from 2 to 8; none where no gene belongs to any."""
        if self.switching_fraction == 0:
            return 0
        return max(FEWEST_MODULES, min(MOST_MODULES, self.n_genes // GENES_PER_MODULE))


def plant_scenario(spec: ScenarioSpec, streams: Streams) -> Planted:
    """Draw one point of the stress grid."""
    samples = draw_samples(streams, n_samples=spec.n_samples, ages=spec.ages)
    depth_noise = streams.rng("samples/depth").standard_normal(spec.n_samples)
    # rounded, as it may stand in the sample table
    log_depth = np.round(spec.depth_log_sd * depth_noise, 4)
    if spec.confound is not None:
        samples = record_confound(
            streams, samples=samples, log_depth=log_depth, confound=spec.confound
        )
    latents = _draw_latents(spec, streams, samples)
    placement = _place(spec, streams)
    layout = Layout(np.full(spec.n_genes, spec.n_isoforms, dtype=np.int64))
    totals = draw_gamma_poisson(
        streams.rng("totals"),
        mean=_expected_totals(spec, streams, placement, latents, log_depth),
        size=spec.dispersion,
        shape=(spec.n_genes, spec.n_samples),
    )
    logit = _draw_logits(spec, streams, samples, placement, latents)
    shares = share_rest_evenly(_noisy_shares(spec, streams, logit), layout=layout)
    counts = split_totals(streams.rng("counts"), totals=totals, shares=shares, layout=layout)
    return Planted(samples, placement, layout, latents, counts, latents_told=True)


def _draw_latents(spec: ScenarioSpec, streams: Streams, samples: pd.DataFrame) -> Floats:
    """N(0, 1) + age effect · z(Age) + Dx effect · SCZD, shape (n_modules, n_samples)."""
    own = streams.rng("latents/own").standard_normal((spec.n_modules, spec.n_samples))
    mean, sd = spec.trait_effect
    age = mean + sd * streams.rng("latents/age_effects").standard_normal(spec.n_modules)
    dx = mean + sd * streams.rng("latents/dx_effects").standard_normal(spec.n_modules)
    return own + np.outer(age, age_z(samples)) + np.outer(dx, is_case(samples))


def _place(spec: ScenarioSpec, streams: Streams) -> Placement:
    sizes = even_sizes(round(spec.switching_fraction * spec.n_genes), n_modules=spec.n_modules)
    switching = Role.COUPLED if spec.coupled else Role.SWITCH_ONLY
    by_abundance = [round(spec.abundance_share * size) for size in sizes]
    return place_genes(
        streams.rng("placement"),
        n_genes=spec.n_genes,
        module_roles=[
            [(switching, size - abundance), (Role.ABUNDANCE_ONLY, abundance)]
            for size, abundance in zip(sizes, by_abundance, strict=True)
        ],
    )


def _expected_totals(
    spec: ScenarioSpec,
    streams: Streams,
    placement: Placement,
    latents: Floats,
    log_depth: Floats,
) -> Floats:
    """Expected total of every gene and sample, shape (n_genes, n_samples)."""
    noise = streams.rng("gene_means").standard_normal(spec.n_genes)
    log_mean = (math.log(spec.mean) + spec.mean_log_sd * noise)[:, None] + log_depth
    carrying = placement.has_role(*CARRYING_ABUNDANCE)
    log_mean[carrying] += spec.abundance_effect * standardised(latents)[placement.module[carrying]]
    return np.exp(log_mean)


def _draw_logits(
    spec: ScenarioSpec,
    streams: Streams,
    samples: pd.DataFrame,
    placement: Placement,
    latents: Floats,
) -> Floats:
    """Logit of isoform 1's share before the shares' own noise, shape (n_genes, n_samples)."""
    switching = placement.has_role(*SWITCHING)
    fixed = np.where(placement.has_role(Role.ABUNDANCE_ONLY), 0.0, -math.log(spec.imbalance))
    logit = np.repeat(fixed[:, None], spec.n_samples, axis=1)
    noise = streams.rng("usage_noise").standard_normal((int(switching.sum()), spec.n_samples))
    logit[switching] = (
        math.log(spec.imbalance) + latents[placement.module[switching]] + spec.noise_sd * noise
    )
    if spec.interaction_fraction > 0:
        gets_it = draw_share_of(
            streams.rng("interaction"), members=switching, share=spec.interaction_fraction
        )
        logit[gets_it] += spec.interaction_strength * standardised(latents[0] * latents[1])
    if spec.confound is not None:
        shift = draw_confound(
            streams, samples=samples, n_genes=spec.n_genes, confound=spec.confound
        )
        shows = switching | spec.confound.background
        logit[shows] += shift[shows]
    return logit


def _noisy_shares(spec: ScenarioSpec, streams: Streams, logit: Floats) -> Floats:
    noise = streams.rng("share_noise").standard_normal(logit.shape)
    shares: Floats = expit(logit) + spec.share_noise * spec.noise_sd * noise
    return np.clip(shares, spec.share_floor, 1.0 - spec.share_floor)

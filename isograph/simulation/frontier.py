"""The frontier: small changes to one plain data set, each hard for a reason of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from isograph.simulation.assemble import Effects, Planted
from isograph.simulation.confounds import standardised
from isograph.simulation.counts import draw_gamma_poisson
from isograph.simulation.genes import Ints, Layout, Placement, Role, even_sizes, place_genes
from isograph.simulation.samples import NORMAL_AGES, Ages, draw_samples, is_case
from isograph.simulation.streams import Streams

Floats = npt.NDArray[np.float64]

CELL_TYPES = tuple(f"cell_type_{number}" for number in range(1, 5))
"""Columns of the sample table that hold the fractions of the four cell types."""


@dataclass(frozen=True)
class FrontierSpec:
    """Parameters of one frontier fixture; the defaults are the plain one.

    Attributes:
        name: of the fixture.
        suite: it belongs to.
        scenario: the family it belongs to.
        n_genes: number of genes; those not planted are background.
        n_samples: number of samples.
        n_planted: module genes, dealt evenly to the modules.
        n_modules: number of planted modules.
        latent_correlation: ρ: latents are √(1 − ρ) · own + √ρ · a normal that all share.
        trait_strength: added to every latent where Dx is SCZD, taken away elsewhere.
        noise_sd: of the logit of every gene and sample.
        effect_range: |effect| of a gene on its module is drawn evenly from it, its sign by a
            fair coin. The published generator has 1 throughout.
        cell_type_sd: every gene's logit gains N(0, this) per cell type × z(its fraction); the
            fractions are recorded. At 0 there are no cell types.
        cell_type_concentration: fractions are Dirichlet(this, …).
        second_module: chance of a planted gene to follow a second module too, picked evenly from
            the others, with an effect and a sign of its own.
        mean: exp of the mean of log gene means.
        mean_log_sd: standard deviation of log gene means.
        depth_log_sd: standard deviation of log sample depths.
        dispersion: φ of the negative binomial totals (variance μ + μ²/φ).
        dropout: chance of each transcript count to be zeroed; totals are of what is left.
        ambiguous_share: this share of each gene's count, to the nearest whole count, is split
            by a Beta(2, 2) of the gene and sample and not by the true share.
        ambiguity_shape: both parameters of that Beta.
        ages: distribution of ages.
    """

    name: str
    suite: str
    scenario: str
    n_genes: int = 400
    n_samples: int = 160
    n_planted: int = 100
    n_modules: int = 8
    latent_correlation: float = 0.0
    trait_strength: float = 0.0
    noise_sd: float = 0.5
    effect_range: tuple[float, float] = (0.7, 1.3)
    cell_type_sd: float = 0.0
    cell_type_concentration: float = 2.0
    second_module: float = 0.0
    mean: float = 80.0
    mean_log_sd: float = 0.8
    depth_log_sd: float = 0.25
    dispersion: float = 15.0
    dropout: float = 0.0
    ambiguous_share: float = 0.0
    ambiguity_shape: float = 2.0
    ages: Ages = NORMAL_AGES


def plant_frontier(spec: FrontierSpec, streams: Streams) -> Planted:
    """Draw a frontier fixture: every planted gene switches, totals follow nothing."""
    samples = draw_samples(streams, n_samples=spec.n_samples, ages=spec.ages)
    if spec.cell_type_sd > 0:
        samples = _record_cell_types(spec, streams, samples)
    latents = _draw_latents(spec, streams, samples)
    placement = place_genes(
        streams.rng("placement"),
        n_genes=spec.n_genes,
        module_roles=[
            [(Role.SWITCH_ONLY, size)]
            for size in even_sizes(spec.n_planted, n_modules=spec.n_modules)
        ],
    )
    effects = _draw_effects(spec, streams, placement)
    share = expit(_draw_logits(spec, streams, samples, effects, latents))
    counts = _draw_counts(spec, streams, share)
    return Planted(
        samples,
        placement,
        Layout(np.full(spec.n_genes, 2, dtype=np.int64)),
        latents,
        counts,
        latents_told=True,
        effects=effects,
    )


def _record_cell_types(spec: FrontierSpec, streams: Streams, samples: pd.DataFrame) -> pd.DataFrame:
    weight = streams.rng("samples/cell_types").standard_gamma(
        spec.cell_type_concentration, (spec.n_samples, len(CELL_TYPES))
    )
    fraction = np.round(weight / weight.sum(axis=1, keepdims=True), 4)
    return samples.assign(**dict(zip(CELL_TYPES, fraction.T, strict=True)))


def _draw_latents(spec: FrontierSpec, streams: Streams, samples: pd.DataFrame) -> Floats:
    rho = spec.latent_correlation
    own = streams.rng("latents/own").standard_normal((spec.n_modules, spec.n_samples))
    shared = streams.rng("latents/shared").standard_normal(spec.n_samples)
    trait = spec.trait_strength * (2.0 * is_case(samples) - 1.0)
    return math.sqrt(1.0 - rho) * own + math.sqrt(rho) * shared + trait


def _draw_effects(spec: FrontierSpec, streams: Streams, placement: Placement) -> Effects:
    """The effects of first modules, then of second ones, each in gene order."""
    planted = np.flatnonzero(placement.module >= 0)
    chance = streams.rng("second/who").random(len(planted))
    step = streams.rng("second/module").integers(1, spec.n_modules, len(planted))
    second = (placement.module[planted] + step) % spec.n_modules
    also = chance < spec.second_module
    return Effects(
        gene=np.concatenate([planted, planted[also]]),
        module=np.concatenate([placement.module[planted], second[also]]),
        effect=np.concatenate(
            [
                _signed(spec, streams, "effects", len(planted)),
                _signed(spec, streams, "second/effects", len(planted))[also],
            ]
        ),
    )


def _signed(spec: FrontierSpec, streams: Streams, step: str, n: int) -> Floats:
    low, high = spec.effect_range
    size = low + (high - low) * streams.rng(f"{step}/size").random(n)
    sign = np.where(streams.rng(f"{step}/sign").random(n) < 0.5, -1.0, 1.0)
    # rounded: what the truth table says is what was planted
    signed: Floats = np.round(sign * size, 4)
    return signed


def _draw_logits(
    spec: FrontierSpec,
    streams: Streams,
    samples: pd.DataFrame,
    effects: Effects,
    latents: Floats,
) -> Floats:
    """Logit of isoform 1's share, shape (n_genes, n_samples)."""
    shape = (spec.n_genes, spec.n_samples)
    logit = spec.noise_sd * streams.rng("usage_noise").standard_normal(shape)
    weight = np.zeros((spec.n_genes, spec.n_modules))
    weight[effects.gene, effects.module] = effects.effect
    logit += weight @ latents
    if spec.cell_type_sd > 0:
        fraction = samples[list(CELL_TYPES)].to_numpy(dtype=np.float64).T
        drawn = streams.rng("cell_type_weights").standard_normal((spec.n_genes, len(CELL_TYPES)))
        logit += spec.cell_type_sd * drawn @ standardised(fraction)
    return logit


def _draw_counts(spec: FrontierSpec, streams: Streams, share: Floats) -> Ints:
    """Counts of both isoforms of every gene, shape (2 · n_genes, n_samples)."""
    gene_noise = streams.rng("gene_means").standard_normal(spec.n_genes)
    depth_noise = streams.rng("samples/depth").standard_normal(spec.n_samples)
    log_mean = math.log(spec.mean) + spec.mean_log_sd * gene_noise[:, None]
    totals = draw_gamma_poisson(
        streams.rng("totals"),
        mean=np.exp(log_mean + spec.depth_log_sd * depth_noise),
        size=spec.dispersion,
        shape=share.shape,
    )
    unclear = np.rint(spec.ambiguous_share * totals).astype(np.int64)
    first = streams.rng("counts").binomial(totals - unclear, share)
    if spec.ambiguous_share > 0:
        shape = spec.ambiguity_shape
        blind = streams.rng("ambiguity/share").beta(shape, shape, share.shape)
        first += streams.rng("ambiguity/counts").binomial(unclear, blind)
    counts = np.stack([first, totals - first], axis=1).reshape(-1, spec.n_samples)
    if spec.dropout > 0:
        counts[streams.rng("dropout").random(counts.shape) < spec.dropout] = 0
    return counts

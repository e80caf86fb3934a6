"""Shrunken log abundance: what it must not react to, and how much it shrinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isograph.config import FeatureSettings
from isograph.features.abundance import log_abundance
from tests.features.counts import Floats

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()


def shapes(logs: Floats, totals: Floats, factors: Floats) -> Floats:
    """The prior shape behind every value: exp(log) less the scaled count."""
    return np.exp(logs) - totals / factors


def test_zeros_have_one_value_in_samples_of_every_depth() -> None:
    rng = np.random.default_rng(0)
    factors = np.exp(rng.normal(0, 1, 40))
    totals = rng.poisson(3 * factors, (50, 40)).astype(np.float64)
    logs = log_abundance(totals, factors, SETTINGS)
    for gene in range(50):
        at_zero = logs[gene, totals[gene] == 0]
        assert len(at_zero) > 1
        assert np.ptp(at_zero) == 0
        assert at_zero[0] < logs[gene, totals[gene] > 0].min()


@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_a_deeper_sample_has_nearly_the_same_values(factor: float) -> None:
    rng = np.random.default_rng(1)
    totals = rng.poisson(300 * rng.gamma(5, 0.2, (100, 40))).astype(np.float64)
    factors = np.exp(rng.normal(0, 0.2, 40))
    plain = log_abundance(totals, factors, SETTINGS)
    totals[:, 7] *= factor
    factors[7] *= factor
    np.testing.assert_allclose(log_abundance(totals, factors, SETTINGS), plain, atol=0.01)


@settings(deadline=None, max_examples=60)
@given(
    totals=hnp.arrays(np.float64, (4, 12), elements=st.integers(0, 10_000).map(float)),
    factors=hnp.arrays(np.float64, 12, elements=st.floats(0.1, 10.0)),
)
def test_more_reads_at_the_same_depth_never_give_a_lower_value(
    totals: Floats, factors: Floats
) -> None:
    scaled = totals / factors
    logs = log_abundance(totals, factors, SETTINGS)
    order = np.argsort(scaled, axis=1)
    steps = np.diff(np.take_along_axis(logs, order, axis=1), axis=1)
    rises = np.diff(np.take_along_axis(scaled, order, axis=1), axis=1) > 1e-6
    assert (steps >= 0).all()
    assert (steps[rises] > 0).all()


@pytest.mark.parametrize(("reads", "depth_sd"), [(150.0, 0.3), (10.0, 0.8)])
@pytest.mark.parametrize("shape", [3.0, 10.0])
def test_the_prior_shape_is_that_of_the_gamma_behind_the_counts(
    shape: float, reads: float, depth_sd: float
) -> None:
    rng = np.random.default_rng(2)
    factors = np.exp(rng.normal(0, depth_sd, 4000))
    rates = reads * rng.gamma(shape, 1 / shape, (20, 4000))
    totals = rng.poisson(rates * factors).astype(np.float64)
    found = shapes(log_abundance(totals, factors, SETTINGS), totals, factors)
    assert np.median(found) == pytest.approx(shape, rel=0.07)
    np.testing.assert_allclose(found, found[:, :1].repeat(4000, axis=1), rtol=1e-6)


def test_the_prior_shape_stays_within_its_bounds() -> None:
    rng = np.random.default_rng(3)
    factors = np.ones(500)
    steady = rng.poisson(100, (1, 500)).astype(np.float64)
    rare_bursts = np.where(rng.random((1, 500)) < 0.02, 10_000.0, 0.0)
    constant = np.full((1, 500), 20.0)
    totals = np.concatenate([steady, rare_bursts, constant, np.zeros((1, 500))])
    narrow = FeatureSettings(abundance_prior_min=2.0, abundance_prior_max=9.0)
    found = shapes(log_abundance(totals, factors, narrow), totals, factors)
    np.testing.assert_allclose(found[1], 2.0, rtol=1e-6)
    np.testing.assert_allclose(found[[2, 3]], 9.0, rtol=1e-6)
    assert found[0, 0] == pytest.approx(9.0)


def test_a_gene_does_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(4)
    totals = rng.poisson(np.exp(rng.normal(3, 1, (30, 1))), (30, 25)).astype(np.float64)
    factors = np.exp(rng.normal(0, 0.3, 25))
    together = log_abundance(totals, factors, SETTINGS)
    np.testing.assert_array_equal(log_abundance(totals[7:8], factors, SETTINGS)[0], together[7])

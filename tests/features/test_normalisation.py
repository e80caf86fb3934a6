"""Size factors against plain implementations, and what must not move them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isograph.features.normalisation import _ranked, _weighted_median, size_factors
from tests.features.counts import Floats

pytestmark = pytest.mark.filterwarnings("error")

METHODS = ("median_of_ratios", "tmm")


def overdispersed(
    rng: np.random.Generator,
    *,
    n_genes: int = 300,
    n_samples: int = 12,
    mean: float = 200.0,
    depth_sd: float = 0.3,
) -> tuple[Floats, Floats]:
    """Gamma–Poisson totals and the depths behind them (geometric mean 1)."""
    depth = np.exp(rng.normal(0, depth_sd, n_samples))
    depth /= np.exp(np.log(depth).mean())
    level = np.exp(rng.normal(np.log(mean), 1.0, n_genes))[:, None]
    totals = rng.poisson(level * depth * rng.gamma(5.0, 0.2, (n_genes, n_samples)))
    return totals.astype(np.float64), depth


def log_error(factors: Floats, depth: Floats) -> Floats:
    """Difference of logarithms, centred: a common scale means nothing."""
    error = np.log(factors) - np.log(depth)
    return error - error.mean()


def classic_median_of_ratios(totals: Floats) -> Floats:
    """Anders & Huber 2010, equation 5: the median over genes of count by geometric mean."""
    usable = [row for row in totals if all(row > 0)]
    means = [np.prod(row ** (1 / len(row))) for row in usable]
    factors = [
        np.median([row[sample] / mean for row, mean in zip(usable, means, strict=True)])
        for sample in range(totals.shape[1])
    ]
    return np.array(factors) / np.exp(np.mean(np.log(factors)))


def plain_tmm(totals: Floats) -> Floats:
    """Robinson & Oshlack 2010, sample by sample and gene by gene, as their Methods put it."""
    libraries = totals.sum(axis=0)
    quartiles = [np.quantile(totals[:, k] / libraries[k], 0.75) for k in range(len(libraries))]
    reference = int(np.argmin(np.abs(np.array(quartiles) - np.mean(quartiles))))
    factors = []
    for k in range(len(libraries)):
        m_values, a_values, weights = [], [], []
        for gene in range(len(totals)):
            y_k, y_r = totals[gene, k], totals[gene, reference]
            n_k, n_r = libraries[k], libraries[reference]
            if y_k == 0 or y_r == 0:
                continue
            m_values.append(np.log2((y_k / n_k) / (y_r / n_r)))
            a_values.append(0.5 * np.log2((y_k / n_k) * (y_r / n_r)))
            weights.append(1 / ((n_k - y_k) / (n_k * y_k) + (n_r - y_r) / (n_r * y_r)))
        n = len(m_values)
        m_rank = np.argsort(np.argsort(m_values))
        a_rank = np.argsort(np.argsort(a_values))
        kept = [
            g
            for g in range(n)
            if np.floor(0.30 * n) <= m_rank[g] < n - np.floor(0.30 * n)
            and np.floor(0.05 * n) <= a_rank[g] < n - np.floor(0.05 * n)
        ]
        if k == reference or not kept:
            factors.append(libraries[k])
            continue
        top = sum(weights[g] * m_values[g] for g in kept)
        factors.append(libraries[k] * 2 ** (top / sum(weights[g] for g in kept)))
    return np.array(factors) / np.exp(np.mean(np.log(factors)))


@pytest.mark.parametrize("method", METHODS)
def test_geometric_mean_is_one(method: str) -> None:
    totals, _ = overdispersed(np.random.default_rng(0))
    factors = size_factors(totals, method=method)
    assert factors.shape == (12,)
    assert np.exp(np.log(factors).mean()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_depths_are_recovered(method: str) -> None:
    totals, depth = overdispersed(np.random.default_rng(1), n_genes=2000)
    error = log_error(size_factors(totals, method=method), depth)
    assert np.abs(error).max() < 0.05


@pytest.mark.parametrize("factor", [0.2, 3.0, 50.0])
def test_scaling_a_sample_scales_its_size_factor_by_as_much(factor: float) -> None:
    totals, _ = overdispersed(np.random.default_rng(2))
    plain = size_factors(totals, method="median_of_ratios")
    totals[:, 3] *= factor
    scaled = size_factors(totals, method="median_of_ratios")
    ratio = scaled / plain
    others = np.delete(ratio, 3)
    np.testing.assert_allclose(ratio[3] / others, factor, rtol=1e-9)
    np.testing.assert_allclose(others, others[0], rtol=1e-9)


@pytest.mark.parametrize("factor", [0.2, 3.0, 50.0])
def test_scaling_a_sample_scales_its_trimmed_mean_nearly_by_as_much(factor: float) -> None:
    # the precision weights are of counts, so only nearly
    totals, _ = overdispersed(np.random.default_rng(3))
    plain = size_factors(totals, method="tmm")
    totals[:, 3] *= factor
    ratio = size_factors(totals, method="tmm") / plain
    assert ratio[3] / ratio[0] == pytest.approx(factor, rel=0.05)


def test_no_normalisation_is_ones() -> None:
    totals, _ = overdispersed(np.random.default_rng(4))
    np.testing.assert_array_equal(size_factors(totals, method="none"), np.ones(12))


@pytest.mark.parametrize("method", METHODS)
def test_no_genes_give_ones(method: str) -> None:
    np.testing.assert_array_equal(size_factors(np.empty((0, 5)), method=method), np.ones(5))


@pytest.mark.parametrize("seed", range(5))
def test_tmm_is_that_of_the_paper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    totals, _ = overdispersed(rng, n_genes=150, n_samples=7, mean=60.0)
    totals = np.where(totals < 3, 0.0, totals + rng.random(totals.shape))  # no ties at the trims
    assert (totals == 0).any()
    np.testing.assert_allclose(size_factors(totals, method="tmm"), plain_tmm(totals), rtol=1e-10)


def test_tmm_withstands_genes_that_take_reads_from_all_others() -> None:
    totals, depth = overdispersed(np.random.default_rng(6), n_genes=1000, depth_sd=0.0)
    totals[:50, :6] *= 30
    share = totals.sum(axis=0)
    assert share[:6].mean() / share[6:].mean() > 1.5
    assert np.abs(log_error(size_factors(totals, method="tmm"), depth)).max() < 0.08


def test_median_of_ratios_is_the_classic_one_where_all_genes_are_equally_steady() -> None:
    rng = np.random.default_rng(7)
    n = 30
    residual = rng.normal(0, 0.3, n)
    # every gene has the same deviations, each shifted by one sample more: equal variances
    shifted = np.array([np.roll(residual, gene) for gene in range(n)])
    totals = np.exp(rng.normal(5, 1, (n, 1)) + shifted + rng.normal(0, 0.5, n))
    np.testing.assert_allclose(
        size_factors(totals, method="median_of_ratios"),
        classic_median_of_ratios(totals),
        rtol=1e-9,
    )


def test_between_two_genes_the_median_is_midway_on_the_log_scale() -> None:
    totals = np.random.default_rng(13).poisson(100, (2, 9)).astype(np.float64)
    expected = np.exp(np.log(totals).mean(axis=0))
    expected /= np.exp(np.log(expected).mean())
    found = size_factors(totals, method="median_of_ratios")
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_rising_module_moves_the_classic_median_but_not_the_size_factors() -> None:
    rng = np.random.default_rng(8)
    latent = rng.normal(size=60)
    logs = rng.normal(6, 0.5, (300, 1)) + rng.normal(0, 0.2, (300, 60))
    logs[:90] += 0.9 * latent
    logs[90:110] -= 0.9 * latent
    totals = rng.poisson(np.exp(logs)).astype(np.float64)

    def pull(factors: Floats) -> float:
        return float(np.polyfit(latent, np.log(factors), 1)[0])

    assert pull(classic_median_of_ratios(totals)) > 0.04
    assert abs(pull(size_factors(totals, method="median_of_ratios"))) < 0.01


@pytest.mark.parametrize("method", METHODS)
def test_sparse_counts_without_a_gene_seen_everywhere(method: str) -> None:
    rng = np.random.default_rng(9)
    totals, depth = overdispersed(rng, n_genes=1500, n_samples=50, mean=15.0)
    totals[rng.random(totals.shape) < 0.25] = 0.0
    assert not (totals > 0).all(axis=1).any()
    error = log_error(size_factors(totals, method=method), depth)
    assert np.abs(error).max() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_of_zeros_gets_the_typical_size_and_leaves_the_others_alone(method: str) -> None:
    totals, _ = overdispersed(np.random.default_rng(10), n_genes=1000)
    plain = size_factors(totals, method=method)
    totals[:, 5] = 0.0
    factors = size_factors(totals, method=method)
    others = np.delete(factors, 5)
    assert factors[5] == pytest.approx(np.median(others))
    assert np.abs(log_error(others, np.delete(plain, 5))).max() < 0.02


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("depth", [1e-2, 1e-3, 1e-4])
def test_a_failed_sample_leaves_the_size_factors_of_the_others_alone(
    method: str, depth: float
) -> None:
    rng = np.random.default_rng(11)
    totals, _ = overdispersed(rng, n_genes=2000, n_samples=50, mean=100.0)
    plain = size_factors(totals, method=method)
    totals[:, 0] = rng.poisson(depth * totals[:, 0])
    factors = size_factors(totals, method=method)
    assert np.abs(log_error(factors[1:], plain[1:])).max() < 0.05
    assert 0 < factors[0] < 0.05


@pytest.mark.parametrize("method", METHODS)
def test_counts_of_nothing_give_ones(method: str) -> None:
    np.testing.assert_array_equal(size_factors(np.zeros((20, 6)), method=method), np.ones(6))


@pytest.mark.parametrize("method", METHODS)
def test_reordered_samples_give_reordered_size_factors(method: str) -> None:
    rng = np.random.default_rng(12)
    totals, _ = overdispersed(rng, mean=20.0)
    order = rng.permutation(12)
    np.testing.assert_allclose(
        size_factors(totals[:, order], method=method),
        size_factors(totals, method=method)[order],
        rtol=1e-10,
    )


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None, max_examples=60)
@given(
    totals=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 25), st.integers(2, 8)),
        elements=st.one_of(st.just(0.0), st.floats(0.01, 1e6)),
    )
)
def test_size_factors_are_positive_whatever_the_counts(method: str, totals: Floats) -> None:
    factors = size_factors(totals, method=method)
    assert np.isfinite(factors).all()
    assert (factors > 0).all()
    assert np.log(factors).mean() == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(1, 40))
def test_weighted_medians_leave_half_of_the_weight_on_either_side(seed: int, n_rows: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(n_rows, 11)), 1)  # with ties
    values[rng.random(values.shape) < 0.2] = np.nan
    weight = rng.uniform(0.1, 3.0, size=n_rows)
    median = _weighted_median(values, _ranked(values), weight)
    for column, found in zip(values.T, median, strict=True):
        seen = ~np.isnan(column)
        if not seen.any():
            assert np.isnan(found)
            continue
        half = weight[seen].sum() / 2 * (1 + 1e-9)
        assert weight[seen][column[seen] < found].sum() <= half
        assert weight[seen][column[seen] > found].sum() <= half


def test_equal_weights_give_the_usual_median() -> None:
    values = np.random.default_rng(0).normal(size=(30, 9))
    values[3, 2] = values[5, 2] = values[7, 4] = np.nan
    found = _weighted_median(values, _ranked(values), np.full(30, 0.7))
    np.testing.assert_array_equal(found, np.nanmedian(values, axis=0))

"""Factor analysis against the textbook's features × features form, and with missing entries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from isograph.backends.latent.factor_analysis import (
    Factors,
    factor_analysis,
    leading_directions,
    sample_log_likelihood,
)

pytestmark = pytest.mark.filterwarnings("error")

Floats = np.ndarray
P, N, K = 12, 300, 2


def drawn(seed: int = 0, *, n_features: int = P, n_samples: int = N) -> Floats:
    """Centred rows of variance 1 that follow two factors, float32."""
    rng = np.random.default_rng(seed)
    loadings = np.zeros((n_features, K))
    loadings[: n_features // 3, 0] = rng.uniform(0.5, 0.9, n_features // 3)
    loadings[n_features // 3 : n_features // 2, 1] = 0.7
    noise = np.sqrt(1 - np.square(loadings).sum(axis=1))
    x = loadings @ rng.normal(size=(K, n_samples))
    x += noise[:, None] * rng.normal(size=(n_features, n_samples))
    x -= x.mean(axis=1, keepdims=True)
    x /= x.std(axis=1, keepdims=True)
    return x.astype(np.float32)


def fitted(x: Floats, seen: Floats | None = None, *, k: int = K, rounds: int = 2000) -> Factors:
    return factor_analysis(
        x,
        np.ones(x.shape, dtype=bool) if seen is None else seen,
        leading_directions(x, most=k),
        n_factors=k,
        max_iterations=rounds,
        tolerance=1e-9,
        least_noise=0.01,
    )


def textbook_em(x: Floats, k: int, *, rounds: int, seed: int) -> float:
    """Rubin & Thayer (1982) with features × features matrices; log likelihood a sample."""
    p, n = x.shape
    cov = x.astype(float) @ x.T.astype(float) / n
    rng = np.random.default_rng(seed)
    w, psi = 0.3 * rng.normal(size=(p, k)), np.ones(p)
    for _ in range(rounds):
        beta = w.T @ np.linalg.inv(w @ w.T + np.diag(psi))
        second = np.eye(k) - beta @ w + beta @ cov @ beta.T
        w = cov @ beta.T @ np.linalg.inv(second)
        psi = np.diag(cov - w @ beta @ cov).copy()
    sigma = w @ w.T + np.diag(psi)
    logdet = np.linalg.slogdet(sigma)[1]
    return -0.5 * (p * np.log(2 * np.pi) + logdet + np.trace(np.linalg.solve(sigma, cov)))


class TestMaximumLikelihood:
    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_reaches_the_maximum_of_the_textbooks_em(self, k: int) -> None:
        x = drawn()
        found = fitted(x, k=k)
        assert found.converged
        # EM may end on a lower hill: its best of several starts
        reached = max(textbook_em(x, k, rounds=3000, seed=seed) for seed in range(4))
        assert found.log_likelihood[-1] == pytest.approx(reached, abs=2e-4)

    def test_the_likelihood_never_falls(self) -> None:
        for seed in range(5):
            x = drawn(seed, n_features=200, n_samples=40)
            history = np.array(fitted(x, k=4).log_likelihood)
            assert np.all(np.diff(history) > -1e-3), seed

    def test_the_likelihood_it_reports_is_that_of_the_model(self) -> None:
        x = drawn()
        found = fitted(x)
        sigma = found.loadings @ found.loadings.T + np.diag(found.noise)
        own = multivariate_normal(np.zeros(P), sigma).logpdf(x.T.astype(float)).mean()
        assert found.log_likelihood[-1] == pytest.approx(own, abs=1e-3)

    def test_finds_planted_loadings_among_far_more_features_than_samples(self) -> None:
        x = drawn(n_features=600, n_samples=80)
        found = fitted(x).shrunk(df=79, fdr=0.05)
        length = np.square(found.loadings).sum(axis=1)
        assert np.median(length[:300]) > 0.4
        assert np.mean(length[300:] > 0) < 0.05
        unit = found.loadings[:300] / np.linalg.norm(found.loadings[:300], axis=1, keepdims=True)
        assert np.mean(np.abs(unit[:200] @ unit[:200].T)) > 0.95
        assert np.mean(np.abs(unit[:200] @ unit[200:].T)) < 0.25

    def test_no_factors_is_a_model_of_noise(self) -> None:
        found = fitted(drawn(), k=0)
        assert found.loadings.shape == (P, 0)
        assert np.allclose(found.noise, 1.0, atol=1e-5)

    def test_noise_keeps_its_share_where_a_factor_reproduces_a_feature(self) -> None:
        x = drawn()
        x[1] = x[0]
        assert fitted(x).noise.min() == pytest.approx(0.01, rel=1e-3)

    def test_does_not_depend_on_the_sign_of_a_feature(self) -> None:
        x = drawn()
        sign = np.where(np.arange(P) % 2, 1.0, -1.0).astype(np.float32)[:, None]
        one, other = fitted(x), fitted(sign * x)
        assert np.allclose(
            np.abs(one.loadings @ one.loadings.T),
            np.abs(other.loadings @ other.loadings.T),
            atol=1e-4,
        )


class TestMissingEntries:
    def test_loadings_are_nearly_those_of_the_whole_data(self) -> None:
        x = drawn(n_features=100)
        seen = np.random.default_rng(2).random(x.shape) > 0.1
        whole, part = fitted(x), fitted(np.where(seen, x, 0).astype(np.float32), seen)
        first, second = (np.square(one.loadings @ one.loadings.T) for one in (whole, part))
        assert np.abs(first - second).mean() < 0.02
        # zeros in place of what is missing would cost a tenth of every loading
        assert np.square(part.loadings[:50]).sum() == pytest.approx(
            np.square(whole.loadings[:50]).sum(), rel=0.08
        )

    def test_the_data_are_not_changed(self) -> None:
        x = drawn()
        seen = np.random.default_rng(2).random(x.shape) > 0.1
        x = np.where(seen, x, 0).astype(np.float32)
        before = x.copy()
        fitted(x, seen, rounds=5)
        assert np.array_equal(x, before)

    def test_a_samples_likelihood_is_that_of_its_seen_entries(self) -> None:
        x = drawn()
        seen = np.random.default_rng(3).random(x.shape) > 0.2
        seen[:, 0] = True
        found = fitted(x)
        sigma = found.loadings @ found.loadings.T + np.diag(found.noise)
        got = sample_log_likelihood(found, np.where(seen, x, 0).astype(np.float32), seen)
        for sample in range(20):
            rows = np.flatnonzero(seen[:, sample])
            normal = multivariate_normal(np.zeros(len(rows)), sigma[np.ix_(rows, rows)])
            wanted = normal.logpdf(x[rows, sample].astype(float))
            assert got[sample] == pytest.approx(wanted, abs=1e-3)


class TestShrinking:
    def test_variances_stay(self) -> None:
        found = fitted(drawn(n_features=200, n_samples=60), k=3)
        less = found.shrunk(df=59, fdr=0.05)
        assert np.allclose(np.square(less.loadings).sum(axis=1) + less.noise, less.variance)

    def test_predicts_new_samples_better(self) -> None:
        x = drawn(n_features=600, n_samples=120)
        train, new = np.ascontiguousarray(x[:, :60]), np.ascontiguousarray(x[:, 60:])
        seen = np.ones(new.shape, dtype=bool)
        found = fitted(train)
        plain = sample_log_likelihood(found, new, seen).mean()
        assert sample_log_likelihood(found.shrunk(df=59, fdr=0.05), new, seen).mean() > plain + 1

    def test_noise_keeps_no_loading(self) -> None:
        rng = np.random.default_rng(4)
        x = rng.normal(size=(500, 50)).astype(np.float32)
        assert np.mean(fitted(x, k=2).shrunk(df=49, fdr=0.05).loadings != 0) < 0.1

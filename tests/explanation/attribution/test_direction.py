"""The direction is that of the best linear prediction, and says how good it is honestly."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.errors import OutputError
from isograph.explanation.attribution.direction import latent_direction
from isograph.features.design import intercept_only
from tests.explanation.attribution.made import Floats, covariate_design

N, K = 60, 4


def made(seed: int, *, noise: float = 0.1) -> tuple[Floats, Floats, Floats]:
    """Latent means, a profile that follows a mixture of them, and the mixture."""
    rng = np.random.default_rng(seed)
    latent, weights = rng.normal(size=(N, K)), np.array([0.6, -0.6, 0.5, 0.0])
    profile = latent @ weights + noise * rng.normal(size=N)
    profile -= profile.mean()
    return latent, profile / np.sqrt(np.mean(profile**2)), weights / np.linalg.norm(weights)


def test_finds_a_direction_that_is_no_coordinate() -> None:
    latent, profile, weights = made(1)
    found = latent_direction(latent, profile, intercept_only(N))
    assert found.vector @ weights > 0.995
    single = max(abs(np.corrcoef(column, profile)[0, 1]) for column in latent.T)
    assert found.r > 0.98 > single + 0.2


def test_score_rises_with_the_profile_and_has_the_sd_that_it_says() -> None:
    latent, profile, _ = made(2)
    up, down = (latent_direction(latent, sign * profile, intercept_only(N)) for sign in (1, -1))
    np.testing.assert_allclose(up.vector, -down.vector)
    score = (latent - latent.mean(axis=0)) @ up.vector
    assert up.sd == pytest.approx(np.std(score))
    assert up.r == pytest.approx(np.corrcoef(score, profile)[0, 1])
    assert up.r > 0
    np.testing.assert_allclose(up.step @ up.vector, up.sd)


def test_leave_one_out_is_what_refitting_without_each_sample_gives() -> None:
    latent, profile, _ = made(3, noise=1.0)
    means = latent - latent.mean(axis=0)
    found = latent_direction(latent, profile, intercept_only(N))
    penalty = found.ridge * np.linalg.svd(means, compute_uv=False)[0] ** 2 * np.eye(K)
    error = 0.0
    for i in range(N):
        x, y = np.delete(means, i, axis=0), np.delete(profile, i)
        error += (profile[i] - means[i] @ np.linalg.solve(x.T @ x + penalty, x.T @ y)) ** 2
    assert found.r_cv == pytest.approx(np.sqrt(1 - error / (profile @ profile)))


def test_a_profile_of_noise_is_not_said_to_be_predicted() -> None:
    rng = np.random.default_rng(4)
    profile = rng.normal(size=30)
    profile -= profile.mean()
    found = latent_direction(rng.normal(size=(30, 10)), profile, intercept_only(30))
    assert found.r > 0.2
    assert found.r_cv == 0.0


def test_a_collapsed_coordinate_gets_no_weight() -> None:
    latent, profile, _ = made(5)
    latent[:, 3] = 1e-6 * np.random.default_rng(6).normal(size=N)
    found = latent_direction(latent, profile, intercept_only(N))
    assert abs(found.vector[3]) < 0.01
    assert found.latent_dim != 3


def test_covariates_are_taken_out_of_the_latent_means() -> None:
    latent, profile, _ = made(7)
    design = covariate_design(N, seed=8)
    clean = profile - design.basis @ (design.basis.T @ profile)
    shifted = latent + np.outer(design.matrix[:, 1], [5.0, -3.0, 0.0, 9.0])
    plain, moved = (latent_direction(means, clean, design) for means in (latent, shifted))
    np.testing.assert_allclose(plain.vector, moved.vector, atol=1e-8)
    assert plain.sd == pytest.approx(moved.sd)


def test_order_of_samples_does_not_matter() -> None:
    latent, profile, _ = made(9)
    order = np.random.default_rng(10).permutation(N)
    before = latent_direction(latent, profile, intercept_only(N))
    after = latent_direction(latent[order], profile[order], intercept_only(N))
    np.testing.assert_allclose(before.vector, after.vector, atol=1e-10)
    assert before.ridge == after.ridge


def test_turning_the_latent_space_turns_the_direction() -> None:
    latent, profile, _ = made(11)
    turn = np.linalg.qr(np.random.default_rng(12).normal(size=(K, K)))[0]
    before = latent_direction(latent, profile, intercept_only(N))
    after = latent_direction(latent @ turn, profile, intercept_only(N))
    np.testing.assert_allclose(after.vector, before.vector @ turn, atol=1e-8)


def test_refuses_latent_means_that_do_not_vary() -> None:
    _, profile, _ = made(13)
    with pytest.raises(OutputError, match="learned nothing"):
        latent_direction(np.full((N, K), 0.3), profile, intercept_only(N))

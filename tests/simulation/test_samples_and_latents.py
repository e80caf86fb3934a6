import numpy as np
import pandas as pd
import pytest

from isograph.simulation.latents import LinearLatents, NonlinearLatents, draw_latents
from isograph.simulation.samples import (
    EVEN_AGES,
    NORMAL_AGES,
    age_z,
    draw_samples,
    is_case,
)
from isograph.simulation.streams import Streams

N = 4000


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return draw_samples(Streams("many", 1), n_samples=N, ages=NORMAL_AGES)


def _latents(samples: pd.DataFrame, n_modules: int, latents: object) -> np.ndarray:
    streams = Streams("many", 1)
    return draw_latents(streams, samples=samples, n_modules=n_modules, latents=latents)  # type: ignore[arg-type]


def _linear(**changes: object) -> LinearLatents:
    plain = {"dx_effects": (0.0, 0.0), "age_effects": (0.0, 0.0), "confounder": 0.0}
    return LinearLatents(**(plain | changes))  # type: ignore[arg-type]


def test_half_of_the_samples_are_cases(samples: pd.DataFrame) -> None:
    assert samples["Dx"].value_counts().to_dict() == {"Control": N // 2, "SCZD": N // 2}


def test_diagnosis_is_not_told_by_sample_order(samples: pd.DataFrame) -> None:
    assert 0.45 < is_case(samples)[: N // 2].mean() < 0.55


def test_normal_ages_have_their_mean_spread_and_bounds(samples: pd.DataFrame) -> None:
    age = samples["Age"]
    assert age.mean() == pytest.approx(50, abs=0.8)
    assert age.std() == pytest.approx(12, abs=0.6)  # clipping takes 0.3 off
    assert age.min() == 25.0
    assert age.max() == 85.0


def test_even_ages_climb_from_30_to_70_with_a_jitter_of_2() -> None:
    age = draw_samples(Streams("many", 1), n_samples=N, ages=EVEN_AGES)["Age"].to_numpy()
    jitter = age - np.linspace(30, 70, N)
    assert jitter.std() == pytest.approx(2.0, rel=0.05)
    assert abs(jitter.mean()) < 0.15


def test_sex_is_even_and_related_to_nothing(samples: pd.DataFrame) -> None:
    male = (samples["Sex"] == "M").to_numpy(dtype=float)
    assert male.mean() == pytest.approx(0.5, abs=0.03)
    assert abs(np.corrcoef(male, is_case(samples))[0, 1]) < 0.05
    assert abs(np.corrcoef(male, samples["Age"])[0, 1]) < 0.05


def test_latents_without_effects_are_independent_standard_normals(samples: pd.DataFrame) -> None:
    drawn = _latents(samples, 4, _linear())
    np.testing.assert_allclose(np.cov(drawn), np.eye(4), atol=0.08)
    np.testing.assert_allclose(drawn.mean(axis=1), 0.0, atol=0.06)


def test_latents_carry_effects_of_diagnosis_and_age_within_the_ranges(
    samples: pd.DataFrame,
) -> None:
    latents = _linear(dx_effects=(0.5, 1.5), age_effects=(0.2, 0.6))
    drawn = _latents(samples, 40, latents)
    design = np.column_stack([np.ones(N), is_case(samples), age_z(samples)])
    effects = np.linalg.lstsq(design, drawn.T, rcond=None)[0]
    assert effects[1].min() > 0.4
    assert effects[1].max() < 1.6
    assert effects[1].std() == pytest.approx(1.0 / np.sqrt(12), rel=0.3)
    assert effects[2].min() > 0.15
    assert effects[2].max() < 0.65
    assert effects[2].std() == pytest.approx(0.4 / np.sqrt(12), rel=0.3)


def test_the_confounder_is_shared_by_all_modules(samples: pd.DataFrame) -> None:
    drawn = _latents(samples, 5, _linear(confounder=0.6))
    covariance = np.cov(drawn)
    np.testing.assert_allclose(covariance[~np.eye(5, dtype=bool)], 0.36, atol=0.08)
    np.testing.assert_allclose(np.diag(covariance), 1.36, atol=0.12)


def test_latents_can_be_scaled_to_unit_variance(samples: pd.DataFrame) -> None:
    latents = _linear(dx_effects=(0.9, 0.9), confounder=0.6)
    raw = _latents(samples, 3, latents)
    scaled = _latents(
        samples, 3, _linear(dx_effects=(0.9, 0.9), confounder=0.6, unit_variance=True)
    )
    np.testing.assert_allclose(scaled.std(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(scaled * raw.std(axis=1, keepdims=True), raw, atol=1e-12)


def test_nonlinear_latents_step_up_for_the_stated_shares_of_samples(
    samples: pd.DataFrame,
) -> None:
    drawn = _latents(samples, 4, NonlinearLatents(confounder=0.0))
    up = drawn > 1.25
    np.testing.assert_allclose(up[:2].mean(axis=1), 0.35, atol=0.01)
    assert up[2:].mean(axis=1).sum() == pytest.approx(0.35, abs=0.01)
    assert drawn[up].mean() == pytest.approx(2.5, abs=0.02)
    assert abs(drawn[~up].mean()) < 0.02
    assert drawn[~up].std() == pytest.approx(0.15, rel=0.05)


def test_nonlinear_modules_that_exclude_each_other_never_step_up_together(
    samples: pd.DataFrame,
) -> None:
    up = _latents(samples, 4, NonlinearLatents(confounder=0.0)) > 1.25
    assert not (up[0] & up[1]).any()
    assert not (up[2] & up[3]).any()


def test_nonlinear_latents_are_not_linear_in_the_traits(samples: pd.DataFrame) -> None:
    drawn = _latents(samples, 4, NonlinearLatents(confounder=0.0))
    dx, z = is_case(samples), age_z(samples)
    linear = np.column_stack([np.ones(N), dx, z])
    curved = np.column_stack([linear, dx * z, z * z])

    def explained(design: np.ndarray) -> np.ndarray:
        rest = drawn.T - design @ np.linalg.lstsq(design, drawn.T, rcond=None)[0]
        return 1.0 - rest.var(axis=0) / drawn.var(axis=1)

    assert (explained(curved) - explained(linear)).max() > 0.1

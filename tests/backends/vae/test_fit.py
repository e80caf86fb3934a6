"""What the autoencoder says about features: planted factors, noise, and the same every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import isograph
from isograph.backends.vae.checkpoint import save_checkpoint
from isograph.backends.vae.fit import fit_vae
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.train import Epoch
from isograph.errors import ConfigError, InputError
from isograph.files import to_json
from tests.backends.vae.data import N_MODULES, labels, noise, planted
from tests.network.synthetic import feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")

LINEAR = VaeSettings(hidden_widths=())


class TestPlantedFactors:
    def test_finds_as_many_dimensions_as_there_are_factors(self) -> None:
        assert fit_vae(planted(1), LINEAR, seed=1).record["latent_dim"] == N_MODULES

    def test_predicts_heldout_entries_nearly_as_well_as_factors_allow(self) -> None:
        fit = fit_vae(planted(2), LINEAR, seed=1)
        # a fifth of the features have a share of 0.64 that others can tell
        most = 0.64 * N_MODULES * 25 / len(labels())
        assert 0.75 * most < fit.record["heldout_r2"] < 1.2 * most
        assert fit.explains_heldout

    def test_reports_training_and_heldout_figures_of_the_same_kind(self) -> None:
        fit = fit_vae(planted(2), LINEAR, seed=1)
        best = fit.history.iloc[fit.best_epoch]
        assert fit.record["train_r2"] == best["train_r2"] > fit.record["heldout_r2"]
        assert fit.record["heldout_r2"] == best["heldout_r2"]
        # a later epoch that is better by less than `min_improvement` does not count
        assert best["heldout_r2"] == pytest.approx(fit.history["heldout_r2"].max(), abs=1e-4)

    def test_similar_features_are_those_of_one_module(self) -> None:
        fit, module = fit_vae(planted(3), LINEAR, seed=1), labels()
        weight = np.square(fit.embedding @ fit.embedding.T)
        weight *= fit.communality[:, None] * fit.communality
        np.fill_diagonal(weight, -1)
        members = module >= 0
        nearest = np.argsort(-weight[members], axis=1)[:, :10]
        assert np.mean(module[nearest] == module[members][:, None]) > 0.99

    def test_background_has_hardly_any_communality(self) -> None:
        fit, module = fit_vae(planted(4), LINEAR, seed=1), labels()
        assert np.median(fit.communality[module < 0]) < 0.02
        assert fit.communality[module < 0].max() < 0.3 < fit.communality[module >= 0].min()
        assert np.median(fit.communality[module >= 0]) == pytest.approx(0.62, abs=0.06)

    def test_model_implied_correlation_is_near_that_of_the_factors(self) -> None:
        fit, module = fit_vae(planted(5), LINEAR, seed=1), labels()
        within = np.abs(fit.embedding @ fit.embedding.T)[module == 1][:, module == 1]
        assert within.min() > 0.8

    def test_embedding_rows_have_length_one_or_zero(self) -> None:
        length = np.linalg.norm(fit_vae(planted(6), LINEAR, seed=1).embedding, axis=1)
        assert np.all((np.abs(length - 1) < 1e-9) | (length == 0))

    def test_sign_of_a_feature_changes_no_similarity(self) -> None:
        features = planted(7)
        flipped = feature_set(features.values * np.where(np.arange(400) % 2, -1.0, 1.0)[:, None])
        first, second = (fit_vae(f, LINEAR, seed=1) for f in (features, flipped))
        assert second.communality == pytest.approx(first.communality, abs=1e-3)

    def test_held_out_figures_are_near_those_of_modules_told_in_advance(self) -> None:
        bundle = isograph.simulate("noisy_multiplex_v1", seed=7)
        fit = fit_vae(isograph.study_features(bundle), VaeSettings(), seed=1)
        assert fit.record["heldout_r2"] > 0.19
        assert fit.record["latent_dim"] == 6


class TestNoise:
    @pytest.mark.parametrize("n_samples", [20, 60])
    def test_finds_no_factor(self, n_samples: int) -> None:
        fit = fit_vae(noise(1, n_samples=n_samples), VaeSettings(), seed=1)
        assert not fit.explains_heldout
        assert fit.communality.max() == 0
        assert fit.record["heldout_r2"] <= 0.002

    def test_stops_at_once_and_goes_back_to_predicting_zero(self) -> None:
        settings = VaeSettings(patience=5)
        fit = fit_vae(noise(2), settings, seed=1)
        assert fit.best_epoch == 0
        assert fit.record["epochs"] == settings.patience
        assert fit.record["stopped"] == "patience"
        assert not fit.embedding.any()

    def test_a_flexible_model_cannot_tell_heldout_entries_from_centred_rows(self) -> None:
        # centring makes seen entries give away the sum of the held-out ones: 1 / 19 of variance
        wide = VaeSettings(latent_dim=4, hidden_widths=(64,), patience=100, max_epochs=100)
        fit = fit_vae(noise(3, n_samples=20), wide, seed=1)
        assert fit.history["heldout_r2"].max() < 0.01


class TestNonlinearPart:
    def bent(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        z = rng.normal(size=200)
        curve = (z**2 - 1) / np.sqrt(2)
        # more rows on the line: the sign of z cannot be told from a curve that is the first factor
        return followers(rng, z, 60, loading=0.8), followers(rng, curve, 40, loading=0.8)

    def test_is_kept_where_one_dimension_bends(self) -> None:
        features = feature_set(np.vstack(self.bent(1)))
        fit = fit_vae(features, VaeSettings(latent_dim=1, max_epochs=300), seed=1)
        nonlinear = fit.record["nonlinear"]
        assert nonlinear["kept"]
        gain = nonlinear["with_hidden_layers"]["heldout_r2"] - nonlinear["linear"]["heldout_r2"]
        assert gain > 0.1

    def test_puts_curve_and_line_apart_in_the_embedding(self) -> None:
        features = feature_set(np.vstack(self.bent(4)))
        fit = fit_vae(features, VaeSettings(latent_dim=1, max_epochs=300), seed=1)
        similar = np.abs(fit.embedding @ fit.embedding.T)
        assert np.median(similar[:60, :60]) > 0.8
        assert np.median(similar[60:, 60:]) > 0.6
        assert np.median(similar[:60, 60:]) < 0.4

    def test_is_dropped_where_nothing_bends(self) -> None:
        record = fit_vae(planted(8), VaeSettings(), seed=1).record
        assert not record["nonlinear"]["kept"]
        assert record["heldout_r2"] == record["nonlinear"]["linear"]["heldout_r2"]


class TestDeterminism:
    def test_same_seed_gives_the_same_bytes(self) -> None:
        first, second = (fit_vae(planted(9), VaeSettings(), seed=5) for _ in range(2))
        assert first.embedding.tobytes() == second.embedding.tobytes()
        assert first.communality.tobytes() == second.communality.tobytes()
        assert first.latent.tobytes() == second.latent.tobytes()
        assert to_json(first.record) == to_json(second.record)

    def test_another_seed_gives_other_draws(self) -> None:
        first, second = (fit_vae(planted(9), VaeSettings(), seed=s) for s in (5, 6))
        assert first.record["heldout_r2"] != second.record["heldout_r2"]

    @pytest.mark.slow
    def test_number_of_threads_changes_no_byte(self) -> None:
        code = (
            "import hashlib, isograph.backends.vae.fit as f\n"
            "from isograph.backends.vae.settings import VaeSettings\n"
            "from tests.backends.vae.data import planted\n"
            "fit = f.fit_vae(planted(9), VaeSettings(), seed=5)\n"
            "print(hashlib.sha256(fit.embedding.tobytes() + fit.communality.tobytes()).hexdigest())"
        )
        digests = set()
        for threads in ("1", "3"):
            environment = os.environ | {"OMP_NUM_THREADS": threads, "ISOGRAPH_THREADS": threads}
            found = subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            digests.add(found.stdout)
        assert len(digests) == 1

    def test_global_state_of_torch_is_left_alone(self) -> None:
        torch.manual_seed(3)
        before = torch.get_rng_state(), torch.get_num_threads(), dict(os.environ)
        fit_vae(planted(9), VaeSettings(), seed=5)
        assert torch.equal(before[0], torch.get_rng_state())
        assert before[1:] == (torch.get_num_threads(), dict(os.environ))
        assert not torch.are_deterministic_algorithms_enabled()


class TestGaps:
    def test_missing_entries_are_left_out(self) -> None:
        fit, module = fit_vae(planted(10, gaps=0.2), LINEAR, seed=1), labels()
        assert fit.record["latent_dim"] == N_MODULES
        assert np.median(fit.communality[module >= 0]) > 0.45

    def test_what_stands_under_a_gap_does_not_matter(self) -> None:
        features = planted(11, gaps=0.2)
        assert not features.values[~features.observed].any()
        entries = features.observed.sum()
        record = fit_vae(features, LINEAR, seed=1).record
        assert record["heldout_entries"] + record["training_entries"] == entries


class TestReporting:
    def test_progress_is_told_every_epoch(self) -> None:
        told: list[Epoch] = []
        fit = fit_vae(
            planted(12), VaeSettings(latent_dim=4, hidden_widths=()), seed=1, progress=told.append
        )
        assert [epoch.epoch for epoch in told] == list(range(1, len(fit.history)))
        assert all(np.isfinite(epoch.loss) for epoch in told)

    def test_record_is_plain_json(self) -> None:
        record = fit_vae(planted(12), VaeSettings(), seed=1).record
        assert json.loads(to_json(record))["explains_heldout"] is True

    def test_says_how_many_dimensions_are_in_use(self) -> None:
        record = fit_vae(planted(12), LINEAR, seed=1).record
        assert record["active_dimensions"] == N_MODULES
        assert not record["posterior_collapsed"]

    def test_collapse_is_reported(self) -> None:
        record = fit_vae(noise(4), LINEAR, seed=1).record
        assert record["active_dimensions"] == 0
        assert record["posterior_collapsed"]


class TestRefusals:
    def test_too_few_samples_and_values_that_are_not_finite_at_once(self) -> None:
        features = planted(13, n_samples=10)
        few = feature_set(features.values[:, :6] + 0.0)
        few.values[2, 1] = np.nan
        with pytest.raises(InputError, match=r"400 features of 6 samples[\s\S]*not finite"):
            fit_vae(few, LINEAR, seed=1)

    def test_more_dimensions_than_samples_allow(self) -> None:
        with pytest.raises(ConfigError, match="samples allow 18"):
            fit_vae(planted(13, n_samples=20), VaeSettings(latent_dim=40), seed=1)

    def test_hidden_widths_are_read_from_text(self) -> None:
        assert VaeSettings.model_validate({"hidden_widths": "32, 16"}).hidden_widths == (32, 16)
        assert VaeSettings.model_validate({"hidden_widths": ""}).hidden_widths == ()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_what_the_cpu_gives() -> None:
    cpu, cuda = (
        fit_vae(planted(14), VaeSettings(device=device, hidden_widths=()), seed=1)
        for device in ("cpu", "cuda")
    )
    assert cuda.record["device"] == "cuda"
    assert cuda.communality == pytest.approx(cpu.communality, abs=1e-3)


def test_same_fit_gives_the_same_checkpoint(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        save_checkpoint(tmp_path / name, fit_vae(planted(9), VaeSettings(), seed=5).checkpoint)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()

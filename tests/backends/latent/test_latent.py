"""The `latent` backend: how many factors, what its record says, and when there is no model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import isograph
from isograph.backends.latent.backend import fit_latent
from isograph.backends.latent.choose import choose_factors
from isograph.backends.latent.settings import LatentSettings
from isograph.bundle.model import Bundle
from isograph.errors import ConfigError
from isograph.files import to_json
from isograph.results import read_fit, write_fit
from isograph.study import make_study
from tests.backends.vae.data import N_MODULES, labels, noise, planted
from tests.network.synthetic import feature_set

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = LatentSettings()


class TestNumberOfFactors:
    def test_is_that_of_the_planted_ones(self) -> None:
        for seed in range(3):
            assert choose_factors(planted(seed), SETTINGS).n_factors == N_MODULES

    def test_is_nearly_that_where_entries_are_missing(self) -> None:
        chosen = choose_factors(planted(2, gaps=0.05), SETTINGS).n_factors
        assert N_MODULES <= chosen <= N_MODULES + 1

    def test_is_none_in_noise(self) -> None:
        chosen = [choose_factors(noise(seed), SETTINGS).n_factors for seed in range(10)]
        assert chosen.count(0) >= 9

    def test_is_none_in_noise_of_few_samples_with_a_design(self) -> None:
        # centred rows tell the sum of what is held out: with few samples that looks like a factor
        chosen = [
            choose_factors(noise(seed, n_features=300, n_samples=12), SETTINGS).n_factors
            for seed in range(10)
        ]
        assert chosen.count(0) >= 9

    def test_the_table_of_what_was_tried_has_the_best_one_at_its_top(self) -> None:
        choice = choose_factors(planted(1), SETTINGS)
        best = max(choice.tried, key=lambda row: row[1])
        assert best[0] == choice.n_factors
        assert [row[0] for row in choice.tried] == sorted({row[0] for row in choice.tried})
        assert choice.gain_z > 5

    def test_training_gets_better_all_the_way_and_held_out_samples_do_not(self) -> None:
        tried = choose_factors(planted(1), SETTINGS).tried
        trained = [row[2] for row in tried]
        assert trained == sorted(trained)
        assert tried[-1][1] < max(row[1] for row in tried)

    def test_can_be_set(self) -> None:
        fit = fit_latent(planted(1), LatentSettings(n_factors=2))
        assert fit.record["n_factors"] == fit.embedding.shape[1] == 2
        assert fit.record["held_out"] is None

    def test_refuses_more_than_the_samples_allow(self) -> None:
        with pytest.raises(ConfigError, match=r"backend.n_factors: 60, and 30 samples allow 28"):
            fit_latent(noise(1, n_samples=30), LatentSettings(n_factors=60))


class TestWhatItSaysOfFeatures:
    def test_background_has_no_communality_and_members_have(self) -> None:
        fit = fit_latent(planted(2), SETTINGS)
        member = labels() >= 0
        assert np.median(fit.communality[member]) == pytest.approx(0.64, abs=0.1)
        assert np.mean(fit.communality[~member] > 0) < 0.05

    def test_rows_have_length_one_or_zero(self) -> None:
        length = np.linalg.norm(fit_latent(planted(2), SETTINGS).embedding, axis=1)
        assert np.all((np.abs(length - 1) < 1e-9) | (length == 0))

    def test_is_the_same_to_the_last_bit_on_any_number_of_threads(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fits = []
        for threads in ("1", "2"):
            monkeypatch.setenv("ISOGRAPH_THREADS", threads)
            fits.append(fit_latent(planted(3, gaps=0.03), SETTINGS))
        assert np.array_equal(fits[0].embedding, fits[1].embedding)
        assert np.array_equal(fits[0].communality, fits[1].communality)
        assert fits[0].record == fits[1].record

    def test_the_record_can_be_written(self) -> None:
        assert "heldout_log_likelihood" in to_json(fit_latent(planted(1), SETTINGS).record)


class TestNoModel:
    def test_few_features_give_no_model_and_the_reason(self) -> None:
        fit = fit_latent(feature_set(np.random.default_rng(0).normal(size=(2, 30))), SETTINGS)
        assert not fit.communality.any()
        assert fit.record == {"fitted": False, "reason": "2 features of 30 samples"}

    def test_noise_gives_a_model_without_factors(self) -> None:
        fit = fit_latent(noise(1), SETTINGS)
        assert fit.record["n_factors"] == 0
        assert not fit.embedding.any()


class TestTheBackend:
    def test_writes_its_record(self, realistic: Bundle, tmp_path: Path) -> None:
        fit = isograph.fit(realistic, backend="latent")
        read = read_fit(write_fit(fit, tmp_path / "fit"))
        assert read.calibration is not None
        model = read.calibration["model"]
        assert model["n_factors"] == 5
        assert model["converged"]
        assert len(model["held_out"]["tried"]) >= 4
        assert isograph.score_fit(realistic, fit).ari == 1.0

    def test_runs_the_ablation_by_one_setting(self, realistic: Bundle) -> None:
        found = {}
        for similarity in ("model", "random"):
            study = make_study(name="t", bundle="b", set={"similarity": similarity})
            fit = isograph.fit(realistic, study=study, backend="latent")
            found[similarity] = isograph.score_fit(realistic, fit).ari
        assert found["model"] == 1.0
        assert found["random"] < 0.8

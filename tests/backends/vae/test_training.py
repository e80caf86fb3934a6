"""Training goes back to its best epoch, and begins anew or gives up where it diverges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from isograph.backends.vae import train as training
from isograph.backends.vae.data import TrainingData, training_data
from isograph.backends.vae.heldout import heldout_entries, without_leak
from isograph.backends.vae.module import Posterior
from isograph.backends.vae.reproducible import reproducible_torch
from isograph.backends.vae.response import heldout_gain, standard_errors
from isograph.backends.vae.select import parallel_analysis
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.train import DivergenceError, Epoch, Trained, train
from tests.backends.vae.data import noise, planted

pytestmark = pytest.mark.filterwarnings("error")


def prepared(seed: int = 1) -> TrainingData:
    features = planted(seed)
    held = heldout_entries(
        features.gene_of, features.observed, share=0.1, rng=np.random.default_rng(seed)
    )
    return training_data(
        features.values, features.observed, held, features.design.basis, device="cpu"
    )


def trained(data: TrainingData, **changes: object) -> Trained:
    settings = VaeSettings.model_validate(changes)
    with reproducible_torch():
        return train(
            data, n_latent=4, hidden_widths=settings.hidden_widths, settings=settings, seed=1
        )


def heldout_r2(run: Trained, data: TrainingData) -> float:
    total = float((data.x.double().square() * data.is_held).sum())
    return float(heldout_gain(run.model, data).sum()) / total


class TestBestEpoch:
    def test_weights_of_the_best_epoch_are_restored(self) -> None:
        data = prepared()
        run = trained(data, patience=30, max_epochs=40)
        assert run.best_epoch < len(run.history) - 1
        assert heldout_r2(run, data) == pytest.approx(run.best.heldout_r2, abs=1e-6)
        assert run.history[-1].heldout_r2 != pytest.approx(run.best.heldout_r2, abs=1e-6)

    def test_ends_after_patience_epochs_without_a_better_one(self) -> None:
        run = trained(prepared(), patience=4)
        assert run.stopped == "patience"
        assert len(run.history) - 1 == run.best_epoch + 4

    def test_ends_at_the_limit(self) -> None:
        run = trained(prepared(), max_epochs=3, patience=50)
        assert run.stopped == "max_epochs"
        assert len(run.history) == 4

    def test_training_lowers_the_bound(self) -> None:
        run = trained(prepared(), warm_up_epochs=0, patience=50, max_epochs=30, hidden_widths=())
        losses = [epoch.loss for epoch in run.history[1:]]
        assert losses[-1] < losses[0]

    def test_kl_weight_warms_up(self) -> None:
        run = trained(prepared(), warm_up_epochs=4, beta=2.0, patience=9, max_epochs=6)
        weights = [epoch.kl_weight for epoch in run.history]
        assert weights == pytest.approx([0, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0])


class TestDivergence:
    def test_begins_anew_at_a_tenth_of_the_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = training._Run._one_epoch

        def first_attempt_fails(run: training._Run, kl_weight: float) -> float:
            return math.nan if run.rate > 1e-3 else original(run, kl_weight)

        monkeypatch.setattr(training._Run, "_one_epoch", first_attempt_fails)
        run = trained(prepared(), learning_rate=5e-3)
        assert run.restarts == 1
        assert run.learning_rate == pytest.approx(5e-4)
        assert run.best.heldout_r2 > 0.05

    def test_gives_up_with_the_steps_that_it_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(training._Run, "_one_epoch", lambda run, kl_weight: math.inf)
        with pytest.raises(DivergenceError, match=r"\(3\): 0.005, 0.0005, 5e-05"):
            trained(prepared(), learning_rate=5e-3, max_restarts=2)

    def test_an_exploding_error_counts(self) -> None:
        assert training._sound(Epoch(1, 1, 0.5, -8.0, 0.0, 1.0))
        assert not training._sound(Epoch(1, 1, 0.5, -9.5, 0.0, 1.0))

    def test_long_gradients_are_cut_and_counted(self) -> None:
        run = trained(prepared(), clip_norm=1e-9, max_epochs=5, patience=9, net_steps=3)
        assert run.clipped_steps == 15


class TestHeldoutCells:
    def test_features_of_a_gene_are_held_out_together(self) -> None:
        rng = np.random.default_rng(1)
        gene_of = np.sort(rng.integers(0, 50, 200))
        gene_of = np.unique(gene_of, return_inverse=True)[1]
        held = heldout_entries(gene_of, np.ones((200, 40), dtype=bool), share=0.1, rng=rng)
        for gene in range(gene_of.max() + 1):
            rows = held[gene_of == gene]
            assert (rows == rows[0]).all()

    def test_share_is_as_asked_for_and_gaps_stay_out(self) -> None:
        rng = np.random.default_rng(2)
        observed = rng.random((2000, 30)) > 0.2
        held = heldout_entries(np.arange(2000), observed, share=0.15, rng=rng)
        assert not (held & ~observed).any()
        assert held.sum() / observed.sum() == pytest.approx(0.15, abs=0.01)

    def test_seen_entries_say_nothing_about_the_sum_of_heldout_ones(self) -> None:
        features = noise(1, n_features=3000, n_samples=20)
        held = heldout_entries(
            features.gene_of, features.observed, share=0.1, rng=np.random.default_rng(3)
        )
        clean = without_leak(
            features.values, features.observed & ~held, features.observed, features.design.basis
        )
        told = (features.values * ~held).sum(axis=1), (features.values * held).sum(axis=1)
        assert np.corrcoef(*told)[0, 1] == pytest.approx(-1)
        assert np.abs((clean * ~held).sum(axis=1)).max() < 1e-6

    def test_heldout_entries_are_hidden_from_the_encoder(self) -> None:
        data = prepared()
        assert not data.visible[data.is_held].any()
        assert data.x[data.is_held].all()


class TestParallelAnalysis:
    def test_counts_planted_factors(self) -> None:
        features = planted(2)
        found = parallel_analysis(
            features.values,
            features.gene_of,
            features.design.basis,
            limit=20,
            draws=19,
            rng=np.random.default_rng(1),
        )
        assert found.n == 4

    def test_axes_that_share_the_noise_of_their_gene_are_no_factor(self) -> None:
        rng = np.random.default_rng(3)
        own = np.repeat(rng.normal(size=(100, 60)), 4, axis=0)
        values = own + 0.3 * rng.normal(size=(400, 60))
        basis = np.full((60, 1), 60**-0.5)
        values -= values.mean(axis=1, keepdims=True)
        found = parallel_analysis(
            values, np.repeat(np.arange(100), 4), basis, limit=20, draws=19, rng=rng
        )
        assert found.n == 0

    def test_limit_holds(self) -> None:
        features = planted(2)
        found = parallel_analysis(
            features.values,
            features.gene_of,
            features.design.basis,
            limit=2,
            draws=19,
            rng=np.random.default_rng(1),
        )
        assert found.n == 2
        assert found.limited


def test_gain_is_counted_in_errors_between_samples() -> None:
    gain = np.array([1.0, 2.0, 3.0, 4.0])
    assert standard_errors(gain) == pytest.approx(2.5 / (np.std(gain, ddof=1) / 2))
    assert standard_errors(np.zeros(4)) == 0


def test_draws_come_in_pairs_around_the_mean() -> None:
    posterior = Posterior(torch.ones(5, 2), torch.zeros(5, 2))
    draws = posterior.draw(torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(1)))
    assert draws.shape == (6, 5, 2)
    assert torch.allclose(draws.mean(dim=0), posterior.mean, atol=1e-6)

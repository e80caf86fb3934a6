"""The `vae` backend: from features to modules, with its checkpoint in the folder of the fit."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

import isograph
from isograph.backends.protocol import Task
from isograph.backends.vae.backend import CHECKPOINT, find
from isograph.backends.vae.checkpoint import CheckpointError, load_checkpoint, load_model
from isograph.backends.vae.settings import VaeSettings
from isograph.bundle.model import Bundle
from isograph.config import CommunitySettings
from isograph.features.model import FeatureSet
from isograph.network.association import strongest_pairs
from isograph.progress import Steps
from isograph.results import read_fit, write_fit
from isograph.results.model import Fit
from isograph.study import make_study
from tests.backends.vae.data import noise, planted

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def fitted(realistic: Bundle) -> Fit:
    """Fit of `realistic` by the autoencoder."""
    return isograph.fit(realistic, backend="vae")


def task(features: FeatureSet, **settings: object) -> Task:
    return Task(features, VaeSettings.model_validate(settings), CommunitySettings())


class TestTheFitsFolder:
    def test_holds_a_checkpoint_that_is_the_same_when_read_back(
        self, fitted: Fit, tmp_path: Path
    ) -> None:
        folder = write_fit(fitted, tmp_path / "fit")
        assert read_fit(folder).files == fitted.files
        checkpoint = load_checkpoint(folder / CHECKPOINT)
        assert fitted.calibration is not None
        assert checkpoint.n_latent == fitted.calibration["model"]["latent_dim"]

    def test_its_checkpoint_knows_the_features_of_the_fit_and_refuses_others(
        self, fitted: Fit, tmp_path: Path
    ) -> None:
        folder = write_fit(fitted, tmp_path / "fit")
        checkpoint = load_checkpoint(folder / CHECKPOINT)
        # `feature_scores` are sorted by id, the model's features by gene
        ids = fitted.feature_scores["feature_id"]
        assert sorted(checkpoint.feature_ids) == sorted(ids)
        load_model(folder / CHECKPOINT, checkpoint.feature_ids)
        with pytest.raises(CheckpointError, match="not made for these features"):
            load_model(folder / CHECKPOINT, [f"{name}x" for name in checkpoint.feature_ids])

    def test_a_second_fit_has_the_same_bytes(self, fitted: Fit, realistic: Bundle) -> None:
        again = isograph.fit(realistic, backend="vae")
        assert again.files == fitted.files
        assert again.content_hash == fitted.content_hash
        assert again.calibration == fitted.calibration


class TestWhatItReports:
    def test_heldout_figures_stand_next_to_those_of_training(self, fitted: Fit) -> None:
        assert fitted.calibration is not None
        model = fitted.calibration["model"]
        assert 0 < model["heldout_r2"] < model["train_r2"] < 1
        assert model["best_epoch"] <= model["epochs"]
        assert not model["posterior_collapsed"]
        assert model["active_dimensions"] >= 5

    def test_the_log_has_losses_and_both_figures(self, fitted: Fit) -> None:
        line = next(line for line in fitted.log if " autoencoder " in line)
        assert "loss" in line
        assert "in training" in line
        assert "held out" in line

    def test_who_watches_sees_epochs_go_by_with_their_loss(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        stream = Terminal()
        find(task(planted(1), latent_dim=2, hidden_widths=""), Steps(stream=stream))
        shown = stream.getvalue().split("\r")
        assert sum("epoch" in part and "loss" in part for part in shown) > 5


class TestModules:
    def test_r2_in_place_of_the_model_is_the_plain_search(self) -> None:
        features = planted(1)
        found = find(task(features, similarity="r2"), Steps()).partition.association
        plain = strongest_pairs(
            features, false_edges_per_feature=3e-3, neighbours=30, proposals_per_feature=1.0
        )
        assert found.i.tolist() == plain.i.tolist()
        assert found.weight.tolist() == plain.weight.tolist()

    def test_a_model_that_explains_nothing_held_out_makes_no_edge(self) -> None:
        found = find(task(noise(1)), Steps()).partition
        assert len(found.association) == found.n_modules == 0
        assert not found.association.calibration["model"]["explains_heldout"]

    @pytest.mark.parametrize(("n_features", "n_samples"), [(2, 40), (400, 7)])
    def test_too_little_to_train_on_gives_no_modules_and_the_reason(
        self, n_features: int, n_samples: int
    ) -> None:
        found = find(task(noise(1, n_features=n_features, n_samples=n_samples)), Steps())
        assert found.partition.n_modules == 0
        assert found.files == {}
        assert found.partition.association.calibration["model"] == {
            "fitted": False,
            "reason": f"{n_features} features of {n_samples} samples",
        }

    def test_a_setting_reaches_the_model(self, realistic: Bundle) -> None:
        study = make_study(name="t", bundle="b", set={"latent_dim": 3})
        fit = isograph.fit(realistic, study=study, backend="vae")
        assert fit.calibration is not None
        assert fit.calibration["model"]["latent_dim"] == 3


def test_the_registry_does_not_load_torch() -> None:
    code = "import sys, isograph.cli, isograph.backends; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The model that is asked is the fit's, on the fit's features; fits without one say what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from isograph.backends.vae.checkpoint import (
    CheckpointError,
    checkpoint_bytes,
    checkpoint_of_bytes,
)
from isograph.bundle import Bundle
from isograph.errors import OutputError
from isograph.explanation.attribution.availability import CHECKPOINT, check_model, reason_against
from isograph.explanation.attribution.decoder import attribute_decoder
from isograph.explanation.attribution.integrated_gradients import attribute_encoder
from isograph.explanation.attribution.model import Autoencoder, open_autoencoder, untrained_like
from isograph.explanation.source import PROGRAMME, Source, open_source
from isograph.results.model import Fit
from tests.explanation.attribution.models import bent_model, linear_model


def test_another_backend_says_which_command_makes_a_model(
    realistic_fit: Fit, realistic: Bundle
) -> None:
    source = open_source(realistic_fit, bundle=realistic)
    with pytest.raises(OutputError) as refused:
        open_autoencoder(source)
    text = str(refused.value)
    assert "backend calibrated trains no autoencoder" in text
    assert "isograph fit --dataset-path" in text
    assert "--backend vae" in text


def test_the_command_repeats_covariates(realistic_fit: Fit) -> None:
    fit = replace(realistic_fit, config=dict(realistic_fit.config) | {"covariates": "~ age"})
    with pytest.raises(OutputError, match="--covariates '~ age'"):
        check_model(fit)


def test_a_fit_too_small_for_a_model_says_why(source: Source) -> None:
    told = {"fitted": False, "reason": "40 features of 6 samples"}
    fit = replace(source.fit, files={}, calibration={"model": told})
    with pytest.raises(OutputError, match=r"too little data.*40 features of 6 samples"):
        open_autoencoder(replace(source, fit=fit))


def test_a_checkpoint_that_was_lost_is_missed(source: Source) -> None:
    fit = replace(source.fit, files={})
    with pytest.raises(OutputError, match=r"vae_checkpoint\.pt: is not in the fit's folder"):
        open_autoencoder(replace(source, fit=fit))


def test_a_model_that_learned_nothing_is_not_asked(source: Source) -> None:
    checkpoint = checkpoint_of_bytes(source.fit.files[CHECKPOINT])
    state = dict(checkpoint.state) | {"loadings": torch.zeros_like(checkpoint.state["loadings"])}
    content = checkpoint_bytes(replace(checkpoint, state=state))
    fit = replace(source.fit, files={CHECKPOINT: content})
    with pytest.raises(OutputError, match="learned nothing"):
        open_autoencoder(replace(source, fit=fit))


def test_features_scaled_otherwise_are_refused(source: Source) -> None:
    values = source.features.values.copy()
    values[:2] *= 1.5
    values[5] += 0.1
    other = replace(source, features=replace(source.features, values=values))
    with pytest.raises(CheckpointError) as refused:
        open_autoencoder(other)
    text = str(refused.value)
    assert "another mean than in training (1)" in text
    assert "another root mean square than in training (3)" in text
    assert str(source.features.meta["feature_id"].iloc[0]) in text


def test_other_features_are_refused(source: Source) -> None:
    rows = np.arange(source.features.n_features - 3)
    with pytest.raises(CheckpointError, match=r"missing \(3\)"):
        open_autoencoder(replace(source, features=source.features.take(rows)))


def test_bytes_that_are_no_checkpoint_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"vae_checkpoint\.pt: cannot be read"):
        checkpoint_of_bytes(b"no checkpoint at all")


def test_posterior_means_are_those_of_all_observed_entries(
    autoencoder: Autoencoder, source: Source
) -> None:
    model = checkpoint_of_bytes(source.fit.files[CHECKPOINT]).model()
    x = torch.from_numpy(source.features.values.T.astype(np.float32))
    seen = torch.from_numpy(source.features.observed.T.copy())
    with torch.no_grad():
        posterior = model.encode(x, seen.float().mean(dim=1, keepdim=True))
    np.testing.assert_allclose(autoencoder.trained.latent, posterior.mean.numpy(), atol=1e-6)
    # the fit recorded the divergences of the same posterior
    kl = posterior.kl().double().mean(dim=0).sort(descending=True).values.numpy()
    recorded = source.fit.calibration["model"]["kl_per_dimension"]  # type: ignore[index]
    np.testing.assert_allclose(kl, recorded, rtol=1e-4)


def test_an_untrained_model_has_the_build_and_the_size_of_the_trained_one() -> None:
    trained = bent_model(linear_model(4000, 3), generator=torch.Generator().manual_seed(1))
    trained.loadings[0, :50] *= 20
    other = untrained_like(trained, seed=7)
    shapes = {name: value.shape for name, value in trained.state_dict().items()}
    assert {name: value.shape for name, value in other.state_dict().items()} == shapes
    size, wanted = (m.loadings.square().mean(dim=1).sqrt().numpy() for m in (other, trained))
    np.testing.assert_allclose(size, wanted, rtol=0.1)
    again = untrained_like(trained, seed=7)
    assert torch.equal(other.loadings, again.loadings)
    assert not torch.equal(other.loadings, untrained_like(trained, seed=8).loadings)


def test_an_untrained_model_knows_no_feature_from_another() -> None:
    trained = linear_model(4000, 3)
    trained.loadings[:, :50] *= 20
    other = untrained_like(trained, seed=7)
    assert other.noise.unique().numel() == 1
    strength = other.loadings.square().sum(dim=0)
    assert strength[:50].mean() / strength[50:].mean() == pytest.approx(1.0, abs=0.4)


def test_a_programme_that_was_taken_out_is_not_attributed(source: Source) -> None:
    samples = {sample: [0.0] for sample in source.sample_ids}
    programmes = source.fit.programmes.iloc[:0]
    row = {"programme_id": ["P00"], "removed": [True], **samples}
    table = programmes.reindex(range(1)).assign(**row)
    schema = source.fit.tables["programmes"].schema
    tables = dict(source.fit.tables)
    tables["programmes"] = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
    fit = replace(source.fit, tables=tables)
    module = source.profiles["M000"]
    programme = replace(module, name="P00", kind=PROGRAMME)
    reason = reason_against(fit, programme)
    assert reason is not None
    assert "--broad-factors report" in reason
    assert reason_against(fit, module) is None
    assert reason_against(source.fit, programme) is None


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_no_byte(source: Source, threads: int) -> None:
    def told() -> tuple[object, ...]:
        autoencoder, profile = open_autoencoder(source), source.profiles["M000"]
        decoder = attribute_decoder(autoencoder, profile)
        encoder = attribute_encoder(autoencoder, profile)
        return (
            decoder.response_table,
            encoder.table,
            dict(decoder.record),
            dict(encoder.record),
        )

    before = torch.get_num_threads()
    alone = told()
    torch.set_num_threads(threads)
    try:
        assert told() == alone
    finally:
        torch.set_num_threads(before)

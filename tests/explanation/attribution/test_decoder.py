"""The decoder's answer is the derivative of the decoder, and drivers meet three criteria."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from isograph.bundle import Bundle
from isograph.errors import ConfigError
from isograph.explanation.attribution.decoder import (
    DriverCriteria,
    attribute_decoder,
    decoded_response,
)
from isograph.explanation.attribution.model import Autoencoder, open_autoencoder
from isograph.explanation.attribution.schema import VAE_DRIVERS, VAE_RESPONSES
from isograph.explanation.source import Source
from tests.explanation.attribution.models import bent_model, linear_model


def test_a_linear_decoder_answers_with_its_loadings() -> None:
    model = linear_model(30, 3)
    step = np.array([0.5, -1.0, 2.0])
    latent = np.random.default_rng(1).normal(size=(150, 3))
    expected = model.loadings.double().numpy().T @ step
    np.testing.assert_allclose(decoded_response(model, latent, step), expected, atol=1e-5)


def test_a_bent_decoder_answers_with_its_mean_slope() -> None:
    model = bent_model(linear_model(30, 3), generator=torch.Generator().manual_seed(1)).double()
    step = np.array([0.5, -1.0, 2.0])
    latent = np.random.default_rng(2).normal(size=(150, 3))
    z, small = torch.from_numpy(latent), 1e-5 * torch.from_numpy(step)
    change = (model.decode(z + small) - model.decode(z - small)).mean(dim=0).numpy() / 2e-5
    found = decoded_response(model.float(), latent, step)
    np.testing.assert_allclose(found, change, atol=1e-4)
    straight = model.loadings[:3].double().numpy().T @ step
    assert np.abs(found - straight).max() > 0.1


def test_response_is_positive_where_a_feature_rises_with_the_profile(
    autoencoder: Autoencoder,
) -> None:
    profile = autoencoder.source.profiles["M000"]
    table = attribute_decoder(autoencoder, profile).responses
    strong = table[table["r"].abs() > 0.5]
    assert len(strong) > 20
    assert (np.sign(strong["decoded_response"]) == np.sign(strong["r"])).all()


def test_turning_the_profile_round_turns_every_response(autoencoder: Autoencoder) -> None:
    profile = autoencoder.source.profiles["M001"]
    up = attribute_decoder(autoencoder, profile).responses
    down = attribute_decoder(autoencoder, replace(profile, values=-profile.values)).responses
    assert list(up["feature_id"]) == list(down["feature_id"])
    np.testing.assert_allclose(up["decoded_response"], -down["decoded_response"], rtol=1e-5)
    assert list(up["sign_agrees"]) == list(down["sign_agrees"])


def test_response_is_of_the_size_of_the_correlation(autoencoder: Autoencoder) -> None:
    """Per sd of the score, a feature of sd 1 that is all module moves by about r."""
    profile = autoencoder.source.profiles["M000"]
    table = attribute_decoder(autoencoder, profile).drivers
    ratio = table["decoded_response"] / table["r"]
    assert 0.8 < ratio.median() < 1.1


def test_planted_genes_come_first_and_an_untrained_network_does_not_know_them(
    autoencoder: Autoencoder, planted: Bundle
) -> None:
    truth = planted.tables["truth_module"]
    for profile in autoencoder.source.profiles.values():
        found = attribute_decoder(autoencoder, profile)
        name = truth[truth["gene_id"].isin(profile.genes)]["module_id"].mode()[0]
        own = set(truth.loc[truth["module_id"] == name, "gene_id"])
        first = found.responses["gene_id"].drop_duplicates().head(len(own))
        assert set(first) == own
        assert found.record["member_auc"]["best_feature"] >= 0.99
        assert found.record["untrained"]["member_auc"]["adjusted"] < 0.75


def test_every_feature_is_there_once_by_falling_response(autoencoder: Autoencoder) -> None:
    found = attribute_decoder(autoencoder, autoencoder.source.profiles["M000"])
    ids = autoencoder.features.meta["feature_id"]
    assert sorted(found.responses["feature_id"]) == sorted(ids)
    assert list(found.responses["rank"]) == list(range(1, len(ids) + 1))
    assert found.responses["decoded_response"].abs().is_monotonic_decreasing
    own = set(autoencoder.source.profiles["M000"].genes)
    assert set(found.responses.loc[found.responses["in_module"], "gene_id"]) == own
    assert not own & set(found.responses.loc[~found.responses["in_module"], "gene_id"])
    assert found.response_table.schema.equals(VAE_RESPONSES)
    assert found.driver_table.schema.equals(VAE_DRIVERS)


@pytest.mark.parametrize(("qvalue", "top_share"), [(0.05, 0.5), (1.0, 1.0), (1e-30, 0.1)])
def test_drivers_are_those_that_meet_all_three_criteria(
    autoencoder: Autoencoder, qvalue: float, top_share: float
) -> None:
    criteria = DriverCriteria(qvalue=qvalue, top_share=top_share)
    found = attribute_decoder(autoencoder, autoencoder.source.profiles["M000"], criteria=criteria)
    table = found.responses
    n_top = criteria.n_top(len(table))
    wanted = table[
        (table["qvalue"] <= qvalue)
        & (table["rank"] <= n_top)
        & (np.sign(table["r"]) == np.sign(table["decoded_response"]))
    ]
    assert 0 < len(wanted) < n_top
    assert list(found.drivers["feature_id"]) == list(wanted["feature_id"])
    assert found.record["criteria"]["n_top"] == n_top


@pytest.mark.parametrize(
    ("n_features", "n_top"), [(10, 10), (384, 20), (2000, 20), (2001, 21), (32_000, 320)]
)
def test_the_top_is_a_percentile_and_at_least_twenty_features(n_features: int, n_top: int) -> None:
    assert DriverCriteria().n_top(n_features) == n_top


def test_refuses_every_criterion_that_is_out_of_bounds(autoencoder: Autoencoder) -> None:
    wrong = DriverCriteria(qvalue=0, top_share=1.5, least_top=-1)
    with pytest.raises(ConfigError) as refused:
        attribute_decoder(autoencoder, autoencoder.source.profiles["M000"], criteria=wrong)
    assert len(refused.value.problems) == 3


def test_a_bent_model_is_attributed_too(bent_source: Source) -> None:
    bent = open_autoencoder(bent_source)
    found = attribute_decoder(bent, bent_source.profiles["M000"])
    assert found.record["model"]["hidden_widths"] == [5]
    assert np.isfinite(found.responses["decoded_response"]).all()

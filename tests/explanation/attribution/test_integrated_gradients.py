"""Integrated gradients: exact where the encoder is linear, complete where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from isograph.backends.vae.module import Vae
from isograph.bundle import Bundle
from isograph.errors import ConfigError
from isograph.explanation.attribution.integrated_gradients import (
    COMPLETENESS,
    FIRST_STEPS,
    MOST_STEPS,
    attribute_encoder,
    baseline_of,
    integrate,
)
from isograph.explanation.attribution.model import Autoencoder, open_autoencoder
from isograph.explanation.attribution.schema import IG_ATTRIBUTIONS
from isograph.explanation.source import Source
from tests.explanation.attribution.made import Floats
from tests.explanation.attribution.models import linear_model, samples

N, P = 150, 40


def encoder_weights(model: Vae, direction: Floats, share: float = 1.0) -> Floats:
    """Ψ⁻¹ Wᵀ S d: how a linear encoder reads a direction from features, shape (n_features,)."""
    loadings, noise = model.loadings.double().numpy(), model.noise.double().numpy()
    stiff = (loadings / noise) @ loadings.T
    posterior = np.linalg.inv(np.eye(len(stiff)) + share * stiff)
    return (loadings / noise).T @ posterior @ direction


def test_a_linear_encoder_has_a_closed_form() -> None:
    model, x = linear_model(P, 3), samples(N, P)
    direction = np.array([0.3, -0.5, 0.8])
    along = torch.from_numpy(direction.astype(np.float32))
    found = integrate(
        lambda given, share: model.encode(given, share).mean @ along,
        x,
        torch.ones(N, 1),
        torch.zeros(1, P),
        completeness=COMPLETENESS,
    )
    weights, inputs = encoder_weights(model, direction), x.double().numpy()
    np.testing.assert_allclose(found.slope, weights, atol=1e-5)
    np.testing.assert_allclose(found.mean, weights * inputs.mean(axis=0), atol=1e-5)
    mean_abs = np.abs(weights) * np.abs(inputs).mean(axis=0)
    np.testing.assert_allclose(found.mean_abs, mean_abs, atol=1e-5)
    score = inputs @ weights
    share = [np.cov(w * column, score)[0, 1] for w, column in zip(weights, inputs.T, strict=True)]
    np.testing.assert_allclose(found.score_share, share / np.var(score, ddof=1), atol=1e-4)
    assert found.steps == FIRST_STEPS
    assert found.completeness_error < 1e-5


def test_each_sample_keeps_its_own_share_of_observed_features() -> None:
    model, x = linear_model(P, 3), samples(4, P)
    direction, shares = np.array([1.0, 0.0, 0.0]), (1.0, 0.7, 0.4, 0.1)
    found = integrate(
        lambda given, share: model.encode(given, share).mean[:, 0],
        x,
        torch.tensor(shares)[:, None],
        torch.zeros(1, P),
        completeness=COMPLETENESS,
    )
    rows = zip(x.double().numpy(), shares, strict=True)
    wanted = np.mean(
        [row * encoder_weights(model, direction, share) for row, share in rows], axis=0
    )
    np.testing.assert_allclose(found.mean, wanted, atol=1e-5)


def saturating(x: Tensor, share: Tensor) -> Tensor:
    """Flat but for a narrow bend off the middle of the path: hard for few steps."""
    return torch.tanh(8.0 * (x.sum(dim=1) / P**0.5 - 0.37))


def test_steps_are_added_until_attributions_are_complete() -> None:
    x, start = samples(N, P), torch.zeros(1, P)
    loose = integrate(saturating, x, torch.ones(N, 1), start, completeness=np.inf)
    tight = integrate(saturating, x, torch.ones(N, 1), start, completeness=COMPLETENESS)
    assert loose.steps == FIRST_STEPS
    assert loose.completeness_error > COMPLETENESS
    assert FIRST_STEPS < tight.steps < MOST_STEPS
    assert tight.completeness_error <= COMPLETENESS
    # by completeness the shares of the score's variance sum to one
    assert tight.score_share.sum() == pytest.approx(1.0, abs=COMPLETENESS)


def test_gives_up_at_the_limit_and_says_how_far_it_came() -> None:
    def jump(x: Tensor, share: Tensor) -> Tensor:
        return (x.sum(dim=1) > 1.0).float() + 0.0 * x.sum(dim=1)

    found = integrate(jump, samples(20, 3), torch.ones(20, 1), torch.zeros(1, 3), completeness=0.01)
    assert found.steps == MOST_STEPS
    assert found.completeness_error == pytest.approx(1.0)


def test_a_feature_that_the_score_does_not_read_gets_nothing() -> None:
    def score(x: Tensor, share: Tensor) -> Tensor:
        return torch.tanh(x[:, 1:].sum(dim=1))

    found = integrate(score, samples(N, 5), torch.ones(N, 1), torch.zeros(1, 5), completeness=0.01)
    assert found.mean_abs[0] == 0.0
    assert (found.mean_abs[1:] > 0).all()


def test_baseline_is_zero_where_a_sample_has_no_value() -> None:
    values, observed = np.full((2, 3), 4.0), np.ones((2, 3), dtype=bool)
    observed[0, 1] = False
    values[~observed] = 0.0
    wanted = np.array([[4.0, 4.0], [0.0, 4.0], [4.0, 4.0]])
    np.testing.assert_array_equal(baseline_of(values, observed, "mean").numpy(), wanted)
    np.testing.assert_array_equal(baseline_of(values, observed, "zero").numpy(), np.zeros((1, 2)))


def test_planted_genes_come_first_and_an_untrained_network_does_not_know_them(
    autoencoder: Autoencoder, planted: Bundle
) -> None:
    truth = planted.tables["truth_module"]
    for profile in autoencoder.source.profiles.values():
        found = attribute_encoder(autoencoder, profile)
        name = truth[truth["gene_id"].isin(profile.genes)]["module_id"].mode()[0]
        own = set(truth.loc[truth["module_id"] == name, "gene_id"])
        first = found.attributions["gene_id"].drop_duplicates().head(len(own))
        assert len(own & set(first)) >= len(own) - 1
        assert found.record["member_auc"]["best_feature"] >= 0.99
        assert found.record["untrained"]["member_auc"]["adjusted"] < 0.75
        assert found.record["completeness_error"] <= COMPLETENESS


def test_slope_has_the_sign_of_the_correlation(autoencoder: Autoencoder) -> None:
    profile = autoencoder.source.profiles["M000"]
    table = attribute_encoder(autoencoder, profile).attributions.set_index("feature_id")
    features = autoencoder.features
    r = features.values @ profile.values / features.n_samples
    slope = table["ig_slope"].reindex(features.meta["feature_id"]).to_numpy()
    strong = np.abs(r) > 0.5
    assert strong.sum() > 20
    assert (np.sign(slope[strong]) == np.sign(r[strong])).all()


def test_turning_the_profile_round_turns_slopes_and_keeps_sizes(autoencoder: Autoencoder) -> None:
    profile = autoencoder.source.profiles["M001"]
    turned = replace(profile, values=-profile.values)
    up, down = (attribute_encoder(autoencoder, one).attributions for one in (profile, turned))
    assert list(up["feature_id"]) == list(down["feature_id"])
    np.testing.assert_allclose(up["ig_slope"], -down["ig_slope"], rtol=1e-5)
    np.testing.assert_allclose(up["mean_abs_ig"], down["mean_abs_ig"], rtol=1e-5)


def test_attributions_of_centred_features_cancel_in_a_linear_encoder(
    autoencoder: Autoencoder,
) -> None:
    table = attribute_encoder(autoencoder, autoencoder.source.profiles["M000"]).attributions
    assert (table["mean_ig"] == 0).all()
    assert (table["mean_abs_ig"] > 0).all()


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_a_bent_encoder_is_complete_from_either_baseline(
    bent_source: Source, baseline: str
) -> None:
    bent = open_autoencoder(bent_source)
    found = attribute_encoder(bent, bent_source.profiles["M000"], baseline=baseline)  # type: ignore[arg-type]
    assert found.record["baseline"] == baseline
    assert 1e-6 < found.record["completeness_error"] <= COMPLETENESS
    assert found.record["complete"]
    assert (found.attributions["mean_ig"] != 0).any()


def test_columns_are_those_of_the_schema_and_every_feature_is_there(
    autoencoder: Autoencoder,
) -> None:
    found = attribute_encoder(autoencoder, autoencoder.source.profiles["M000"])
    assert found.table.schema.equals(IG_ATTRIBUTIONS)
    ids = autoencoder.features.meta["feature_id"]
    assert sorted(found.attributions["feature_id"]) == sorted(ids)
    assert found.attributions["mean_abs_ig"].is_monotonic_decreasing
    assert set(found.attributions["latent_dim"]) == {found.direction.latent_dim}


def test_refuses_every_option_that_is_wrong(autoencoder: Autoencoder) -> None:
    profile = autoencoder.source.profiles["M000"]
    with pytest.raises(ConfigError) as refused:
        attribute_encoder(autoencoder, profile, baseline="median", completeness=0.0)  # type: ignore[arg-type]
    assert "choose zero or mean" in str(refused.value)
    assert len(refused.value.problems) == 2

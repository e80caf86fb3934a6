"""What the decoder answers when the latent state moves along a module's direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import torch
from torch.autograd.functional import jvp

from isograph.backends.vae.module import Vae
from isograph.backends.vae.reproducible import reproducible_torch
from isograph.errors import ConfigError, Problems
from isograph.explanation.attribution.direction import Direction, latent_direction
from isograph.explanation.attribution.model import Autoencoder, Encoded
from isograph.explanation.attribution.ranking import member_auc
from isograph.explanation.attribution.schema import VAE_DRIVERS, VAE_RESPONSES
from isograph.explanation.drivers import feature_correlations
from isograph.explanation.source import Profile
from isograph.files import to_arrow
from isograph.machine import blocks
from isograph.network.significance import benjamini_hochberg

_ROWS_AT_ONCE = 64

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DriverCriteria:
    """When a feature is a high-confidence driver.

    Attributes:
        qvalue: largest q of its correlation with the profile.
        top_share: share of all features that count as the top by |response|.
        least_top: so many features are the top where that share is fewer.
    """

    qvalue: float = 0.05
    top_share: float = 0.01
    least_top: int = 20

    def check(self) -> None:
        """Raise ConfigError for values out of bounds, all at once."""
        problems = Problems()
        for name, value in (("qvalue", self.qvalue), ("top_share", self.top_share)):
            if not 0 < value <= 1:
                problems.add(name, f"{value} is not above 0 and at most 1")
        if self.least_top < 0:
            problems.add("least_top", f"{self.least_top} is below 0")
        problems.raise_if_any(ConfigError, "settings of decoder attribution refused")

    def n_top(self, n_features: int) -> int:
        """How many features are the top."""
        return min(n_features, max(self.least_top, math.ceil(self.top_share * n_features)))

    def as_record(self, n_features: int) -> dict[str, Any]:
        """For manifests."""
        return {
            "qvalue": self.qvalue,
            "top_share": self.top_share,
            "least_top": self.least_top,
            "n_top": self.n_top(n_features),
        }


@dataclass(frozen=True)
class DecoderAttribution:
    """The decoder's answer, feature by feature.

    Attributes:
        responses: every feature by falling |response|, columns of `schema.VAE_RESPONSES`.
        direction: in the latent space of the fit's model.
        record: for manifests.
    """

    responses: pd.DataFrame
    direction: Direction
    record: Mapping[str, Any]

    @property
    def drivers(self) -> pd.DataFrame:
        """Features that meet all three criteria, columns of `schema.VAE_DRIVERS`."""
        flags = self.responses[["is_significant", "is_top", "sign_agrees"]]
        kept: pd.DataFrame = self.responses.loc[flags.all(axis=1), VAE_DRIVERS.names]
        return kept.reset_index(drop=True)

    @property
    def driver_table(self) -> pa.Table:
        """`vae_drivers.parquet`."""
        return to_arrow(self.drivers, VAE_DRIVERS)

    @property
    def response_table(self) -> pa.Table:
        """`responses` as it is written."""
        return to_arrow(self.responses, VAE_RESPONSES)


def attribute_decoder(
    autoencoder: Autoencoder, profile: Profile, *, criteria: DriverCriteria | None = None
) -> DecoderAttribution:
    """Response of every decoded feature to a step along a profile's latent direction.

    The response is the derivative of the decoder along the direction that best predicts the
    profile, by automatic differentiation at each sample's posterior mean, averaged over samples:
    standard deviations of the feature per standard deviation of the latent score. It is positive
    where the feature rises with the profile.

    Args:
        autoencoder: of the fit.
        profile: module or programme.
        criteria: of high-confidence drivers; the defaults if None.

    Raises:
        OutputError: the model never saw the profile, or learned nothing.
        ConfigError: criteria out of bounds.
    """
    criteria = criteria or DriverCriteria()
    criteria.check()
    autoencoder.check(profile)
    with reproducible_torch():
        direction, response = _response(autoencoder.trained, profile)
        control, untrained = _response(autoencoder.untrained, profile)
        found = feature_correlations(autoencoder.source.features_for(profile), profile)
        qvalue = benjamini_hochberg(found.pvalue)
    features = autoencoder.features
    rank = _rank(response)
    frame = features.meta[["gene_id", "feature_id", "feature_type"]].assign(
        decoded_response=response,
        r=found.r,
        qvalue=qvalue,
        untrained_response=untrained,
        in_module=features.meta["gene_id"].isin(profile.genes),
        rank=rank,
        is_significant=qvalue <= criteria.qvalue,
        is_top=(rank <= criteria.n_top(len(rank))) & (response != 0),
        sign_agrees=response * np.nan_to_num(found.r) > 0,
    )

    def told(along: Direction, strength: Floats) -> dict[str, Any]:
        auc = member_auc(np.abs(strength), features, profile.genes)
        return {"direction": along.as_record(), "member_auc": auc and asdict(auc)}

    record = {
        "unit": "standard deviations of the feature per standard deviation of the latent score",
        "model": dict(autoencoder.record),
        "criteria": criteria.as_record(len(rank)),
        **told(direction, response),
        "untrained": told(control, untrained),
    }
    ordered = frame.sort_values("rank", ignore_index=True)
    return DecoderAttribution(responses=ordered, direction=direction, record=record)


def decoded_response(model: Vae, latent: Floats, step: Floats) -> Floats:
    """Derivative of the decoder along a step, averaged over samples.

    Args:
        model: its decoder.
        latent: where to differentiate, shape (n_samples, n_latent).
        step: shape (n_latent,).

    Returns:
        J(z) · step, the mean over rows z of `latent`, shape (n_features,).
    """
    z = torch.from_numpy(np.ascontiguousarray(latent, dtype=np.float32))
    along = torch.from_numpy(np.ascontiguousarray(step, dtype=np.float32))
    total = np.zeros(model.loadings.shape[1])
    for part in blocks(len(z), _ROWS_AT_ONCE):
        # by two reverse passes: the forward mode of torch compiles its rules when first used
        _, change = jvp(model.decode, z[part], along.expand_as(z[part]))  # type: ignore[no-untyped-call]
        total += change.detach().double().sum(dim=0).numpy()
    return total / len(z)


def _response(encoded: Encoded, profile: Profile) -> tuple[Direction, Floats]:
    direction = latent_direction(encoded.latent, profile.values, profile.design)
    return direction, decoded_response(encoded.model, encoded.latent, direction.step)


def _rank(response: Floats) -> npt.NDArray[np.int64]:
    """Rank by falling |response| from 1; ties go to the first feature."""
    rank = np.empty(len(response), dtype=np.int64)
    rank[np.argsort(-np.abs(response), kind="stable")] = np.arange(1, len(response) + 1)
    return rank

"""What the encoder reads a module's direction from: Integrated Gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from isograph.backends.vae.reproducible import reproducible_torch
from isograph.errors import ConfigError, Problem
from isograph.explanation.attribution.direction import Direction, latent_direction
from isograph.explanation.attribution.model import Autoencoder, Encoded
from isograph.explanation.attribution.ranking import member_auc
from isograph.explanation.attribution.schema import IG_ATTRIBUTIONS
from isograph.explanation.source import Profile
from isograph.files import to_arrow
from isograph.machine import blocks

Baseline = Literal["zero", "mean"]
Score = Callable[[Tensor, Tensor], Tensor]

COMPLETENESS = 0.01
FIRST_STEPS, MOST_STEPS = 4, 512
_SAMPLES_AT_ONCE = 64
_ENTRIES_AT_ONCE = 2**23
_ROUNDING = 1e-6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Integrated:
    """Integrated gradients of a score, summed up over samples; each array (n_features,).

    Attributes:
        mean: of the attributions over samples, in units of the score; 0 where they cancel up to
            rounding, as they all do where score and features are centred and the score is linear.
        mean_abs: of their absolute values.
        slope: Σ attribution · input / Σ input², inputs less the baseline; 0 where those are 0.
        score_share: covariance of the attribution with the score's rise over the baseline, as a
            share of the latter's variance; sums to 1 up to the completeness error.
        steps: points of the path at which gradients were taken.
        completeness_error: ‖Σ_f attribution − (F(x) − F(x₀))‖₂ / ‖F(x) − F(x₀)‖₂ over samples.
    """

    mean: Floats
    mean_abs: Floats
    slope: Floats
    score_share: Floats
    steps: int
    completeness_error: float


@dataclass(frozen=True)
class EncoderAttribution:
    """What the encoder reads the profile from, feature by feature.

    Attributes:
        attributions: every feature by falling `mean_abs_ig`, columns of `schema.IG_ATTRIBUTIONS`.
        direction: in the latent space of the fit's model.
        record: for manifests.
    """

    attributions: pd.DataFrame
    direction: Direction
    record: Mapping[str, Any]

    @property
    def table(self) -> pa.Table:
        """`ig_attributions.parquet`."""
        return to_arrow(self.attributions, IG_ATTRIBUTIONS)


def attribute_encoder(
    autoencoder: Autoencoder,
    profile: Profile,
    *,
    baseline: Baseline = "zero",
    completeness: float = COMPLETENESS,
) -> EncoderAttribution:
    """Attribute the encoder's score of a profile to the features that it reads.

    The score is the posterior mean projected on the direction that best predicts the profile, in
    its standard deviations. Each sample keeps its own share of observed features along the path,
    and entries that were not observed get nothing.

    Args:
        autoencoder: of the fit.
        profile: module or programme.
        baseline: `zero`, the mean of standardised features by construction, or `mean`, their
            observed mean as it is.
        completeness: largest completeness error; steps are doubled until it is reached, up to
            `MOST_STEPS`, and the record says if it was not.

    Raises:
        OutputError: the model never saw the profile, or learned nothing.
        ConfigError: there is no such baseline, or `completeness` is not above 0.
    """
    _check_options(baseline, completeness)
    autoencoder.check(profile)
    features = autoencoder.features
    with reproducible_torch():
        start = baseline_of(features.values, features.observed, baseline)
        direction, found = _attribute(autoencoder.trained, profile, start, completeness)
        control, untrained = _attribute(autoencoder.untrained, profile, start, completeness)
    frame = features.meta[["gene_id", "feature_id", "feature_type"]].assign(
        mean_ig=found.mean,
        mean_abs_ig=found.mean_abs,
        latent_dim=direction.latent_dim,
        latent_eigengene_r=direction.r,
        ig_slope=found.slope,
        score_share=found.score_share,
        untrained_mean_ig=untrained.mean,
        untrained_mean_abs_ig=untrained.mean_abs,
        in_module=features.meta["gene_id"].isin(profile.genes),
    )

    def told(along: Direction, one: Integrated) -> dict[str, Any]:
        auc = member_auc(one.mean_abs, features, profile.genes)
        return {
            "direction": along.as_record(),
            "steps": one.steps,
            "completeness_error": one.completeness_error,
            "complete": one.completeness_error <= completeness,
            "member_auc": auc and asdict(auc),
        }

    record = {
        "unit": "standard deviations of the latent score",
        "model": dict(autoencoder.record),
        "baseline": baseline,
        "completeness_wanted": completeness,
        **told(direction, found),
        "untrained": told(control, untrained),
    }
    order = np.argsort(-found.mean_abs, kind="stable")
    ordered = frame.iloc[order].reset_index(drop=True)
    return EncoderAttribution(attributions=ordered, direction=direction, record=record)


def baseline_of(values: Floats, observed: npt.NDArray[np.bool_], baseline: Baseline) -> Tensor:
    """The baseline of each sample, 0 where the sample's entry is not observed.

    Args:
        values: standardised, 0 where not observed, shape (n_features, n_samples).
        observed: same shape.
        baseline: `zero` or `mean`.

    Returns:
        float32, shape (n_samples, n_features); (1, n_features) where all samples share it.
    """
    if baseline == "zero":
        return torch.zeros(1, len(values))
    counts = np.maximum(np.count_nonzero(observed, axis=1), 1)
    mean = (values.sum(axis=1) / counts).astype(np.float32)
    if observed.all():
        return torch.from_numpy(mean[None])
    return torch.from_numpy(np.where(observed.T, mean, np.float32(0)))


def integrate(
    score: Score, x: Tensor, share: Tensor, start: Tensor, *, completeness: float
) -> Integrated:
    """Integrated gradients with as many steps as completeness needs.

    Sundararajan, Taly & Yan 2017 (arXiv:1703.01365), equation 1, by Gauss and Legendre's rule,
    which is exact with few steps where the score is nearly linear in the features.

    Args:
        score: (x, share) → F, shapes (n, n_features) and (n, 1) → (n,).
        x: inputs, shape (n_samples, n_features).
        share: held fixed along the path, shape (n_samples, 1).
        start: baseline, shape (n_samples, n_features) or (1, n_features).
        completeness: error that is small enough.
    """
    steps = FIRST_STEPS
    while True:
        found = _with_steps(score, x, share, start, steps)
        if found.completeness_error <= completeness or steps >= MOST_STEPS:
            return found
        steps *= 2


def _with_steps(score: Score, x: Tensor, share: Tensor, start: Tensor, steps: int) -> Integrated:
    explainer = IntegratedGradients(score, multiply_by_inputs=True)
    n_features = x.shape[1]
    # captum works on whole steps of a block of samples: a block must fit in what it may hold
    rows = max(1, _ENTRIES_AT_ONCE // n_features)
    total, total_abs, with_rise, with_input, squares = np.zeros((5, n_features))
    rises, sums = [], []
    for part, base in _sample_blocks(x, start, min(_SAMPLES_AT_ONCE, rows)):
        given, own = x[part], share[part]
        attributions = explainer.attribute(
            given,
            baselines=base,
            additional_forward_args=(own,),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=max(rows, len(given)),
        )
        with torch.no_grad():
            rise = (score(given, own) - score(base.expand_as(given), own)).double().numpy()
        found = attributions.detach().double().numpy()
        moved = (given - base).double().numpy()
        total += found.sum(axis=0)
        total_abs += np.abs(found).sum(axis=0)
        with_rise += rise @ found
        with_input += np.einsum("ij,ij->j", found, moved)
        squares += np.einsum("ij,ij->j", moved, moved)
        rises.append(rise)
        sums.append(found.sum(axis=1))
    rise, explained = np.concatenate(rises), np.concatenate(sums)
    n = len(rise)
    variance = float(np.var(rise))
    covariance = with_rise / n - total / n * rise.mean()
    size = float(np.linalg.norm(rise))
    return Integrated(
        mean=np.where(np.abs(total) > _ROUNDING * total_abs, total, 0.0) / n,
        mean_abs=total_abs / n,
        slope=np.divide(with_input, squares, out=np.zeros(n_features), where=squares > 0),
        score_share=covariance / variance if variance > 0 else np.zeros(n_features),
        steps=steps,
        completeness_error=float(np.linalg.norm(explained - rise)) / size if size > 0 else 0.0,
    )


def _sample_blocks(x: Tensor, start: Tensor, size: int) -> Iterator[tuple[slice, Tensor]]:
    """Samples with their baseline, which one row may give for all."""
    for part in blocks(len(x), size):
        yield part, start if len(start) == 1 else start[part]


def _attribute(
    encoded: Encoded, profile: Profile, start: Tensor, completeness: float
) -> tuple[Direction, Integrated]:
    direction = latent_direction(encoded.latent, profile.values, profile.design)
    weights = torch.from_numpy((direction.vector / direction.sd).astype(np.float32))

    def score(x: Tensor, share: Tensor) -> Tensor:
        return encoded.model.encode(x, share).mean @ weights

    found = integrate(score, encoded.x, encoded.share, start, completeness=completeness)
    return direction, found


def _check_options(baseline: str, completeness: float) -> None:
    problems = []
    if baseline not in get_args(Baseline):
        known = " or ".join(get_args(Baseline))
        problems.append(Problem("baseline", f"{baseline} is unknown", fix=f"choose {known}"))
    if not completeness > 0:
        problems.append(Problem("completeness", f"{completeness} is not above 0"))
    if problems:
        raise ConfigError("settings of integrated gradients refused", problems)

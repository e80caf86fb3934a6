"""The direction in latent space that best predicts a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import OutputError, Problem
from isograph.explanation.attribution.availability import HEADLINE
from isograph.features.design import Design

# ridges that are tried, as shares of the mean square of the largest latent component
RIDGES = tuple(10.0 ** (-k / 2) for k in range(0, 17))
_LEAST_SIZE = 1e-10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Direction:
    """A direction in latent space, and how well it tells the profile.

    Attributes:
        vector: length 1, shape (n_latent,); the score z · vector rises with the profile.
        sd: standard deviation of the score over samples, given the design.
        r: correlation of the score with the profile, in sample.
        r_cv: root of the leave-one-out R² of the regression, 0 where that is negative. The model
            itself saw every sample.
        ridge: penalty that was chosen, a share as in `RIDGES`.
    """

    vector: Floats
    sd: float
    r: float
    r_cv: float
    ridge: float

    @property
    def step(self) -> Floats:
        """A step in latent space that raises the score by one sd, shape (n_latent,)."""
        return self.vector * self.sd

    @property
    def latent_dim(self) -> int:
        """The coordinate with the largest weight, counted from 0."""
        return int(np.argmax(np.round(np.abs(self.vector), 12)))

    def as_record(self) -> dict[str, Any]:
        """For manifests."""
        return {
            "latent_dim": self.latent_dim,
            "latent_weights": self.vector.tolist(),
            "score_sd": self.sd,
            "latent_eigengene_r": self.r,
            "latent_eigengene_r_cv": self.r_cv,
            "ridge": self.ridge,
        }


def latent_direction(latent: Floats, profile: Floats, design: Design) -> Direction:
    """Regress a profile on posterior means and take the coefficients' direction.

    Ridge regression (Hoerl & Kennard 1970, Technometrics 12:55) with the penalty that has the
    smallest leave-one-out error (Allen 1974, Technometrics 16:125; closed form). Coordinates keep
    their scale: the prior of z has variance 1 in all of them, so a collapsed one, whose means
    hardly vary, gets no weight for lack of it. Under that prior the coefficients are also how much
    the profile changes with each coordinate, so the direction is the one to step along.

    Args:
        latent: posterior means, shape (n_samples, n_latent).
        profile: orthogonal to the design, shape (n_samples,).
        design: what the profile is orthogonal to; taken out of the latent means too.

    Raises:
        OutputError: the latent means do not vary, or have nothing to do with the profile.
    """
    basis = design.basis
    means = latent - basis @ (basis.T @ latent)
    left, size, right = np.linalg.svd(means, full_matrices=False)
    if not len(size) or size[0] <= _LEAST_SIZE * np.sqrt(len(means)):
        raise _refused("the latent means of all samples are the same: the model learned nothing")
    found = min(
        (_leave_one_out(left, size, profile, share) for share in RIDGES),
        key=lambda one: one[0],
    )
    error, ridge = found
    weights = right.T @ (size / (size**2 + ridge * size[0] ** 2) * (left.T @ profile))
    length = float(np.linalg.norm(weights))
    if length <= _LEAST_SIZE:
        raise _refused("the profile has nothing to do with the model's latent dimensions")
    vector = weights / length
    score = means @ vector
    sd = float(np.sqrt(np.mean(score**2)))
    total = float(profile @ profile)
    r = float(score @ profile) / (sd * np.sqrt(len(score) * total))
    return Direction(
        vector=vector,
        sd=sd,
        r=min(r, 1.0),
        r_cv=float(np.sqrt(max(0.0, 1.0 - error / total))),
        ridge=ridge,
    )


def _leave_one_out(
    left: Floats, size: Floats, profile: Floats, share: float
) -> tuple[float, float]:
    """Squared leave-one-out error of one ridge, rounded so that ties are ties; and the ridge."""
    kept = size**2 / (size**2 + share * size[0] ** 2)
    fitted = left @ (kept * (left.T @ profile))
    leverage = np.minimum((left**2) @ kept, 1.0 - 1e-12)
    error = float(np.sum(np.square((profile - fitted) / (1.0 - leverage))))
    return float(f"{error:.9e}"), share


def _refused(what: str) -> OutputError:
    return OutputError(HEADLINE, [Problem("latent space", what)])

"""Curved responses: a module that is a function of a broad factor is part of that factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import carriers
from isograph.communities.profile import leading_profile
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.programmes.directions import Directions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_KNOTS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_IS_DEPTH = 0.5
_SAMPLES_A_COLUMN = 10


def natural_spline(values: Floats) -> Floats:
    """Natural cubic spline columns beyond the straight line (Hastie et al. 2009, eq. 5.4–5.5).

    Args:
        values: shape (n_samples,).

    Returns:
        Shape (n_columns, n_samples); knots at fixed quantiles, equal ones once.
    """
    knots = np.unique(np.quantile(values, _KNOTS))
    if len(knots) < 3:
        return np.empty((0, len(values)))

    def piece(k: int) -> Floats:
        cubes: Floats = (
            np.maximum(values - knots[k], 0) ** 3 - np.maximum(values - knots[-1], 0) ** 3
        )
        cubes /= knots[-1] - knots[k]
        return cubes

    last = piece(len(knots) - 2)
    return np.stack([piece(k) - last for k in range(len(knots) - 2)])


def curved_responses(
    clean: FeatureSet,
    association: Association,
    labels: Ints,
    directions: Directions,
    *,
    log_depth: Floats | None,
    least_share: float,
) -> Floats:
    """Curves through the directions that modules follow.

    Genes whose usage saturates, or whose counts run out in shallow samples, follow a bent version
    of the factor; what is bent correlates between them and would stand as a module of its own.

    Args:
        clean: features without the directions.
        association: their pairs.
        labels: modules found in them, shape (n_genes,).
        directions: the broad factors.
        log_depth: log library size, centred and scaled, where it is known, shape (n_samples,).
        least_share: adjusted R² from which a module's factor counts as a function of them.

    Returns:
        Curves of mean 0 and mean square 1, shape (n_curves, n_samples).
    """
    n = clean.n_samples
    known, bent = bent_basis(directions, clean.design.basis, log_depth=log_depth)
    df = n - known.shape[1] - bent.shape[1]
    if bent.shape[1] == 0 or df < 3:
        return np.empty((0, n))
    rows = carriers(clean, association, labels)
    group = labels[clean.gene_of[rows]]
    found = []
    for module in range(int(labels.max(initial=-1)) + 1):
        profile, _, _ = leading_profile(clean.values[rows[group == module]])
        profile = profile - known @ (known.T @ profile)
        curve: Floats = bent @ (bent.T @ profile)
        share = float(curve @ curve) / max(float(profile @ profile), 1e-12)
        adjusted = 1 - (1 - share) * (n - known.shape[1]) / df
        if adjusted >= least_share:
            curve = curve / np.sqrt(np.mean(curve**2))
            found.append(curve)
            # a second module that bends the same way needs no curve of its own
            known = np.column_stack([known, curve / np.sqrt(n)])
    return np.array(found).reshape(len(found), n)


def bent_basis(
    directions: Directions, known: Floats, *, log_depth: Floats | None
) -> tuple[Floats, Floats]:
    """Orthonormal columns of what is known, and of splines through directions beyond that.

    Args:
        directions: the broad factors.
        known: spans the design, covariates and directions: a curve is orthogonal to covariates
            too; shape (n_samples, n_known).
        log_depth: log library size, centred and scaled, where it is known, shape (n_samples,).

    Returns:
        known, and the bent columns, one for every ten samples at most, shape (n_samples, n_bent).
    """
    n = len(known)
    anchors = list(directions.values)
    linear = _basis(directions.everything.T)
    if log_depth is not None and np.sum((linear.T @ log_depth) ** 2) / n >= _IS_DEPTH:
        anchors.append(log_depth)
    columns = [column for anchor in anchors for column in natural_spline(anchor)]
    columns += anchors[len(directions) :]
    columns += [a * b for i, a in enumerate(directions.values) for b in directions.values[:i]]
    # strongest directions first: with more columns than this any profile is bent
    columns = columns[: n // _SAMPLES_A_COLUMN]
    if not columns:
        return known, np.empty((n, 0))
    bent = np.column_stack(columns)
    bent = bent / np.maximum(np.sqrt(np.mean(bent**2, axis=0)), 1e-12)
    return known, _basis(bent - known @ (known.T @ bent))


def _basis(columns: Floats) -> Floats:
    """Orthonormal columns with the same span; nearly dependent ones left out."""
    left, strength, _ = np.linalg.svd(columns, full_matrices=False)
    keep = strength > 1e-8 * max(float(strength.max(initial=0.0)), 1e-12)
    basis: Floats = left[:, keep]
    return basis

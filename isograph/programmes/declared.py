"""Which broad factors a declared trait explains: those stay in, for they are the question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from isograph.features.design import Design, orthonormal_basis, residualise
from isograph.features.traits import Trait, TraitKind
from isograph.programmes.directions import Directions

Floats = npt.NDArray[np.float64]

_LEVEL = 0.01
_NOTHING = 1e-7


def trait_columns(
    traits: Sequence[Trait], sample_ids: npt.NDArray[np.str_], design: Design
) -> Floats:
    """Orthonormal columns that span the traits, covariates taken out, shape (n_samples, n_columns).

    A missing value counts as the trait's mean.
    """
    columns = [np.ones(len(sample_ids))]
    for trait in traits:
        if not trait.testable:
            continue
        values = trait.values.loc[list(sample_ids)]
        if trait.kind == TraitKind.CONTINUOUS:
            number = values.to_numpy(dtype=np.float64)
            columns.append(np.where(np.isnan(number), np.nanmean(number), number))
        else:
            indicators = pd.get_dummies(values.cat.remove_unused_categories(), dtype=np.float64)
            known = values.notna().to_numpy()
            table = indicators.to_numpy()
            table[~known] = table[known].mean(axis=0)
            columns.extend(table.T[1:])
    whole = np.array(columns[1:]).reshape(-1, len(sample_ids))
    rest = residualise(whole, design)
    # rounding is all that covariates leave of what they explain: it would be scaled up again
    spread = np.ptp(whole, axis=1, keepdims=True)
    rest = np.where(np.ptp(rest, axis=1, keepdims=True) > _NOTHING * spread, rest, 0.0)
    basis, _ = orthonormal_basis(np.column_stack([columns[0], *rest]))
    return basis[:, 1:]


def turn_towards(
    directions: Directions, columns: Floats, *, df: int, least_share: float
) -> tuple[Directions, npt.NDArray[np.bool_]]:
    """Turn directions so that what traits explain stands alone.

    Any rotation of the directions removes the same; the one wanted has the combinations that
    follow the traits most closely (canonical correlations, Hotelling 1936) apart from the rest.

    Args:
        directions: the broad factors.
        columns: orthonormal, from `trait_columns`, shape (n_samples, n_columns).
        df: degrees of freedom of a correlation in these samples.
        least_share: adjusted R² from which a combination counts as explained.

    Returns:
        The directions, turned if any is explained; and which of them are, bool, shape
        (n_directions + n_curves,).
    """
    n_columns = columns.shape[1]
    total = len(directions.everything)
    none = np.zeros(total, dtype=bool)
    if n_columns == 0 or len(directions) == 0 or df - n_columns < 1:
        return directions, none
    left, strength, right = np.linalg.svd(directions.values, full_matrices=False)
    axes = right[strength > 1e-8 * strength.max()]
    side, canonical, _ = np.linalg.svd(axes @ columns)
    squared = np.zeros(len(axes))
    squared[: len(canonical)] = np.minimum(canonical**2, 1.0)
    explained = _canonically_explained(squared, n_columns, df, least_share)
    if explained.any():
        turn = side.T @ np.diag(1 / strength[: len(axes)]) @ left[:, : len(axes)].T
        directions = directions.turned(turn)
    else:
        explained = none[: len(directions)]
    bent = directions.curves
    share = np.sum((bent @ columns) ** 2, axis=1) / np.maximum(np.sum(bent**2, axis=1), 1e-12)
    return directions, np.concatenate([explained, _explained(share, n_columns, df, least_share)])


def _canonically_explained(
    squared: Floats, n_columns: int, df: int, least: float
) -> npt.NDArray[np.bool_]:
    """Which canonical correlations count; they are the largest that a rotation finds.

    So R² is adjusted for the number of axes that were free to turn, and p is that of Bartlett's
    test of this correlation and all smaller ones (1947, J. R. Stat. Soc. 9:176).

    Args:
        squared: canonical correlations, falling, shape (n_axes,).
    """
    n_axes, total = len(squared), df + 1
    left = total - n_columns - (n_axes - 1)
    if left < 1:
        return np.zeros(n_axes, dtype=bool)
    adjusted = 1 - (1 - squared) * total / left
    number = np.arange(n_axes)
    nats = -np.cumsum(np.log1p(-np.minimum(squared, 1 - 1e-12))[::-1])[::-1]
    statistic = max(total - (n_axes + n_columns + 1) / 2, 1.0) * nats
    freedom = np.maximum((n_axes - number) * (n_columns - number), 1)
    result: npt.NDArray[np.bool_] = (adjusted >= least) & (
        special.chdtrc(freedom, statistic) <= _LEVEL
    )
    return result


def _explained(share: Floats, n_columns: int, df: int, least: float) -> npt.NDArray[np.bool_]:
    adjusted = 1 - (1 - share) * (df + 1) / (df + 1 - n_columns)
    rest = df + 1 - n_columns
    f = share / n_columns / np.maximum((1 - share) / rest, 1e-12)
    p = special.fdtrc(n_columns, rest, f)
    result: npt.NDArray[np.bool_] = (adjusted >= least) & (p <= _LEVEL)
    return result

"""Whether the broad factors of a fit span what was hidden in the samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.results.model import Fit

Floats = npt.NDArray[np.float64]

_PLAIN = frozenset({"sample_id", "Dx", "Age", "Sex"})
_CELL_TYPE = "cell_type_"
_INTEGRITY = "RIN"
# fractions are rounded where they are recorded
_RANK_TOLERANCE = 1e-2


@dataclass(frozen=True)
class ProgrammeScore:
    """Programmes against hidden properties of the samples.

    Attributes:
        n_programmes: of the fit; None where it has no such table.
        n_hidden_dimensions: of all properties together.
        r2: adjusted R² by property at its worst dimension; None where there is no such table or
            no such property; a value is None where samples do not suffice.
    """

    n_programmes: int | None
    n_hidden_dimensions: int
    r2: dict[str, float | None] | None


def score_programmes(bundle: Bundle, fit: Fit) -> ProgrammeScore:
    """Regress every hidden property of the samples on all programmes of a fit.

    Args:
        bundle: a fixture.
        fit: of that bundle; one without a table `programmes` is told from one without programmes.
    """
    parameters = bundle.provenance.get("parameters")
    if "programmes" not in fit.tables:
        hidden = hidden_properties(bundle.samples, parameters)
        return ProgrammeScore(None, _n_dimensions(hidden), None)
    table = fit.table("programmes")
    # a fit may leave samples out
    kept = pd.Index(bundle.sample_ids).isin(table.columns)
    hidden = hidden_properties(bundle.samples.loc[kept], parameters)
    scores = table[list(bundle.sample_ids[kept])].to_numpy(dtype=float).T
    r2 = {name: worst_adjusted_r2(values, scores) for name, values in hidden.items()}
    return ProgrammeScore(len(table), _n_dimensions(hidden), r2 or None)


def hidden_properties(samples: pd.DataFrame, parameters: str | None) -> dict[str, Floats]:
    """Recorded properties of the samples that shift usage, in the form in which they do.

    A batch counts as one indicator a level, cell types (`cell_type_1`, …) as one property of
    several fractions, and the RNA integrity number as max(0, −z(RIN)), which is all of it that
    acts. Columns that every fixture has (Dx, Age, Sex) are no hidden properties.

    Args:
        samples: the sample table.
        parameters: the fixture's parameters as JSON text; a confound of size 0 does nothing.

    Returns:
        By name, shape (n_samples, n_columns).
    """
    given: dict[str, Any] = json.loads(parameters) if parameters else {}
    confound = given.get("confound")
    if confound is not None and confound.get("size") == 0:
        return {}
    found: dict[str, Floats] = {}
    types = [name for name in samples.columns if str(name).startswith(_CELL_TYPE)]
    if types:
        found["cell_types"] = samples[types].to_numpy(dtype=float)
    for name in samples.columns.difference([*_PLAIN, *types], sort=False):
        column = samples[name]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            found[str(name)] = pd.get_dummies(column).to_numpy(dtype=float)
        elif name == _INTEGRITY:
            z = (column - column.mean()) / column.std(ddof=0)
            found[str(name)] = np.maximum(0.0, -z.to_numpy(dtype=float))[:, None]
        else:
            found[str(name)] = column.to_numpy(dtype=float)[:, None]
    return found


def worst_adjusted_r2(values: Floats, scores: Floats) -> float | None:
    """Smallest adjusted R² of the columns of `values` on `scores` with an intercept.

    Args:
        values: shape (n_samples, n_columns).
        scores: shape (n_samples, n_programmes).

    Returns:
        1 − (1 − R²)(n − 1)/(n − p − 1), with p the rank of the scores; None for n ≤ p + 1 or a
        column that does not vary.
    """
    n = len(values)
    centred = values - values.mean(axis=0)
    total = (centred**2).sum(axis=0)
    basis, strength, _ = np.linalg.svd(scores - scores.mean(axis=0), full_matrices=False)
    basis = basis[:, strength > 1e-10 * max(strength.max(initial=0.0), 1e-300)]
    p = basis.shape[1]
    if n <= p + 1 or (total <= 0).any():
        return None
    explained = ((basis.T @ centred) ** 2).sum(axis=0) / total
    return float((1 - (1 - explained) * (n - 1) / (n - p - 1)).min())


def _n_dimensions(hidden: Mapping[str, Floats]) -> int:
    """Dimensions of all properties, each by itself; fractions that sum to one have one less."""
    return sum(
        int(np.linalg.matrix_rank(values - values.mean(axis=0), rtol=_RANK_TOLERANCE))
        for values in hidden.values()
    )

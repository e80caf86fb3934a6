"""Feature sets made of bare values, for tests of everything after the features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.features.covariates import Design, intercept_only
from isograph.features.model import META_COLUMNS, FeatureSet
from isograph.network.association import Association, strongest_pairs

Floats = npt.NDArray[np.float64]

SWITCH, ABUNDANCE = "switch", "abundance"


def feature_set(
    values: Floats,
    *,
    genes: Sequence[int] | None = None,
    kinds: Sequence[str] | None = None,
    observed: npt.NDArray[np.bool_] | None = None,
    design: Design | None = None,
) -> FeatureSet:
    """Standardised rows as a feature set.

    Args:
        values: shape (n_features, n_samples); centred over observed samples and scaled here.
        genes: number of the gene of each row, never falling; None for a gene a row.
        kinds: `abundance` or `switch`; None for switches.
        observed: None for everything.
        design: the rows must be orthogonal to it already; None for an intercept.
    """
    n_rows, n_samples = values.shape
    seen = np.ones(values.shape, dtype=bool) if observed is None else observed
    mean = np.where(seen, values, 0.0).sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
    centred = np.where(seen, values - mean, 0.0)
    scaled = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True))
    numbers = np.arange(n_rows) if genes is None else np.asarray(genes)
    types = [SWITCH] * n_rows if kinds is None else list(kinds)
    meta = pd.DataFrame({"gene_id": [f"G{i:05d}" for i in numbers], "feature_type": types})
    meta["axis"] = meta.groupby(["gene_id", "feature_type"]).cumcount() + 1
    meta["n_transcripts"] = 2
    meta["variance_share"] = 0.5
    meta["feature_id"] = (
        meta["gene_id"] + "::" + meta["feature_type"] + "." + meta["axis"].astype(str)
    )
    ids = [f"S{i:04d}" for i in range(n_samples)]
    return FeatureSet(
        meta=meta[list(META_COLUMNS)],
        values=scaled,
        observed=seen,
        sample_ids=np.array(ids),
        samples=pd.DataFrame({"sample_id": ids}),
        design=intercept_only(n_samples, sample_ids=ids) if design is None else design,
        traits=(),
        genes=pd.DataFrame({"gene_id": sorted(set(meta["gene_id"])), "fate": None}),
        record={},
    )


def associate(features: FeatureSet, *, budget: float = 1e-3, neighbours: int = 30) -> Association:
    """The association of the `calibrated` backend."""
    return strongest_pairs(features, false_edges_per_feature=budget, neighbours=neighbours)


def followers(
    rng: np.random.Generator, factor: Floats, n_rows: int, *, loading: float, signs: bool = True
) -> Floats:
    """Rows loading · factor + noise of unit variance in all, with signs at random.

    Args:
        factor: shape (n_samples,), unit variance.
    """
    noise = rng.normal(size=(n_rows, len(factor)))
    sign = rng.choice([-1.0, 1.0], (n_rows, 1)) if signs else 1.0
    rows: Floats = sign * (loading * factor + np.sqrt(1 - loading**2) * noise)
    return rows


def orthonormal(rng: np.random.Generator, n_rows: int, n_samples: int) -> Floats:
    """Rows of mean 0 and mean square 1 that are exactly uncorrelated."""
    draws = rng.normal(size=(n_samples, n_rows))
    q, _ = np.linalg.qr(draws - draws.mean(axis=0))
    rows: Floats = q.T * np.sqrt(n_samples)
    return rows

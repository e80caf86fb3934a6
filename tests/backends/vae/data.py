"""Features with planted factors, for the tests of the autoencoder."""

from __future__ import annotations

import numpy as np

from isograph.features.model import FeatureSet
from tests.network.synthetic import feature_set, followers

N_MODULES, PER_MODULE, N_BACKGROUND, N_SAMPLES = 4, 25, 300, 100


def planted(seed: int, *, gaps: float = 0.0, n_samples: int = N_SAMPLES) -> FeatureSet:
    """Four factors with 25 one-feature genes each, and 300 background genes."""
    rng = np.random.default_rng(seed)
    rows = [
        followers(rng, rng.normal(size=n_samples), PER_MODULE, loading=0.8)
        for _ in range(N_MODULES)
    ]
    rows.append(rng.normal(size=(N_BACKGROUND, n_samples)))
    values = np.vstack(rows)
    observed = rng.random(values.shape) >= gaps
    return feature_set(values, observed=observed)


def labels() -> np.ndarray:
    """Module of each feature of `planted`; −1 for background."""
    return np.repeat([*range(N_MODULES), -1], [PER_MODULE] * N_MODULES + [N_BACKGROUND])


def noise(seed: int, *, n_features: int = 400, n_samples: int = 60) -> FeatureSet:
    """Rows that have nothing to do with each other."""
    return feature_set(np.random.default_rng(seed).normal(size=(n_features, n_samples)))

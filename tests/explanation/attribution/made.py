"""Designs for the tests of attribution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.features.covariates import build_design
from isograph.features.design import Design

Floats = npt.NDArray[np.float64]


def covariate_design(n_samples: int, *, seed: int) -> Design:
    """An intercept and one number."""
    ids = [f"S{i:03d}" for i in range(n_samples)]
    age = np.random.default_rng(seed).normal(size=n_samples)
    design, _ = build_design(pd.DataFrame({"sample_id": ids, "age": age}), "~ age", categorical=())
    return design

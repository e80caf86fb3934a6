"""Settings of the `latent` backend."""

from __future__ import annotations

from pydantic import Field

from isograph.backends.model_edges import EdgeSettings


class LatentSettings(EdgeSettings):
    """Factor analysis: how many factors, and when it has converged."""

    n_factors: int = Field(
        0, ge=0, le=256, description="factors; 0 chooses them by the likelihood of held-out samples"
    )
    max_factors: int = Field(64, ge=1, le=256, description="most factors that may be chosen")
    folds: int = Field(
        5,
        ge=2,
        le=20,
        description="parts of the samples, each held out in turn; fewer are looked "
        "at where features × samples are many",
    )
    fold_seed: int = Field(1, ge=0, lt=2**32, description="of the deal of samples into parts")
    max_iterations: int = Field(200, ge=1, description="rounds of loadings and noise, at most")
    tolerance: float = Field(
        1e-6, gt=0, lt=1, description="rise of the log likelihood, nats an entry, that ends them"
    )
    loading_fdr: float = Field(
        0.05, gt=0, lt=1, description="false share of the features that have loadings at all"
    )
    least_noise: float = Field(
        0.01, gt=0, lt=1, description="share of a feature's variance that is noise at least"
    )

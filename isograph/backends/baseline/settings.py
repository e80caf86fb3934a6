"""Settings of the `baseline` backend."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from isograph.backends.model_edges import Similarity
from isograph.config import Settings

Shrinkage = Annotated[float, Field(gt=0, lt=1)]


class BaselineSettings(Settings):
    """Shrunken partial correlation: how much it is shrunken, and what makes an edge."""

    false_edges_per_feature: float = Field(
        3e-3, gt=0, lt=1, description="false edges expected per feature, in all"
    )
    neighbours: int = Field(30, ge=1, le=1000, description="strongest partners kept a feature")
    proposals_per_feature: float = Field(
        1.0, ge=0, description="false pairs a feature that may propose a faint module; 0: none"
    )
    shrinkage: Shrinkage | Literal["auto"] = Field(
        "auto", description="weight of the identity in the correlation matrix; auto estimates it"
    )
    evidence: Literal["correlation", "partial"] = Field(
        "correlation",
        description="what must be significant beside being among the strongest partial "
        "correlations: the pair's correlation, or its partial correlation too",
    )
    similarity: Similarity = Field(
        "model",
        description="what ranks and weighs pairs: the partial correlation, or to see what it adds, "
        "the data's r² or a random embedding",
    )

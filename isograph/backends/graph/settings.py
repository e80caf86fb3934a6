"""Settings of the `graph` backend's model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from isograph.backends.model_edges import EdgeSettings

Smoothing = Annotated[float, Field(ge=0, le=1000)]


class GraphSettings(EdgeSettings):
    """Factors with loadings that are smooth over the graph of significant correlations."""

    n_factors: int = Field(
        0, ge=0, le=500, description="factors; 0 for as many as predict held-out entries best"
    )
    max_factors: int = Field(60, ge=1, le=500, description="most factors that may be chosen")
    smoothing: Smoothing | Literal["auto"] = Field(
        "auto",
        description="weight of the graph; 0 is plain principal components, auto takes what "
        "predicts held-out entries best",
    )
    smoothing_grid: tuple[Smoothing, ...] = Field(
        (0.0, 0.5, 2.0, 8.0), min_length=1, description="weights that auto tries"
    )
    heldout_share: float = Field(
        0.1, gt=0, lt=0.5, description="share of gene × sample cells held out for the choice"
    )
    graph_neighbours: int = Field(
        30, ge=1, le=1000, description="neighbours kept a feature in the graph behind the loadings"
    )

    @field_validator("smoothing_grid", mode="before")
    @classmethod
    def _one_is_many(cls, value: Any) -> Any:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

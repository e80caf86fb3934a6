"""Settings of the `vae` backend's model and of its training."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from isograph.backends.model_edges import EdgeSettings

Width = Annotated[int, Field(ge=1, le=4096)]


class VaeSettings(EdgeSettings):
    """The autoencoder: its size, how it is trained, and when it is said to explain anything."""

    latent_dim: int = Field(
        0, ge=0, le=256, description="latent dimensions; 0 chooses them by parallel analysis"
    )
    max_latent_dim: int = Field(
        64, ge=1, le=256, description="most dimensions that parallel analysis may choose"
    )
    latent_misses: int = Field(
        2, ge=0, description="further dimensions tried in a row without a better held-out score"
    )
    null_draws: int = Field(
        19, ge=5, le=200, description="sign-flipped copies of the data behind parallel analysis"
    )
    hidden_widths: tuple[Width, ...] = Field(
        (16,),
        description="hidden layers beside the linear path ('32,16'; '' for none), kept if held-out "
        "entries are surely better predicted with them",
    )
    beta: float = Field(1.0, ge=0, le=100, description="weight of the KL term once warmed up")
    warm_up_epochs: int = Field(10, ge=0, description="epochs over which the KL term comes in")
    max_epochs: int = Field(150, ge=1, le=100_000, description="passes over the samples, at most")
    patience: int = Field(
        10, ge=1, description="epochs without a better held-out score before training ends"
    )
    min_improvement: float = Field(
        1e-4, ge=0, lt=1, description="relative fall of the held-out error that counts as better"
    )
    learning_rate: float = Field(5e-3, gt=0, le=1, description="step size of Adam")
    net_steps: int = Field(10, ge=1, le=1000, description="steps of Adam an epoch")
    draws: int = Field(4, ge=1, le=256, description="pairs of latent draws a sample and step")
    heldout_share: float = Field(
        0.1, gt=0, lt=0.5, description="share of gene × sample cells kept out of training"
    )
    sureness: float = Field(
        2.0, ge=0, description="standard errors between samples that make a held-out gain sure"
    )
    clip_norm: float = Field(1.0, gt=0, description="largest norm of a gradient, loss per entry")
    max_restarts: int = Field(
        2, ge=0, le=10, description="restarts at a tenth of the step size if training diverges"
    )
    active_kl: float = Field(
        0.01, gt=0, description="nats of KL a sample from which a latent dimension is in use"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where training runs; auto takes CUDA if it is there"
    )
    training_seed: int = Field(
        1, ge=0, lt=2**32, description="of all draws in training; the study's seed has no part"
    )

    @field_validator("hidden_widths", mode="before")
    @classmethod
    def _widths_from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.strip("()[] ").split(",") if part.strip())

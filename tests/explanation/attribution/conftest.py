"""A fit of the `vae` backend with its data, and the same fit with a bent model in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import isograph
from isograph.backends.vae.checkpoint import checkpoint_bytes, checkpoint_of_bytes
from isograph.bundle import Bundle
from isograph.explanation.attribution.availability import CHECKPOINT
from isograph.explanation.attribution.model import Autoencoder, open_autoencoder
from isograph.explanation.source import Source, open_source
from tests.conftest import SEED
from tests.explanation.attribution.models import bent_model


@pytest.fixture(scope="session")
def planted() -> Bundle:
    """320 genes × 180 samples, six modules of 32 genes."""
    return isograph.simulate("medium_multiplex_v1", seed=SEED)


@pytest.fixture(scope="session")
def source(planted: Bundle) -> Source:
    return open_source(isograph.fit(planted, backend="vae"), bundle=planted)


@pytest.fixture(scope="session")
def autoencoder(source: Source) -> Autoencoder:
    return open_autoencoder(source)


@pytest.fixture(scope="session")
def bent_source(source: Source) -> Source:
    """As `source`, its model with hidden layers that bend both ways."""
    checkpoint = checkpoint_of_bytes(source.fit.files[CHECKPOINT])
    model = bent_model(checkpoint.model(), generator=torch.Generator().manual_seed(5))
    changed = replace(checkpoint, hidden_widths=model.hidden_widths, state=model.state_dict())
    fit = replace(source.fit, files={CHECKPOINT: checkpoint_bytes(changed)})
    return replace(source, fit=fit)

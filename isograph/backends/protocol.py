"""What a backend is: a record, typed settings, and one function from features to association."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from isograph.config import Settings
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.progress import Steps


@dataclass(frozen=True)
class BackendRecord:
    """What people should know before they choose a backend.

    Attributes:
        name: as `--backend` takes it.
        summary: one sentence.
        assumes: what must hold for its answer to mean something.
        limits: where it fails.
        reference: paper or page.
    """

    name: str
    summary: str
    assumes: str
    limits: str
    reference: str


@dataclass(frozen=True)
class Backend:
    """One way to say how strongly two features go together.

    Attributes:
        record: for people.
        settings: type of its settings, all with defaults.
        associate: (features, settings, steps) → association. Deterministic; gets features sorted
            by gene and returns pairs of different genes only.
    """

    record: BackendRecord
    settings: type[Settings]
    associate: Callable[[FeatureSet, Settings, Steps], Association]

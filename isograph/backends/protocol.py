"""What a backend is: a record, typed settings, and one function from features to modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from isograph.communities.partition import Partition, find_modules
from isograph.config import CommunitySettings, Settings
from isograph.features.model import FeatureSet
from isograph.machine import one_thread
from isograph.network.association import Association
from isograph.progress import Steps

BroadFactors = Literal["auto", "report", "off"]


@dataclass(frozen=True)
class BackendRecord:
    """What people should know before they choose a backend.

    Attributes:
        name: as `--backend` takes it.
        summary: one sentence.
        assumes: what must hold for its answer to mean something.
        limits: where it fails.
        reference: paper or page.
        calibrated: whether its modules stay within the family-wise level on noise.
    """

    name: str
    summary: str
    assumes: str
    limits: str
    reference: str
    calibrated: bool = True


@dataclass(frozen=True)
class Task:
    """What a backend gets.

    Attributes:
        features: standardised, sorted by gene.
        settings: the backend's own.
        communities: those of the shared module stage.
        explained: columns of what was taken out before, bent, shape (n_samples, k); see
            `find_modules`.
    """

    features: FeatureSet
    settings: Settings
    communities: CommunitySettings
    explained: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Found:
    """What a backend gives back.

    Attributes:
        partition: modules, and the association that holds them; its calibration record goes to
            `calibration.json`.
        files: further files of the fit's folder, by name; same bytes for the same task.
    """

    partition: Partition
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class MainParameter:
    """The one number of a backend that decides most, and values worth comparing.

    Attributes:
        name: of one of the backend's settings, above 0; 0, where it is allowed, has the data
            choose, and the choice then stands in the calibration record under the same name.
        grid: settings → values, ascending.
    """

    name: str
    grid: Callable[[Settings], tuple[float, ...]]


def _budgets(settings: Settings) -> tuple[float, ...]:
    return (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)


EDGE_BUDGET = MainParameter("false_edges_per_feature", _budgets)
"""Of every backend whose edges come at a stated budget of false ones."""


@dataclass(frozen=True)
class Backend:
    """One way from features to modules.

    Attributes:
        record: for people.
        settings: type of its settings, all with defaults.
        find: (task, steps) → modules. Deterministic; pairs are of different genes only.
        broad_factors: whether they are taken out where a study does not say.
        main: what stability selection varies; None where nothing is searched for.
    """

    record: BackendRecord
    settings: type[Settings]
    find: Callable[[Task, Steps], Found]
    broad_factors: BroadFactors = "off"
    main: MainParameter | None = None


def modules_of(task: Task, association: Association, steps: Steps) -> Partition:
    """The shared module stage: from an association to modules, as a step of its own."""
    with steps.step("modules") as note, one_thread():
        partition = find_modules(
            task.features, association, task.communities, explained=task.explained
        )
        assigned = int(np.count_nonzero(partition.labels >= 0))
        note.result = f"{partition.n_modules} modules, {assigned:,} genes"
    return partition

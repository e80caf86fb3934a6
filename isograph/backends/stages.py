"""From features to modules with broad factors taken out: what fits and null draws share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from isograph.backends.protocol import Backend, Found, Task
from isograph.communities.partition import Partition
from isograph.config import FitSettings, Settings
from isograph.features.model import FeatureSet
from isograph.features.traits import Trait
from isograph.machine import one_thread
from isograph.network.association import Association
from isograph.programmes.find import Programmes, bent_remainders, find_programmes, take_out
from isograph.programmes.report import programme_names
from isograph.progress import Steps


@dataclass(frozen=True)
class Searched:
    """Modules and broad factors of one set of features.

    Attributes:
        clean: the features without the broad factors that were removed.
        found: modules of the clean features.
        programmes: broad factors, removed or not.
        first: modules before anything was removed.
    """

    clean: FeatureSet
    found: Found
    programmes: Programmes
    first: Found


def search_modules(
    features: FeatureSet,
    backend: Backend,
    *,
    own: Settings,
    shared: FitSettings,
    steps: Steps,
    declared: Sequence[Trait] = (),
) -> Searched:
    """Find modules, look for broad factors, and find modules again without those.

    Args:
        features: standardised features.
        backend: finds modules.
        own: its settings.
        shared: all others.
        steps: where to show progress.
        declared: traits whose factors stay in.
    """
    task = Task(features=features, settings=own, communities=shared.communities)
    first = backend.find(task, steps)
    if shared.programmes.broad_factors == "off":
        return Searched(features, first, Programmes(), first)
    # faint modules wait for the last pass: what many faint genes share may be a broad factor
    plain = replace(task, communities=task.communities.model_copy(update={"faint_modules": False}))

    def find(some: FeatureSet) -> tuple[Association, Partition]:
        partition = backend.find(replace(plain, features=some), Steps()).partition
        return partition.association, partition

    with steps.step("broad factors") as note, one_thread():
        programmes = find_programmes(
            features,
            first.partition.association,
            first.partition,
            find,
            shared.programmes,
            declared=declared,
        )
        note.result = f"{len(programmes)} found, {int(programmes.removed.sum())} taken out"
    if not programmes.removed.any():
        return Searched(features, first, programmes, first)
    clean = take_out(features, programmes, names=programme_names(len(programmes)))
    left = bent_remainders(features, clean, programmes)
    found = backend.find(replace(task, features=clean, explained=left), steps)
    return Searched(clean, found, programmes, first)

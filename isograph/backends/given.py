"""`given`: modules that a user names, scored like those that a backend finds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.backends.calibrated import associate
from isograph.backends.protocol import Backend, BackendRecord, Found, Task
from isograph.communities.given import given_partition
from isograph.config import CalibratedSettings
from isograph.features.model import FeatureSet
from isograph.importers.module_table import NamedModules
from isograph.machine import one_thread
from isograph.progress import Steps
from isograph.results.tables import module_names

RECORD = BackendRecord(
    name="given",
    summary="Modules that a user names, with eigengenes, roles, traits, stability and p like any.",
    assumes="The modules were chosen without a look at these data; their p pays for no search.",
    limits="p is too small where modules were found in the same samples. A gene is in one module.",
    reference="Fisher's method (1932) over members one after the other, see `sequence_log_pvalue`",
    calibrated=False,
)


def given_backend(modules: NamedModules) -> Backend:
    """What scores these modules in the place of a backend that finds some.

    Args:
        modules: the user's; genes without features are left out and written down.
    """
    return replace(BACKEND, find=partial(_score, modules))


def _score(modules: NamedModules, task: Task, steps: Steps) -> Found:
    """The user's modules with the significant correlations among their genes."""
    assert isinstance(task.settings, CalibratedSettings)
    association = replace(associate(task.features, task.settings, steps), proposals=None)
    with steps.step("given modules") as note, one_thread():
        labels, scored = _labels(modules, task.features)
        partition = given_partition(task.features, association, labels, named_beforehand=True)
        record = _record(modules, scored, task.features, partition.labels)
        note.result = f"{partition.n_modules} modules, {int(scored.sum()):,} genes"
        if not scored.all():
            note.result += f"; {int((~scored).sum()):,} genes of them have no features here"
    recorded = replace(
        partition.association, calibration={**association.calibration, "given_modules": record}
    )
    return Found(replace(partition, association=recorded))


def _labels(
    modules: NamedModules, features: FeatureSet
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Module of each gene with features, and which genes of the user have some."""
    scored = np.isin(modules.gene_ids, features.gene_ids)
    labels = np.full(len(features.gene_ids), -1, dtype=np.int64)
    place = np.searchsorted(features.gene_ids, modules.gene_ids[scored])
    labels[place] = np.unique(modules.names[scored], return_inverse=True)[1]
    return labels, scored


def _record(
    modules: NamedModules,
    scored: npt.NDArray[np.bool_],
    features: FeatureSet,
    labels: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """The user's names by module id, and what could not be scored."""
    place = np.searchsorted(features.gene_ids, modules.gene_ids[scored])
    label, first = np.unique(labels[place], return_index=True)
    names = modules.names[scored][first]
    without = modules.gene_ids[~scored]
    return {
        "names": dict(zip(module_names(len(label)).tolist(), names.tolist(), strict=True)),
        "modules_without_features": sorted(set(modules.names[~scored]) - set(names)),
        "n_genes_without_features": len(without),
        "genes_without_features": without.tolist(),
        "n_genes_not_in_data": len(modules.unknown),
        "genes_not_in_data": modules.unknown.tolist(),
    }


BACKEND = Backend(
    record=RECORD,
    settings=CalibratedSettings,
    find=partial(_score, NamedModules("none", np.empty(0, dtype=str), np.empty(0, dtype=str))),
)

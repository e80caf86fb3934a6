"""The searches behind stability selection: all samples and every half, at every value."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isograph.backends.stages import Searched, search_modules
from isograph.bundle.model import Bundle
from isograph.config import Settings
from isograph.features.build import build_features
from isograph.features.model import FeatureSet
from isograph.progress import Steps
from isograph.selection.grid import Grid
from isograph.selection.halves import half_bundle
from isograph.study import Study

_MINUTE_FROM = 90.0
_LINE_AFTER = 60.0


@dataclass(frozen=True)
class Seen:
    """What one search found, in rows of the data set's genes.

    Attributes:
        labels: −1 for no module, shape (n_all_genes,).
        known: genes with features, shape (n_all_genes,).
        edges: row of the source × n_all_genes + row of the target, ascending, shape (n_edges,).
        n_modules: modules found.
    """

    labels: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    edges: npt.NDArray[np.int64]
    n_modules: int


@dataclass(frozen=True)
class SeenEverywhere:
    """Every search of a stability selection.

    Attributes:
        study_value: the value that the study itself uses.
        full: all samples, by value.
        halves: one a half, in the order of the halves, by ascending value.
    """

    study_value: float
    full: dict[float, Seen]
    halves: dict[float, list[Seen]]


def search_everywhere(
    bundle: Bundle,
    study: Study,
    grid: Grid,
    halves: Sequence[npt.NDArray[np.str_]],
    *,
    features: FeatureSet,
    steps: Steps,
) -> SeenEverywhere:
    """Search all samples and every half of them at every value of the grid and of the study.

    Args:
        bundle: of all samples.
        study: covariates and traits.
        grid: settings by value.
        halves: sample ids of each half.
        features: of all samples.
        steps: where to show progress, within a step that runs.

    Raises:
        StudyError: a half leaves no features, or the study has no value of the parameter.
    """
    gene_ids = bundle.gene_ids
    start = time.monotonic()
    own = _search(features, study, grid, grid.own)
    study_value = grid.study_value(own.found)
    settings = grid.settings | {study_value: _at(grid.own, grid.parameter, study_value)}
    settings = dict(sorted(settings.items()))
    total = len(settings) * (len(halves) + 1)
    done, said = 1, start

    def look(some: FeatureSet, value: float) -> Seen:
        nonlocal done, said
        seen = _seen(_search(some, study, grid, settings[value]), gene_ids)
        done += 1
        now = time.monotonic()
        text = _told(done, total, now - start)
        steps.tell(text)
        # a line now and then, for those who read it in a file
        if now - said > _LINE_AFTER and done < total:
            steps.say(f"stability {text}")
            said = now
        return seen

    full = {study_value: _seen(own, gene_ids)}
    full |= {value: look(features, value) for value in settings if value != study_value}
    found: dict[float, list[Seen]] = {value: [] for value in settings}
    for half in halves:
        # everything is made anew, as another cohort would have it
        part = build_features(half_bundle(bundle, half), study=study, settings=grid.shared.features)
        for value in settings:
            found[value].append(look(part, value))
    return SeenEverywhere(study_value, full, found)


def _told(done: int, total: int, seconds: float) -> str:
    """How far it is, and about how long the rest takes."""
    left = seconds / done * (total - done)
    about = f"{left:.0f} s" if left < _MINUTE_FROM else f"{left / 60:.0f} min"
    return f"{done / total:.0%}, about {about} left"


def _at(settings: Settings, parameter: str, value: float) -> Settings:
    """The same settings with the parameter at that value."""
    return settings.model_copy(update={parameter: value})


def _search(features: FeatureSet, study: Study, grid: Grid, own: Settings) -> Searched:
    """Modules as a fit finds them."""
    return search_modules(
        features,
        grid.backend,
        own=own,
        shared=grid.shared,
        steps=Steps(),
        declared=features.traits if study.traits is not None else (),
    )


def _seen(searched: Searched, gene_ids: npt.NDArray[np.str_]) -> Seen:
    partition = searched.found.partition
    rows = np.searchsorted(gene_ids, searched.clean.gene_ids).astype(np.int64)
    labels = np.full(len(gene_ids), -1, dtype=np.int64)
    labels[rows] = partition.labels
    known = np.zeros(len(gene_ids), dtype=bool)
    known[rows] = True
    # rows rise with the graph's own: its edges keep their order
    edges = rows[partition.graph.source] * len(gene_ids) + rows[partition.graph.target]
    return Seen(labels, known, edges, partition.n_modules)

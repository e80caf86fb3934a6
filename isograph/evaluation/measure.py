"""What happens inside the process of one cell: simulate or load, fit, measure, score."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from isograph.backends import fit
from isograph.bundle import load_bundle
from isograph.bundle.model import Bundle
from isograph.errors import Problem, StudyError
from isograph.evaluation.cells import Cell, CellResult, StepCost, code_version
from isograph.evaluation.datasets import bundle_files_hash
from isograph.evaluation.kept import keep_fit
from isograph.evaluation.metrics import score_assignment, score_fit, score_partition
from isograph.evaluation.peers import is_peer, peer_modules
from isograph.machine import peak_memory_bytes
from isograph.progress import Step, Steps
from isograph.results import Fit
from isograph.simulation import simulate
from isograph.study import Study, make_study, study_name

# what cannot be said without a truth
_NEED_TRUTH = (
    "background_fraction",
    "background_rate",
    "n_background_assigned",
    "n_planted",
    "n_truth_modules",
)


@dataclass(frozen=True)
class _Found:
    """Modules of one data set, and the fit where a backend made them."""

    assigned: pd.DataFrame
    steps: tuple[Step, ...]
    fit: Fit | None = None

    def scores(self, bundle: Bundle, *, seed: int) -> dict[str, Any]:
        if not bundle.has_truth:
            return _counts(bundle, self)
        if self.fit is None:
            return score_assignment(bundle, self.assigned, seed=seed).as_dict()
        return score_fit(bundle, self.fit, seed=seed).as_dict()


def run_cell(cell: Cell, *, keep: Path | None = None) -> CellResult:
    """Simulate or load, fit and score one data set in this process.

    Args:
        cell: what to run.
        keep: the cell's folder, for the fit (`isograph.evaluation.kept`); not written where None,
            nor for peers.

    Returns:
        The result. Where the data set has no truth, scores are None and modules are counted. Peak
        memory means something in a fresh process only.

    Raises:
        IsographError: the fixture, the backend or a setting does not exist, the bundle is none, or
            a fit is refused.
    """
    code = code_version()
    started = time.perf_counter()
    bundle = simulate(cell.dataset, seed=cell.seed) if cell.bundle is None else _load(cell)
    name = bundle.name if cell.is_fixture else study_name(cell.dataset)
    place = cell.bundle or Path(bundle.name)
    study = make_study(name=name, bundle=place, set=dict(cell.settings))
    wall, cpu = time.perf_counter(), time.process_time()
    found = _find(bundle, study, cell.backend)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    # before scoring: its permutations are no part of a fit
    memory = peak_memory_bytes()
    metrics = {
        "n_samples": bundle.n_samples,
        "n_genes": len(bundle.gene_ids),
        "n_edges": None if found.fit is None else len(found.fit.edges),
        "fit_content_hash": None if found.fit is None else found.fit.content_hash,
        **found.scores(bundle, seed=cell.seed),
    }
    if keep is not None and found.fit is not None:
        recovery = metrics["recovery"]
        keep_fit(found.fit, keep, dataset=cell.dataset, recovery=recovery, seconds=seconds)
    return CellResult(
        cell=cell,
        metrics=metrics,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_bytes=memory,
        steps=_costs(found.steps),
        wall_seconds=time.perf_counter() - started,
        calibration=None if found.fit is None else found.fit.calibration,
        code_version=code,
        bundle_content_hash=bundle.content_hash,
    )


def _load(cell: Cell) -> Bundle:
    """The bundle of a cell, if it is what the cell says."""
    assert cell.bundle is not None
    bundle = load_bundle(cell.bundle)
    if bundle_files_hash(cell.bundle) != cell.bundle_files:
        what = "was changed while the benchmark ran"
        raise StudyError("bundle not fitted", [Problem(cell.dataset, what, fix="run it again")])
    return bundle


def _find(bundle: Bundle, study: Study, backend: str) -> _Found:
    if is_peer(backend):
        steps = Steps()
        with steps.step("modules"):
            assigned = peer_modules(backend, bundle, study=study)
        return _Found(assigned, tuple(steps.done))
    made = fit(bundle, study=study, backend=backend)
    return _Found(made.modules, made.steps, made)


def _counts(bundle: Bundle, found: _Found) -> dict[str, Any]:
    """Modules and genes of a fit that there is no truth for; every other score None."""
    made = found.fit
    scores = score_partition(
        pd.DataFrame({"gene_id": [], "module_id": []}, dtype=str),
        found.assigned,
        all_genes=bundle.gene_ids,
        edges=None if made is None else made.edges,
        rng=np.random.default_rng(0),
        n_permutations=0,
    ).as_dict()
    if made is not None and "programmes" in made.tables:
        scores["n_programmes"] = made.tables["programmes"].num_rows
    return scores | dict.fromkeys(_NEED_TRUTH)


def _costs(steps: Iterable[Step]) -> dict[str, StepCost]:
    """By name; a step that ran several times counts once, with all its seconds."""
    found: dict[str, StepCost] = {}
    for step in steps:
        before: Mapping[str, Any] = found.get(step.name, {})
        peaks = (before.get("peak_memory_bytes"), step.peak_memory_bytes)
        found[step.name] = StepCost(
            seconds=before.get("seconds", 0.0) + step.seconds,
            cpu_seconds=before.get("cpu_seconds", 0.0) + step.cpu_seconds,
            peak_memory_bytes=max((peak for peak in peaks if peak is not None), default=None),
        )
    return found

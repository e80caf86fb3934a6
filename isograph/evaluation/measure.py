"""What happens inside the process of one cell: simulate, fit, measure, score."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from isograph.backends import fit
from isograph.bundle.model import Bundle
from isograph.evaluation.cells import Cell, CellResult, code_version
from isograph.evaluation.metrics import score_assignment, score_fit
from isograph.evaluation.peers import is_peer, peer_modules
from isograph.evaluation.score import PartitionScore
from isograph.machine import peak_memory_bytes
from isograph.results import Fit, write_fit
from isograph.simulation import simulate
from isograph.study import Study, make_study


@dataclass(frozen=True)
class _Found:
    """Modules of one data set, and the fit where a backend made them."""

    assigned: pd.DataFrame
    steps: Mapping[str, float]
    fit: Fit | None = None

    def score(self, bundle: Bundle, *, seed: int) -> PartitionScore:
        if self.fit is None:
            return score_assignment(bundle, self.assigned, seed=seed)
        return score_fit(bundle, self.fit, seed=seed)


def run_cell(cell: Cell, *, keep: Path | None = None) -> CellResult:
    """Simulate, fit and score one data set in this process.

    Args:
        cell: what to run.
        keep: folder for the fit's tables; not written where None, nor for peers.

    Returns:
        The result. Peak memory means something in a fresh process only.

    Raises:
        IsographError: the fixture, the backend or a setting does not exist, or a fit is refused.
    """
    code = code_version()
    started = time.perf_counter()
    bundle = simulate(cell.dataset, seed=cell.seed)
    study = make_study(name=bundle.name, bundle=Path(bundle.name), set=dict(cell.settings))
    wall, cpu = time.perf_counter(), time.process_time()
    found = _find(bundle, study, cell.backend)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    # before scoring: its permutations are no part of a fit
    memory = peak_memory_bytes()
    metrics = {
        "n_samples": bundle.n_samples,
        "n_genes": len(bundle.gene_ids),
        "n_edges": None if found.fit is None else len(found.fit.edges),
        **found.score(bundle, seed=cell.seed).as_dict(),
    }
    if keep is not None and found.fit is not None:
        write_fit(found.fit, keep)
    return CellResult(
        cell=cell,
        metrics=metrics,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_bytes=memory,
        steps=dict(found.steps),
        wall_seconds=time.perf_counter() - started,
        calibration=_calibration(found),
        code_version=code,
    )


def _find(bundle: Bundle, study: Study, backend: str) -> _Found:
    if is_peer(backend):
        start = time.perf_counter()
        assigned = peer_modules(backend, bundle, study=study)
        return _Found(assigned, {"modules": time.perf_counter() - start})
    made = fit(bundle, study=study, backend=backend)
    return _Found(made.modules, {step.name: step.seconds for step in made.steps}, made)


def _calibration(found: _Found) -> Mapping[str, Any] | None:
    return None if found.fit is None else found.fit.calibration

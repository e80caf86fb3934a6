"""One cell of a benchmark: what to run, what it gave, the key that says whether it still holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from isograph.files import SCHEMA_VERSION, hash_parts, sha256_file, to_json
from isograph.provenance import package_versions
from isograph.simulation.assemble import GENERATOR_VERSION

_PACKAGE = Path(__file__).resolve().parents[1]
# files that neither a fit nor a score depends on; whatever is not named here counts
_NO_RESULT = (
    "annotation/",
    "cli/",
    "explanation/attribution/",
    "explanation/folder.py",
    "explanation/page/",
    "explanation/pictures/",
    "explanation/render.py",
    "explanation/options.py",
    "explanation/run.py",
    "explanation/structure/",
    "explanation/target.py",
    "exporters/",
    "importers/",
    "modules/preservation.py",
    "projection/",
    "results/advice.py",
    "quality/",
    "workflow/",
    "evaluation/benchmark.py",
    "evaluation/cache.py",
    "evaluation/comparison/",
    "evaluation/datasets.py",
    "evaluation/gates.py",
    "evaluation/history.py",
    "evaluation/kept.py",
    "evaluation/leaderboard.py",
    "evaluation/leaderboard_plots.py",
    "evaluation/leaderboard.py",
    "evaluation/leaderboard_plots.py",
    "evaluation/plan.py",
    "evaluation/plot_points.py",
    "evaluation/plots.py",
    "evaluation/processes.py",
    "evaluation/published.py",
    "evaluation/regressions.py",
    "evaluation/regressions.py",
    "evaluation/reports.py",
    "evaluation/snapshots.py",
    "evaluation/stored_fits.py",
    "evaluation/summary.py",
    "evaluation/trend_plots.py",
    "evaluation/trends.py",
    "evaluation/trend_plots.py",
    "evaluation/trends.py",
    "plots/",
    "provenance.py",
    "startup.py",
)


@dataclass(frozen=True)
class Cell:
    """One data set to fit and score.

    Attributes:
        dataset: name of the fixture, or of the bundle's folder.
        seed: of the fixture; 0 for a bundle, which has none.
        backend: name of the backend, or of a peer (`isograph.evaluation.peers`).
        settings: settings of the fit by name, as `--set` takes them, sorted.
        bundle_files: hash of a bundle's files (`isograph.evaluation.datasets`); None for fixtures.
        bundle: where it is; two cells are the same wherever their bundle lies.
    """

    dataset: str
    seed: int
    backend: str
    settings: tuple[tuple[str, str], ...] = ()
    bundle_files: str | None = None
    bundle: Path | None = field(default=None, compare=False)

    @property
    def is_fixture(self) -> bool:
        """Whether the data set is simulated, so that its suite and scenario are known."""
        return self.bundle_files is None


class StepCost(TypedDict):
    """What one step of a fit cost (`isograph.progress.Step`)."""

    seconds: float
    cpu_seconds: float | None
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class CellResult:
    """What one cell gave.

    Attributes:
        cell: which.
        metrics: every score of `PartitionScore.as_dict`, and counts; empty where it failed.
        seconds: wall clock of the fit alone.
        cpu_seconds: processor time of the fit, all its threads.
        peak_memory_bytes: resident set of the process at its largest, simulation and fit.
        steps: what each step of the fit cost, by its name.
        wall_seconds: of the whole process: start, simulation, fit and scores.
        error: why it failed, in one line; None where it did not.
        calibration: the backend's record; None where it has none.
        code_version: of the code that ran it (`code_version`).
        bundle_content_hash: of the data set that was fitted; None where it is not known.
    """

    cell: Cell
    metrics: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    steps: dict[str, StepCost]
    wall_seconds: float = 0.0
    error: str | None = None
    calibration: Mapping[str, Any] | None = None
    code_version: str = ""
    bundle_content_hash: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there are no scores."""
        return self.error is not None


@dataclass(frozen=True)
class Progress:
    """How far a run is, told with each finished cell.

    Attributes:
        result: the cell.
        done: finished cells, this one included.
        total: all cells.
        seconds_left: estimate for the rest; None while there is nothing to go by.
        cached: whether the cell was finished by a former run.
    """

    result: CellResult
    done: int
    total: int
    seconds_left: float | None
    cached: bool = field(default=False)


@cache
def code_version() -> str:
    """Hash over the sources that scores can depend on, and versions of numerical packages.

    Every Python file of the installed package counts but those of the command line, of importers
    and exporters, and of the benchmark's own plan, reports and pictures. Looked at once a process.
    """
    files = {path.relative_to(_PACKAGE).as_posix(): path for path in _PACKAGE.rglob("*.py")}
    parts = {
        name: sha256_file(path) for name, path in files.items() if not name.startswith(_NO_RESULT)
    }
    return hash_parts(parts | {f"package:{k}": str(v) for k, v in package_versions().items()})


def cell_key(cell: Cell, *, code: str) -> str:
    """Hash over everything that a cell's scores depend on.

    Args:
        cell: the cell.
        code: `code_version()`.
    """
    content = {k: v for k, v in asdict(cell).items() if k != "bundle"}
    content |= {"generator_version": GENERATOR_VERSION, "code_version": code}
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def failure(cell: Cell, error: str, *, wall_seconds: float, code: str) -> CellResult:
    """The result of a cell that gave none."""
    return CellResult(
        cell=cell,
        metrics={},
        seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_bytes=0,
        steps={},
        wall_seconds=wall_seconds,
        error=error,
        code_version=code,
    )


def to_record(result: CellResult) -> dict[str, Any]:
    """A result as JSON knows it: content of `cell.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "key": cell_key(result.cell, code=result.code_version),
        "code_version": result.code_version,
        "dataset": result.cell.dataset,
        "seed": result.cell.seed,
        "backend": result.cell.backend,
        "settings": dict(result.cell.settings),
        "bundle_files": result.cell.bundle_files,
        "bundle_content_hash": result.bundle_content_hash,
        "error": result.error,
        "runtime_seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "wall_seconds": result.wall_seconds,
        "peak_memory_bytes": result.peak_memory_bytes,
        "steps": result.steps,
        "metrics": result.metrics,
        "calibration": result.calibration,
    }


def from_record(record: Mapping[str, Any]) -> CellResult:
    """What `to_record` made.

    Raises:
        KeyError, TypeError, AttributeError: the record is not one of these.
    """
    cell = Cell(
        dataset=record["dataset"],
        seed=record["seed"],
        backend=record["backend"],
        settings=tuple(sorted(record["settings"].items())),
        bundle_files=record.get("bundle_files"),
    )
    return CellResult(
        cell=cell,
        metrics=dict(record["metrics"]),
        seconds=record["runtime_seconds"],
        cpu_seconds=record["cpu_seconds"],
        peak_memory_bytes=record["peak_memory_bytes"],
        steps={name: _step_cost(cost) for name, cost in record["steps"].items()},
        wall_seconds=record["wall_seconds"],
        error=record["error"],
        calibration=record["calibration"],
        code_version=record["code_version"],
        bundle_content_hash=record.get("bundle_content_hash"),
    )


def _step_cost(cost: Mapping[str, Any] | float) -> StepCost:
    """A step as it is written; older records have its seconds only."""
    if not isinstance(cost, Mapping):
        return StepCost(seconds=float(cost), cpu_seconds=None, peak_memory_bytes=None)
    return StepCost(
        seconds=cost["seconds"],
        cpu_seconds=cost["cpu_seconds"],
        peak_memory_bytes=cost["peak_memory_bytes"],
    )

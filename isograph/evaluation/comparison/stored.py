"""A benchmark report read for one backend: scores and costs by data set and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isograph.errors import Problem
from isograph.evaluation.comparison.model import ComparisonError
from isograph.files import read_json

REPORT = "-benchmark.json"
RUNTIME = "-runtime-memory.json"

Key = tuple[str, int]
Values = Mapping[str, float]

_REFUSED = "reports cannot be compared"
_NO_METRIC = ("dataset", "seed", "backend", "status", "error", "seconds")
_COSTS = ("runtime_seconds", "cpu_seconds", "wall_seconds", "peak_memory_bytes")


@dataclass(frozen=True)
class StoredReport:
    """Finished cells of one backend.

    Attributes:
        path: of the report.
        suite: what ran.
        stage: name of the report.
        backend: whose cells these are.
        further: other methods with cells in the report.
        scores: every numeric metric of each cell, nested ones by dotted names.
        costs: seconds and bytes of each cell; those of `-runtime-memory.json` where it stands
            beside the report, else the seconds that the report has.
        failed: cells that gave nothing.
        jobs: cells that ran side by side; None where it is not known.
        machine: facts about it; None where not known.
        code_versions: of the code that ran the cells.
    """

    path: Path
    suite: str
    stage: str
    backend: str
    further: tuple[str, ...]
    scores: Mapping[Key, Values]
    costs: Mapping[Key, Values]
    failed: tuple[Key, ...]
    jobs: int | None
    machine: Mapping[str, Any] | None
    code_versions: tuple[str, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets with a finished cell, in the report's order."""
        return tuple(dict.fromkeys(dataset for dataset, _ in self.scores))

    def seeds(self, dataset: str) -> tuple[int, ...]:
        """Seeds of the finished cells of a data set."""
        return tuple(seed for name, seed in self.scores if name == dataset)

    def describe(self) -> dict[str, Any]:
        """What it is, for the comparison's report."""
        return {
            "path": str(self.path),
            "suite": self.suite,
            "stage": self.stage,
            "backend": self.backend,
            "n_cells": len(self.scores),
            "n_datasets": len(self.datasets),
            "jobs": self.jobs,
            "code_versions": list(self.code_versions),
        }


def read_report(path: Path, *, backend: str | None = None) -> StoredReport:
    """Read `<stage>-benchmark.json`, and `<stage>-runtime-memory.json` where it is beside it.

    Args:
        path: of the report.
        backend: whose cells to take, peers included; the report's own if None.

    Raises:
        ComparisonError: it is no benchmark report, or has no cell of that backend.
    """
    path = Path(path)
    record = _read(path)
    rows = [row for row in record["results"] if isinstance(row, Mapping)]
    names = tuple(dict.fromkeys(str(row.get("backend")) for row in rows))
    chosen = backend or _own(record, names)
    if chosen not in names:
        what = "has several backends" if backend is None else f"has no cell of {backend}"
        fix = "choose one of them"
        raise ComparisonError(_REFUSED, [Problem(str(path), what, names, len(names), fix)])
    own = [row for row in rows if row.get("backend") == chosen]
    try:
        done = {_key(row): row for row in own if row.get("status", "ok") == "ok"}
        failed = tuple(_key(row) for row in own if row.get("status", "ok") != "ok")
    except (KeyError, TypeError, ValueError) as error:
        raise ComparisonError(_REFUSED, [Problem(str(path), f"rows lack {error}")]) from error
    runtime = _runtime(path)
    costs = _costs(runtime["results"], chosen) if runtime else {}
    if not any(key in costs for key in done):
        runtime = {}
        costs = {
            key: {"runtime_seconds": row["seconds"]} for key, row in done.items() if _timed(row)
        }
    return StoredReport(
        path=path,
        suite=str(record.get("suite", "")),
        stage=str(record.get("stage", "")),
        backend=chosen,
        further=tuple(name for name in names if name != chosen),
        scores={key: numbers(row, without=_NO_METRIC) for key, row in done.items()},
        costs=costs,
        failed=failed,
        jobs=runtime.get("jobs"),
        machine=runtime.get("machine"),
        code_versions=tuple(record.get("code_versions") or ()),
    )


def numbers(
    values: Mapping[str, Any], *, without: Iterable[str] = (), prefix: str = ""
) -> dict[str, float]:
    """Every number of a mapping by its dotted name; truth values, text and nulls are none."""
    found: dict[str, float] = {}
    left_out = set(without)
    for name, value in values.items():
        if name in left_out:
            continue
        if isinstance(value, Mapping):
            found |= numbers(value, prefix=f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = float(value)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        record = read_json(path)
    except (OSError, ValueError) as error:
        what = "there is no such file" if not path.exists() else f"cannot be read: {error}"
        raise ComparisonError(_REFUSED, [Problem(str(path), what)]) from error
    rows = record.get("results") if isinstance(record, dict) else None
    scored = isinstance(rows, list) and "machine" not in record and "suite" in record
    if not scored:
        what, fix = "is no benchmark report", f"give a `<stage>{REPORT}` with results"
        raise ComparisonError(_REFUSED, [Problem(str(path), what, fix=fix)])
    return dict(record)


def _own(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The backend that a report is about."""
    own = str(record.get("backend"))
    return names[0] if own not in names and len(names) == 1 else own


def _key(row: Mapping[str, Any]) -> Key:
    return str(row["dataset"]), int(row["seed"])


def _timed(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("seconds"), int | float)


def _runtime(path: Path) -> dict[str, Any]:
    """Content of the runtime report beside a report; empty where there is none."""
    if not path.name.endswith(REPORT):
        return {}
    beside = path.with_name(path.name.removesuffix(REPORT) + RUNTIME)
    if not beside.exists():
        return {}
    try:
        record = dict(read_json(beside))
        list(record["results"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ComparisonError(
            _REFUSED, [Problem(str(beside), f"cannot be read: {error}")]
        ) from error
    return record


def _costs(rows: Iterable[Mapping[str, Any]], backend: str) -> dict[Key, dict[str, float]]:
    """Seconds and bytes of each cell, with the seconds of its steps."""
    found = {}
    for row in rows:
        if row.get("backend") == backend:
            own = {name: row[name] for name in _COSTS if name in row}
            steps = {k: _seconds(cost) for k, cost in (row.get("steps") or {}).items()}
            found[_key(row)] = numbers({**own, "step_seconds": steps})
    return found


def _seconds(step: Any) -> Any:
    """Seconds of a step; reports of former versions have nothing else."""
    return step.get("seconds") if isinstance(step, Mapping) else step

"""The local Dagster instance: a folder that keeps runs and history, sized to the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from isograph.files import write_text
from isograph.machine import machine_cores, memory_bytes
from isograph_assets.resources import PROJECT

_HEADER = "# Written by isograph for this machine; it is kept as it is once this line is gone.\n"
_GIB = 1024**3
# a run holds Python, Dagster and one data set
_GIB_PER_RUN = 2
_THREAD_VARIABLES = (
    "ISOGRAPH_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_KEPT_DAYS = {"skipped": 1, "success": 30, "failure": 30, "started": -1}


def runs_at_once() -> int:
    """As many runs as there are cores, fewer where memory is short."""
    room = int(memory_bytes() / _GIB / _GIB_PER_RUN)
    return max(1, min(machine_cores(), room))


def instance_settings() -> dict[str, object]:
    """What `dagster.yaml` says."""
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {
            "runs": {
                "max_concurrent_runs": runs_at_once(),
                "tag_concurrency_limits": [
                    {
                        "key": "isograph/dataset",
                        "value": {"applyLimitPerUniqueValue": True},
                        "limit": 1,
                    }
                ],
            }
        },
        # events are kept whatever their level; this is what the terminal shows
        "python_logs": {"python_log_level": "INFO"},
        "run_monitoring": {"enabled": True},
        "retention": {
            "sensor": {"purge_after_days": dict(_KEPT_DAYS)},
            "schedule": {"purge_after_days": dict(_KEPT_DAYS)},
        },
    }


def prepare_home(folder: Path | None = None) -> Path:
    """Make the instance folder, with a `dagster.yaml` unless somebody wrote their own.

    Args:
        folder: `DAGSTER_HOME`, else `.dagster` in the project, if None.
    """
    if folder is None:
        folder = Path(os.environ.get("DAGSTER_HOME") or PROJECT / ".dagster")
    folder = folder.expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists() or config.read_text(encoding="utf-8").startswith(_HEADER):
        write_text(config, _HEADER + yaml.safe_dump(instance_settings(), sort_keys=False))
    return folder


def instance_environment(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of Dagster's processes: where its home is, and threads for each run.

    Args:
        home: as `prepare_home` gives it.
        environment: what is there; thread counts that somebody set are kept.
    """
    threads = str(max(1, machine_cores() // runs_at_once()))
    asked = {name: environment.get(name, threads) for name in _THREAD_VARIABLES}
    return {**environment, **asked, "DAGSTER_HOME": str(home)}

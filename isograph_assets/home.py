"""The local Dagster instance: a folder that keeps runs and history, sized to the machine."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import yaml

from isograph.errors import ConfigError
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
POSTGRES = "ISOGRAPH_POSTGRES"
"""Variable that names a PostgreSQL database for the history, instead of files in the home."""

POOL_RUNS = 1
"""Runs of one pool at a time: times of benchmarks are honest, and studies find room."""

_DRIVER = "postgresql+psycopg2://"
_SCHEMES = (_DRIVER, "postgresql://", "postgres://")
_START_SECONDS = 300
_REACH_SECONDS = 10
_LONGEST_RUN_SECONDS = 86_400
# runs that share a value of these tags go one after another: no two write to one place, and a
# night's times stay comparable where somebody gave the pool more room
_ONE_AT_A_TIME = ("isograph/dataset", "isograph/schedule")
_KEPT_DAYS = {"skipped": 1, "success": 30, "failure": 30, "started": -1}


def runs_at_once() -> int:
    """As many runs as there are cores, fewer where memory is short."""
    room = int(memory_bytes() / _GIB / _GIB_PER_RUN)
    return max(1, min(machine_cores(), room))


def runs_of_a_pool(instance: dg.DagsterInstance, pool: str) -> int:
    """Runs of a pool that may go on at a time: as the instance says, else by default."""
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return POOL_RUNS
    return storage.get_concurrency_info(pool).slot_count or POOL_RUNS


def instance_settings(*, postgres: bool = False) -> dict[str, object]:
    """What `dagster.yaml` says.

    Args:
        postgres: keep the history in the database that `ISOGRAPH_POSTGRES` names when a process
            starts; its password is never written.
    """
    storage = {"storage": {"postgres": {"postgres_url": {"env": POSTGRES}}}} if postgres else {}
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        **storage,
        "concurrency": {
            "runs": {
                "max_concurrent_runs": runs_at_once(),
                "tag_concurrency_limits": [
                    {"key": tag, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
                    for tag in _ONE_AT_A_TIME
                ],
            },
            # a run takes one place in each pool of its assets, and waits in the queue until then
            "pools": {"granularity": "run", "default_limit": POOL_RUNS},
        },
        # events are kept whatever their level; this is what the terminal shows
        "python_logs": {"python_log_level": "INFO"},
        # what hangs would keep its place in a pool, and its data set, for ever
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": _START_SECONDS,
            "max_runtime_seconds": _LONGEST_RUN_SECONDS,
        },
        # a killed process is tried again once; failed steps have a policy of their own
        "run_retries": {
            "enabled": True,
            "max_retries": 1,
            "retry_on_asset_or_op_failure": False,
        },
        "retention": {
            "sensor": {"purge_after_days": dict(_KEPT_DAYS)},
            "schedule": {"purge_after_days": dict(_KEPT_DAYS)},
        },
    }


def prepare_home(folder: Path | None = None) -> Path:
    """Make the instance folder, with a `dagster.yaml` unless somebody wrote their own.

    Where `ISOGRAPH_POSTGRES` is set, this process and those that it starts find it in the form that
    Dagster's driver needs.

    Args:
        folder: `DAGSTER_HOME`, else `.dagster` in the project, if None.

    Raises:
        ConfigError: `ISOGRAPH_POSTGRES` is set and cannot be heeded.
    """
    if folder is None:
        folder = Path(os.environ.get("DAGSTER_HOME") or PROJECT / ".dagster")
    folder = folder.expanduser().absolute()
    url = postgres_url(os.environ)
    if url is not None:
        _reach(url)
        os.environ[POSTGRES] = url
    config = folder / "dagster.yaml"
    written = config.read_text(encoding="utf-8") if config.exists() else None
    if written is not None and not written.startswith(_HEADER):
        if url is not None and POSTGRES not in written:
            raise ConfigError(
                f"{POSTGRES} is set, but {config} is your own and does not name it: write "
                f"`storage: {{postgres: {{postgres_url: {{env: {POSTGRES}}}}}}}` into it"
            )
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    settings = instance_settings(postgres=url is not None)
    write_text(config, _HEADER + yaml.safe_dump(settings, sort_keys=False))
    return folder


def postgres_url(environment: Mapping[str, str]) -> str | None:
    """Where the history is kept, with the driver named; None for files in the home.

    Raises:
        ConfigError: it is no address of a PostgreSQL database, or the packages are missing. The
            message never holds the address, which may hold a password.
    """
    named = environment.get(POSTGRES)
    if not named:
        return None
    scheme = next((scheme for scheme in _SCHEMES if named.startswith(scheme)), None)
    if scheme is None:
        raise ConfigError(f"{POSTGRES} is to read postgresql://USER:PASSWORD@HOST/DATABASE")
    needed = ("dagster_postgres", "psycopg2")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{POSTGRES} is set, but {' and '.join(missing)} cannot be imported: "
            "pip install -c constraints.txt '.[postgres]'"
        )
    return _DRIVER + named.removeprefix(scheme)


def _reach(url: str) -> None:
    """Say in one line that nobody answers; Dagster would try for long and say it in hundreds."""
    driver = importlib.import_module("psycopg2")
    address = "postgresql://" + url.removeprefix(_DRIVER)
    try:
        driver.connect(address, connect_timeout=_REACH_SECONDS).close()
    except driver.Error as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{POSTGRES}: the database cannot be used: {told}") from error


def instance_environment(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of Dagster's processes: where its home is, and threads for each run.

    Args:
        home: as `prepare_home` gives it.
        environment: what is there; thread counts that somebody set are kept.
    """
    threads = str(max(1, machine_cores() // runs_at_once()))
    asked = {name: environment.get(name, threads) for name in _THREAD_VARIABLES}
    return {**environment, **asked, "DAGSTER_HOME": str(home)}

"""Runs as jobs of a Ray cluster: what the documented `dagster.yaml` gives, on loopback."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
import yaml

from isograph.files import read_json
from isograph_assets.definitions import build_defs
from isograph_assets.jobs import ALONE_TAG
from isograph_assets.partitions import fit_key

PROJECT = Path(__file__).resolve().parents[2]
MISSING = [name for name in ("ray", "dagster_ray") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.evidence,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}; pip install '.[ray]'"),
]
FIXTURES = ("toy_v1", "toy_multiplex_v1")
FITS = [fit_key(fixture, backend) for fixture in FIXTURES for backend in ("calibrated", "wgcna")]
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
BACKFILL_TAG, PARTITION_TAG = "dagster/backfill", "dagster/partition"


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster of one node, and the processes it is made of."""

    address: str
    environment: dict[str, str]
    processes: Callable[[], list[psutil.Process]]

    @property
    def token(self) -> str:
        """What its clients have to show."""
        return self.environment["RAY_AUTH_TOKEN"]

    def jobs(self, *, token: str | None) -> Any:
        """What the cluster says of its jobs to a holder of this token."""
        request = urllib.request.Request(f"{self.address}/api/jobs/")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Served:
    """What the backfills left: runs by partition, the cluster's jobs, files, and a home."""

    runs: dict[str, dg.DagsterRun]
    jobs: list[dict[str, Any]]
    home: Path
    artifacts: Path
    from_ray: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(done: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """The first true answer; connections that are refused so far are waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            if answer := done():
                return answer
        time.sleep(0.5)
    raise TimeoutError(f"{what}: not within {seconds} s")


def of_session(leader: int, marker: str | None) -> list[psutil.Process]:
    """Every process of a session, and those that left it with a marker on their command line."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            marked = marker is not None and marker in " ".join(process.cmdline())
            if marked or os.getsid(process.pid) == leader:
                found.append(process)
    return found


@contextmanager
def session(
    command: list[str], *, environment: dict[str, str], log: Path, marker: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a session of its own, of which nothing is left afterwards."""
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=out, stderr=out, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            for left in of_session(process.pid, marker):
                with suppress(psutil.Error):
                    left.kill()
            process.wait(10)
            psutil.wait_procs(of_session(process.pid, marker), timeout=10)
            assert of_session(process.pid, marker) == []


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # paths of Ray's sockets must be short, those of pytest's folders are not
    folder = Path(tempfile.mkdtemp(prefix="iso-ray-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[Cluster]:
    """A head node with two cores that only this machine can reach, with a token."""
    environment = os.environ | {
        # runs are started as `dagster`, found by name on each node
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # Ray takes 127.0.0.1 for a mistake unless it is told that this is no real cluster
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    dashboard = free_port()
    options = {
        "node-ip-address": "127.0.0.1",
        "port": free_port(),
        "ray-client-server-port": free_port(),
        "dashboard-host": "127.0.0.1",
        "dashboard-port": dashboard,
        "dashboard-agent-listen-port": free_port(),
        "num-cpus": 2,
        "object-store-memory": 80_000_000,
        "temp-dir": place / "ray",
    }
    ray = str(Path(sys.executable).with_name("ray"))
    words = [ray, "start", "--head", "--block", *(f"--{k}={v}" for k, v in options.items())]
    log = place / "ray.log"
    with session(words, environment=environment, marker=str(place / "ray"), log=log) as head:
        found = Cluster(
            address=f"http://127.0.0.1:{dashboard}",
            environment=environment,
            processes=lambda: of_session(head.pid, str(place / "ray")),
        )
        wait_for(lambda: found.jobs(token=found.token) == [], seconds=90, what="the cluster")
        yield found


def graphql(port: int, query: str, **variables: Any) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def is_loaded(port: int) -> bool:
    query = "{workspaceOrError{... on Workspace{locationEntries{locationOrLoadError{__typename}}}}}"
    entries = graphql(port, query)["workspaceOrError"].get("locationEntries", [])
    return bool(entries) and all(
        (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"
        for entry in entries
    )


def backfill(port: int, job: str, partitions: list[str]) -> str:
    """Ask for a backfill as the page does; its id."""
    query = (
        "mutation($asked: LaunchBackfillParams!){launchPartitionBackfill(backfillParams: $asked)"
        "{__typename ... on LaunchBackfillSuccess{backfillId} ... on PythonError{message}}}"
    )
    repository = {"repositoryLocationName": "isograph", "repositoryName": "__repository__"}
    asked = {
        "selector": {
            "partitionSetName": f"{job}_partition_set",
            "repositorySelector": repository,
        },
        "partitionNames": partitions,
        # fits are asked for below, once
        "tags": [{"key": ALONE_TAG, "value": "test"}],
    }
    answer = graphql(port, query, asked=asked)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def finished(
    instance: dg.DagsterInstance, cluster: Cluster, wanted: str, *, n: int
) -> list[dg.DagsterRun]:
    """The runs of a backfill once all have ended, else nothing."""
    failed = [job for job in cluster.jobs(token=cluster.token) if job["status"] == "FAILED"]
    assert not failed, failed[0]["message"]
    runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: wanted}))
    return list(runs) if len(runs) == n and all(run.is_finished for run in runs) else []


def ended_jobs(cluster: Cluster, runs: Collection[str] | None = None) -> list[dict[str, Any]]:
    """The jobs of these runs, else all, once none goes on: they outlive their run by a moment."""
    jobs: list[dict[str, Any]] = cluster.jobs(token=cluster.token)
    if runs is not None:
        jobs = [job for job in jobs if job["metadata"].get("dagster/run-id") in runs]
    return jobs if not any(job["status"] in ("PENDING", "RUNNING") for job in jobs) else []


def write_home(home: Path) -> None:
    """The documented instance, except that its history is in files here."""
    settings = yaml.safe_load((PROJECT / "docs/deploy/ray/dagster.yaml").read_text())
    del settings["storage"]
    settings["concurrency"]["runs"]["max_concurrent_runs"] = 2
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))


@pytest.fixture(scope="module")
def served(place: Path, cluster: Cluster) -> Served:
    """Backfills of two data sets and of four fits, asked of a running UI."""
    home, artifacts, port = place / "home", place / "artifacts", free_port()
    write_home(home)
    environment = cluster.environment | {
        "DAGSTER_HOME": str(home),
        "ISOGRAPH_RAY": cluster.address,
        "ISOGRAPH_ARTIFACTS": str(artifacts),
        "ISOGRAPH_STUDIES": str(place / "studies"),
        "ISOGRAPH_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    # the history is in files here
    environment.pop("ISOGRAPH_POSTGRES", None)
    words = [sys.executable, "-m", "isograph_assets.ui", "-p", str(port)]
    log = place / "ui.log"
    runs: dict[str, dg.DagsterRun] = {}
    with (
        session(words, environment=environment, log=log),
        pytest.MonkeyPatch.context() as patch,
    ):
        # the instance reads the address from here
        patch.setenv("ISOGRAPH_RAY", cluster.address)
        wait_for(lambda: is_loaded(port), seconds=120, what="the UI")
        with dg.DagsterInstance.from_config(str(home)) as instance:
            for job, partitions in (("all_fixtures", list(FIXTURES)), ("fixture_fits", FITS)):
                asked = backfill(port, job, [str(partition) for partition in partitions])
                done = partial(finished, instance, cluster, asked, n=len(partitions))
                ended = wait_for(done, seconds=300, what=f"backfill of {job}")
                runs |= {run.tags[PARTITION_TAG]: run for run in ended}
        ids = {run.run_id for run in runs.values()}
        jobs = wait_for(partial(ended_jobs, cluster, ids), seconds=60, what="the end of the jobs")
    # reports follow the fits by themselves; without the daemon no more of them start
    wait_for(partial(ended_jobs, cluster), seconds=120, what="the end of all jobs")
    # what one process makes goes to the same place: paths are part of a fit's record
    from_ray = artifacts.rename(place / "from-ray")
    return Served(runs=runs, jobs=jobs, home=home, artifacts=artifacts, from_ray=from_ray)


def test_every_run_of_the_backfills_succeeded(served: Served) -> None:
    assert set(served.runs) == {*FIXTURES, *map(str, FITS)}
    assert {run.status for run in served.runs.values()} == {dg.DagsterRunStatus.SUCCESS}


def test_every_run_was_a_job_of_the_cluster(served: Served) -> None:
    for run in served.runs.values():
        (job,) = [j for j in served.jobs if j["metadata"].get("dagster/run-id") == run.run_id]
        assert job["status"] == "SUCCEEDED"
        assert job["metadata"]["dagster/job"] == run.job_name
        assert job["metadata"]["dagster/code-location"] == "isograph"


def test_every_run_had_a_process_of_its_own(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_RAY", "http://127.0.0.1:1")
    pids = []
    with dg.DagsterInstance.from_config(str(served.home)) as instance:
        for run in served.runs.values():
            events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
            told = [event.message or "" for event in events if event is not None]
            assert "Ray run job created" in " ".join(told)
            (started,) = [text for text in told if text.startswith("Started process for run")]
            pids.append(started)
    assert len(set(pids)) == len(served.runs)
    assert not any(f"pid: {os.getpid()})" in text for text in pids)


def test_no_job_is_told_the_token(cluster: Cluster, served: Served) -> None:
    assert cluster.token not in json.dumps(served.jobs)


def test_files_are_those_of_one_process(served: Served) -> None:
    defs = build_defs(artifacts=served.artifacts, studies=served.artifacts.parent / "studies")
    with dg.DagsterInstance.ephemeral() as instance:
        for job, partitions in (("all_fixtures", FIXTURES), ("fixture_fits", FITS)):
            for partition in partitions:
                result = defs.resolve_job_def(job).execute_in_process(
                    partition_key=partition, instance=instance, run_config=SILENT
                )
                assert result.success
    for folder in ("bundles", "features", "fits"):
        here, there = (contents(root / folder) for root in (served.artifacts, served.from_ray))
        assert len(here) >= len(FIXTURES)
        assert sorted(here) == sorted(there)
        assert [name for name in here if here[name] != there[name]] == []
    mine, theirs = (scores(root / "metrics") for root in (served.artifacts, served.from_ray))
    assert len(mine) == len(FITS)
    assert mine == theirs


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but logs, which tell times."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.log")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def scores(folder: Path) -> dict[str, dict[str, Any]]:
    """Scores without what they cost."""
    costs = ("seconds", "memory", "steps")
    rows = {str(path.relative_to(folder)): read_json(path) for path in folder.rglob("*.json")}
    return {
        name: {key: value for key, value in row.items() if not any(word in key for word in costs)}
        for name, row in rows.items()
    }


def test_the_cluster_listens_on_loopback_only(cluster: Cluster) -> None:
    listening = [
        address.laddr
        for process in cluster.processes()
        for address in process.net_connections("tcp")
        if address.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3
    assert [address for address in listening if address.ip not in LOOPBACK] == []


@pytest.mark.parametrize("token", [None, "0" * 64])
def test_a_client_without_the_token_is_refused(cluster: Cluster, token: str | None) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        cluster.jobs(token=token)
    refused.value.close()
    assert refused.value.code in (401, 403)

"""The UI as users start it, on a free port, asked through the API that its own pages use."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCATION = {"repositoryLocationName": "isograph", "repositoryName": "__repository__"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_READY_SECONDS = 120
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Live:
    """A running UI with its daemon.

    Attributes:
        address: of its pages.
        artifacts: folder of results.
        studies: folder to drop studies in.
        home: of its instance.
        log: what it printed.
    """

    address: str
    artifacts: Path
    studies: Path
    home: Path
    log: Path

    def query(self, text: str, **variables: object) -> dict[str, Any]:
        """The data that a GraphQL query gives; raises with the message of an error."""
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.address}/graphql", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode(errors="replace")) from error
        if found.get("errors"):
            raise AssertionError(found["errors"][0]["message"])
        data: dict[str, Any] = found["data"]
        return data

    def wait_for(self, what: str, done: Callable[[], Any], *, seconds: float) -> Any:
        """What `done` gives once it is true; fails with the log's end when time is up."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := done():
                return found
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{what}: not within {seconds:.0f} s\n{self.log_end()}")

    def log_end(self) -> str:
        """The last lines that it printed."""
        return self.log.read_text(errors="replace")[-3000:]

    def backfill(self, assets: Sequence[str], partitions: Sequence[str], *, seconds: float) -> str:
        """Launch a backfill of assets, wait for it, and give its id."""
        launched = self.query(
            """mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
                 __typename ... on LaunchBackfillSuccess { backfillId }
                 ... on PythonError { message } } }""",
            p={
                "assetSelection": [{"path": [name]} for name in assets],
                "partitionNames": list(partitions),
                "tags": [],
            },
        )["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        name = str(launched["backfillId"])

        def ended() -> str:
            found = self.query(
                """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
                     ... on PartitionBackfill { status error { message } } } }""",
                id=name,
            )["partitionBackfillOrError"]
            return "" if found["status"] in ("REQUESTED", "CANCELING") else found["status"]

        status = self.wait_for(f"backfill of {', '.join(assets)}", ended, seconds=seconds)
        assert status == "COMPLETED_SUCCESS", f"{status}\n{self.log_end()}"
        return name

    def launch(
        self,
        job: str,
        partition: str | None,
        *,
        seconds: float,
        config: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Launch a run of a job, wait for its success, and give its id."""
        marks = {**({"dagster/partition": partition} if partition else {}), **(tags or {})}
        launched = self.query(
            """mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
                 ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
                 ... on RunConfigValidationInvalid { errors { message } } } }""",
            p={
                "selector": {**LOCATION, "jobName": job},
                "runConfigData": json.dumps(config or {}),
                "executionMetadata": {
                    "tags": [{"key": key, "value": value} for key, value in marks.items()]
                },
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run = str(launched["run"]["runId"])

        def ended() -> str:
            found = self.query(
                "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run
            )["runOrError"]["status"]
            return found if found in ("SUCCESS", "FAILURE", "CANCELED") else ""

        assert self.wait_for(f"run of {job}", ended, seconds=seconds) == "SUCCESS", self.log_end()
        return run

    def materialized(self, asset: str) -> set[str]:
        """Partitions of an asset that were made; the empty one where it has none."""
        nodes = self.query(
            """query ($k: [AssetKeyInput!]) { assetNodes(assetKeys: $k) {
                 assetMaterializations(limit: 1000) { partition } } }""",
            k=[{"path": [asset]}],
        )["assetNodes"]
        return {made["partition"] or "" for made in nodes[0]["assetMaterializations"]}

    def picture(self, path: str, target: Path, *, size: tuple[int, int] = (1500, 950)) -> Path:
        """A page as headless Chromium shows it, as PNG."""
        assert CHROMIUM is not None
        subprocess.run(
            [
                CHROMIUM,
                *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                f"--window-size={size[0]},{size[1]}",
                "--virtual-time-budget=25000",
                f"--screenshot={target}",
                f"{self.address}{path}",
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return target


@contextmanager
def live_ui(folder: Path) -> Iterator[Live]:
    """Start the UI the documented way over folders of its own, and stop all of it at the end."""
    port = _free_port()
    places = {name: folder / name for name in ("artifacts", "studies", "home")}
    environment = os.environ | {
        "ISOGRAPH_ARTIFACTS": str(places["artifacts"]),
        "ISOGRAPH_STUDIES": str(places["studies"]),
        "DAGSTER_HOME": str(places["home"]),
        "OMP_NUM_THREADS": "1",
    }
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "ui.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "isograph_assets.ui", "-p", str(port)],
            env=environment,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    live = Live(f"http://127.0.0.1:{port}", **places, log=log)
    try:
        live.wait_for("the UI", lambda: _answers(live), seconds=_READY_SECONDS)
        yield live
    finally:
        _stop(process)


def _answers(live: Live) -> bool:
    try:
        found = live.query(
            "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
        )
    except (OSError, AssertionError):
        return False
    return bool(found["repositoriesOrError"].get("nodes"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C first, as users do; then whatever is left of the session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=30)
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            return
        time.sleep(1.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

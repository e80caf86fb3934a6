"""What is tried again: a step in trouble, a run whose process was killed; never a refusal."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import psutil
import pytest

from isograph.bundle import Bundle
from isograph.errors import Problem, StudyError
from isograph.simulation import simulate
from isograph_assets.assets import bundles
from isograph_assets.definitions import defs
from isograph_assets.failures import FOLDER
from isograph_assets.policies import RETRIES
from tests.assets.conftest import Pipeline
from tests.assets.live import Live, live_ui

TOY = "toy_v1"
LARGE = "xxlarge_v1"


def tries(result: dg.ExecuteInProcessResult, step: str) -> int:
    """How often a step was started."""
    kinds = ("STEP_START", "STEP_RESTARTED")
    return sum(e.event_type_value in kinds and e.step_key == step for e in result.all_events)


def test_trouble_that_passes_is_tried_again_until_it_has_passed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble: Iterator[Exception] = iter([OSError(28, "No space left on device"), MemoryError()])

    def shaky(name: str) -> Bundle:
        with suppress(StopIteration):
            raise next(trouble)
        return simulate(name)

    monkeypatch.setattr(bundles, "simulate", shaky)
    result = pipeline.run("all_fixtures", TOY)
    assert result.success
    assert tries(result, "fixture_bundle") == 3


def test_trouble_that_stays_ends_the_run_after_the_limit(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Bundle:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundles, "simulate", broken)
    result = pipeline.run("all_fixtures", TOY)
    assert not result.success
    assert tries(result, "fixture_bundle") == 1 + RETRIES.max_retries


def test_a_refusal_is_not_tried_again(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> Bundle:
        raise StudyError("refused", [Problem("covariates", "no such column")])

    monkeypatch.setattr(bundles, "simulate", refused)
    result = pipeline.run("all_fixtures", TOY)
    assert not result.success
    assert tries(result, "fixture_bundle") == 1


def test_every_asset_of_a_data_set_is_tried_again_and_none_shares_its_run() -> None:
    nodes = [
        node
        for node in defs.resolve_asset_graph().asset_nodes
        if node.group_name in ("fixtures", "studies")
    ]
    assert len(nodes) >= 10
    for node in nodes:
        policy = node.assets_def.op.retry_policy
        assert policy is not None, node.key
        assert 1 <= policy.max_retries <= 3
        # without a policy of its own a backfill is a run a partition
        assert node.backfill_policy is None, node.key


def launched(live: Live, job: str, partition: str) -> str:
    """The id of a run that has been asked for."""
    found = live.query(
        """mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
             ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
        p={
            "selector": {
                "repositoryLocationName": "isograph",
                "repositoryName": "__repository__",
                "jobName": job,
            },
            "runConfigData": "{}",
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        },
    )["launchRun"]
    assert found["__typename"] == "LaunchRunSuccess", found
    return str(found["run"]["runId"])


def process_of(live: Live, run: str) -> int | None:
    """The process that works at a run, once its first step has begun."""
    events = live.query(
        """query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
             __typename ... on MessageEvent { message } } } } }""",
        id=run,
    )["logsForRun"]["events"]
    if not any(event["__typename"] == "ExecutionStepStartEvent" for event in events):
        return None
    told = "\n".join(str(event.get("message")) for event in events)
    (pid,) = re.findall(r"Started process for run \(pid: (\d+)\)", told)
    return int(pid)


def another_try(live: Live, run: str) -> str:
    """The run that Dagster started in place of a failed one."""

    def again() -> str | None:
        found = live.query(
            """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status
                 tags { key value } } } }""",
            id=run,
        )["runOrError"]
        tags = {tag["key"]: tag["value"] for tag in found["tags"]}
        return tags.get("dagster/auto_retry_run_id") if found["status"] == "FAILURE" else None

    return str(live.wait_for("another try", again, seconds=180))


def succeeds(live: Live, run: str) -> bool:
    """How a run ends, once it has."""

    def ended() -> str | None:
        status = live.query(
            "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run
        )["runOrError"]["status"]
        return str(status) if status in ("SUCCESS", "FAILURE") else None

    return live.wait_for("its end", ended, seconds=300) == "SUCCESS"


def page_of(live: Live, run: str) -> str:
    """The record of a failed run."""

    def page() -> Path | None:
        return next((live.artifacts / FOLDER).glob(f"*-{run[:8]}.md"), None)

    found: Path = live.wait_for("its record", page, seconds=120)
    return found.read_text()


@pytest.mark.evidence
def test_a_run_whose_process_is_killed_is_recorded_and_tried_again_once(tmp_path: Path) -> None:
    with live_ui(tmp_path) as live:
        run = launched(live, "all_fixtures", LARGE)
        pid = live.wait_for("the first step", lambda: process_of(live, run), seconds=120)
        os.kill(int(pid), signal.SIGKILL)
        second = another_try(live, run)
        assert succeeds(live, second)
        text = page_of(live, run)
    assert f"# `all_fixtures` for `{LARGE}` failed" in text
    assert "signal 9 (SIGKILL)" in text
    assert " UTC, in `fixture_" in text
    assert "once more by itself" in text
    assert "- code location: `isograph`" in text


def kill_all_of(home: Path) -> None:
    """What a power cut does to the processes of an instance: all at once, no word to anybody."""
    mine = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("DAGSTER_HOME") == str(home):
                mine.append(process)
    assert mine
    for process in mine:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(mine, timeout=30)


@pytest.mark.evidence
def test_a_run_that_went_down_with_the_machine_is_tried_again_at_the_next_start(
    tmp_path: Path,
) -> None:
    # nothing is left to be stopped
    with suppress(ProcessLookupError), live_ui(tmp_path) as live:
        run = launched(live, "all_fixtures", LARGE)
        live.wait_for("the first step", lambda: process_of(live, run), seconds=120)
        kill_all_of(live.home)
    with live_ui(tmp_path) as live:
        assert "1 run had lost its process" in live.log.read_text()
        assert succeeds(live, another_try(live, run))
        assert "the machine went down" in page_of(live, run)

"""The instance that `dagster.yaml` makes: queue, pools, retries, runs that lost their process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)

from isograph.errors import ConfigError
from isograph_assets import home, ui
from isograph_assets.definitions import defs
from isograph_assets.home import POSTGRES, instance_settings, postgres_url, prepare_home
from isograph_assets.jobs import DATASET_TAG, SCHEDULE_TAG
from isograph_assets.orphans import end_orphans
from isograph_assets.partitions import fit_key
from isograph_assets.policies import FIRST
from isograph_assets.stages import FIXTURES_POOL

PARTITION = "dagster/partition"
LOCATION = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("isograph"), "__repository__")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance as the UI starts it, on a machine with four places for runs."""
    monkeypatch.setattr(home, "runs_at_once", lambda: 4)
    folder = prepare_home(tmp_path / "home")
    ui.make_ready(folder, shared=False)
    with dg.DagsterInstance.from_config(str(folder)) as made:
        yield made


def queue(instance: dg.DagsterInstance, job: str, partition: str, **tags: str) -> str:
    """A run that waits in the queue."""
    dataset = partition.rpartition("|")[2]
    run = instance.create_run_for_job(
        defs.resolve_job_def(job),
        tags={PARTITION: partition, DATASET_TAG: dataset, **tags},
        status=dg.DagsterRunStatus.QUEUED,
        remote_job_origin=RemoteJobOrigin(LOCATION, job),
    )
    return run.run_id


def leaving(instance: dg.DagsterInstance) -> list[str]:
    """Runs that the daemon would start now, in this order."""
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
    settings = instance.get_concurrency_config()
    started = daemon._get_runs_to_dequeue(instance, settings, fixed_iteration_time=None)
    return [run.run_id for run in started]


def test_fixtures_run_one_at_a_time_and_leave_places_for_studies(
    instance: dg.DagsterInstance,
) -> None:
    instance.add_dynamic_partitions("study", ["cohort", "other"])
    first = queue(instance, "all_fixtures", "toy_v1")
    second = queue(instance, "all_fixtures", "medium_v1")
    fit = queue(instance, "fixture_fits", str(fit_key("noisy_v1", "calibrated")))
    studies = [queue(instance, "all_studies", name) for name in ("cohort", "other")]
    assert leaving(instance) == [first, *studies]
    assert second not in leaving(instance)
    assert fit not in leaving(instance)


def test_what_a_schedule_asked_for_runs_one_at_a_time_whatever_the_pools_limit(
    instance: dg.DagsterInstance,
) -> None:
    instance.event_log_storage.set_concurrency_slots(FIXTURES_POOL, 4)
    night = {SCHEDULE_TAG: "nightly_core"}
    first = queue(instance, "all_fixtures", "toy_v1", **night)
    queue(instance, "all_fixtures", "medium_v1", **night)
    by_hand = queue(instance, "all_fixtures", "noisy_v1")
    other = queue(instance, "all_fixtures", "large_v1", **{SCHEDULE_TAG: "weekly_scale"})
    assert leaving(instance) == [first, by_hand, other]


def test_runs_of_one_study_wait_for_each_other(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("study", ["cohort"])
    first = queue(instance, "study_fits", str(fit_key("cohort", "calibrated")))
    queue(instance, "study_fits", str(fit_key("cohort", "wgcna")))
    assert leaving(instance) == [first]


def test_a_study_leaves_the_queue_before_benchmarks_that_came_earlier(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.add_dynamic_partitions("study", ["cohort"])
    fixture = queue(instance, "all_fixtures", "toy_v1")
    study = queue(instance, "all_studies", "cohort", **FIRST)
    assert leaving(instance) == [study, fixture]


def test_the_limit_of_a_pool_that_somebody_set_is_kept(instance: dg.DagsterInstance) -> None:
    instance.event_log_storage.set_concurrency_slots(FIXTURES_POOL, 2)
    runs = [queue(instance, "all_fixtures", n) for n in ("toy_v1", "medium_v1", "noisy_v1")]
    assert leaving(instance) == runs[:2]


def test_killed_runs_are_tried_again_once_and_failed_steps_are_not(
    instance: dg.DagsterInstance,
) -> None:
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 1
    assert not instance.run_retries_retry_on_asset_or_op_failure
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds == 86_400


# runs without a process


def started(instance: dg.DagsterInstance, pid: int | None) -> dg.DagsterRun:
    run = instance.create_run_for_job(defs.resolve_job_def("all_fixtures"))
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run.run_id)
    if pid is not None:
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_run_whose_process_is_gone_fails_and_is_to_be_tried_again(
    instance: dg.DagsterInstance,
) -> None:
    run = started(instance, dead_process())
    assert end_orphans(instance) == (run.run_id,)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.FAILURE
    assert found.tags["dagster/will_retry"] == "true"
    assert end_orphans(instance) == ()


def test_a_run_whose_process_lives_goes_on(instance: dg.DagsterInstance) -> None:
    run = started(instance, os.getpid())
    assert end_orphans(instance) == ()
    assert status(instance, run) is dg.DagsterRunStatus.STARTED


def test_a_younger_process_of_the_same_number_is_another(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(instance, os.getpid())
    later = time.time() + 60
    monkeypatch.setattr("psutil.Process.create_time", lambda process: later)
    assert end_orphans(instance) == (run.run_id,)


def test_a_run_of_which_no_process_is_known_is_left_alone(instance: dg.DagsterInstance) -> None:
    run = started(instance, None)
    assert end_orphans(instance) == ()
    assert status(instance, run) is dg.DagsterRunStatus.STARTED


def test_a_canceled_run_without_process_ends_as_canceled(instance: dg.DagsterInstance) -> None:
    run = started(instance, dead_process())
    instance.report_run_canceling(run)
    assert end_orphans(instance) == (run.run_id,)
    assert status(instance, run) is dg.DagsterRunStatus.CANCELED


def test_starting_the_ui_ends_what_lost_its_process(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    run = started(instance, dead_process())
    ui.make_ready(Path(instance.root_directory), shared=True)
    assert status(instance, run) is dg.DagsterRunStatus.STARTED
    ui.make_ready(Path(instance.root_directory), shared=False)
    assert "1 run had lost its process" in capsys.readouterr().out
    assert status(instance, run) is dg.DagsterRunStatus.FAILURE


# PostgreSQL


def test_files_keep_the_history_unless_a_database_is_named(tmp_path: Path) -> None:
    assert postgres_url({}) is None
    assert postgres_url({POSTGRES: ""}) is None
    assert "storage" not in instance_settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_driver_is_named_whatever_the_scheme(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    named = postgres_url({POSTGRES: f"{scheme}://me:secret@host/db"})
    assert named == "postgresql+psycopg2://me:secret@host/db"


def test_an_address_of_something_else_is_refused_without_telling_it() -> None:
    with pytest.raises(ConfigError) as caught:
        postgres_url({POSTGRES: "mysql://me:secret@host/db"})
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_missing_packages_are_named_with_what_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError) as caught:
        postgres_url({POSTGRES: "postgresql://me:secret@host/db"})
    (line,) = str(caught.value).splitlines()
    assert "dagster_postgres and psycopg2" in line
    assert "pip install" in line
    assert "secret" not in line


def test_the_password_is_not_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(home, "_reach", lambda url: None)
    monkeypatch.setenv(POSTGRES, "postgresql://me:secret@host/db")
    text = (prepare_home(tmp_path) / "dagster.yaml").read_text()
    assert yaml.safe_load(text)["storage"] == {"postgres": {"postgres_url": {"env": POSTGRES}}}
    assert "secret" not in text
    assert os.environ[POSTGRES].startswith("postgresql+psycopg2://")
    monkeypatch.delenv(POSTGRES)
    assert "storage" not in yaml.safe_load((prepare_home(tmp_path) / "dagster.yaml").read_text())


def test_a_file_of_ones_own_that_does_not_name_the_database_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(home, "_reach", lambda url: None)
    monkeypatch.setenv(POSTGRES, "postgresql://me:secret@host/db")
    own = tmp_path / "dagster.yaml"
    own.write_text("telemetry: {enabled: false}\n")
    with pytest.raises(ConfigError, match="your own"):
        prepare_home(tmp_path)
    own.write_text("storage: {postgres: {postgres_url: {env: ISOGRAPH_POSTGRES}}}\n")
    assert prepare_home(tmp_path) == tmp_path

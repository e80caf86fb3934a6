"""Each failed run leaves a page that says what went wrong, first to people."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.simulation import simulate
from isograph_assets.assets import bundles
from isograph_assets.failures import (
    FOLDER,
    FailedRun,
    FailedStep,
    look_into,
    record_failures,
    render,
)
from isograph_assets.partitions import fit_key
from tests.assets.conftest import Pipeline


def record(pipeline: Pipeline, result: dg.ExecuteInProcessResult) -> Path:
    """The page that the sensor writes of a failed run."""
    context = dg.build_run_status_sensor_context(
        sensor_name="record_failures",
        dagster_instance=pipeline.instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
        resources={"artifacts": pipeline.artifacts},
    )
    told = record_failures(context)
    assert isinstance(told, dg.SkipReason)
    (page,) = (pipeline.artifacts.root / FOLDER).iterdir()
    assert str(page) in str(told.skip_message)
    return page


def study(pipeline: Pipeline, text: str = "") -> None:
    isograph.save_bundle(simulate("toy_v1"), pipeline.studies / "cohort")
    (pipeline.studies / "mine.yaml").write_text("bundle: cohort\n" + text)


def test_a_refusal_lists_every_problem_before_anything_else(pipeline: Pipeline) -> None:
    study(pipeline, "covariates: ~ nowhere + nothing\n")
    result = pipeline.run("all_studies", "mine")
    assert not result.success
    page = record(pipeline, result)
    text = page.read_text()
    first, last = text.split("## Where it came from")
    for column in ("nowhere", "nothing"):
        assert column in first.split("## What to do")[0]
    assert "as it is, it would fail again" in first
    assert f"`/runs/{result.run_id}`" in first
    assert "runs again by itself once its files have changed" in first
    assert "Traceback" not in first
    assert "study_feature_scores" in first
    assert "dagster.Failure" in last or "Failure" in last


def test_the_file_is_named_by_day_job_partition_and_run(pipeline: Pipeline) -> None:
    result = pipeline.run("fixture_fits", fit_key("toy_v1", "calibrated"))
    page = record(pipeline, result)
    day, rest = page.name[:10], page.name[11:]
    assert rest == f"fixture_fits-calibrated-toy_v1-{result.run_id[:8]}.md"
    assert page.read_text().split("\n\n")[1].startswith(day)


def test_the_same_run_gives_the_same_file(pipeline: Pipeline) -> None:
    result = pipeline.run("fixture_fits", fit_key("toy_v1", "calibrated"))
    before = record(pipeline, result).read_bytes()
    assert record(pipeline, result).read_bytes() == before


def test_trouble_that_nobody_expected_shows_its_cause_and_its_traceback(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Bundle:
        raise ZeroDivisionError(f"nothing to divide {name} by")

    monkeypatch.setattr(bundles, "simulate", broken)
    monkeypatch.setenv("SECRET_OF_MINE", "hunter2")
    result = pipeline.run("all_fixtures", "toy_v1", tags={"owner": "me"})
    text = record(pipeline, result).read_text()
    first, last = text.split("## Where it came from")
    why = first.split("## What to do")[0]
    assert "ZeroDivisionError: nothing to divide toy_v1 by" in why
    assert "would fail again" not in first
    assert "def broken" in last or "in broken" in last
    assert "owner: me" in first
    assert "log_level: CRITICAL" in first
    assert "hunter2" not in text


def test_what_a_blocking_check_found_is_listed_in_full(
    pipeline: Pipeline,
) -> None:
    study(pipeline)
    (pipeline.studies / "cohort" / "samples.parquet").unlink()
    result = pipeline.run("all_studies", "mine")
    assert not result.success
    why = record(pipeline, result).read_text().split("## What to do")[0]
    assert "`bundle_is_valid` of `study_bundle`" in why
    assert "samples.parquet: is missing" in why


def made_up(pipeline: Pipeline, message: str, **tags: str) -> FailedRun:
    """A run that somebody else ended in its first step, with these last words."""
    instance = pipeline.instance
    run = instance.create_run_for_job(
        pipeline.defs.resolve_job_def("all_fixtures"), tags={"dagster/partition": "toy_v1", **tags}
    )
    start = dg.DagsterEvent("STEP_START", run.job_name, step_key="fixture_feature_scores")
    instance.report_dagster_event(start, run.run_id)
    instance.report_engine_event(message, run)
    instance.report_run_failed(run)
    instance.report_engine_event("Launched as an automatic retry", run)
    return look_into(instance, run)


KILLED = (
    "Run execution process for x was terminated by signal 9 (SIGKILL). This usually indicates "
    "that the process was killed by the operating system due to running out of memory."
)


def test_a_killed_run_says_so_and_that_it_is_tried_again(pipeline: Pipeline) -> None:
    tags = {"dagster/will_retry": "true", ".dagster/grpc_info": "secret socket"}
    text = render(made_up(pipeline, KILLED, **tags))
    assert "UTC, in `fixture_feature_scores`" in text
    assert "automatic retry" not in text
    assert "terminated by signal 9 (SIGKILL)" in text
    assert "max_concurrent_runs" in text
    assert "tries it once more by itself" in text
    assert "secret socket" not in text


def test_passwords_in_addresses_are_left_out(pipeline: Pipeline) -> None:
    text = render(made_up(pipeline, "cannot reach postgresql+psycopg2://me:pa:ss@host:5432/db"))
    assert "postgresql+psycopg2://me:***@host:5432/db" in text
    assert "pa:ss" not in text


def test_markdown_in_a_message_stays_text(pipeline: Pipeline) -> None:
    failed = made_up(pipeline, "")
    step = FailedStep("step", "```\n# not a heading\n```", True, "")
    text = render(FailedRun(failed.run, failed.at, (step,), ()))
    assert "````text\n```\n# not a heading\n```\n````" in text


def test_a_range_of_partitions_names_both_ends(pipeline: Pipeline) -> None:
    run = pipeline.instance.create_run_for_job(
        pipeline.defs.resolve_job_def("all_fixtures"),
        tags={
            "dagster/asset_partition_range_start": "toy_v1",
            "dagster/asset_partition_range_end": "medium_v1",
        },
    )
    failed = look_into(pipeline.instance, run)
    assert failed.partition == "toy_v1 to medium_v1"
    assert "-all_fixtures-toy_v1-to-medium_v1-" in failed.file_name

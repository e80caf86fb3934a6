"""The studies folder, the fits that follow, the leaderboard that follows them."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

import isograph
from isograph.backends import backend_names
from isograph.simulation import simulate
from isograph_assets.jobs import ALONE_TAG, RUN_TAG, SCHEDULE_TAG
from isograph_assets.partitions import fit_key
from isograph_assets.sensors import fits_follow_data, studies_sensor
from isograph_assets.sensors import follow as following
from isograph_assets.sensors import studies as watching
from isograph_assets.studies import scan_studies
from tests.assets.conftest import Pipeline

DAY = 86_400


def drop_bundle(pipeline: Pipeline, name: str) -> Path:
    return isograph.save_bundle(simulate("toy_v1"), pipeline.studies / name)


def touch(path: Path, *, days: int = 1) -> None:
    facts = path.stat()
    os.utime(path, (facts.st_atime, facts.st_mtime + days * DAY))


class Ticks:
    """The studies sensor, tick after tick, with its cursor."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.cursor: str | None = None

    def tick(self) -> dg.SensorResult:
        context = dg.build_sensor_context(
            instance=self.pipeline.instance,
            cursor=self.cursor,
            resources={"studies": self.pipeline.studies_resource},
        )
        result = studies_sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        instance = self.pipeline.instance
        for request in result.dynamic_partitions_requests or []:
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                instance.add_dynamic_partitions("study", request.partition_keys)
            else:
                for name in request.partition_keys:
                    instance.delete_dynamic_partition("study", name)
        return result

    def told(self) -> str:
        """What the tick says."""
        return str(self.tick().skip_reason)

    def partitions(self) -> list[str]:
        """Studies that have a partition, after one more tick."""
        self.tick()
        return list(self.pipeline.instance.get_dynamic_partitions("study"))

    def requested(self) -> list[str]:
        return [str(request.partition_key) for request in self.tick().run_requests or []]


@pytest.fixture
def ticks(pipeline: Pipeline) -> Ticks:
    return Ticks(pipeline)


def test_a_bundle_runs_once_its_files_are_the_same_in_two_ticks(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    drop_bundle(pipeline, "cohort")
    first = ticks.tick()
    assert not first.run_requests
    assert "waiting" in str(first.skip_reason)
    assert pipeline.instance.get_dynamic_partitions("study") == []
    second = ticks.tick()
    assert [request.partition_key for request in second.run_requests or []] == ["cohort"]
    assert pipeline.instance.get_dynamic_partitions("study") == ["cohort"]
    assert ticks.requested() == []


def test_a_bundle_that_still_grows_is_waited_for(pipeline: Pipeline, ticks: Ticks) -> None:
    folder = drop_bundle(pipeline, "cohort")
    assert ticks.requested() == []
    touch(folder / "samples.parquet")
    assert ticks.requested() == []
    (folder / "notes.txt").write_text("more")
    assert ticks.requested() == []
    assert ticks.requested() == ["cohort"]


def test_changed_content_runs_again_with_a_new_key(pipeline: Pipeline, ticks: Ticks) -> None:
    folder = drop_bundle(pipeline, "cohort")
    ticks.tick()
    (before,) = ticks.tick().run_requests or []
    touch(folder / "manifest.json")
    assert ticks.requested() == []
    (after,) = ticks.tick().run_requests or []
    assert after.run_key != before.run_key
    assert after.partition_key == before.partition_key


def test_former_content_that_comes_back_runs_again(
    pipeline: Pipeline, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop_bundle(pipeline, "cohort") / "manifest.json"
    keys = []
    for hour, days in enumerate((0, 1, -1)):
        monkeypatch.setattr(watching.time, "time", lambda hour=hour: 1e9 + 3600 * hour)
        touch(path, days=days)
        ticks.tick()
        keys += [request.run_key for request in ticks.tick().run_requests or []]
    assert len(set(keys)) == 3


def test_two_study_files_over_one_bundle_are_two_studies(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path
) -> None:
    isograph.save_bundle(simulate("toy_v1"), tmp_path / "elsewhere" / "cohort")
    for name in ("crude", "adjusted"):
        (pipeline.studies / f"{name}.yaml").write_text("bundle: ../elsewhere/cohort\n")
    ticks.tick()
    assert ticks.requested() == ["adjusted", "crude"]


def test_a_changed_bundle_runs_the_study_files_over_it(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path
) -> None:
    folder = isograph.save_bundle(simulate("toy_v1"), tmp_path / "elsewhere" / "cohort")
    (pipeline.studies / "crude.yaml").write_text("bundle: ../elsewhere/cohort\n")
    ticks.tick()
    ticks.tick()
    touch(folder / "samples.parquet")
    ticks.tick()
    assert ticks.requested() == ["crude"]


def test_a_broken_study_file_is_reported_and_blocks_no_other(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    drop_bundle(pipeline, "cohort")
    (pipeline.studies / "broken.yaml").write_text("bundle: [\n")
    (pipeline.studies / "unknown.yaml").write_text("bundle: cohort\ncovariate: '~ Age'\n")
    (pipeline.studies / "nowhere.yaml").write_text("bundle: missing\n")
    (pipeline.studies / "backend.yaml").write_text("bundle: cohort\nbackends: [magic]\n")
    told = str(ticks.tick().skip_reason)
    for part in ("broken.yaml", "covariate", "missing", "magic"):
        assert part in told
    assert ticks.requested() == ["cohort"]


def test_bad_names_are_reported_and_never_become_partitions(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    for name in ("two words", "comma,name", "bar|name", "-dash"):
        drop_bundle(pipeline, name)
    told = str(ticks.tick().skip_reason)
    assert told.count("refused") == 4
    assert ticks.requested() == []
    assert pipeline.instance.get_dynamic_partitions("study") == []


def test_two_sources_of_one_study_are_a_clash(pipeline: Pipeline, ticks: Ticks) -> None:
    drop_bundle(pipeline, "cohort")
    (pipeline.studies / "cohort.yaml").write_text("bundle: cohort\n")
    assert "clash" in str(ticks.tick().skip_reason)
    assert ticks.requested() == []


def test_a_study_cannot_take_the_name_of_a_fixture(pipeline: Pipeline, ticks: Ticks) -> None:
    drop_bundle(pipeline, "toy_v1")
    assert "name of a fixture" in str(ticks.tick().skip_reason)
    assert ticks.requested() == []


def test_hidden_and_unfinished_folders_and_other_files_are_passed_over(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    drop_bundle(pipeline, ".cohort.tmp")
    (pipeline.studies / "copying").mkdir()
    (pipeline.studies / "README.md").write_text("studies go here")
    told = str(ticks.tick().skip_reason)
    assert "copying" in told
    assert ".cohort" not in told
    assert "README" not in told
    assert ticks.requested() == []


def test_a_missing_studies_folder_is_an_empty_one(pipeline: Pipeline, ticks: Ticks) -> None:
    pipeline.studies.rmdir()
    assert "0 studies" in str(ticks.tick().skip_reason)


def test_an_unreadable_cursor_starts_anew(pipeline: Pipeline, ticks: Ticks) -> None:
    drop_bundle(pipeline, "cohort")
    for cursor in ("not json", "[1]", '{"cohort": 3}', '{"cohort": [1]}'):
        ticks.cursor = cursor
        assert ticks.requested() == []
        assert ticks.requested() == ["cohort"]


def test_the_cursor_holds_what_is_there_and_no_more_than_its_cap(
    pipeline: Pipeline, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MAX_STUDIES", 2)
    drop_bundle(pipeline, "cohort")
    for name in ("a", "b", "c"):
        (pipeline.studies / f"{name}.yaml").write_text("bundle: cohort\n")
    assert "only the first 2" in str(ticks.tick().skip_reason)
    assert ticks.requested() == ["a", "b"]
    (pipeline.studies / "a.yaml").unlink()
    ticks.tick()
    memory = watching.read_memory(ticks.cursor)
    assert {name for name, item in memory.items() if not item.gone} == {"b", "c"}


def test_requests_of_one_tick_are_capped_and_the_rest_follows(
    pipeline: Pipeline, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MAX_REQUESTS", 2)
    drop_bundle(pipeline, "cohort")
    for name in ("a", "b"):
        (pipeline.studies / f"{name}.yaml").write_text("bundle: cohort\n")
    ticks.tick()
    assert [ticks.requested(), ticks.requested(), ticks.requested()] == [["a", "b"], ["cohort"], []]


def test_the_name_in_a_study_file_wins_over_the_files(pipeline: Pipeline) -> None:
    drop_bundle(pipeline, "cohort")
    (pipeline.studies / "a.yaml").write_text("bundle: cohort\nname: renamed\n")
    assert set(scan_studies(pipeline.studies).studies) == {"cohort", "renamed"}


def follow(pipeline: Pipeline, job: str, partition: str, **tags: str) -> list[dg.RunRequest]:
    """What `fits_follow_data` asks for after a run of a job."""
    return after(pipeline, pipeline.run(job, partition, tags=tags))


def after(pipeline: Pipeline, result: dg.ExecuteInProcessResult) -> list[dg.RunRequest]:
    """What `fits_follow_data` asks for after that run."""
    context = dg.build_run_status_sensor_context(
        sensor_name="fits_follow_data",
        dagster_instance=pipeline.instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_success_event(),
        resources={"artifacts": pipeline.artifacts},
    )
    return [item for item in fits_follow_data(context) if isinstance(item, dg.RunRequest)]


def test_every_backend_fits_a_fixture_whose_features_are_there(pipeline: Pipeline) -> None:
    requests = follow(pipeline, "all_fixtures", "toy_v1")
    assert {request.job_name for request in requests} == {"fixture_fits"}
    wanted = [fit_key("toy_v1", backend) for backend in backend_names()]
    assert [request.partition_key for request in requests] == wanted


@pytest.mark.parametrize(
    ("tags", "together"),
    [
        ({RUN_TAG: "nightly_core:2026-03-01", "dagster/backfill": "b1"}, "nightly_core:2026-03-01"),
        ({"dagster/backfill": "b1"}, "b1"),
    ],
)
def test_what_was_asked_for_together_is_one_run_of_the_history(
    pipeline: Pipeline, tags: dict[str, str], together: str
) -> None:
    requests = follow(pipeline, "all_fixtures", "toy_v1", **tags)
    assert {request.tags[RUN_TAG] for request in requests} == {together}


def test_only_the_backends_of_a_study_fit_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "backend_names", lambda: ("calibrated", "other"))
    drop_bundle(pipeline, "cohort")
    (pipeline.studies / "one.yaml").write_text("bundle: cohort\nbackends: [calibrated]\n")
    (request,) = follow(pipeline, "all_studies", "one")
    assert request.job_name == "study_fits"
    assert request.partition_key == fit_key("one", "calibrated")
    assert len(follow(pipeline, "all_fixtures", "toy_v1")) == 2


def test_a_run_that_asks_to_be_left_alone_starts_no_fits(pipeline: Pipeline) -> None:
    assert follow(pipeline, "all_fixtures", "toy_v1", **{ALONE_TAG: "demo"}) == []


def test_what_follows_a_night_belongs_to_that_night(pipeline: Pipeline) -> None:
    tags = {RUN_TAG: "nightly_core:2026-01-01", SCHEDULE_TAG: "nightly_core"}
    for request in follow(pipeline, "all_fixtures", "toy_v1", **tags):
        assert tags.items() <= request.tags.items()


def test_a_study_leaves_the_queue_before_older_benchmarks_and_so_do_its_fits(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    drop_bundle(pipeline, "cohort")
    ticks.tick()
    (request,) = ticks.tick().run_requests or []
    assert request.tags["dagster/priority"] == "1"
    (fit,) = follow(pipeline, "all_studies", "cohort", **request.tags)
    assert fit.tags["dagster/priority"] == "1"
    assert all("dagster/priority" not in r.tags for r in follow(pipeline, "all_fixtures", "toy_v1"))


def test_a_study_that_was_removed_meanwhile_starts_no_fits(pipeline: Pipeline) -> None:
    drop_bundle(pipeline, "cohort")
    result = pipeline.run("all_studies", "cohort")
    assert len(after(pipeline, result)) == 1
    pipeline.instance.delete_dynamic_partition("study", "cohort")
    assert after(pipeline, result) == []


def test_reports_follow_new_scores_once(pipeline: Pipeline) -> None:
    def asked(cursor: object = None) -> dg.EvaluateAutomationConditionsResult:
        return dg.evaluate_automation_conditions(
            pipeline.defs, instance=pipeline.instance, cursor=cursor
        )

    board = dg.AssetKey("leaderboard")
    first = asked()
    assert first.total_requested == 0
    pipeline.run_fixture("toy_v1")
    second = asked(first.cursor)
    assert second.get_num_requested(board) == 1
    assert second.get_num_requested(dg.AssetKey("benchmark_summary")) == 1
    pipeline.run("leaderboard_report")
    third = asked(second.cursor)
    assert third.get_num_requested(board) == 0

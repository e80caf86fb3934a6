"""What happens when something changes: studies dropped in, data sets ready, scores new."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from isograph.backends import backend_names
from isograph.files import read_json
from isograph.study import Study
from isograph_assets.jobs import (
    ALONE_TAG,
    DATASET_TAG,
    all_fixtures,
    all_studies,
    fixture_fits,
    study_fits,
    study_stability,
)
from isograph_assets.partitions import STUDIES, fit_key
from isograph_assets.resources import Artifacts, StudiesFolder
from isograph_assets.studies import STUDY_KEY, Scan, scan_studies

MAX_STUDIES = 1000
MAX_REQUESTS = 100
_PARTITION_TAG = "dagster/partition"


@dataclass(frozen=True)
class Watched:
    """What the sensor remembers of one study.

    Attributes:
        seen: fingerprint at the last tick.
        since: when that fingerprint was first seen, Unix seconds.
        ran: fingerprint that was last run; empty if none was.
    """

    seen: str
    since: int
    ran: str = ""


@dataclass(frozen=True)
class Tick:
    """What one look at the studies folder leads to.

    Attributes:
        run: run key by study that is to be run.
        waiting: studies that changed and must be seen unchanged once more.
        memory: for the next tick.
        problems: everything in the folder that cannot be run, and why.
    """

    run: dict[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    memory: dict[str, Watched] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def decide(scan: Scan, memory: Mapping[str, Watched], *, now: int) -> Tick:
    """Run what is new or changed and looks the same in two ticks running.

    Args:
        scan: the folder now.
        memory: what the last tick remembered.
        now: Unix seconds.
    """
    problems = list(scan.problems)
    names = list(scan.studies)
    if len(names) > MAX_STUDIES:
        problems.append(f"{len(names)} studies, only the first {MAX_STUDIES} are watched")
    run: dict[str, str] = {}
    waiting: list[str] = []
    after: dict[str, Watched] = {}
    for name in names[:MAX_STUDIES]:
        seen = scan.studies[name].fingerprint
        before = memory.get(name)
        if before is None or before.seen != seen:
            after[name] = Watched(seen, now, before.ran if before else "")
            waiting.append(name)
        elif before.ran != seen and len(run) < MAX_REQUESTS:
            # the time makes the key new when former content comes back
            run[name] = f"{name}:{seen}:{before.since}"
            after[name] = Watched(seen, before.since, seen)
        else:
            after[name] = before
    return Tick(run, tuple(waiting), after, tuple(problems))


def read_memory(cursor: str | None) -> dict[str, Watched]:
    """The memory that a cursor holds; empty where it holds none that can be read."""
    try:
        entries = json.loads(cursor or "{}")
        return {name: Watched(*entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_memory(memory: Mapping[str, Watched]) -> str:
    """The memory as a cursor."""
    entries = {name: [item.seen, item.since, item.ran] for name, item in memory.items()}
    return json.dumps(entries, separators=(",", ":"))


@dg.sensor(
    job=all_studies,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Turns each bundle folder and each study file under studies/ into a study, and runs it "
        "once its files have stopped changing."
    ),
)
def studies_sensor(context: dg.SensorEvaluationContext, studies: StudiesFolder) -> dg.SensorResult:
    """Watch the studies folder."""
    scan = scan_studies(studies.root)
    tick = decide(scan, read_memory(context.cursor), now=int(time.time()))
    for problem in tick.problems:
        context.log.info(problem)
    known = context.instance.get_dynamic_partitions(str(STUDIES.name))
    new = [name for name in tick.run if name not in known]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=key, partition_key=name, tags={DATASET_TAG: name})
            for name, key in tick.run.items()
        ],
        dynamic_partitions_requests=[STUDIES.build_add_request(new)] if new else [],
        skip_reason=None if tick.run else _why_nothing(tick, studies.root),
        cursor=write_memory(tick.memory),
    )


def _why_nothing(tick: Tick, root: Path) -> str:
    parts = [f"{len(tick.memory)} studies in {root}, none changed"]
    if tick.waiting:
        parts = [f"waiting until they stop changing: {_few(tick.waiting)}"]
    if tick.problems:
        parts.append(f"not usable: {_few(tick.problems)}")
    return "; ".join(parts)


def _few(items: Collection[str], *, shown: int = 5) -> str:
    listed = list(items)[:shown]
    more = len(items) - len(listed)
    return "; ".join(listed) + (f"; and {more} more" if more > 0 else "")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[all_fixtures, all_studies],
    request_jobs=[fixture_fits, study_fits, study_stability],
    # a tick follows one run, so that ticks must come as fast as runs end
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Fits a fixture or study by its backends once its features are there, and runs stability "
        "selection for studies that ask for it."
    ),
)
def fits_follow_data(
    context: dg.RunStatusSensorContext, artifacts: Artifacts
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One fit a backend, then stability selection; a blocked or failed data run starts none."""
    run = context.dagster_run
    dataset = run.tags.get(_PARTITION_TAG)
    if dataset is None or ALONE_TAG in run.tags:
        yield dg.SkipReason(f"run {run.run_id} has no partition, or asked to be left alone")
        return
    is_fixture = run.job_name == all_fixtures.name
    if is_fixture:
        backends, jobs = backend_names(), [fixture_fits]
    else:
        study = _stored_study(dataset, artifacts)
        # fits first: they are quick, and people wait for them
        backends = study.backends
        jobs = [study_fits, *([study_stability] if study.stability_selection else [])]
    for job in jobs:
        suffix = "" if job is not study_stability else ":stability"
        for backend in backends:
            yield dg.RunRequest(
                run_key=f"{run.run_id}:{backend}{suffix}",
                job_name=job.name,
                partition_key=fit_key(dataset, backend),
                tags={DATASET_TAG: dataset},
            )


def _stored_study(dataset: str, artifacts: Artifacts) -> Study:
    """The study as it was when its bundle was stored."""
    manifest = read_json(artifacts.bundle(dataset) / "manifest.json")
    return Study.model_validate_json(manifest["provenance"][STUDY_KEY])


leaderboard_follows_metrics = dg.AutomationConditionSensorDefinition(
    "leaderboard_follows_metrics",
    target=dg.AssetSelection.assets("leaderboard"),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Makes the leaderboard anew once scores are new and no more are on their way.",
)

SENSORS = (studies_sensor, fits_follow_data, leaderboard_follows_metrics)

"""What follows a run: fits once a data set is ready, reports once scores are new."""

import json
from collections.abc import Iterator

import dagster as dg

from isograph.backends import backend_names
from isograph.bundle.format import MANIFEST_FILE
from isograph.study import Study
from isograph_assets.jobs import (
    ALONE_TAG,
    DATASET_TAG,
    RUN_TAG,
    SCHEDULE_TAG,
    all_fixtures,
    all_studies,
    fixture_fits,
    study_fits,
    study_stability,
)
from isograph_assets.partitions import STUDIES, fit_key
from isograph_assets.policies import PRIORITY_TAG
from isograph_assets.resources import Artifacts
from isograph_assets.stages import REPORTS_GROUP
from isograph_assets.studies import STUDY_KEY

_PARTITION_TAG = "dagster/partition"
_BACKFILL_TAG = "dagster/backfill"
# what the runs that follow have in common with the run that they follow
_PASSED_ON = (RUN_TAG, SCHEDULE_TAG, PRIORITY_TAG)


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
    # what was asked for together is one run of the history
    together = {RUN_TAG: run.tags.get(_BACKFILL_TAG, run.run_id)}
    passed_on = together | {tag: run.tags[tag] for tag in _PASSED_ON if tag in run.tags}
    if run.job_name == all_fixtures.name:
        backends, jobs = backend_names(), [fixture_fits]
    elif not context.instance.has_dynamic_partition(str(STUDIES.name), dataset):
        yield dg.SkipReason(f"study {dataset} has been removed")
        return
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
                tags={DATASET_TAG: dataset, **passed_on},
            )


def _stored_study(dataset: str, artifacts: Artifacts) -> Study:
    """The study as it was when its bundle was stored."""
    stored = artifacts.read(artifacts.bundle(dataset), MANIFEST_FILE)
    manifest = json.loads(stored or b"{}")
    return Study.model_validate_json(manifest["provenance"][STUDY_KEY])


reports_follow_scores = dg.AutomationConditionSensorDefinition(
    "reports_follow_scores",
    target=dg.AssetSelection.groups(REPORTS_GROUP),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description=(
        "Makes the reports of a suite, the leaderboard and the trends anew once scores are new and "
        "no more are on their way."
    ),
)

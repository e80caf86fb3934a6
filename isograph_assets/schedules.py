"""What happens by the clock."""

from collections.abc import Iterator, Sequence

import dagster as dg

from isograph_assets.jobs import DATASET_TAG, RUN_TAG, SCHEDULE_TAG, all_fixtures
from isograph_assets.partitions import SUITE_OF, USUAL_FIXTURES


def build_schedule(
    name: str, *, cron: str, fixtures: Sequence[str], description: str
) -> dg.ScheduleDefinition:
    """One run a fixture; fits, scores and reports follow.

    Args:
        name: of the schedule; its runs, and those that follow, carry it as a tag.
        cron: when, in UTC.
        fixtures: names.
        description: for people.
    """

    @dg.schedule(
        name=name,
        cron_schedule=cron,
        execution_timezone="UTC",
        job=all_fixtures,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        day = context.scheduled_execution_time.date().isoformat()
        run = f"{name}:{day}"
        for fixture in fixtures:
            yield dg.RunRequest(
                run_key=f"{run}:{fixture}",
                partition_key=fixture,
                tags={DATASET_TAG: fixture, RUN_TAG: run, SCHEDULE_TAG: name},
            )

    return schedule


def _of(*suites: str) -> tuple[str, ...]:
    return tuple(fixture for fixture, suite in SUITE_OF.items() if suite in suites)


nightly_core = build_schedule(
    "nightly_core",
    cron="0 3 * * *",
    fixtures=USUAL_FIXTURES,
    description=(
        "Every night core_v1 and multiplex_v1 anew: bundles, features, fits by every backend, "
        "scores, reports and the leaderboard."
    ),
)

weekly_scale = build_schedule(
    "weekly_scale",
    cron="0 4 * * 6",
    fixtures=[*_of("scale_v1"), *(n for n in _of("multiplex_v1") if n not in USUAL_FIXTURES)],
    description="Every Saturday the large fixtures, with thousands of genes.",
)

weekly_scenarios = build_schedule(
    "weekly_scenarios",
    cron="0 4 * * 0",
    fixtures=_of("scenarios_v1", "confounds_v1", "frontier_v1"),
    description="Every Sunday the stress grids: scenarios, confounds on all genes, the frontier.",
)

SCHEDULES = (nightly_core, weekly_scale, weekly_scenarios)

"""What happens by the clock."""

from collections.abc import Iterator

import dagster as dg

from isograph_assets.jobs import DATASET_TAG, all_fixtures
from isograph_assets.partitions import USUAL_FIXTURES


@dg.schedule(
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    job=all_fixtures,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night the usual fixtures anew: bundles, features, fits and leaderboard.",
)
def nightly_fixtures(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """One run a fixture, less the stress grids; fits, scores and the leaderboard follow."""
    night = context.scheduled_execution_time.date().isoformat()
    for fixture in USUAL_FIXTURES:
        yield dg.RunRequest(
            run_key=f"{night}:{fixture}", partition_key=fixture, tags={DATASET_TAG: fixture}
        )

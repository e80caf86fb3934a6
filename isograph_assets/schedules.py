"""What happens by the clock."""

from collections.abc import Iterator

import dagster as dg

from isograph_assets.jobs import DATASET_TAG, all_fixtures
from isograph_assets.partitions import FIXTURES


@dg.schedule(
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    job=all_fixtures,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night all fixtures anew: bundles, features, then fits and the leaderboard.",
)
def nightly_fixtures(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """One run a fixture; fits, scores and the leaderboard follow through sensors."""
    night = context.scheduled_execution_time.date().isoformat()
    for fixture in FIXTURES.get_partition_keys():
        yield dg.RunRequest(
            run_key=f"{night}:{fixture}", partition_key=fixture, tags={DATASET_TAG: fixture}
        )
